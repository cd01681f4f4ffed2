//! What is known about a call on its way, for its error and its metadata.

use std::fmt;
use std::time::Duration;

use http::{StatusCode, Uri};
use invoke_model_protocol::{Operation, OperationError};
use tokio::time::Instant;

use crate::error::{Context, Error, ErrorKind};
use crate::events::StreamProgress;
use crate::metadata::{Attempt, Head, Metadata, Usage};
use crate::retry::class;
use crate::{Client, FailureClass};

/// How far a call got. It costs nothing until it becomes the [`Context`] of an error.
#[derive(Clone)]
pub struct Trail {
    client: Client,
    /// As serialized: path and query, without the endpoint's base path.
    pub(super) target: Option<Uri>,
    /// How often the request was sent.
    pub(super) attempts: u32,
    /// The attempts that have failed.
    failed: Vec<Attempt>,
    /// Whether the last of them is that of the error, if the call ends with one.
    own: bool,
    /// How long the call waited before the attempt in progress.
    waited: Duration,
    /// From the head of the answer to the last attempt.
    pub(super) answer: Option<Head>,
}

impl Trail {
    pub(super) fn new(client: Client) -> Self {
        let (target, failed, answer) = (None, Vec::new(), None);
        Self { client, target, attempts: 0, failed, own: false, waited: Duration::ZERO, answer }
    }

    /// The path of the request, without the endpoint's base path.
    pub(super) fn path(&self) -> &str {
        self.target.as_ref().map_or("", Uri::path)
    }

    /// The head of an answer is there.
    pub(super) fn answered<B>(&mut self, response: &http::Response<B>) -> &Head {
        self.answer.insert(Head::of(response))
    }

    /// An attempt was answered.
    pub(super) fn succeeded<O: Operation>(&self, started: Instant) {
        if let Some(hook) = &self.client.config().on_attempt {
            hook.show(&self.attempt::<O>(None, None, started.elapsed()));
        }
    }

    /// An attempt has failed. One that was not even begun, for want of credentials or of its turn, is none: the error
    /// alone tells of it.
    pub(super) fn failed<O: Operation>(&mut self, kind: &ErrorKind<O::Error>, took: Duration) {
        if self.failed.last().map_or(0, |last| last.number) == self.attempts {
            return;
        }
        let code = match kind {
            ErrorKind::Service { error, .. } => error.code().map(str::to_owned),
            _ => None,
        };
        let attempt = self.attempt::<O>(Some(class(kind)), code, took);
        if let Some(hook) = &self.client.config().on_attempt {
            hook.show(&attempt);
        }
        self.failed.push(attempt);
        self.own = true;
    }

    /// The call is sent again after a wait.
    pub(super) fn again(&mut self, wait: Duration) {
        (self.waited, self.own) = (wait, false);
    }

    fn attempt<O: Operation>(
        &self,
        class: Option<FailureClass>,
        code: Option<String>,
        took: Duration,
    ) -> Attempt {
        let head = self.answer.as_ref();
        Attempt {
            operation: O::NAME,
            number: self.attempts,
            class,
            status: head.map(|head| head.status),
            code,
            request_id: head.and_then(Head::request_id).map(str::to_owned),
            waited: self.waited,
            took,
        }
    }

    /// The id under which the service knows the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.answer.as_ref()?.request_id()
    }

    /// What the head of the answer says that was counted.
    pub(super) fn usage(&self) -> Usage {
        self.answer.as_ref().map(|head| head.usage).unwrap_or_default()
    }

    /// What is known of a call that was answered.
    pub(crate) fn into_metadata(self) -> Metadata {
        let head = self.answer.as_ref();
        Metadata {
            status: head.map_or(StatusCode::OK, |head| head.status),
            request_id: self.request_id().map(str::to_owned),
            usage: self.usage(),
            latency: head.and_then(|head| head.latency),
            attempts: self.attempts,
            earlier_attempts: self.failed,
        }
    }

    /// The call ends here.
    pub(super) fn error<O: Operation>(mut self, kind: ErrorKind<O::Error>) -> Error<O::Error> {
        if self.own {
            self.failed.pop();
        }
        let context = self.context::<O>(None);
        Error::new(kind, context)
    }

    /// The call ends in the midst of its events.
    pub(crate) fn stream_error<O: Operation, E>(
        &self,
        kind: ErrorKind<E>,
        received: StreamProgress,
    ) -> Error<E> {
        Error::new(kind, self.clone().context::<O>(Some(received)))
    }

    fn context<O: Operation>(self, received: Option<StreamProgress>) -> Context {
        let labels = O::ROUTE.labels(self.path()).unwrap_or_default();
        let config = self.client.config();
        Context {
            operation: O::NAME,
            region: config.region().map(str::to_owned),
            endpoint: config.endpoint_url(),
            labels: labels.into_iter().map(|(name, value)| (name, value.into_owned())).collect(),
            attempts: self.attempts,
            status: self.answer.as_ref().map(|head| head.status),
            request_id: self.request_id().map(str::to_owned),
            earlier: self.failed,
            received,
        }
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trail").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}
