//! Protocol test cases of a model. Smithy defines the traits for test cases:
//! <https://smithy.io/2.0/additional-specs/http-protocol-compliance-tests.html> and
//! <https://smithy.io/2.0/additional-specs/event-stream-protocol-tests.html>

mod parameters;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::diagnostic::Diagnostic;
use crate::files::Files;
use crate::model::{Model, Shape, ShapeId};
use crate::select::Selection;

const REQUESTS: &str = "smithy.test#httpRequestTests";
const RESPONSES: &str = "smithy.test#httpResponseTests";
const EVENTS: &str = "smithy.test#eventStreamTests";
const MALFORMED: &str = "smithy.test#httpMalformedRequestTests";
const PROTOCOL: &str = "aws.protocols#restJson1";

/// Kind of a test. Most test cases apply to clients and to servers. Such a case has a test of each side. The id of a
/// test case is unique only among the test cases of the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An input, and the request that a client sends.
    ClientRequest,
    /// A response, and the output that a client returns.
    ClientResponse,
    /// A response, and the error that a client returns.
    ClientError,
    /// Events and their messages, for a client.
    ClientEvent,
    /// A request, and the input that a server parses.
    ServerRequest,
    /// An output, and the response that a server sends.
    ServerResponse,
    /// An error, and the response that a server sends.
    ServerError,
    /// Events and their messages, for a server.
    ServerEvent,
    /// A request that a server rejects, and its response.
    ServerMalformed,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::ClientRequest,
        Self::ClientResponse,
        Self::ClientError,
        Self::ClientEvent,
        Self::ServerRequest,
        Self::ServerResponse,
        Self::ServerError,
        Self::ServerEvent,
        Self::ServerMalformed,
    ];

    /// Returns the name of the generated module that contains the tests of this kind.
    pub fn module(self) -> &'static str {
        match self {
            Self::ClientRequest => "client_requests",
            Self::ClientResponse => "client_responses",
            Self::ClientError => "client_errors",
            Self::ClientEvent => "client_events",
            Self::ServerRequest => "server_requests",
            Self::ServerResponse => "server_responses",
            Self::ServerError => "server_errors",
            Self::ServerEvent => "server_events",
            Self::ServerMalformed => "server_malformed",
        }
    }
}

/// The side of the protocol that a test checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    /// Returns the direction of the messages that this side receives.
    pub(crate) fn receives(self) -> Direction {
        match self {
            Self::Client => Direction::Response,
            Self::Server => Direction::Request,
        }
    }
}

/// Test cases of a service. The keys of the maps are the names of operations or errors.
#[derive(Debug, Default)]
pub(crate) struct Cases {
    pub(crate) requests: BTreeMap<String, Vec<RequestCase>>,
    pub(crate) responses: BTreeMap<String, Vec<ResponseCase>>,
    pub(crate) errors: BTreeMap<String, Vec<ResponseCase>>,
    pub(crate) events: BTreeMap<String, Vec<EventCase>>,
    pub(crate) malformed: BTreeMap<String, Vec<MalformedCase>>,
}

/// Id, protocol and side (client or server) of a test case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    pub(crate) id: String,
    protocol: String,
    applies_to: Option<String>,
}

impl Head {
    fn is_ours(&self) -> bool {
        self.protocol == PROTOCOL
    }

    /// Returns `true` if the test case applies to a side.
    pub(crate) fn applies_to(&self, side: Side) -> bool {
        let name = match side {
            Side::Client => "client",
            Side::Server => "server",
        };
        self.applies_to.as_deref().is_none_or(|applies_to| applies_to == name)
    }
}

/// Headers and body of a message in a test case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Content {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) forbid_headers: Vec<String>,
    pub(crate) require_headers: Vec<String>,
    pub(crate) body: Option<String>,
    pub(crate) body_media_type: Option<String>,
}

/// A request in a test case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HttpRequest {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) host: Option<String>,
    pub(crate) resolved_host: Option<String>,
    pub(crate) query_params: Vec<String>,
    pub(crate) forbid_query_params: Vec<String>,
    pub(crate) require_query_params: Vec<String>,
    #[serde(flatten)]
    pub(crate) content: Content,
}

/// A response in a test case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HttpResponse {
    pub(crate) code: u16,
    #[serde(flatten)]
    pub(crate) content: Content,
}

/// A test case of `httpRequestTests`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RequestCase {
    #[serde(flatten)]
    pub(crate) head: Head,
    #[serde(default)]
    pub(crate) params: Map<String, Value>,
    #[serde(flatten)]
    pub(crate) request: HttpRequest,
}

/// A test case of `httpResponseTests`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ResponseCase {
    #[serde(flatten)]
    pub(crate) head: Head,
    #[serde(default)]
    pub(crate) params: Map<String, Value>,
    #[serde(flatten)]
    pub(crate) response: HttpResponse,
}

/// A test case of `eventStreamTests`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventCase {
    #[serde(flatten)]
    pub(crate) head: Head,
    #[serde(default)]
    pub(crate) events: Vec<EventMessage>,
    #[serde(default)]
    pub(crate) initial_request_params: Map<String, Value>,
    pub(crate) initial_request: Option<HttpRequest>,
    #[serde(default)]
    pub(crate) initial_response_params: Map<String, Value>,
    pub(crate) initial_response: Option<HttpResponse>,
    #[serde(default)]
    pub(crate) expectation: Expectation,
}

