//! Loads scenarios from the files of this crate or from a folder.

mod check;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use include_dir::{Dir, include_dir};
use invoke_model_local::FaultFile;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use serde_path_to_error::Segment;

use crate::rows;
use crate::scenario::{GROUPS, Rule, Scenario};
use crate::tagged;

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// The JSON Schema of a scenario file.
pub const SCHEMA: &str = include_str!("../scenario.schema.json");

/// An error in scenario files. The message has one line for each problem.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct LoadError(pub(crate) Vec<String>);

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

/// Loads the scenarios that this crate contains.
///
/// # Errors
/// Returns an error if a file is invalid. The tests of the crate load all files.
pub fn built_in() -> Result<Vec<Scenario>, LoadError> {
    let files = SCENARIOS.dirs().flat_map(Dir::files);
    parse_all(files.map(|file| {
        let text = file.contents_utf8().ok_or_else(|| io::ErrorKind::InvalidData.into());
        (file.path().to_owned(), text.map(Cow::Borrowed))
    }))
}

/// Loads the scenarios from the files `GROUP/CONCERN.json` in a folder.
///
/// # Errors
/// Returns an error if a file or folder cannot be read, or if a file is invalid.
pub fn folder(folder: &Path) -> Result<Vec<Scenario>, LoadError> {
    let failure = |problem: &dyn fmt::Display| LoadError(vec![format!("{}: {problem}", folder.display())]);
    let files = list_files(folder).map_err(|error| failure(&error))?;
    if files.is_empty() {
        return Err(failure(&"the folder has no file `GROUP/CONCERN.json`"));
    }
    parse_all(files.into_iter().map(|path| {
        let text = fs::read_to_string(folder.join(&path)).map(Cow::Owned);
        (path, text)
    }))
}

/// Returns the paths of the JSON files in the subfolders of a folder.
fn list_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for group in fs::read_dir(folder)? {
        let group = group?;
        if group.path().is_dir() {
            for file in fs::read_dir(group.path())? {
                paths.push(Path::new(&group.file_name()).join(file?.file_name()));
            }
        }
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    Ok(paths)
}

fn parse_all<'a>(
    files: impl Iterator<Item = (PathBuf, io::Result<Cow<'a, str>>)>,
) -> Result<Vec<Scenario>, LoadError> {
    let (mut scenarios, mut problems) = (Vec::new(), Vec::new());
    for (path, text) in files {
        match text {
            Ok(text) => match parse(&path, &text) {
                Ok(parsed) => scenarios.extend(parsed),
                Err(LoadError(found)) => problems.extend(found),
            },
            Err(error) => problems.push(format!("{}: cannot read the file: {error}", path.display())),
        }
    }
    if !problems.is_empty() {
        return Err(LoadError(problems));
    }
    scenarios.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(scenarios)
}

/// Parses the file `GROUP/CONCERN.json`. Returns all problems of the file.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Vec<Scenario>, LoadError> {
    let prefix = path.with_extension("").to_string_lossy().replace('\\', "/");
    let failure = |problem: &dyn fmt::Display| LoadError(vec![format!("{}: {problem}", path.display())]);
    if prefix.split('/').next().is_none_or(|group| !GROUPS.contains(&group)) {
        return Err(failure(&format_args!(
            "the folder is not a group; the groups are {}",
            GROUPS.join(", ")
        )));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| failure(&error))?;
    let file: ScenarioFile = deserialize(&value).map_err(|error| failure(&error.at_line_in(text, &[])))?;
    if file.concern.is_empty() || file.rule.text.is_empty() || !file.rule.link.starts_with("https://") {
        return Err(failure(
            &"a file needs a `concern`, and a `rule` with a `text` and a `link` that begins with https://",
        ));
    }
    if file.scenarios.is_empty() {
        return Err(failure(&"`scenarios` is empty: add a scenario, or remove the file"));
    }
    let (mut scenarios, mut problems, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (index, value) in file.scenarios.iter().enumerate() {
        let base = [Step::Name("scenarios".to_owned()), Step::Index(index)];
        let name = match value.get("id").and_then(Value::as_str) {
            Some(id) => format!("scenario `{id}`"),
            None => format!("scenario {}", index + 1),
        };
        let mut add = |error: MemberError| {
            problems.push(format!("{}: {name}: {}", path.display(), error.at_line_in(text, &base)));
        };
        let rows = match rows::expand(value) {
            Ok(rows) => rows,
            Err(error) => {
                add(MemberError::new(&[], error));
                continue;
            }
        };
        for row in &rows {
            match scenario(row) {
                Ok(scenario) if !ids.insert(scenario.id.clone()) => {
                    add(MemberError::new(
                        &["id"],
                        format!("the file has another scenario `{}`", scenario.id),
                    ));
                }
                Ok(mut scenario) => {
                    scenario.id = format!("{prefix}/{}", scenario.id);
                    scenario.requires = scenario.requires.map(|id| format!("{prefix}/{id}"));
                    scenario.concern.clone_from(&file.concern);
                    if scenario.rule == Rule::default() {
                        scenario.rule = file.rule.clone();
                    }
                    scenarios.push(scenario);
                }
                Err(error) => add(error),
            }
        }
    }
    for scenario in &scenarios {
        let required =
            scenario.requires.as_ref().filter(|id| !scenarios.iter().any(|other| other.id == **id));
        if let Some(required) = required {
            let id = &scenario.id;
            problems.push(format!(
                "{}: scenario `{id}`: requires: there is no scenario `{required}`",
                path.display()
            ));
        }
    }
    // All rows of a scenario often have the same problem.
    problems.dedup();
    if problems.is_empty() { Ok(scenarios) } else { Err(LoadError(problems)) }
}

