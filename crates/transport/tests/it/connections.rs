//! Tests of opening, reusing and closing connections.

use std::sync::Arc;
use std::time::Duration;

use invoke_model_transport::{HyperTransport, RequestBody, Transport};
use tokio::sync::Semaphore;

use crate::server::{Connection, Server};

/// Responds to each request.
async fn serve(mut connection: Connection) {
    while connection.request().await.is_some() {
        connection.ok("{}").await;
    }
}

async fn call(transport: &impl Transport, server: &Server) {
    let response = transport.send(server.post(RequestBody::default())).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap(), "{}");
}

/// Waits until all tasks have run, and until the runtime has received the data that arrived on loopback.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

#[tokio::test]
async fn calls_and_clones_share_a_connection() {
    let server = Server::start(serve).await;
    let transport = HyperTransport::new();
    for _ in 0..100 {
        call(&transport, &server).await;
        call(&Arc::new(transport.clone()), &server).await;
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let closed = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&closed);
    let server = Server::start(move |mut connection| {
        let permits = Arc::clone(&permits);
        async move {
            connection.request().await.unwrap();
            connection.ok("{}").await;
            drop(connection);
            permits.add_permits(1);
        }
    })
    .await;
    let transport = HyperTransport::new();
    for calls in 1..=5 {
        call(&transport, &server).await;
        closed.acquire().await.unwrap().forget();
        settle().await;
        assert_eq!(server.accepted(), calls);
    }
}

async fn check_idle(seconds: u64, connections: usize) {
    let server = Server::start(serve).await;
    let transport = HyperTransport::new();
    call(&transport, &server).await;
    settle().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
    call(&transport, &server).await;
    assert_eq!(server.accepted(), connections, "after {seconds} seconds");
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_a_minute() {
    check_idle(59, 1).await;
    check_idle(61, 2).await;
}

/// Starts a server that writes `response` and adds a permit to `closed` when the client closes the
/// connection.
async fn watch_for_close(closed: &Arc<Semaphore>, response: &'static [u8]) -> Server {
    let closed = Arc::clone(closed);
    Server::start(move |mut connection| {
        let closed = Arc::clone(&closed);
        async move {
            connection.request().await.unwrap();
            connection.write(response).await;
            connection.closed().await;
            closed.add_permits(1);
        }
    })
    .await
}

#[tokio::test]
async fn dropping_a_body_closes_its_connection() {
    let closed = Arc::new(Semaphore::new(0));
    let server = watch_for_close(&closed, b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabcd").await;
    let transport = HyperTransport::new();

    let mut body = transport.send(server.post(RequestBody::default())).await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "abcd");
    assert_eq!(closed.available_permits(), 0);
    drop(body);
    let _permit = closed.acquire().await.unwrap();
}

#[tokio::test]
async fn dropping_a_call_closes_its_connection() {
    let closed = Arc::new(Semaphore::new(0));
    let server = watch_for_close(&closed, b"").await;
    let transport = HyperTransport::new();

    let mut call = transport.send(server.post(RequestBody::default()));
    while server.accepted() == 0 {
        assert!(tokio::time::timeout(Duration::from_millis(1), &mut call).await.is_err());
    }
    assert_eq!(closed.available_permits(), 0);
    drop(call);
    let _permit = closed.acquire().await.unwrap();
}

/// Reads the next timer of the socket from `/proc/net/tcp`. The value is `02:` (a keepalive timer), followed
/// by the hundredths of a second until the first probe.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_first_keepalive_probe_is_due_within_45_seconds() {
    let server = Server::start(serve).await;
    let transport = HyperTransport::new();
    call(&transport, &server).await;

    let remote = format!("0100007F:{:04X}", server.address.port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let ours = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    // Columns of the table: number, local address, remote address, state (01: established), queues, timer.
    let row = ours.into_iter().find(|row| row[2] == remote && row[3] == "01").unwrap();
    let (timer, hundredths) = row[5].split_once(':').unwrap();
    assert_eq!(timer, "02", "no keepalive timer in {row:?}");
    let hundredths = u32::from_str_radix(hundredths, 16).unwrap();
    assert!((3_000..=4_500).contains(&hundredths), "first probe in {hundredths} hundredths of a second");
}
