//! Calls that the service or the transport ends with an error.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use h2::Reason;
use invoke_model_client::types::{
    AccessDeniedException, InvokeModelWithBidirectionalStreamError,
    InvokeModelWithBidirectionalStreamOutputEventError, ServiceUnavailableException, ThrottlingException,
};
use invoke_model_client::{
    BoxFuture, Error, ErrorKind, EventSender, HttpVersionPolicy, HyperTransport, RequestBody, ResponseBody,
    RetryConfig, Transport, TransportError, TransportErrorKind,
};

use super::server::{Input, StreamServer};
use super::{Clock, Operation, call, input, open, output, read, settings};

/// Sends events until the sender returns an error.
async fn send_until_error(sender: &mut EventSender<Operation>) -> Error {
    loop {
        if let Err(error) = sender.send(input("event")).await {
            return error;
        }
    }
}

fn denied() -> InvokeModelWithBidirectionalStreamError {
    let mut error = AccessDeniedException::default();
    error.message = Some("no access to the model".into());
    error.into()
}

async fn denying_server() -> StreamServer {
    StreamServer::start(Clock::default(), |mut call| async move {
        call.fail(&denied());
    })
    .await
}

#[tokio::test]
async fn an_error_response_is_returned_by_the_response() {
    let server = denying_server().await;
    let mut stream = open(&server).await;
    let error = stream.response.await.unwrap_err();
    let ErrorKind::Service { error: service, response } = error.kind() else { panic!("{error:?}") };
    assert_eq!((service, response.status().as_u16()), (&denied(), 403));
    // The sender returns a copy of the error.
    let copy = stream.sender.send(input("one")).await.unwrap_err();
    assert_eq!((copy.code(), copy.status()), (Some("AccessDeniedException"), error.status()));
    assert_eq!(copy.to_string(), error.to_string());
    assert_eq!(stream.sender.close().await.unwrap_err().code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn an_error_response_is_returned_by_the_sender_before_the_response_is_awaited() {
    let server = denying_server().await;
    let mut stream = open(&server).await;
    let error = send_until_error(&mut stream.sender).await;
    assert_eq!(error.code(), Some("AccessDeniedException"), "{error}");
    assert_eq!(stream.response.await.unwrap_err().as_service_error(), Some(&denied()));
}

#[tokio::test]
async fn an_exception_in_the_stream_ends_both_halves() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        let mut events = call.head();
        assert_eq!(call.next().await, Input::Event(input("one")));
        events.send(&output("one"));
        events.fail(&throttled());
    })
    .await;
    let mut stream = open(&server).await;
    stream.sender.send(input("one")).await.unwrap();
    let mut events = stream.response.await.unwrap().events;
    assert_eq!(events.recv().await.unwrap(), Some(output("one")));
    let error = events.recv().await.unwrap_err();
    assert_eq!(error.as_service_error(), Some(&throttled()));
    let copy = stream.sender.send(input("two")).await.unwrap_err();
    assert!(matches!(copy.kind(), ErrorKind::StreamException { .. }), "{copy:?}");
    assert!(copy.is_throttled());
    assert_eq!(copy.received(), error.received());
}

fn throttled() -> InvokeModelWithBidirectionalStreamOutputEventError {
    let mut error = ThrottlingException::default();
    error.message = Some("slow down".into());
    error.into()
}

#[tokio::test]
async fn a_reset_after_the_head_truncates_the_stream() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        let mut events = call.head();
        events.send(&output("one"));
        assert_eq!(call.next().await, Input::Event(input("one")));
        events.0.send_reset(Reason::INTERNAL_ERROR);
    })
    .await;
    let mut stream = open(&server).await;
    let mut events = stream.response.await.unwrap().events;
    assert_eq!(events.recv().await.unwrap(), Some(output("one")));
    stream.sender.send(input("one")).await.unwrap();
    // The receiver has not read the error yet.
    let error = send_until_error(&mut stream.sender).await;
    assert!(error.to_string().contains("receive the remaining events to find the reason"), "{error}");
    let error = events.recv().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Truncated(_)), "{error:?}");
    assert!(matches!(stream.sender.send(input("two")).await.unwrap_err().kind(), ErrorKind::Truncated(_)));
}

#[tokio::test]
async fn the_service_may_end_the_response_before_the_input_ends() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        let mut events = call.head();
        events.send(&output("one"));
        events.end();
        // At the end of this function, the server resets the stream with `NO_ERROR`, because it has sent a
        // complete response and does not read the request: https://www.rfc-editor.org/rfc/rfc9113#section-8.1
    })
    .await;
    let mut stream = open(&server).await;
    let mut events = stream.response.await.unwrap().events;
    assert_eq!(read(&mut events).await, [output("one")]);
    let error = send_until_error(&mut stream.sender).await;
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error:?}") };
    assert_eq!(transport.kind(), TransportErrorKind::RequestBodyIncomplete);
    assert!(error.to_string().contains("the service has ended the response"), "{error}");
    stream.sender.close().await.unwrap();
}

#[tokio::test]
async fn a_call_over_http1_fails_before_it_is_sent() {
    let server = super::echo_server(Clock::default()).await;
    let settings = settings(&server, &Clock::default()).transport(HyperTransport::new());
    let error = call(settings).send().await.unwrap_err();
    assert!(!error.may_have_been_sent());
    let expected = "the request needs HTTP/2; for an `http` endpoint, set \
                    `HyperTransport::builder().http_version_policy(HttpVersionPolicy::Http2Only)`";
    assert!(error.to_string().contains(expected), "{error}");
    assert_eq!(server.calls(), 0);
}

/// A transport that cannot connect for the first request.
#[derive(Debug)]
struct FailsFirst(HyperTransport, AtomicUsize);

impl Transport for FailsFirst {
    fn send(
        &self,
        request: http::Request<RequestBody>,
    ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>> {
        match self.1.fetch_add(1, SeqCst) {
            0 => Box::pin(async { Err(TransportErrorKind::Connect.into()) }),
            _ => self.0.send(request),
        }
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_opened_is_retried() {
    let server = super::echo_server(Clock::default()).await;
    let http2 = HyperTransport::builder().http_version_policy(HttpVersionPolicy::Http2Only).build();
    let transport = Arc::new(FailsFirst(http2, AtomicUsize::default()));
    let retries = RetryConfig::standard().max_backoff(std::time::Duration::ZERO);
    let settings =
        settings(&server, &Clock::default()).transport(Arc::clone(&transport)).retry_config(retries);
    let (mut stream, metadata) = call(settings).send_with_metadata().await.unwrap();
    assert_eq!(metadata.attempts, 2);
    stream.sender.send(input("one")).await.unwrap();
    stream.sender.close().await.unwrap();
    assert_eq!(read(&mut stream.response.await.unwrap().events).await, [output("one")]);
}

#[tokio::test]
async fn a_response_is_not_retried() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        call.fail(&ServiceUnavailableException::default().into());
    })
    .await;
    let attempts = Arc::new(AtomicUsize::default());
    let count = Arc::clone(&attempts);
    let settings = settings(&server, &Clock::default())
        .retry_config(RetryConfig::standard().retry_ambiguous(true))
        .on_attempt(move |attempt| {
            assert_eq!(attempt.status.map(|status| status.as_u16()), Some(503));
            count.fetch_add(1, SeqCst);
        });
    let error = call(settings).send().await.unwrap().response.await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some("ServiceUnavailableException"), 1));
    assert_eq!((server.calls(), attempts.load(SeqCst)), (1, 1));
}
