//! The limits of a key of a quota limiter, as dictionaries.

use invoke_model_client::{Budget, BudgetPeriod, BudgetUnit, QuotaLimits};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::{COUNT, TEXT, setting};
use crate::errors::{NANOS, period_name};

/// The settings of the limits of a key, and of a budget.
const LIMITS: [&str; 4] = ["max_concurrency", "requests_per_minute", "tokens_per_minute", "budget"];
const BUDGET: [&str; 3] = ["tokens", "money", "period"];

/// The largest budgets of the Rust client, which would replace a larger amount by these.
const MAX_TOKENS: u64 = 1 << 53;
const MAX_MONEY: f64 = 9_000_000.0;

/// Reads the limits of a key from a dictionary. `name` is the place of the dictionary.
pub(crate) fn limits(name: &str, value: &Bound<'_, PyAny>) -> PyResult<QuotaLimits> {
    let dict = known_keys(name, value, &LIMITS)?;
    limits_in(dict, &format!("{name}: "))
}

pub(crate) fn limits_in(dict: &Bound<'_, PyDict>, place: &str) -> PyResult<QuotaLimits> {
    let mut limits = QuotaLimits::default();
    limits.max_concurrency = setting(dict, place, "max_concurrency", COUNT)?;
    limits.requests_per_minute = setting(dict, place, "requests_per_minute", COUNT)?;
    limits.tokens_per_minute = setting(dict, place, "tokens_per_minute", COUNT)?;
    let found = dict.get_item("budget")?.filter(|found| !found.is_none());
    limits.budget = found.map(|found| budget(&format!("{place}budget"), &found)).transpose()?;
    Ok(limits)
}

fn budget(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Budget> {
    let dict = known_keys(name, value, &BUDGET)?;
    let place = format!("{name}: ");
    let tokens: Option<u64> = setting(dict, &place, "tokens", COUNT)?;
    let money: Option<f64> = setting(dict, &place, "money", "a number")?;
    let period = match setting::<String>(dict, &place, "period", TEXT)?.as_deref() {
        Some("day") => BudgetPeriod::Day,
        Some("month") => BudgetPeriod::Month,
        Some("total") => BudgetPeriod::Total,
        _ => {
            let text = format!("{place}period: expected \"day\", \"month\" or \"total\"");
            return Err(PyValueError::new_err(text));
        }
    };
    match (tokens, money) {
        (Some(tokens), None) if tokens <= MAX_TOKENS => Ok(Budget::tokens(tokens, period)),
        (None, Some(money)) if (0.0..=MAX_MONEY).contains(&money) => Ok(Budget::money(money, period)),
        (Some(_), None) => {
            Err(PyValueError::new_err(format!("{place}tokens: expected at most {MAX_TOKENS}")))
        }
        (None, Some(_)) => {
            Err(PyValueError::new_err(format!("{place}money: expected a number from 0 to {MAX_MONEY}")))
        }
        _ => Err(PyValueError::new_err(format!("{place}expected either \"tokens\" or \"money\""))),
    }
}

/// Checks that a value is a dictionary with known keys.
pub(crate) fn known_keys<'a, 'py>(
    name: &str,
    value: &'a Bound<'py, PyAny>,
    known: &[&str],
) -> PyResult<&'a Bound<'py, PyDict>> {
    let Ok(dict) = value.cast::<PyDict>() else {
        let found = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{name}: expected a dict, not {found}")));
    };
    let is_known = |key: &Bound<'_, PyAny>| key.extract::<&str>().is_ok_and(|key| known.contains(&key));
    match dict.keys().iter().find(|key| !is_known(key)) {
        Some(key) => {
            let text =
                format!("{name}: {} is not a setting; known settings: {}", key.repr()?, known.join(", "));
            Err(PyValueError::new_err(text))
        }
        None => Ok(dict),
    }
}

/// Returns limits as a dictionary that [`limits`] reads.
pub(crate) fn of_limits<'py>(py: Python<'py>, limits: &QuotaLimits) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    if let Some(number) = limits.max_concurrency {
        dict.set_item("max_concurrency", number)?;
    }
    if let Some(number) = limits.requests_per_minute {
        dict.set_item("requests_per_minute", number)?;
    }
    if let Some(number) = limits.tokens_per_minute {
        dict.set_item("tokens_per_minute", number)?;
    }
    if let Some(found) = limits.budget {
        let budget = PyDict::new(py);
        match found.unit {
            BudgetUnit::Tokens => budget.set_item("tokens", found.amount)?,
            BudgetUnit::Money => budget.set_item("money", found.amount as f64 / NANOS)?,
        }
        budget.set_item("period", period_name(found.period))?;
        dict.set_item("budget", budget)?;
    }
    Ok(dict)
}
