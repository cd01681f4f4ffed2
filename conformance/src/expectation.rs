//! The expected outcome of a scenario.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The expected outcome: the requests that arrive, and the result that the client reports.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Expectation {
    /// The number of requests. The default is 1, unless an alternative in `either` states a number.
    pub attempts: Option<Count>,
    /// The maximum number of calls that the server executes. The service would bill each of them.
    pub worked_on: Option<u64>,
    /// The expected parts of every request that `requests` does not list. Without both members, only the authentication
    /// of requests is compared: see `auth`.
    pub request: Option<RequestExpectation>,
    /// The expected parts of each request, in the order of the requests.
    pub requests: Vec<RequestExpectation>,
    /// The members of the output by their wire names, without the event stream.
    pub output: Option<Value>,
    /// The events. If the call fails, these are the events before the error.
    pub events: Option<Vec<Value>>,
    /// The error. Without this member, the call must succeed.
    pub error: Option<ErrorExpectation>,
    /// Alternatives. The outcome must meet one of them.
    #[serde(deserialize_with = "alternatives")]
    pub either: Vec<Expectation>,
    /// The times between the arrivals of two successive requests.
    pub delays_ms: Vec<Range>,
    /// The time between the first connection of the client to the server or the proxy, and the response of the adapter.
    /// The start of the adapter and of its client does not count.
    pub took_ms: Option<Range>,
    /// The number of frames of event streams that the server sends in all responses, until the client ends them.
    pub frames_sent: Option<Count>,
    /// `true` if the client must close the connection or reset the stream before the response is complete. The result
    /// is then not compared.
    pub cancelled: bool,
    /// The number of connections to the server.
    pub connections: Option<Count>,
    /// The number of requests to the server for container credentials.
    pub credentials_requests: Option<Count>,
    /// The requests that the proxy must see.
    pub proxy: Option<ProxyExpectation>,
    /// The parts that must be equal in all requests: `body`, or the name of a header. If a header is missing in one
    /// request, it must be missing in all requests.
    pub same: Vec<String>,
    /// Texts that must not occur in the target, the headers or the body of a request. The access key id of a signature
    /// must also not be one of these texts.
    pub not_sent: Vec<String>,
}

impl Expectation {
    /// Returns the lowest number of requests that meets the expectation.
    pub(crate) fn minimum_attempts(&self) -> u64 {
        let alternatives = self.either.iter().filter_map(|expect| expect.attempts);
        let minimum = self.attempts.or_else(|| alternatives.min_by_key(|count| count.minimum()));
        minimum.map_or(1, Count::minimum)
    }

    /// Returns `true` if the expectation or an alternative states this fact about the result.
    pub(crate) fn states(&self, fact: &str) -> bool {
        let error = |is_stated: fn(&ErrorExpectation) -> bool| self.error.as_ref().is_some_and(is_stated);
        let is_stated = match fact {
            _ if self.cancelled => false,
            "output" => self.output.is_some(),
            "events" => self.events.is_some(),
            "error.class" => error(|error| error.class.is_some()),
            "error.code" => error(|error| error.code.is_some()),
            "error.message" => error(|error| error.message.is_some()),
            "error.status" => error(|error| error.status.is_some()),
            "error.request_id" => error(|error| error.request_id.is_some()),
            _ => false,
        };
        is_stated || self.either.iter().any(|expect| expect.states(fact))
    }

    /// Returns `true` if the expectation states parts of requests.
    pub(crate) fn has_requests(&self) -> bool {
        self.request.is_some() || !self.requests.is_empty()
    }

    /// Returns `true` if the expectation states the result of the call.
    pub(crate) fn has_result(&self) -> bool {
        self.error.is_some() || self.output.is_some() || self.events.is_some() || self.cancelled
    }
}

fn alternatives<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<Expectation>, D::Error> {
    let alternatives = Vec::<Expectation>::deserialize(deserializer)?;
    match alternatives.is_empty() {
        true => Err(D::Error::custom("the list of alternatives is empty: add expectations, or remove it")),
        false => Ok(alternatives),
    }
}

