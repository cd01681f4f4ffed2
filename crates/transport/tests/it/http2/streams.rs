//! Tests of streams that end while other streams of the same connection continue.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::Response;
use http_body::Frame;
use http_body_util::StreamBody;
use invoke_model_transport::{RequestBody, Transport, TransportErrorKind};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::server::{Http2Server, Respond, ok, read, send_ok};
use super::{call, http2_only, post};

/// Starts a server that sends an incomplete response to `/partial` and no response to `/never`. When the
/// client resets one of these streams, the server passes the reason to the test. The server responds
/// completely to all other requests.
async fn start_server() -> (Http2Server, mpsc::UnboundedReceiver<Reason>) {
    let (ended, reasons) = mpsc::unbounded_channel();
    let server = Http2Server::plain(move |request, mut respond: Respond| {
        let ended = ended.clone();
        async move {
            let reason = match request.uri().path() {
                "/partial" => {
                    let mut body = respond.send_response(Response::new(()), false).unwrap();
                    body.send_data(Bytes::from_static(b"abcd"), false).unwrap();
                    poll_fn(|cx| body.poll_reset(cx)).await
                }
                "/never" => poll_fn(|cx| respond.poll_reset(cx)).await,
                _ => return ok(request, respond).await,
            };
            ended.send(reason.unwrap()).unwrap();
        }
    })
    .await;
    (server, reasons)
}

#[tokio::test]
async fn dropping_a_call_or_a_body_resets_its_stream_and_keeps_the_connection() {
    let (server, mut ended) = start_server().await;
    let transport = http2_only().build();
    call(&transport, server.http()).await;

    let mut dropped = transport.send(post(server.http() + "never"));
    assert!(tokio::time::timeout(Duration::from_millis(5), &mut dropped).await.is_err());
    let mut partial = transport.send(post(server.http() + "partial")).await.unwrap().into_body();
    assert_eq!(partial.chunk().await.unwrap().unwrap(), "abcd");
    assert!(ended.try_recv().is_err());

    drop(dropped);
    assert_eq!(ended.recv().await.unwrap(), Reason::CANCEL);
    drop(partial);
    assert_eq!(ended.recv().await.unwrap(), Reason::CANCEL);
    call(&transport, server.http()).await;
    assert_eq!(server.connections.accepted(), 1);
}

#[tokio::test]
async fn a_failing_request_body_ends_only_its_stream() {
    let (server, _ended) = start_server().await;
    let transport = http2_only().build();
    let chunks = [Ok(Frame::data(Bytes::from_static(b"one"))), Err(io::Error::other("disk on fire"))];
    let body = StreamBody::new(Chunks(chunks.into_iter().collect()));
    let request = post(server.http()).map(|_| RequestBody::from_body(body));
    let error = transport.send(request).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::RequestBody, "{error:?}");
    assert!(!error.may_have_been_sent());
    call(&transport, server.http()).await;
    assert_eq!(server.connections.accepted(), 1);
}

struct Chunks(VecDeque<io::Result<Frame<Bytes>>>);

impl futures_core::Stream for Chunks {
    type Item = io::Result<Frame<Bytes>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front())
    }
}

/// The server of `h2` responds to each PING automatically, even while no response is ready.
#[tokio::test(start_paused = true)]
async fn keepalive_does_not_end_a_call_that_takes_an_hour() {
    let server = Http2Server::plain(|_, respond| async move {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        send_ok(respond);
    })
    .await;
    let start = Instant::now();
    call(&http2_only().build(), server.http()).await;
    assert!(start.elapsed().as_secs() >= 3600);
}

#[tokio::test]
async fn sends_and_receives_five_megabytes() {
    let server = Http2Server::plain(|request, mut respond: Respond| async move {
        let bytes = read(request.into_body()).await;
        let mut body = respond.send_response(Response::new(()), false).unwrap();
        body.send_data(bytes.into(), true).unwrap();
    })
    .await;
    let sent = Bytes::from((0..5_000_000u32).map(|n| n as u8).collect::<Vec<_>>());
    let request = post(server.http()).map(|_| sent.clone().into());
    let received = http2_only().build().send(request).await.unwrap().into_body().collect().await.unwrap();
    assert!(received == sent);
}
