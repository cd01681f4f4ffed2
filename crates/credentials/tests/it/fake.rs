//! A transport that records requests and returns scripted responses.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use invoke_model_transport::{BoxFuture, RequestBody, ResponseBody, Transport, TransportError};

/// A transport that returns its responses in order. It panics if it receives a request after the last
/// response.
#[derive(Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

#[derive(Default)]
struct State {
    responses: VecDeque<http::Response<Bytes>>,
    requests: Vec<http::Request<Bytes>>,
}

impl Fake {
    /// Creates a transport that returns `responses` in order. A response consists of a status and a body.
    pub(crate) fn new(responses: &[(u16, &str)]) -> Self {
        let fake = Self::default();
        for (status, body) in responses {
            let response = http::Response::builder().status(*status);
            let response = response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
            fake.0.lock().unwrap().responses.push_back(response);
        }
        fake
    }

    /// Returns the requests that were sent completely.
    pub(crate) fn requests(&self) -> Vec<http::Request<Bytes>> {
        self.0.lock().unwrap().requests.clone()
    }
}

impl Transport for Fake {
    fn send(
        &self,
        request: http::Request<RequestBody>,
    ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>> {
        let fake = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // A `ResponseBody` can read a `RequestBody`, because both implement `http_body::Body`.
            let body = ResponseBody::from_body(body).collect().await?;
            let mut state = fake.0.lock().unwrap();
            state.requests.push(http::Request::from_parts(parts, body));
            let response =
                state.responses.pop_front().expect("the script must have a response for each request");
            Ok(response.map(ResponseBody::from))
        })
    }
}

/// Returns the access key id in the `authorization` header of a request.
pub(crate) fn signer(request: &http::Request<Bytes>) -> String {
    let header = text(request, "authorization").unwrap();
    let (_, rest) = header.split_once("Credential=").unwrap_or_else(|| panic!("{header}"));
    rest.split('/').next().unwrap().to_owned()
}

/// Returns the value of a header as text.
pub(crate) fn text(request: &http::Request<Bytes>, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().unwrap().to_owned())
}
