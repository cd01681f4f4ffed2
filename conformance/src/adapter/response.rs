//! The responses of adapters.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The facts that an adapter can list as unreported.
pub(crate) const FACTS: [&str; 7] =
    ["output", "events", "error.class", "error.code", "error.message", "error.status", "error.request_id"];

/// The classes of errors.
pub(crate) const CLASSES: [&str; 8] =
    ["service", "stream", "timeout", "connection", "response", "input", "credentials", "other"];

fn facts<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let facts = Vec::<String>::deserialize(deserializer)?;
    facts.iter().try_for_each(|fact| check_name("fact", fact, &FACTS)).map_err(D::Error::custom)?;
    Ok(facts)
}

/// Reads the facts that a client does not report for one call. A client must report the class of each error, or never.
fn facts_of_call<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let facts = facts(deserializer)?;
    match facts.iter().any(|fact| fact == "error.class") {
        true => Err(D::Error::custom(
            "`error.class` can only be in the first response: if the client never reports classes, list it there",
        )),
        false => Ok(facts),
    }
}

fn class<'a, D: Deserializer<'a>>(deserializer: D) -> Result<String, D::Error> {
    let class = String::deserialize(deserializer)?;
    check_name("class", &class, &CLASSES).map_err(D::Error::custom)?;
    Ok(class)
}

/// Checks that a list of names contains a name.
pub(crate) fn check_name(noun: &str, name: &str, allowed: &[&str]) -> Result<(), String> {
    match allowed.contains(&name) {
        true => Ok(()),
        false => Err(format!("unknown {noun} `{name}`, expected one of {}", allowed.join(", "))),
    }
}

/// The first response of an adapter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    /// The name of the client.
    pub(crate) client: String,
    /// The version of the client.
    #[serde(default)]
    pub(crate) version: String,
    /// The facts that the client never reports.
    #[serde(default, deserialize_with = "facts")]
    pub(crate) unreported: Vec<String>,
    /// The adapter sets the environment variables of a scenario. For other adapters, the runner starts a process with
    /// these variables.
    #[serde(default)]
    pub(crate) environment: bool,
}

/// A response of an adapter to a scenario.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    pub(crate) output: Option<Value>,
    pub(crate) events: Option<Vec<Value>>,
    pub(crate) error: Option<ReportedError>,
    #[serde(default)]
    pub(crate) cancelled: bool,
    pub(crate) unsupported: Option<String>,
    /// The facts that the client does not report for this call, in addition to those of the description.
    #[serde(default, deserialize_with = "facts_of_call")]
    pub(crate) unreported: Vec<String>,
}

impl Report {
    /// Returns `true` if the response states an outcome.
    pub(crate) fn has_outcome(&self) -> bool {
        self.output.is_some()
            || self.events.is_some()
            || self.error.is_some()
            || self.cancelled
            || self.unsupported.is_some()
    }
}

/// An error that a client has returned.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportedError {
    #[serde(deserialize_with = "class")]
    pub(crate) class: String,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) request_id: Option<String>,
    /// The name of the error type in the client. The runner only prints it.
    #[serde(rename = "type")]
    pub(crate) type_name: Option<String>,
}