/// Expected result of an event stream: a failure, or success if `failure` is `None`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Expectation {
    pub(crate) failure: Option<Failure>,
}

/// An expected failure. If `error_id` is `None`, the test accepts every failure.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    pub(crate) error_id: Option<ShapeId>,
}

/// A message of an event stream.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventMessage {
    #[serde(rename = "type")]
    pub(crate) direction: Direction,
    pub(crate) params: Option<Map<String, Value>>,
    /// Headers by name. A header is an object with one key, such as `{"string": "text"}`. The key is the type
    /// of the header.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Map<String, Value>>,
    pub(crate) body: Option<String>,
    pub(crate) body_media_type: Option<String>,
    /// The encoded frame as base64 text.
    pub(crate) bytes: Option<String>,
}

/// A test case of `httpMalformedRequestTests`, without parameters.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct MalformedCase {
    #[serde(flatten)]
    pub(crate) head: Head,
    pub(crate) request: HttpRequest,
    pub(crate) response: MalformedResponse,
}

/// The response to a malformed request.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct MalformedResponse {
    pub(crate) code: u16,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<MalformedBody>,
}

/// The body of the response to a malformed request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MalformedBody {
    pub(crate) media_type: String,
    pub(crate) assertion: Assertion,
}

/// The expected content of a body. The specification also has assertions with regular expressions, but the
/// published test cases for restJson1 do not use them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Assertion {
    /// The body is equal to this text.
    Contents(String),
}

/// Direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    Request,
    Response,
}

/// Reads the test cases of the selected operations and their errors.
///
/// # Errors
/// Returns a diagnostic for each trait with a malformed test case.
pub(crate) fn cases(model: &Model, selection: &Selection) -> Result<Cases, Vec<Diagnostic>> {
    let mut cases = Cases::default();
    let mut diagnostics = Vec::new();
    for id in &selection.operations {
        let Some(shape) = model.shape(id) else { continue };
        let name = id.name().to_owned();
        cases.requests.insert(
            name.clone(),
            read(id, shape, REQUESTS, |case: &RequestCase| &case.head, &mut diagnostics),
        );
        cases.responses.insert(
            name.clone(),
            read(id, shape, RESPONSES, |case: &ResponseCase| &case.head, &mut diagnostics),
        );
        cases.malformed.insert(name.clone(), malformed(id, shape, &mut diagnostics));
        cases.events.insert(name, read(id, shape, EVENTS, |case: &EventCase| &case.head, &mut diagnostics));
    }
    for id in &selection.closure {
        let Some(shape) = model.shape(id).filter(|shape| shape.has("smithy.api#error")) else { continue };
        let read = read(id, shape, RESPONSES, |case: &ResponseCase| &case.head, &mut diagnostics);
        cases.errors.insert(id.name().to_owned(), read);
    }
    if diagnostics.is_empty() { Ok(cases) } else { Err(diagnostics) }
}

/// Reads the malformed requests of an operation. A test case with parameters becomes several test cases.
fn malformed(id: &ShapeId, shape: &Shape, diagnostics: &mut Vec<Diagnostic>) -> Vec<MalformedCase> {
    let Some(values) = shape.traits.get(MALFORMED).and_then(Value::as_array) else { return Vec::new() };
    let expanded = values.iter().map(parameters::expand).collect::<Result<Vec<_>, _>>();
    let cases = expanded.and_then(|cases| {
        let cases = cases.into_iter().flatten().map(serde_json::from_value::<MalformedCase>);
        cases.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())
    });
    match cases {
        Ok(cases) => cases.into_iter().filter(|case| case.head.is_ours()).collect(),
        Err(error) => {
            let message = format!("has a malformed test case: {error}");
            diagnostics.push(Diagnostic::on_trait(id, MALFORMED, message));
            Vec::new()
        }
    }
}

fn read<T: for<'a> Deserialize<'a>>(
    id: &ShapeId,
    shape: &Shape,
    trait_id: &str,
    head: impl Fn(&T) -> &Head,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<T> {
    let Some(value) = shape.traits.get(trait_id) else { return Vec::new() };
    match serde_json::from_value::<Vec<T>>(value.clone()) {
        Ok(cases) => cases.into_iter().filter(|case| head(case).is_ours()).collect(),
        Err(error) => {
            diagnostics.push(Diagnostic::on_trait(
                id,
                trait_id,
                format!("has a malformed test case: {error}"),
            ));
            Vec::new()
        }
    }
}

/// Returns the name of the test function for the test case `id`.
pub(crate) fn test_name(id: &str) -> String {
    let name: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// Generated tests of a service.
#[derive(Clone, Debug)]
pub struct Conformance {
    /// Rust source of the module that contains the tests.
    pub tests: String,
    /// Test cases, with the paths of their test functions in the module.
    pub cases: Vec<Case>,
}

impl Conformance {
    /// Returns [`Files`] that contain only the module, as `mod.rs`.
    pub fn files(&self) -> Files {
        let mut files = Files::default();
        files.insert("mod.rs", self.tests.clone());
        files
    }
}

/// A test case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Kind of the test case.
    pub kind: Kind,
    /// Id of the test case. The id is unique among the test cases of the same kind.
    pub id: String,
    /// Path of the test function in the module, such as `client_requests::SomeId`.
    pub test: String,
}