/// Converts a scenario without rows from JSON, and checks the constraints that its type does not express.
pub(crate) fn scenario(value: &Value) -> Result<Scenario, MemberError> {
    let mut scenario: Scenario = deserialize(value)?;
    scenario.source = value.as_object().cloned().unwrap_or_default();
    check::check(&scenario)?;
    let encoded = tagged::encode_members(&scenario.input);
    scenario.input = encoded.map_err(|problem| MemberError::new(&["input"], problem))?;
    // The endpoint rejects a fault rule whose operation it does not have. This checks the name of the operation.
    fault_file(&[json!({"operation": scenario.operation, "delay_ms": 0})]).map_err(|problem| {
        MemberError::new(&["operation"], problem.trim_start_matches("rule 1: ").to_owned())
    })?;
    fault_file(&scenario.server.rules).map_err(|problem| MemberError::new(&["server", "rules"], problem))?;
    Ok(scenario)
}

/// Parses the rules of a server.
pub(crate) fn fault_file(rules: &[Value]) -> Result<FaultFile, String> {
    FaultFile::from_json(&json!({ "rules": rules }).to_string()).map_err(|error| {
        let message = error.to_string();
        // The line and the column refer to the JSON text of this function, and not to the file.
        let end = message.rfind(" at line ").unwrap_or(message.len());
        message[..end].to_owned()
    })
}

/// An error in a member of a scenario.
#[derive(Debug)]
pub(crate) struct MemberError {
    path: Vec<Step>,
    problem: String,
}

/// A step on the path to a member.
#[derive(Clone, Debug)]
enum Step {
    Name(String),
    Index(usize),
}

impl MemberError {
    fn new(names: &[&str], problem: String) -> Self {
        Self { path: names.iter().map(|name| Step::Name((*name).to_owned())).collect(), problem }
    }

    /// Returns the text of the error with the line of the member. `base` is the path of the value with the member.
    fn at_line_in(&self, text: &str, base: &[Step]) -> String {
        format!("{self} at line {}", line(text, base.iter().chain(&self.path)))
    }
}

impl fmt::Display for MemberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.path.iter().enumerate() {
            match step {
                Step::Name(name) if position == 0 => write!(f, "{name}")?,
                Step::Name(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        if !self.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.problem)
    }
}

fn deserialize<T: DeserializeOwned>(value: &Value) -> Result<T, MemberError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let step = |segment: &Segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Name(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        let path = error.path().iter().filter_map(step).collect();
        MemberError { path, problem: error.into_inner().to_string() }
    })
}

/// Returns the line of a member. If the text has no such member, for example because a row contains it, returns the
/// line of the innermost member that exists.
fn line<'a>(text: &str, path: impl Iterator<Item = &'a Step>) -> usize {
    let mut member = text;
    for step in path {
        let inner = match step {
            Step::Name(name) => serde_json::from_str::<BTreeMap<String, &RawValue>>(member)
                .ok()
                .and_then(|mut members| members.remove(name)),
            Step::Index(index) => serde_json::from_str::<Vec<&RawValue>>(member)
                .ok()
                .and_then(|items| items.get(*index).copied()),
        };
        let Some(inner) = inner else { break };
        member = inner.get();
    }
    let offset = member.as_ptr().addr() - text.as_ptr().addr();
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests;
