//! A transport that records requests and returns scripted responses.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use invoke_model_transport::{
    BoxFuture, RequestBody, ResponseBody, Transport, TransportError, TransportErrorKind,
};

/// The outcome of one request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A response with this status and body.
    Responds(u16, String),
    /// A transport error.
    Fails(TransportErrorKind),
    /// No response.
    Stalls,
}

impl Step {
    pub(crate) fn responds(status: u16, body: &str) -> Self {
        Self::Responds(status, body.to_owned())
    }
}

/// A transport that runs its steps in order. It panics if it receives a request after the last step.
#[derive(Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

#[derive(Default)]
struct State {
    steps: VecDeque<Step>,
    requests: Vec<http::Request<Bytes>>,
}

impl Fake {
    /// Creates a transport that returns `responses` in order. A response consists of a status and a body.
    pub(crate) fn new(responses: &[(u16, &str)]) -> Self {
        Self::with_steps(responses.iter().map(|(status, body)| Step::responds(*status, body)))
    }

    pub(crate) fn with_steps(steps: impl IntoIterator<Item = Step>) -> Self {
        let fake = Self::default();
        fake.add(steps);
        fake
    }

    pub(crate) fn add(&self, steps: impl IntoIterator<Item = Step>) {
        self.0.lock().unwrap().steps.extend(steps);
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
            let step = {
                let mut state = fake.0.lock().unwrap();
                state.requests.push(http::Request::from_parts(parts, body));
                state.steps.pop_front().expect("the script must have a step for each request")
            };
            match step {
                Step::Responds(status, body) => Ok(response(status, body)),
                Step::Fails(kind) => Err(kind.into()),
                Step::Stalls => std::future::pending().await,
            }
        })
    }
}

/// Returns a response that repeats its body in a header, if a header can represent the body.
fn response(status: u16, body: String) -> http::Response<ResponseBody> {
    let mut response = http::Response::builder().status(status);
    if let Ok(echo) = http::HeaderValue::from_str(&body) {
        response = response.header("x-amzn-errortype", echo.clone()).header("location", echo);
    }
    response.body(ResponseBody::from(Bytes::from(body))).unwrap()
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
