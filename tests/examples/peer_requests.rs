//! Our side of what `cargo xtask peers` compares: requests as they go on the wire, and endpoints.
//!
//! usage: peer_requests InvokeModel|InvokeModelWithResponseStream|endpoints
//!
//! Reads a JSON array on standard input and prints an array of the same length: inputs of the operation to requests,
//! or endpoint parameters to URLs. What is refused is an `error`.
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
    let asked = std::env::args().nth(1).unwrap_or_default();
    let answers = match asked.as_str() {
        InvokeModel::NAME => each(request::<InvokeModel>)?,
        InvokeModelWithResponseStream::NAME => each(request::<InvokeModelWithResponseStream>)?,
        "endpoints" => each(resolve)?,
        other => return Err(format!("`{other}` is no operation, and not `endpoints`").into()),
    };
    println!("{answers}");
    Ok(())
}

/// The answers to the questions on standard input.
fn each<Q: DeserializeOwned, A: Serialize>(answer: impl Fn(Q) -> A) -> serde_json::Result<String> {
    let questions: Vec<Q> = serde_json::from_reader(io::stdin())?;
    serde_json::to_string(&questions.into_iter().map(answer).collect::<Vec<_>>())
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer<T> {
    Given(T),
    Refused { error: String },
}

impl<T> Answer<T> {
    fn of(result: Result<T, impl Error>) -> Self {
        result.map_or_else(|error| Self::Refused { error: error.to_string() }, Self::Given)
    }
}

#[derive(Serialize)]
struct WireRequest {
    method: String,
    target: String,
    /// By name in lower case: the values, one for each line of the field.
    fields: BTreeMap<String, Vec<String>>,
    #[serde(with = "invoke_model_protocol::serde_blob")]
    body: Bytes,
}

fn request<O: Operation>(input: O::Input) -> Answer<WireRequest> {
    Answer::of(O::serialize(input).map(|request| {
        let mut fields = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in request.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            fields.entry(name.to_string()).or_default().push(value);
        }
        WireRequest {
            method: request.method().to_string(),
            target: request.uri().to_string(),
            fields,
            body: request.into_body(),
        }
    }))
}

/// The parameters of the rule set, by their names there.
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

fn resolve(set: EndpointParameters) -> Answer<Url> {
    let parameters = Parameters {
        region: set.region.as_deref(),
        use_dual_stack: set.use_dual_stack,
        use_fips: set.use_fips,
        endpoint: set.endpoint.as_deref(),
    };
    Answer::of(endpoint::resolve(&parameters).map(|url| Url { url }))
}
