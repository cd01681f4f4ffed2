//! Prices of models.

use std::collections::BTreeMap;
use std::sync::Arc;

use invoke_model_families::{Usage, base_model_id};
use serde::Deserialize;

/// The prices of models, for [budgets](super::Budget) in money.
///
/// The prices are for 1,000 tokens. `*` in the id of a model stands for any text. The id matches the model id of a call, or
/// the id of its [base model](invoke_model_families::base_model_id). If several ids match, the longest id counts. An
/// exact id therefore counts before a shorter pattern.
///
/// ```
/// use invoke_model_client::PriceTable;
///
/// let prices = PriceTable::from_json(
///     r#"{
///         "currency": "USD",
///         "models": {
///             "amazon.nova-lite-*": {"input": 0.00006, "output": 0.00024, "cache_read": 0.000015},
///             "amazon.titan-embed-*": {"input": 0.00002, "output": 0}
///         }
///     }"#,
/// )?;
/// assert!(prices.has_price("us.amazon.nova-lite-v1:0"));
/// assert!(!prices.has_price("us.amazon.nova-pro-v1:0"));
/// # Ok::<_, invoke_model_client::PriceTableError>(())
/// ```
///
/// If `cache_read` or `cache_write` is missing, the price of the input counts.
#[derive(Clone, Debug)]
pub struct PriceTable(Arc<Table>);

#[derive(Debug)]
struct Table {
    currency: Arc<str>,
    /// The longest ids first.
    models: Vec<(String, Price)>,
}

/// The prices of one model, in billionths of a billionth of the currency for one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Price {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_write: u64,
}

