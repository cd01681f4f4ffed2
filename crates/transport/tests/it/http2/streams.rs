//! One stream ends, and the others go on.

use std::{io, time::Duration};

use bytes::Bytes;
use h2::Reason;
use http::Response;
use http_body::Frame;
use http_body_util::StreamBody;
use invoke_model_transport::{RequestBody, Transport, TransportErrorKind};
use tokio::{sync::mpsc, time::Instant};

use super::{
    call, only,
    peer::{Peer, Respond, answer, ok},
    post,
};

/// Answers `/begun` with the beginning of an answer and `/never` not at all, and tells how their streams end; answers
/// the rest.
async fn peer() -> (Peer, mpsc::UnboundedReceiver<Reason>) {
    let (tell, told) = mpsc::unbounded_channel();
    let peer = Peer::plain(move |request, mut respond: Respond| {
        let tell = tell.clone();
        async move {
            let ended = match request.uri().path() {
                "/begun" => {
                    let mut body = respond.send_response(Response::new(()), false).unwrap();
                    body.send_data(Bytes::from_static(b"abcd"), false).unwrap();
                    std::future::poll_fn(|cx| body.poll_reset(cx)).await
                }
                "/never" => std::future::poll_fn(|cx| respond.poll_reset(cx)).await,
                _ => return ok(request, respond).await,
            };
            tell.send(ended.unwrap()).unwrap();
        }
    })
    .await;
    (peer, told)
}

#[tokio::test]
async fn dropping_a_call_or_a_body_resets_its_stream_and_not_the_connection() {
    let (peer, mut ended) = peer().await;
    let transport = only().build();
    call(&transport, peer.http()).await;

    let mut given_up = transport.send(post(peer.http() + "never"));
    assert!(tokio::time::timeout(Duration::from_millis(5), &mut given_up).await.is_err());
    let mut begun = transport.send(post(peer.http() + "begun")).await.unwrap().into_body();
    assert_eq!(begun.chunk().await.unwrap().unwrap(), "abcd");
    assert!(ended.try_recv().is_err());

    drop(given_up);
    assert_eq!(ended.recv().await.unwrap(), Reason::CANCEL);
    drop(begun);
    assert_eq!(ended.recv().await.unwrap(), Reason::CANCEL);
    call(&transport, peer.http()).await;
    assert_eq!(peer.connections.accepted(), 1);
}

#[tokio::test]
async fn a_request_body_that_fails_ends_its_stream_alone() {
    let (peer, _ended) = peer().await;
    let transport = only().build();
    let pieces = [Ok(Frame::data(Bytes::from_static(b"one"))), Err(io::Error::other("disk on fire"))];
    let body = StreamBody::new(Pieces(pieces.into_iter().collect()));
    let request = post(peer.http()).map(|_| RequestBody::from_body(body));
    let error = transport.send(request).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::RequestBody, "{error:?}");
    assert!(!error.may_have_been_sent());
    call(&transport, peer.http()).await;
    assert_eq!(peer.connections.accepted(), 1);
}

struct Pieces(std::collections::VecDeque<io::Result<Frame<Bytes>>>);

impl futures_core::Stream for Pieces {
    type Item = io::Result<Frame<Bytes>>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.pop_front())
    }
}

/// A peer of `h2` answers each PING by itself, whatever its application does.
#[tokio::test(start_paused = true)]
async fn a_model_that_thinks_for_an_hour_is_no_dead_peer() {
    let peer = Peer::plain(|_, respond| async move {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        answer(respond);
    })
    .await;
    let began = Instant::now();
    call(&only().build(), peer.http()).await;
    assert!(began.elapsed().as_secs() >= 3600);
}

#[tokio::test]
async fn a_large_body_passes_in_both_directions() {
    let peer = Peer::plain(|request, mut respond: Respond| async move {
        let whole = super::peer::read(request.into_body()).await;
        let mut body = respond.send_response(Response::new(()), false).unwrap();
        body.send_data(whole.into(), true).unwrap();
    })
    .await;
    let sent = Bytes::from((0..5_000_000u32).map(|n| n as u8).collect::<Vec<_>>());
    let request = post(peer.http()).map(|_| sent.clone().into());
    let received = only().build().send(request).await.unwrap().into_body().collect().await.unwrap();
    assert!(received == sent);
}
