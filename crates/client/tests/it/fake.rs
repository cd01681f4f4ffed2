//! A transport that records requests and answers from a script.

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

pub(crate) type Answer = Result<http::Response<ResponseBody>, TransportError>;

/// Gives its answers in order, and fails a call for which there is none.
#[derive(Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

#[derive(Default)]
struct State {
    answers: VecDeque<BoxFuture<Answer>>,
    requests: Vec<http::Request<Bytes>>,
}

impl Fake {
    pub(crate) fn answering(answer: Answer) -> Self {
        Self::answers([answer])
    }

    /// An answer with these fields and this body.
    pub(crate) fn with(status: u16, fields: &[(&str, &str)], body: &'static str) -> Self {
        Self::answering(Ok(response(status, fields, Bytes::from_static(body.as_bytes()).into())))
    }

    pub(crate) fn ok() -> Self {
        Self::with(200, &[("content-type", "application/json")], r#"{"embedding":[1]}"#)
    }

    /// What was sent, whole requests only.
    pub(crate) fn requests(&self) -> Vec<http::Request<Bytes>> {
        self.0.lock().unwrap().requests.clone()
    }

    /// The one request that was sent.
    pub(crate) fn request(&self) -> http::Request<Bytes> {
        let requests = self.requests();
        assert_eq!(requests.len(), 1);
        requests[0].clone()
    }

    /// A client over this transport with fixed credentials and time.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.settings()).unwrap()
    }

    pub(crate) fn settings(&self) -> ConfigBuilder {
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None);
        self.bare().region("us-east-1").credentials_provider(credentials)
    }

    /// Neither region nor credentials. A call is sent once.
    pub(crate) fn bare(&self) -> ConfigBuilder {
        Config::builder().transport(self.clone()).time_source(now).retry_config(RetryConfig::disabled())
    }

    /// Gives these answers, one after the other.
    pub(crate) fn answers<const N: usize>(answers: [Answer; N]) -> Self {
        let fake = Self::default();
        fake.push(answers);
        fake
    }

    /// Gives these answers when they are there.
    pub(crate) fn slow<const N: usize>(answers: [BoxFuture<Answer>; N]) -> Self {
        let fake = Self::default();
        fake.0.lock().unwrap().answers.extend(answers);
        fake
    }

    /// More answers behind those that are left.
    pub(crate) fn push<const N: usize>(&self, answers: [Answer; N]) {
        let ready = answers.map(|answer| -> BoxFuture<Answer> { Box::pin(std::future::ready(answer)) });
        self.0.lock().unwrap().answers.extend(ready);
    }

    /// Forgets the answers that are left.
    pub(crate) fn forget_answers(&self) {
        self.0.lock().unwrap().answers.clear();
    }
}

/// 2015-08-30T12:36:00Z.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

pub(crate) fn response(
    status: u16,
    fields: &[(&str, &str)],
    body: ResponseBody,
) -> http::Response<ResponseBody> {
    let mut response = http::Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(body).unwrap()
}

impl Transport for Fake {
    fn send(&self, request: http::Request<RequestBody>) -> BoxFuture<Answer> {
        let fake = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // Both bodies are `http_body::Body`, so that one reads the other.
            let body = ResponseBody::from_body(body).collect().await?;
            let answer = {
                let mut state = fake.0.lock().unwrap();
                state.requests.push(http::Request::from_parts(parts, body));
                state.answers.pop_front().expect("an answer in the script")
            };
            answer.await
        })
    }
}
