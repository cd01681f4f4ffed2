//! Tests of HTTP/2 connections in several tokio runtimes.

use std::sync::Arc;
use std::time::Duration;

use h2::server::handshake;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use super::server::{Http2Server, ok};
use super::{call, http2_only};
use crate::runtimes::advance_without_polling;

/// Returns a runtime for a server. It has a thread, so it is always polled.
fn server_runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_call_uses_only_the_connection_of_its_runtime() {
    let serving = server_runtime();
    let server = serving.block_on(Http2Server::plain(ok));
    let transport = http2_only().build();
    let (one, two) = (runtime(), runtime());
    for runtime in [&one, &two, &one, &two] {
        runtime.block_on(call(&transport, server.http()));
    }
    assert_eq!(server.connections.accepted(), 2);
    drop(one);
    serving.block_on(server.connections.ended.notified());
    runtime().block_on(call(&transport, server.http()));
    assert_eq!(server.connections.accepted(), 3);
}

#[test]
fn a_connection_that_the_server_closed_while_its_runtime_was_not_polled_is_replaced() {
    let (serving, close) = (server_runtime(), Arc::new(Notify::new()));
    let closing = Arc::clone(&close);
    let server = serving.block_on(Http2Server::start(move |stream| {
        let close = Arc::clone(&closing);
        async move {
            let mut connection = handshake(stream).await.unwrap();
            let serve = async {
                while let Some(Ok((request, respond))) = connection.accept().await {
                    tokio::spawn(ok(request, respond));
                }
            };
            tokio::select! {
                () = serve => {}
                () = close.notified() => {}
            }
        }
    }));
    let (transport, runtime) = (http2_only().build(), runtime());
    for calls in 1..=3 {
        runtime.block_on(async {
            advance_without_polling(Duration::from_secs(2));
            call(&transport, server.http()).await;
        });
        assert_eq!(server.connections.accepted(), calls);
        close.notify_one();
        serving.block_on(server.connections.ended.notified());
    }
}
