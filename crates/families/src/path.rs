//! Paths to values in JSON.

use serde_json::Value;

use crate::usage::Usage;

/// The path to a value: names of members, and indexes of items.
pub(crate) type Path = &'static [&'static str];

/// Returns the value at a path. `Value::pointer` does the same, but allocates a string for each step.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match value {
        Value::Object(members) => members.get(*step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Returns the first string at one of the paths.
pub(crate) fn first_str<'a>(value: &'a Value, paths: &[Path]) -> Option<&'a str> {
    paths.iter().find_map(|path| at(value, path)?.as_str())
}

/// Paths to token counts.
pub(crate) struct UsagePaths {
    pub(crate) input: &'static [Path],
    pub(crate) output: &'static [Path],
    pub(crate) cache_read: &'static [Path],
    pub(crate) cache_write: &'static [Path],
}

impl UsagePaths {
    /// Returns the counts, or `None` if there is no count. For each kind of count, uses the first path that
    /// leads to a count.
    pub(crate) fn usage(&self, value: &Value) -> Option<Usage> {
        let first = |paths: &[Path]| paths.iter().find_map(|path| count(at(value, path)?));
        let usage = Usage {
            input_tokens: first(self.input),
            output_tokens: first(self.output),
            cache_read_input_tokens: first(self.cache_read),
            cache_write_input_tokens: first(self.cache_write),
        };
        (usage != Usage::default()).then_some(usage)
    }
}

/// Converts a value into a number of tokens. Accepts `28.0` as 28, because a guardrail that changes a
/// response writes numbers in this form. Returns the length of a list, because AI21 Jurassic-2 lists the
/// tokens.
fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Array(tokens) => Some(tokens.len() as u64),
        Value::Number(number) => number.as_u64().or_else(|| {
            let number = number.as_f64()?;
            (number >= 0.0 && number.fract() == 0.0).then_some(number as u64)
        }),
        _ => None,
    }
}
