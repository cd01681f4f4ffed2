//! A transport that records requests and returns scripted responses.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use invoke_model_client::{
    BoxFuture, Client, Config, ConfigBuilder, Credentials, RequestBody, ResponseBody, RetryConfig, Transport,
    TransportError,
};

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// The result of [`Transport::send`].
pub(crate) type SendResult = Result<http::Response<ResponseBody>, TransportError>;

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
    responses: VecDeque<BoxFuture<SendResult>>,
    requests: Vec<http::Request<Bytes>>,
}

impl Fake {
    /// Returns a transport with one response.
    pub(crate) fn with_response(response: SendResult) -> Self {
        Self::with_responses([response])
    }

    /// Returns a transport with one response. The arguments are the parts of the response.
    pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: &'static str) -> Self {
        Self::with_response(Ok(response(status, headers, Bytes::from_static(body.as_bytes()).into())))
    }

    /// Returns a transport with one successful response.
    pub(crate) fn ok() -> Self {
        Self::with(200, &[("content-type", "application/json")], r#"{"embedding":[1]}"#)
    }

    /// Returns the requests that were sent completely.
    pub(crate) fn requests(&self) -> Vec<http::Request<Bytes>> {
        self.0.lock().unwrap().requests.clone()
    }

    /// Returns the only request that was sent.
    pub(crate) fn request(&self) -> http::Request<Bytes> {
        let requests = self.requests();
        assert_eq!(requests.len(), 1);
        requests[0].clone()
    }

    /// Returns a client that uses this transport, static credentials and a fixed clock.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.settings()).unwrap()
    }

    /// Returns settings with a region and static credentials. Retries are disabled.
    pub(crate) fn settings(&self) -> ConfigBuilder {
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None);
        self.bare().region("us-east-1").credentials_provider(credentials)
    }

    /// Returns settings without a region and without credentials. Retries are disabled.
    pub(crate) fn bare(&self) -> ConfigBuilder {
        Config::builder().transport(self.clone()).time_source(now).retry_config(RetryConfig::disabled())
    }

    /// Returns a transport that returns `responses` in order.
    pub(crate) fn with_responses<const N: usize>(responses: [SendResult; N]) -> Self {
        let fake = Self::default();
        fake.push(responses);
        fake
    }

    /// Returns a transport with responses that become ready later.
    pub(crate) fn slow<const N: usize>(responses: [BoxFuture<SendResult>; N]) -> Self {
        let fake = Self::default();
        fake.0.lock().unwrap().responses.extend(responses);
        fake
    }

    /// Appends responses.
    pub(crate) fn push<const N: usize>(&self, responses: [SendResult; N]) {
        let ready =
            responses.map(|response| -> BoxFuture<SendResult> { Box::pin(std::future::ready(response)) });
        self.0.lock().unwrap().responses.extend(ready);
    }

    /// Appends a response that becomes ready later.
    pub(crate) fn push_slow(&self, response: BoxFuture<SendResult>) {
        self.0.lock().unwrap().responses.push_back(response);
    }

    /// Removes all remaining responses.
    pub(crate) fn clear_responses(&self) {
        self.0.lock().unwrap().responses.clear();
    }
}

/// Returns 2015-08-30T12:36:00Z.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

pub(crate) fn response(
    status: u16,
    headers: &[(&str, &str)],
    body: ResponseBody,
) -> http::Response<ResponseBody> {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body).unwrap()
}

impl Transport for Fake {
    fn send(&self, request: http::Request<RequestBody>) -> BoxFuture<SendResult> {
        let fake = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // A `ResponseBody` can read a `RequestBody`, because both implement `http_body::Body`.
            let body = ResponseBody::from_body(body).collect().await?;
            let response = {
                let mut state = fake.0.lock().unwrap();
                state.requests.push(http::Request::from_parts(parts, body));
                state.responses.pop_front().expect("the script must have a response for each request")
            };
            response.await
        })
    }
}
