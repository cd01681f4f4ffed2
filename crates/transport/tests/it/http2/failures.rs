//! What does not work, and whether the peer can have worked on the request.

use std::time::Duration;

use invoke_model_transport::TransportErrorKind::{
    self, BodyIncomplete, Connect, Refused, ResponseHead, Send,
};
use tokio::time::Instant;

use super::{
    frames::{INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM, answering, data, go_away, head, reset},
    only, send,
};
use crate::server::Server;

async fn check(answer: Vec<u8>, close: bool, kind: TransportErrorKind, ours: &str) {
    let peer = answering(answer, close).await;
    let error = send(&only().build(), peer.http()).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert_eq!(error.may_have_been_sent(), kind != Refused);
    assert!(error.to_string().starts_with(&format!("{ours} ({}): ", peer.address)), "{error}");
}

/// "it is guaranteed that the request has not been processed": <https://www.rfc-editor.org/rfc/rfc9113#section-8.7>
#[tokio::test]
async fn what_is_certainly_not_worked_on() {
    let ours = "the request was refused unread";
    check(reset(1, REFUSED_STREAM), false, Refused, ours).await;
    check(go_away(0, NO_ERROR), true, Refused, ours).await;
    check(go_away(0, NO_ERROR), false, Refused, ours).await;
    check(go_away(0, INTERNAL_ERROR), true, Refused, ours).await;
}

#[tokio::test]
async fn what_may_have_been_worked_on() {
    let ours = "the connection was lost before the answer";
    check(reset(1, INTERNAL_ERROR), false, Send, ours).await;
    check(reset(1, NO_ERROR), false, Send, ours).await;
    check(Vec::new(), true, Send, ours).await;
    // The peer names our stream as one that it may work on.
    check(go_away(1, NO_ERROR), true, Send, ours).await;
    check(go_away(1, INTERNAL_ERROR), true, Send, ours).await;
}

#[tokio::test]
async fn a_body_that_ends_early() {
    for (end, close) in [(reset(1, INTERNAL_ERROR), false), (Vec::new(), true), (go_away(1, NO_ERROR), true)]
    {
        let peer = answering([head(1), data(1, b"abcd"), end].concat(), close).await;
        let mut body = send(&only().build(), peer.http()).await.unwrap().into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "abcd");
        assert_eq!(body.chunk().await.unwrap_err().kind(), BodyIncomplete);
        assert_eq!(body.chunk().await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_peer_that_does_not_speak_it() {
    let server = Server::start(|mut connection| async move {
        connection.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        connection.closed().await;
    })
    .await;
    let error = send(&only().build(), server.uri("/")).await.unwrap_err();
    assert_eq!(error.kind(), ResponseHead, "{error:?}");
}

#[tokio::test]
async fn a_port_that_refuses_refuses_all_who_wait_at_once() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let transport = only().build();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let transport = transport.clone();
        tasks.spawn(async move { send(&transport, format!("http://{address}/")).await.unwrap_err().kind() });
    }
    assert_eq!(tasks.join_all().await, [Connect; 20]);
}

/// Calls that wait for another one's connection do not fail one after the other.
#[tokio::test(start_paused = true)]
async fn a_peer_that_never_shakes_hands_costs_each_call_twice_the_limit_at_most() {
    let server = Server::start(crate::server::Connection::closed).await;
    let transport = super::negotiating().build();
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (transport, uri) = (transport.clone(), format!("https://{}/", server.address));
        tasks.spawn(async move { send(&transport, uri).await.unwrap_err().kind() });
    }
    assert_eq!(tasks.join_all().await, [TransportErrorKind::ConnectTimeout; 20]);
    assert!(began.elapsed() <= Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_a_ping_is_dead() {
    let peer = answering(Vec::new(), false).await;
    let began = Instant::now();
    let error = send(&only().build(), peer.http()).await.unwrap_err();
    assert_eq!(error.kind(), Send, "{error:?}");
    assert!((44..=46).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());

    let peer = answering([head(1), data(1, b"abcd")].concat(), false).await;
    let transport = only().http2_keepalive(Duration::from_secs(5), Duration::from_secs(2)).build();
    let mut body = send(&transport, peer.http()).await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "abcd");
    let began = Instant::now();
    assert_eq!(body.chunk().await.unwrap_err().kind(), BodyIncomplete);
    assert!((6..=8).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}
