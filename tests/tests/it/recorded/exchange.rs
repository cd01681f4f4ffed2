//! The recorded exchanges. Each operation has one file, with one JSON object per line.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use invoke_model_protocol::{Request, Response};
use invoke_model_test_support::suites::find_or_skip;
use serde::Deserialize;

/// A request to the service, and the response.
#[derive(Debug, Deserialize)]
pub(crate) struct Exchange {
    /// Id of the exchange in the suite.
    pub(crate) id: String,
    method: String,
    path: String,
    request: String,
    status: u16,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    body_base64: Option<String>,
}

impl Exchange {
    /// Returns the request. The recordings do not contain the headers of requests, but every body is JSON.
    pub(crate) fn request(&self) -> Request {
        let mut request = http::Request::builder().method(self.method.as_str()).uri(&self.path);
        if !self.request.is_empty() {
            request = request.header("content-type", "application/json");
        }
        request.body(Bytes::from(self.request.clone())).unwrap()
    }

    /// Returns the response with the recorded headers. For an event stream, the body contains the frames.
    pub(crate) fn response(&self) -> Response {
        let mut response = http::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        let body = match (&self.body, &self.body_base64) {
            (Some(text), None) => Bytes::from(text.clone()),
            (None, Some(text)) => Bytes::from(STANDARD.decode(text).unwrap()),
            _ => panic!("{}: expected either `body` or `body_base64`", self.id),
        };
        response.body(body).unwrap()
    }
}

/// Returns the exchanges of each operation, or `None` if the suite is missing.
pub(crate) fn exchanges() -> Option<BTreeMap<String, Vec<Exchange>>> {
    let mut exchanges = BTreeMap::new();
    for entry in fs::read_dir(find_or_skip("recorded")?).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let operation = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            exchanges.insert(operation, lines.collect());
        }
    }
    Some(exchanges)
}
