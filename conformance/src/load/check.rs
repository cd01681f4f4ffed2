//! Constraints of scenarios that their type does not express. An expectation that violates them could never be met, or
//! would always be met.

use serde_json::Value;

use super::MemberError;
use crate::adapter::{CLASSES, check_name};
use crate::expectation::{Contains, Count, Expectation, Range, TextPattern};
use crate::scenario::Scenario;
use crate::tagged;

/// The retry modes of the setting `retry_mode`.
const RETRY_MODES: [&str; 2] = ["standard", "adaptive"];

/// The names that `same` can contain, in addition to the headers in the expectations of the scenario. Other names are
/// errors, because a header with a typo in its name is missing in all requests, and would always be equal.
const SAME: [&str; 9] = [
    "body",
    "accept",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "authorization",
    "content-type",
    "host",
    "user-agent",
    "x-amz-security-token",
];

/// Checks a scenario.
pub(super) fn check(scenario: &Scenario) -> Result<(), MemberError> {
    let at = |names: &'static [&'static str]| move |problem| MemberError::new(names, problem);
    check_id(&scenario.id).map_err(at(&["id"]))?;
    let retry_mode = scenario.settings.retry_mode.as_str();
    check_name("retry mode", retry_mode, &RETRY_MODES).map_err(at(&["settings", "retry_mode"]))?;
    scenario.input.values().try_for_each(tagged::check_input).map_err(at(&["input"]))?;
    check_expectation(&scenario.expect).map_err(at(&["expect"]))?;
    if scenario.expect.either.iter().any(|expect| !expect.either.is_empty()) {
        let problem = "an alternative cannot have alternatives".to_owned();
        return Err(at(&["expect", "either"])(problem));
    }
    Ok(())
}

fn check_id(id: &str) -> Result<(), String> {
    let is_valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    let is_part = |part: &str| !part.trim_matches('.').is_empty() && part.chars().all(is_valid);
    match id.split('/').all(is_part) {
        true => Ok(()),
        false => Err(format!(
            "{id:?} must consist of a-z, 0-9, `-`, `.` and `_`, and its parts between `/` must not be empty, `.` or `..`"
        )),
    }
}

fn check_expectation(expect: &Expectation) -> Result<(), String> {
    for value in expect.output.iter().chain(expect.events.iter().flatten()).chain(bodies(expect)) {
        tagged::check_expected(value)?;
    }
    if let Some(class) = expect.error.as_ref().and_then(|error| error.class.as_ref()) {
        check_class(class)?;
    }
    check_ranges(expect)?;
    for name in &expect.same {
        let requests = || expect.request.iter().chain(&expect.requests);
        if !requests().any(|request| request.headers.contains_key(name)) {
            check_name("name in `same`", name, &SAME)
                .map_err(|problem| format!("{problem}, or a header in the expectations of the requests"))?;
        }
    }
    expect.either.iter().try_for_each(check_expectation)
}

fn bodies(expect: &Expectation) -> impl Iterator<Item = &Value> {
    let requests = expect.request.iter().chain(&expect.requests);
    requests.filter_map(|request| request.body.as_ref())
}

fn check_class(class: &TextPattern) -> Result<(), String> {
    match class {
        TextPattern::Exactly(name) => check_name("class", name, &CLASSES),
        TextPattern::OneOf(names) => names.iter().try_for_each(|name| check_name("class", name, &CLASSES)),
        TextPattern::Contains(Contains { contains })
            if !CLASSES.iter().any(|name| name.contains(contains)) =>
        {
            Err(format!("no class contains `{contains}`, the classes are {}", CLASSES.join(", ")))
        }
        TextPattern::Contains(_) | TextPattern::Any(_) => Ok(()),
    }
}

fn check_ranges(expect: &Expectation) -> Result<(), String> {
    let counts = [
        ("attempts", expect.attempts),
        ("connections", expect.connections),
        ("credentials_requests", expect.credentials_requests),
        ("frames_sent", expect.frames_sent),
        ("proxy.requests", expect.proxy.as_ref().and_then(|proxy| proxy.requests)),
    ];
    let counts = counts.into_iter().filter_map(|(name, count)| match count? {
        Count::Within(range) => Some((name, range)),
        Count::Exactly(_) => None,
    });
    let ranges = expect.delays_ms.iter().map(|range| ("delays_ms", *range));
    let ranges = ranges.chain(expect.took_ms.map(|range| ("took_ms", range)));
    for (name, Range { min, max }) in counts.chain(ranges) {
        if let Some(max) = max.filter(|max| min > *max) {
            return Err(format!("{name}: `min` is {min}, and `max` is {max}: `min` must not be greater"));
        }
    }
    Ok(())
}
