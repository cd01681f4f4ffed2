//! Loads scenarios from the files of this crate or from a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use invoke_model_local::FaultFile;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::expectation::Expectation;
use crate::scenario::{Rule, Scenario};
use crate::tagged;

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// A scenario file that cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {message}")]
pub struct LoadError {
    file: String,
    message: String,
}

/// A scenario file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ScenarioFile {
    /// The concern of all scenarios of the file.
    concern: String,
    /// The rule of all scenarios that have no rule of their own.
    rule: Rule,
    /// The scenarios.
    #[cfg_attr(test, schemars(with = "Vec<Scenario>"))]
    scenarios: Vec<Value>,
}

/// Loads the scenarios of the kit.
///
/// # Errors
/// Returns an error if a file is invalid. The tests of the crate load all files.
pub fn built_in() -> Result<Vec<Scenario>, LoadError> {
    let mut scenarios = Vec::new();
    for group in SCENARIOS.dirs() {
        for file in group.files() {
            let text = file.contents_utf8().unwrap_or_default();
            scenarios.extend(parse(file.path(), text)?);
        }
    }
    Ok(sorted(scenarios))
}

/// Loads the scenarios of the files `GROUP/CONCERN.json` in a folder.
///
/// # Errors
/// Returns an error if the folder cannot be read, or if a file is invalid.
pub fn folder(folder: &Path) -> Result<Vec<Scenario>, LoadError> {
    let mut scenarios = Vec::new();
    for group in entries(folder)?.iter().filter(|path| path.is_dir()) {
        let files = entries(group)?;
        for path in files.iter().filter(|path| path.extension().is_some_and(|name| name == "json")) {
            let text = fs::read_to_string(path).map_err(|error| failure(path, error))?;
            let name = path.strip_prefix(folder).unwrap_or(path);
            scenarios.extend(parse(name, &text)?);
        }
    }
    if scenarios.is_empty() {
        return Err(failure(folder, "the folder has no file `GROUP/CONCERN.json` with a scenario"));
    }
    Ok(sorted(scenarios))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    entries.map_err(|error| failure(folder, error))
}

fn sorted(mut scenarios: Vec<Scenario>) -> Vec<Scenario> {
    scenarios.sort_by(|left, right| left.id.cmp(&right.id));
    scenarios
}

fn failure(path: &Path, message: impl ToString) -> LoadError {
    LoadError { file: path.display().to_string(), message: message.to_string() }
}

/// Parses the file `GROUP/CONCERN.json`.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Vec<Scenario>, LoadError> {
    let file: ScenarioFile = serde_json::from_str(text).map_err(|error| failure(path, error))?;
    if file.concern.is_empty() || file.rule.text.is_empty() || !file.rule.link.starts_with("https://") {
        return Err(failure(
            path,
            "a file needs a `concern`, and a `rule` with a `text` and a link to https",
        ));
    }
    let prefix = path.with_extension("").to_string_lossy().replace('\\', "/");
    let mut ids = BTreeSet::new();
    let mut scenarios = Vec::new();
    for (index, value) in file.scenarios.iter().enumerate() {
        let number = index + 1;
        let id = value.get("id").and_then(Value::as_str).unwrap_or_default();
        let name = || if id.is_empty() { format!("scenario {number}") } else { format!("scenario `{id}`") };
        for value in rows(value).map_err(|message| failure(path, format!("{}: {message}", name())))? {
            let mut scenario =
                scenario(value).map_err(|message| failure(path, format!("{}: {message}", name())))?;
            if !ids.insert(scenario.id.clone()) {
                return Err(failure(path, format!("duplicate id `{}`", scenario.id)));
            }
            scenario.id = format!("{prefix}/{}", scenario.id);
            if scenario.rule == Rule::default() {
                scenario.rule = file.rule.clone();
            }
            scenarios.push(scenario);
        }
    }
    Ok(scenarios)
}

