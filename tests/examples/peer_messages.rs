//! Prints the requests, responses and endpoints of this client. `cargo xtask peers` compares this output with
//! the output of other clients.
//!
//! usage: `peer_messages requests|relayed|responses OPERATION`, or `peer_messages endpoints`
//!
//! Reads a JSON array from standard input, and prints a JSON array of the same length. If the conversion of
//! an element fails, the program prints an object with the member `error` for this element. The first
//! argument selects the conversion:
//!
//! * `requests` serializes inputs of the operation. The members of an input have the names of the model.
//! * `relayed` uses server code to parse requests of another client, and serializes the inputs again.
//! * `responses` parses responses into outputs, events and errors.
//! * `endpoints` resolves endpoint parameters into URLs.
#![allow(clippy::print_stdout, reason = "a command line tool")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use invoke_model_protocol::event_stream::{Decoder, EventStream, HeaderValue as EventHeader, Message};
use invoke_model_protocol::{OperationError, OutputEventStream, serde_blob};
use invoke_model_types::endpoint::{self, Parameters};
use invoke_model_types::{
    ApplyGuardrail, Converse, ConverseStream, CountTokens, GetAsyncInvoke, InvokeGuardrailChecks,
    InvokeModel, InvokeModelWithResponseStream, ListAsyncInvokes, Operation, ResponseError, ServerOperation,
    StartAsyncInvoke,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Value of unset idempotency tokens. The comparison sets the same token in the requests of the other client.
const IDEMPOTENCY_TOKEN: &str = "5b6a1c1e-4f0e-4e0c-9d0e-3f1f2a7b8c9d";

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let results = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["endpoints"] => each(resolve)?,
        [conversion, operation] => convert(conversion, operation)?,
        _ => return Err("expected `endpoints`, or a conversion and an operation".into()),
    };
    println!("{results}");
    Ok(())
}

/// Runs the conversion `$conversion` for the operation with the name `$name`. For each operation, the list
/// contains the function that parses its responses: `buffered` or `streaming`.
macro_rules! operations {
    ($conversion:ident, $name:ident, [$($operation:ident: $respond:ident),* $(,)?]) => {
        match ($conversion, $name) {
            $(
                ("requests", $operation::NAME) => each(request::<$operation>)?,
                ("relayed", $operation::NAME) => each(relay::<$operation>)?,
                ("responses", $operation::NAME) => each($respond::<$operation>)?,
            )*
            _ => return Err(format!("unknown conversion or operation: {} {}", $conversion, $name).into()),
        }
    };
}

fn convert(conversion: &str, operation: &str) -> Result<String, Failure> {
    Ok(operations!(conversion, operation, [
        ApplyGuardrail: buffered,
        Converse: buffered,
        ConverseStream: streaming,
        CountTokens: buffered,
        GetAsyncInvoke: buffered,
        InvokeGuardrailChecks: buffered,
        InvokeModel: buffered,
        InvokeModelWithResponseStream: streaming,
        ListAsyncInvokes: buffered,
        StartAsyncInvoke: buffered,
    ]))
}

/// Converts each element of the array in standard input, and returns the results as JSON.
fn each<Q: DeserializeOwned, A: Serialize>(
    convert: impl Fn(Q) -> Result<A, Failure>,
) -> Result<String, Failure> {
    let elements: Vec<serde_json::Value> = serde_json::from_reader(io::stdin())?;
    let convert =
        |element| Outcome::of(serde_json::from_value(element).map_err(Into::into).and_then(&convert));
    Ok(serde_json::to_string(&elements.into_iter().map(convert).collect::<Vec<_>>())?)
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<T> {
    Success(T),
    Failure { error: String },
}

impl<T> Outcome<T> {
    fn of(result: Result<T, Failure>) -> Self {
        result.map_or_else(|error| Self::Failure { error: error.to_string() }, Self::Success)
    }
}

#[derive(Serialize, Deserialize)]
struct WireRequest {
    method: String,
    target: String,
    /// Maps each header name, in lower case, to the values of the header.
    headers: BTreeMap<String, Vec<String>>,
    #[serde(with = "serde_blob")]
    body: Bytes,
}

impl WireRequest {
    fn of(request: http::Request<Bytes>) -> Self {
        let mut headers = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in request.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.entry(name.to_string()).or_default().push(value);
        }
        Self {
            method: request.method().to_string(),
            target: request.uri().to_string(),
            headers,
            body: request.into_body(),
        }
    }

    fn into_request(self) -> Result<http::Request<Bytes>, http::Error> {
        let mut request = http::Request::builder().method(self.method.as_str()).uri(self.target);
        for (name, values) in &self.headers {
            for value in values {
                request = request.header(name, value.as_bytes());
            }
        }
        request.body(self.body)
    }
}