/// The expected parts of a request. Except for `auth`, a part without an expectation is not compared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RequestExpectation {
    /// The method.
    pub method: Option<String>,
    /// The percent-encoded request target.
    pub target: Option<TextPattern>,
    /// The `Host` header. `{port}` is the port of the server.
    pub host: Option<String>,
    /// Headers. With `null`, the header must be absent.
    pub headers: BTreeMap<String, Option<TextPattern>>,
    /// The body as a tagged value. With `$json`, the JSON values are compared, and not the bytes.
    pub body: Option<Value>,
    /// The authentication. The default is `valid`: a valid signature, or a valid bearer token.
    pub auth: Auth,
    /// The access key id of the signature.
    pub access_key_id: Option<String>,
    /// The region of the signature.
    pub signing_region: Option<String>,
    /// Names of headers that must be signed.
    pub signed_headers: Vec<String>,
}

/// The expected authentication of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Auth {
    /// A valid SigV4 signature, or a valid bearer token. A token is valid only if the scenario has one.
    #[default]
    Valid,
    /// A valid SigV4 signature.
    Sigv4,
    /// A valid bearer token.
    Bearer,
    /// Not compared.
    Any,
}

/// The expected error. A part without an expectation is not compared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ErrorExpectation {
    /// The class of the error.
    pub class: Option<TextPattern>,
    /// The error code of the service.
    pub code: Option<TextPattern>,
    /// The message of the service.
    pub message: Option<TextPattern>,
    /// The status of the response.
    pub status: Option<StatusPattern>,
    /// The request id of the response.
    pub request_id: Option<TextPattern>,
}

/// The requests that the proxy must see.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProxyExpectation {
    /// The targets of all `CONNECT` requests, in this order. `{port}` is the port of the server.
    pub connect: Option<Vec<String>>,
    /// The number of requests of all methods.
    pub requests: Option<Count>,
    /// `true` if at least one request has a `Proxy-Authorization` header, `false` if no request has it.
    pub authorization: Option<bool>,
}

/// A number, or a range of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Count {
    /// Exactly this number.
    Exactly(u64),
    /// A number in this range.
    Within(Range),
}

impl Count {
    /// Returns the lowest number that the pattern allows.
    pub(crate) fn minimum(self) -> u64 {
        match self {
            Self::Exactly(number) => number,
            Self::Within(range) => range.min,
        }
    }

    pub(crate) fn contains(self, number: u64) -> bool {
        match self {
            Self::Exactly(expected) => number == expected,
            Self::Within(range) => range.contains(number),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(number) => number.fmt(f),
            Self::Within(range) => range.fmt(f),
        }
    }
}

/// A range that includes its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Range {
    /// The lower limit. The default is 0.
    #[serde(default)]
    pub min: u64,
    /// The upper limit. By default, there is no upper limit.
    #[serde(default)]
    pub max: Option<u64>,
}

impl Range {
    pub(crate) fn contains(self, number: u64) -> bool {
        number >= self.min && self.max.is_none_or(|max| number <= max)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max {
            Some(max) => write!(f, "{} to {max}", self.min),
            None => write!(f, "{} or more", self.min),
        }
    }
}

/// A pattern for a text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum TextPattern {
    /// Exactly this text.
    Exactly(String),
    /// One of these texts.
    OneOf(Vec<String>),
    /// A text that contains this text.
    Contains(Contains),
    /// Any text.
    Any(Any),
}

/// A text that contains another text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Contains {
    /// The text that must occur.
    pub contains: String,
}

/// A wildcard that matches any value, but not a missing value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Any {
    /// Always `true`.
    #[serde(rename = "$any")]
    pub any: bool,
}

impl TextPattern {
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exactly(expected) => text == expected,
            Self::OneOf(expected) => expected.iter().any(|expected| text == expected),
            Self::Contains(Contains { contains }) => text.contains(contains),
            Self::Any(_) => true,
        }
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(text) => write!(f, "`{text}`"),
            Self::OneOf(texts) => {
                let texts: Vec<_> = texts.iter().map(|text| format!("`{text}`")).collect();
                f.write_str(&texts.join(" or "))
            }
            Self::Contains(Contains { contains }) => write!(f, "a text with `{contains}`"),
            Self::Any(_) => f.write_str("a text"),
        }
    }
}

/// A pattern for a status.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum StatusPattern {
    /// Exactly this status.
    Exactly(u16),
    /// One of these statuses.
    OneOf(Vec<u16>),
}

impl StatusPattern {
    pub(crate) fn matches(&self, status: u16) -> bool {
        match self {
            Self::Exactly(expected) => status == *expected,
            Self::OneOf(expected) => expected.contains(&status),
        }
    }
}

impl fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(status) => status.fmt(f),
            Self::OneOf(statuses) => {
                let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
                f.write_str(&statuses.join(" or "))
            }
        }
    }
}