/// Converts the JSON form of one scenario, and checks what the types do not express.
pub(crate) fn scenario(value: Value) -> Result<Scenario, String> {
    let mut scenario: Scenario =
        serde_path_to_error::deserialize(value).map_err(|error| match error.path().to_string() {
            path if path == "." => error.inner().to_string(),
            path => format!("{path}: {}", error.inner()),
        })?;
    let is_valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-./_".contains(c);
    if scenario.id.is_empty() || !scenario.id.chars().all(is_valid) {
        return Err(format!("the id {:?} must consist of a-z, 0-9, `-`, `.` and `_`", scenario.id));
    }
    scenario.input =
        tagged::encode_members(&scenario.input).map_err(|message| format!("input: {message}"))?;
    check_expectation(&scenario.expect)?;
    let rules = json!({"rules": scenario.server.rules}).to_string();
    FaultFile::from_json(&rules).map_err(|error| format!("server: {error}"))?;
    Ok(scenario)
}

fn check_expectation(expect: &Expectation) -> Result<(), String> {
    let values = expect.output.iter().chain(expect.events.iter().flatten());
    let requests = expect.request.iter().chain(&expect.requests);
    for value in values.chain(requests.filter_map(|request| request.body.as_ref())) {
        tagged::encode(value).map_err(|message| format!("expect: {message}"))?;
    }
    expect.either.iter().try_for_each(check_expectation)
}

/// Returns the scenarios that a scenario with `rows` stands for.
fn rows(value: &Value) -> Result<Vec<Value>, String> {
    let Some(rows) = value.get("rows") else { return Ok(vec![value.clone()]) };
    let rows = rows.as_array().filter(|rows| !rows.is_empty()).ok_or("`rows` must be a list of objects")?;
    let mut scenarios = Vec::with_capacity(rows.len());
    for row in rows {
        let row = row.as_object().ok_or("`rows` must be a list of objects")?;
        let id = row.get("id").and_then(Value::as_str).ok_or("each row needs an `id`")?;
        let mut used = BTreeSet::from(["id".to_owned()]);
        let mut scenario =
            substitute(value, row, &mut used).map_err(|message| format!("row `{id}`: {message}"))?;
        if let Some(unused) = row.keys().find(|name| !used.contains(*name)) {
            return Err(format!(
                "row `{id}`: `{unused}` is not used: write `${{{unused}}}` where it belongs"
            ));
        }
        let name = value.get("id").and_then(Value::as_str).unwrap_or_default();
        scenario["id"] = Value::from(format!("{name}/{id}"));
        scenarios.push(scenario);
    }
    Ok(scenarios)
}

/// Replaces `${NAME}` with the values of a row. Omits the member `rows`.
fn substitute(value: &Value, row: &Map<String, Value>, used: &mut BTreeSet<String>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => substitute_text(text, row, used)?,
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| substitute(item, row, used)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let mut replaced = Map::new();
            for (name, value) in members.iter().filter(|(name, _)| *name != "rows") {
                let Value::String(name) = substitute_text(name, row, used)? else {
                    return Err(format!("`{name}` is the name of a member: it needs a text"));
                };
                replaced.insert(name, substitute(value, row, used)?);
            }
            Value::Object(replaced)
        }
        other => other.clone(),
    })
}

fn substitute_text(
    text: &str,
    row: &Map<String, Value>,
    used: &mut BTreeSet<String>,
) -> Result<Value, String> {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) =
            after.split_once('}').ok_or_else(|| format!("{text:?} has no `}}` after `${{`"))?;
        let value = row.get(name).ok_or_else(|| format!("the row has no value for `${{{name}}}`"))?;
        used.insert(name.to_owned());
        if before.is_empty() && after.is_empty() && replaced.is_empty() {
            return Ok(value.clone());
        }
        replaced.push_str(before);
        match value {
            Value::String(text) => replaced.push_str(text),
            Value::Number(number) => replaced.push_str(&number.to_string()),
            _ => {
                return Err(format!("`${{{name}}}` is part of a text: its value must be a text or a number"));
            }
        }
        rest = after;
    }
    Ok(Value::from(replaced + rest))
}

#[cfg(test)]
mod tests;