/// The error of a [`PriceTable`] that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PriceTableError {
    /// The text is not JSON, or a member is missing or unknown.
    #[error("price table: {0}")]
    Json(String),

    /// A price is not a number from 0 to 1,000 for 1,000 tokens, or has more than 12 decimal places.
    #[error(
        "price table: the price `{name}` of `{model}` must be a number from 0 to 1000 with at most 12 decimal places"
    )]
    Price {
        /// The id of the model in the table.
        model: String,
        /// The name of the price, for example `input`.
        name: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    currency: String,
    models: BTreeMap<String, FilePrice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilePrice {
    input: f64,
    output: f64,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

/// The number of units of a price in one unit of an amount, which is a billionth of the currency.
const UNITS_PER_NANO: u128 = 1_000_000_000;

impl PriceTable {
    /// Reads a table from JSON.
    ///
    /// # Errors
    /// Returns an error that names the member or the model.
    pub fn from_json(json: &str) -> Result<Self, PriceTableError> {
        let file: File =
            serde_json::from_str(json).map_err(|error| PriceTableError::Json(error.to_string()))?;
        let mut models = Vec::with_capacity(file.models.len());
        for (model, price) in file.models {
            let units = |name, value: f64| {
                // The product of a decimal number and a power of 10 is not exact in binary.
                let (scaled, rounded) = (value * 1e12, (value * 1e12).round());
                let is_valid = (0.0..=1000.0).contains(&value)
                    && (scaled - rounded).abs() <= f64::max(1e-4, scaled * 1e-15);
                match is_valid {
                    true => Ok(rounded as u64 * 1000),
                    false => Err(PriceTableError::Price { model: model.clone(), name }),
                }
            };
            let input = units("input", price.input)?;
            let or_input = |name, value: Option<f64>| value.map_or(Ok(input), |value| units(name, value));
            let price = Price {
                input,
                output: units("output", price.output)?,
                cache_read: or_input("cache_read", price.cache_read)?,
                cache_write: or_input("cache_write", price.cache_write)?,
            };
            models.push((model, price));
        }
        models.sort_by_key(|(model, _)| std::cmp::Reverse(model.len()));
        Ok(Self(Arc::new(Table { currency: file.currency.into(), models })))
    }

    /// Returns the currency.
    pub fn currency(&self) -> &str {
        &self.0.currency
    }

    /// Returns `true` if the table contains a price for this model id.
    pub fn has_price(&self, model_id: &str) -> bool {
        self.price(model_id).is_some()
    }

    /// Returns the cost of used tokens in the currency, rounded up to a billionth. Returns `None` if the table contains
    /// no price for this model id, or if `usage` contains no token counts.
    pub fn cost(&self, model_id: &str, usage: &Usage) -> Option<f64> {
        // A cost is far below 2^53 billionths, so the conversion is exact.
        self.price(model_id)?.cost(usage).map(|nanos| nanos as f64 / 1e9)
    }

    pub(super) fn price(&self, model_id: &str) -> Option<Price> {
        let base = base_model_id(model_id).unwrap_or(model_id);
        let is_match = |pattern: &str| matches(pattern, model_id) || matches(pattern, base);
        self.0.models.iter().find(|(pattern, _)| is_match(pattern)).map(|(_, price)| *price)
    }

    pub(super) fn shared_currency(&self) -> Arc<str> {
        self.0.currency.clone()
    }
}

impl Price {
    /// Returns the largest cost of a request with these numbers of tokens, in billionths of the currency. Every input
    /// token may be read from or written to a cache.
    pub(super) fn estimate(&self, input: u64, output: u64) -> u64 {
        let input_price = self.input.max(self.cache_read).max(self.cache_write);
        nanos([(input, input_price), (output, self.output)])
    }

    /// Returns the cost of used tokens in billionths of the currency, rounded up. Returns `None` if the service has
    /// reported no token counts.
    pub(super) fn cost(&self, usage: &Usage) -> Option<u64> {
        usage.input_tokens.or(usage.output_tokens)?;
        Some(nanos([
            (usage.input_tokens.unwrap_or_default(), self.input),
            (usage.output_tokens.unwrap_or_default(), self.output),
            (usage.cache_read_input_tokens.unwrap_or_default(), self.cache_read),
            (usage.cache_write_input_tokens.unwrap_or_default(), self.cache_write),
        ]))
    }
}

fn nanos<const N: usize>(tokens_and_prices: [(u64, u64); N]) -> u64 {
    let cost = tokens_and_prices.map(|(tokens, price)| u128::from(tokens) * u128::from(price));
    let cost = cost.into_iter().fold(0, u128::saturating_add);
    u64::try_from(cost.div_ceil(UNITS_PER_NANO)).unwrap_or(u64::MAX)
}

/// Returns `true` if a text matches a pattern, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    text.char_indices().map(|(index, _)| index).chain([text.len()]).any(|index| matches(rest, &text[index..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{
        "currency": "EUR",
        "models": {
            "amazon.nova-*": {"input": 0.001, "output": 0.004},
            "amazon.nova-lite-v1:0": {"input": 0.00006, "output": 0.00024, "cache_read": 0.000015, "cache_write": 0.000075},
            "eu.amazon.nova-lite-v1:0": {"input": 0.0000000001, "output": 1000}
        }
    }"#;

    #[track_caller]
    fn check_input_price(model_id: &str, expected: Option<u64>) {
        let table = PriceTable::from_json(TABLE).unwrap();
        assert_eq!(table.price(model_id).map(|price| price.input), expected);
    }

    #[test]
    fn the_longest_matching_id_counts() {
        check_input_price("amazon.nova-pro-v1:0", Some(1_000_000_000_000));
        check_input_price("amazon.nova-lite-v1:0", Some(60_000_000_000));
        check_input_price("us.amazon.nova-lite-v1:0", Some(60_000_000_000));
        check_input_price("eu.amazon.nova-lite-v1:0", Some(100_000));
        let arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-pro-v1:0";
        check_input_price(arn, Some(1_000_000_000_000));
        check_input_price("anthropic.claude-3-haiku-20240307-v1:0", None);
    }

    #[test]
    fn costs_are_rounded_up_to_billionths() {
        let table = PriceTable::from_json(TABLE).unwrap();
        let usage = |input_tokens, output_tokens| {
            let mut usage = Usage::default();
            (usage.input_tokens, usage.output_tokens) = (Some(input_tokens), Some(output_tokens));
            usage
        };
        let lite = table.price("amazon.nova-lite-v1:0").unwrap();
        assert_eq!(lite.cost(&usage(1000, 1000)), Some(300_000));
        assert_eq!(lite.estimate(1000, 1000), 315_000, "every input token may be a cache write");
        let mut cached = usage(0, 0);
        (cached.cache_read_input_tokens, cached.cache_write_input_tokens) = (Some(1), Some(2));
        assert_eq!(lite.cost(&cached), Some(15 + 150));
        assert_eq!(lite.cost(&Usage::default()), None);
        assert_eq!(table.cost("us.amazon.nova-lite-v1:0", &usage(1000, 1000)), Some(0.0003));
        assert_eq!(table.price("eu.amazon.nova-lite-v1:0").unwrap().cost(&usage(1, 0)), Some(1));
        assert_eq!(lite.estimate(u64::MAX, u64::MAX), u64::MAX);
    }

    #[track_caller]
    fn check_error(json: &str, expected: &str) {
        let error = PriceTable::from_json(json).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn errors_name_the_member() {
        check_error("{}", "missing field `currency`");
        check_error(r#"{"currency":"USD","models":{"a":{"input":1}}}"#, "missing field `output`");
        check_error(r#"{"currency":"USD","models":{"a":{"input":1,"output":1,"price":1}}}"#, "`price`");
        check_error(r#"{"currency":"USD","models":{"a":{"input":-1,"output":1}}}"#, "`input` of `a`");
        check_error(r#"{"currency":"USD","models":{"a":{"input":1,"output":1e-13}}}"#, "`output` of `a`");
    }

    #[test]
    fn patterns_match_whole_ids() {
        assert!(matches("a*c", "abc") && matches("*", "") && matches("a*b*c", "aXbYbZc"));
        assert!(!matches("a*c", "abcd") && !matches("a", "ab") && !matches("a*", "b"));
    }
}
