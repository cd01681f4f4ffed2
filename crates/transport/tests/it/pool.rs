//! Tests of the number of connections. The server counts its connections.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use invoke_model_transport::{HyperTransport, HyperTransportBuilder, RequestBody, ResponseBody, Transport};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::server::{Connection, Server};

/// The number of open connections of a server, the largest number so far, and a permit for each closed
/// connection.
#[derive(Clone, Default)]
struct Open {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    closed: Arc<Closed>,
}

struct Closed(Semaphore);

impl Default for Closed {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Open {
    async fn serve(self) -> Server {
        Server::start(move |mut connection| {
            let open = self.clone();
            async move {
                open.most.fetch_max(open.now.fetch_add(1, SeqCst) + 1, SeqCst);
                while connection.request().await.is_some() {
                    connection.ok("{}").await;
                }
                open.now.fetch_sub(1, SeqCst);
                open.closed.0.add_permits(1);
            }
        })
        .await
    }

    async fn wait_closed(&self, connections: u32) {
        self.closed.0.acquire_many(connections).await.unwrap().forget();
    }
}

async fn head(transport: &HyperTransport, server: &Server) -> ResponseBody {
    transport.send(server.post(RequestBody::default())).await.unwrap().into_body()
}

/// Makes concurrent calls, and reads each response to its end.
async fn call_concurrently(transport: &HyperTransport, server: &Server, calls: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let (transport, request) = (transport.clone(), server.post(RequestBody::default()));
        tasks.spawn(async move {
            let body = transport.send(request).await.unwrap().into_body();
            tokio::task::yield_now().await;
            assert_eq!(body.collect().await.unwrap(), "{}");
        });
    }
    assert_eq!(tasks.join_all().await.len(), calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_number_of_connections_never_exceeds_the_limit() {
    let open = Open::default();
    let server = open.clone().serve().await;
    let transport = HyperTransport::builder().max_connections_per_host(3).build();
    call_concurrently(&transport, &server, 300).await;
    // The server counts a connection only after the client has opened it. Therefore the count is never higher
    // than the number of connections that the client has opened so far.
    assert!(open.most.load(SeqCst) <= 3, "{}", open.most.load(SeqCst));
    assert!(server.accepted() <= 3, "connections must be reused: {}", server.accepted());
}

#[tokio::test]
async fn a_call_at_the_limit_waits_for_the_end_of_a_body() {
    let open = Open::default();
    let server = open.clone().serve().await;
    let transport = HyperTransport::builder().max_connections_per_host(1).build();
    let mut first = head(&transport, &server).await;

    let mut second = Box::pin(head(&transport, &server));
    for _ in 0..3 {
        assert!(tokio::time::timeout(Duration::from_millis(1), &mut second).await.is_err());
    }
    assert_eq!(server.accepted(), 1);
    assert_eq!(first.chunk().await.unwrap().unwrap(), "{}");
    assert_eq!(first.chunk().await.unwrap(), None);
    assert_eq!(second.await.collect().await.unwrap(), "{}");
    assert_eq!(server.accepted(), 1, "the connection must be reused");
}

#[tokio::test]
async fn a_call_at_the_limit_waits_for_the_drop_of_a_body() {
    let server = Server::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabcd").await;
        connection.closed().await;
    })
    .await;
    let transport = HyperTransport::builder().max_connections_per_host(1).build();
    for calls in 1..=3 {
        // The body is dropped at the end of each iteration, and is not read.
        let _body = head(&transport, &server).await;
        assert_eq!(server.accepted(), calls);
    }
}

#[tokio::test]
async fn a_waiting_call_that_is_dropped_releases_its_permit() {
    let server = Open::default().serve().await;
    let transport = HyperTransport::builder().max_connections_per_host(1).build();
    let first = head(&transport, &server).await;
    for _ in 0..3 {
        let waiting = head(&transport, &server);
        assert!(tokio::time::timeout(Duration::from_millis(1), waiting).await.is_err());
    }
    first.collect().await.unwrap();
    head(&transport, &server).await.collect().await.unwrap();
}

async fn check_idle_limit(settings: HyperTransportBuilder, open: &Open) {
    let server = open.clone().serve().await;
    let transport = settings.build();
    let (one, two, three) =
        (head(&transport, &server).await, head(&transport, &server).await, head(&transport, &server).await);
    assert_eq!(open.now.load(SeqCst), 3);
    for body in [one, two, three] {
        body.collect().await.unwrap();
    }
    open.wait_closed(2).await;
    call_concurrently(&transport, &server, 1).await;
    assert_eq!(server.accepted(), 3, "one connection must be kept");
}

#[tokio::test]
async fn idle_connections_above_the_limit_are_closed() {
    check_idle_limit(HyperTransport::builder().pool_max_idle_per_host(1), &Open::default()).await;
}

#[tokio::test(start_paused = true)]
async fn the_idle_timeout_closes_a_connection_without_another_call() {
    let open = Open::default();
    let server = open.clone().serve().await;
    let transport = HyperTransport::builder().pool_idle_timeout(Duration::from_secs(60)).build();
    call_concurrently(&transport, &server, 1).await;
    let start = tokio::time::Instant::now();
    // The paused clock advances to the next timer when all tasks wait.
    open.wait_closed(1).await;
    assert_eq!(start.elapsed().as_secs(), 60);
    call_concurrently(&transport, &server, 1).await;
    open.wait_closed(1).await;
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn dropping_a_transport_closes_its_idle_connections() {
    let open = Open::default();
    let server = open.clone().serve().await;
    let transport = HyperTransport::new();
    call_concurrently(&transport, &server, 1).await;
    assert_eq!(open.now.load(SeqCst), 1);
    drop(transport);
    open.wait_closed(1).await;
}

/// The connection cannot be used for another request, because the client has not sent the complete first
/// request.
#[tokio::test]
async fn an_early_response_is_read_and_its_connection_closed() {
    let closed = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&closed);
    let server = Server::start(move |mut connection: Connection| {
        let permits = Arc::clone(&permits);
        async move {
            // The request is not read, because its body never ends.
            connection.ok("no").await;
            connection.closed().await;
            permits.add_permits(1);
        }
    })
    .await;
    let endless = StreamBody::new(Endless);
    let response = HyperTransport::new().send(server.post(RequestBody::from_body(endless))).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap(), "no");
    closed.acquire().await.unwrap().forget();
}

/// A stream that never yields an item.
struct Endless;

impl futures_core::Stream for Endless {
    type Item = io::Result<Frame<Bytes>>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Pending
    }
}

/// Checks that a dropped call releases its permit, regardless of when the call is dropped. After all calls,
/// the transport must be able to open the maximum number of connections again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dropped_calls_leak_no_permits() {
    let server = Open::default().serve().await;
    let transport = HyperTransport::builder().max_connections_per_host(4).build();
    let mut tasks = JoinSet::new();
    for number in 0..400 {
        let (transport, request) = (transport.clone(), server.post(RequestBody::default()));
        tasks.spawn(async move {
            let mut call = transport.send(request);
            // Each call is dropped after a different number of polls.
            for _ in 0..number % 7 {
                let step = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx)));
                match step.await {
                    Poll::Ready(response) if number % 2 == 0 => {
                        response.unwrap().into_body().collect().await.unwrap();
                        return;
                    }
                    Poll::Ready(_) => return,
                    Poll::Pending => tokio::task::yield_now().await,
                }
            }
        });
    }
    tasks.join_all().await;
    let mut bodies = Vec::new();
    for _ in 0..4 {
        bodies.push(head(&transport, &server).await);
    }
}
