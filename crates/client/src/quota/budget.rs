//! Budgets: limits for the tokens or the cost of a day, of a month, or of all time.

use std::time::Duration;

/// A limit for the tokens or the cost of all requests of a key in a period.
///
/// A request reserves its estimate before it is sent. If the reservations and the used amount of the period would exceed
/// the budget, the request fails immediately. When the request ends, the counts of the service replace the reservation.
///
/// ```
/// use invoke_model_client::{Budget, BudgetPeriod, QuotaLimits};
///
/// let limits = QuotaLimits::default().budget(Budget::tokens(2_000_000, BudgetPeriod::Day));
/// let in_money = QuotaLimits::default().budget(Budget::money(25.50, BudgetPeriod::Month));
/// # drop((limits, in_money));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// The number of tokens, or the amount of money in billionths of the currency of the
    /// [`PriceTable`](super::PriceTable).
    pub amount: u64,
    /// The unit of the amount.
    pub unit: BudgetUnit,
    /// The period to which the amount applies.
    pub period: BudgetPeriod,
}

/// The unit of a [`Budget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetUnit {
    /// Tokens, counted like [`tokens_per_minute`](super::QuotaLimiterBuilder::tokens_per_minute).
    Tokens,
    /// Money, in the currency of the [`PriceTable`](super::PriceTable).
    Money,
}

/// The period of a [`Budget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetPeriod {
    /// A day in UTC.
    Day,
    /// A month of the calendar in UTC.
    Month,
    /// All time. The budget never starts again.
    Total,
}

/// The largest amount of a budget. Up to this number, the numbers of Lua in Redis are exact.
pub(super) const MAX_AMOUNT: u64 = 1 << 53;

const NANOS: u64 = 1_000_000_000;

impl Budget {
    /// Returns a budget of tokens.
    pub fn tokens(amount: u64, period: BudgetPeriod) -> Self {
        Self { amount: amount.min(MAX_AMOUNT), unit: BudgetUnit::Tokens, period }
    }

    /// Returns a budget of money, in the currency of the [`PriceTable`](super::PriceTable). The amount is rounded to a
    /// billionth, and is at most 9 million. A negative amount is a budget of 0.
    pub fn money(amount: f64, period: BudgetPeriod) -> Self {
        let amount = (amount * NANOS as f64).round() as u64;
        Self { amount: amount.min(MAX_AMOUNT), unit: BudgetUnit::Money, period }
    }

    /// Returns `true` if the budget admits a request that reserves `reserved` after `used` was used or reserved. A budget
    /// that is used up admits no request, even if the request reserves nothing.
    pub(super) fn admits(&self, used: u64, reserved: u64) -> bool {
        used < self.amount && used.saturating_add(reserved) <= self.amount
    }

    /// Returns the amount as text, such as `2000000 tokens per day` or `25.5 USD per month`.
    pub(super) fn shown(&self, currency: Option<&str>) -> String {
        let period = match self.period {
            BudgetPeriod::Day => " per day (UTC)",
            BudgetPeriod::Month => " per month (UTC)",
            BudgetPeriod::Total => " in total",
        };
        self.shown_amount(self.amount, currency) + period
    }

    /// Returns an amount in the unit of the budget as text.
    pub(super) fn shown_amount(&self, amount: u64, currency: Option<&str>) -> String {
        if self.unit == BudgetUnit::Tokens {
            return format!("{amount} tokens");
        }
        let money = format!("{}.{:09}", amount / NANOS, amount % NANOS);
        let money = money.trim_end_matches('0').trim_end_matches('.');
        format!("{money} {}", currency.unwrap_or("of the currency"))
    }
}

impl BudgetPeriod {
    /// Returns the number of the period that contains this time. The number of a later period is greater.
    pub(super) fn number(self, since_epoch: Duration) -> u64 {
        let days = since_epoch.as_secs() / 86_400;
        match self {
            Self::Day => days,
            Self::Month => month(days),
            Self::Total => 0,
        }
    }
}

/// Returns the number of the month that contains a day since 1970-01-01. The first month has the number 23,640.
///
/// The year starts in March, so that the leap day is its last day:
/// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn month(days: u64) -> u64 {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    // January is month 13 of the previous year.
    (era * 400 + year) * 12 + (5 * day_of_year + 2) / 153 + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_month(date: (u64, u64), days: u64) {
        assert_eq!(month(days), date.0 * 12 + date.1 - 1);
    }

    #[test]
    fn months_begin_on_their_first_day() {
        check_month((1970, 1), 0);
        check_month((1970, 1), 30);
        check_month((1970, 2), 31);
        check_month((2024, 2), 19_782);
        check_month((2024, 3), 19_783);
        check_month((2026, 11), 20_787);
        check_month((2026, 12), 20_788);
        check_month((2026, 12), 20_818);
        check_month((2027, 1), 20_819);
        check_month((2100, 2), 47_540);
        check_month((2100, 3), 47_541);
    }

    #[test]
    fn amounts_are_exact() {
        assert_eq!(Budget::money(25.5, BudgetPeriod::Month).shown(Some("USD")), "25.5 USD per month (UTC)");
        assert_eq!(Budget::money(0.000_000_001, BudgetPeriod::Day).amount, 1);
        assert_eq!(Budget::money(-1.0, BudgetPeriod::Day).amount, 0);
        assert_eq!(Budget::tokens(7, BudgetPeriod::Total).shown(None), "7 tokens in total");
    }

    #[test]
    fn a_budget_admits_requests_up_to_its_amount() {
        let budget = Budget::tokens(10, BudgetPeriod::Day);
        assert!(budget.admits(0, 10) && budget.admits(9, 0));
        assert!(!budget.admits(1, 10) && !budget.admits(10, 0) && !budget.admits(5, u64::MAX));
    }
}