fn request<O: Operation>(mut input: O::Input) -> Result<WireRequest, Failure> {
    O::fill_idempotency_tokens(&mut input, &mut || IDEMPOTENCY_TOKEN.to_owned());
    Ok(WireRequest::of(O::serialize(input)?))
}

fn relay<O: ServerOperation>(request: WireRequest) -> Result<WireRequest, Failure> {
    let input = O::parse_request(&request.into_request()?)?;
    Ok(WireRequest::of(O::serialize(input)?))
}

#[derive(Deserialize)]
struct WireResponse {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(with = "serde_blob")]
    body: Bytes,
}

impl WireResponse {
    fn into_response(self) -> Result<http::Response<Bytes>, Failure> {
        let mut response = http::Response::new(self.body);
        *response.status_mut() = self.status.try_into()?;
        for (name, value) in self.headers {
            let value = HeaderValue::from_bytes(value.as_bytes())?;
            response.headers_mut().append(name.parse::<HeaderName>()?, value);
        }
        Ok(response)
    }
}

/// A parsed response. Outputs, events and the members of errors are JSON texts, so that they contain the
/// numbers as this client prints them.
#[derive(Default, Serialize)]
struct Parsed {
    output: Option<String>,
    /// The name and the members of each event.
    events: Vec<(String, String)>,
    failure: Option<ParsedFailure>,
}

#[derive(Serialize)]
struct ParsedFailure {
    code: Option<String>,
    message: Option<String>,
    /// The members of a modeled error.
    members: Option<String>,
}

impl ParsedFailure {
    fn of(error: &impl OperationError, members: Option<String>) -> Self {
        let facts = error.facts();
        Self { code: facts.code.map(str::to_owned), message: facts.message.map(str::to_owned), members }
    }
}

fn buffered<O: ServerOperation<Output: Serialize>>(response: WireResponse) -> Result<Parsed, Failure> {
    parsed::<O>(&response.into_response()?)
}

fn streaming<O: ServerOperation<Output: Serialize> + OutputEventStream>(
    response: WireResponse,
) -> Result<Parsed, Failure> {
    let response = response.into_response()?;
    let mut parsed = parsed::<O>(&response)?;
    if parsed.output.is_none() {
        return Ok(parsed);
    }
    let mut decoder = Decoder::new();
    decoder.push(response.body());
    while let Some(message) = decoder.decode()? {
        match O::Events::parse(&message)? {
            Ok(event) => parsed.events.push(named(&event.event()?)?),
            Err(error) => {
                let (_, members) = named(&O::Events::exception(&error)?)?;
                parsed.failure = Some(ParsedFailure::of(&error, Some(members)));
                break;
            }
        }
    }
    Ok(parsed)
}

fn parsed<O: ServerOperation<Output: Serialize>>(
    response: &http::Response<Bytes>,
) -> Result<Parsed, Failure> {
    match O::parse_response(response) {
        Ok(output) => Ok(Parsed { output: Some(serde_json::to_string(&output)?), ..Parsed::default() }),
        Err(ResponseError::Service(error)) => {
            let modeled = O::serialize_error(&error)?;
            let members = modeled.map(|modeled| text(modeled.body())).transpose()?;
            Ok(Parsed { failure: Some(ParsedFailure::of(&error, members)), ..Parsed::default() })
        }
        Err(error) => Err(error.to_string().into()),
    }
}

/// Returns the event type and the payload of a message. The event type of an error message is empty.
fn named(message: &Message) -> Result<(String, String), Failure> {
    let name = match message.header(":event-type") {
        Some(EventHeader::String(name)) => name.to_owned(),
        _ => String::new(),
    };
    Ok((name, text(message.payload())?))
}

fn text(bytes: &Bytes) -> Result<String, Failure> {
    Ok(String::from_utf8(bytes.to_vec())?)
}

/// Parameters of the endpoint rule set. The JSON members have the names that the model defines.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EndpointParameters {
    region: Option<String>,
    #[serde(default, rename = "UseFIPS")]
    use_fips: bool,
    #[serde(default)]
    use_dual_stack: bool,
    endpoint: Option<String>,
}

#[derive(Serialize)]
struct Url {
    url: String,
}

fn resolve(set: EndpointParameters) -> Result<Url, Failure> {
    let parameters = Parameters {
        region: set.region.as_deref(),
        use_dual_stack: set.use_dual_stack,
        use_fips: set.use_fips,
        endpoint: set.endpoint.as_deref(),
    };
    Ok(Url { url: endpoint::resolve(&parameters)? })
}
