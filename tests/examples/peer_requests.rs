//! Prints the requests and endpoints of this client. `cargo xtask peers` compares the output with the
//! requests and endpoints of other clients.
//!
//! usage: peer_requests InvokeModel|InvokeModelWithResponseStream|endpoints
//!
//! Reads a JSON array from standard input, and prints a JSON array of the same length. If the argument is an
//! operation, the program converts inputs of the operation into requests. If the argument is `endpoints`, the
//! program converts sets of endpoint parameters into URLs. If the conversion of an element fails, the program
//! prints an object with the member `error` for this element.
#![allow(clippy::print_stdout, reason = "a command line tool")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io;

use bytes::Bytes;
use invoke_model_types::endpoint::{self, Parameters};
use invoke_model_types::{InvokeModel, InvokeModelWithResponseStream, Operation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1).unwrap_or_default();
    let results = match argument.as_str() {
        InvokeModel::NAME => each(request::<InvokeModel>)?,
        InvokeModelWithResponseStream::NAME => each(request::<InvokeModelWithResponseStream>)?,
        "endpoints" => each(resolve)?,
        other => return Err(format!("expected an operation or `endpoints`, found `{other}`").into()),
    };
    println!("{results}");
    Ok(())
}

/// Converts each element of the array in standard input, and returns the results as JSON.
fn each<Q: DeserializeOwned, A: Serialize>(convert: impl Fn(Q) -> A) -> serde_json::Result<String> {
    let elements: Vec<Q> = serde_json::from_reader(io::stdin())?;
    serde_json::to_string(&elements.into_iter().map(convert).collect::<Vec<_>>())
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<T> {
    Success(T),
    Failure { error: String },
}

impl<T> Outcome<T> {
    fn of(result: Result<T, impl Error>) -> Self {
        result.map_or_else(|error| Self::Failure { error: error.to_string() }, Self::Success)
    }
}

#[derive(Serialize)]
struct WireRequest {
    method: String,
    target: String,
    /// Maps each header name, in lower case, to the values of the header.
    headers: BTreeMap<String, Vec<String>>,
    #[serde(with = "invoke_model_protocol::serde_blob")]
    body: Bytes,
}

fn request<O: Operation>(input: O::Input) -> Outcome<WireRequest> {
    Outcome::of(O::serialize(input).map(|request| {
        let mut headers = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in request.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.entry(name.to_string()).or_default().push(value);
        }
        WireRequest {
            method: request.method().to_string(),
            target: request.uri().to_string(),
            headers,
            body: request.into_body(),
        }
    }))
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

fn resolve(set: EndpointParameters) -> Outcome<Url> {
    let parameters = Parameters {
        region: set.region.as_deref(),
        use_dual_stack: set.use_dual_stack,
        use_fips: set.use_fips,
        endpoint: set.endpoint.as_deref(),
    };
    Outcome::of(endpoint::resolve(&parameters).map(|url| Url { url }))
}
