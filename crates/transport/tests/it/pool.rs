//! How many connections there are, seen from the peer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::StreamBody;
use invoke_model_transport::{HyperTransport, HyperTransportBuilder, RequestBody, ResponseBody, Transport};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::server::{Connection, Server};

/// How many connections a peer has now, and had at most.
#[derive(Clone, Default)]
struct Open {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    closed: Arc<Ended>,
}

struct Ended(Semaphore);

impl Default for Ended {
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

/// Many calls at once, each read to its end.
async fn storm(transport: &HyperTransport, server: &Server, calls: usize) {
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
async fn there_are_never_more_connections_than_the_limit() {
    let open = Open::default();
    let server = open.clone().serve().await;
    let transport = HyperTransport::builder().max_connections_per_host(3).build();
    storm(&transport, &server, 300).await;
    // A peer counts a connection when it accepts it, which is after it was opened: never more than were.
    assert!(open.most.load(SeqCst) <= 3, "{}", open.most.load(SeqCst));
    assert!(server.accepted() <= 3, "kept, not opened anew: {}", server.accepted());
}

#[tokio::test]
async fn a_call_at_the_limit_waits_for_a_body_to_end() {
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
    assert_eq!(server.accepted(), 1, "on the same connection");
}

#[tokio::test]
async fn a_call_at_the_limit_waits_for_a_body_to_be_dropped() {
    let server = Server::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabcd").await;
        connection.closed().await;
    })
    .await;
    let transport = HyperTransport::builder().max_connections_per_host(1).build();
    for calls in 1..=3 {
        // Dropped at the end of each turn, unread.
        let _body = head(&transport, &server).await;
        assert_eq!(server.accepted(), calls);
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_while_it_waits_leaves_its_place() {
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

async fn at_once(settings: HyperTransportBuilder, open: &Open) {
    let server = open.clone().serve().await;
    let transport = settings.build();
    let (one, two, three) =
        (head(&transport, &server).await, head(&transport, &server).await, head(&transport, &server).await);
    assert_eq!(open.now.load(SeqCst), 3);
    for body in [one, two, three] {
        body.collect().await.unwrap();
    }
    open.wait_closed(2).await;
    storm(&transport, &server, 1).await;
    assert_eq!(server.accepted(), 3, "one was kept");
}

#[tokio::test]
async fn more_unused_connections_than_wanted_are_closed() {
    at_once(HyperTransport::builder().pool_max_idle_per_host(1), &Open::default()).await;
}

#[tokio::test(start_paused = true)]
async fn an_unused_connection_is_closed_in_time_without_a_call() {
    let open = Open::default();
    let server = open.clone().serve().await;
    let transport = HyperTransport::builder().pool_idle_timeout(Duration::from_secs(60)).build();
    storm(&transport, &server, 1).await;
    let began = tokio::time::Instant::now();
    // The clock jumps to the next timer when all wait.
    open.wait_closed(1).await;
    assert_eq!(began.elapsed().as_secs(), 60);
    storm(&transport, &server, 1).await;
    open.wait_closed(1).await;
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_transport_takes_its_unused_connections_with_it() {
    let open = Open::default();
    let server = open.clone().serve().await;
    let transport = HyperTransport::new();
    storm(&transport, &server, 1).await;
    assert_eq!(open.now.load(SeqCst), 1);
    drop(transport);
    open.wait_closed(1).await;
}

/// The peer has said its word, but the client has not: no request can follow on this connection.
#[tokio::test]
async fn an_answer_before_the_whole_request_is_read_and_its_connection_closed() {
    let closed = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&closed);
    let server = Server::start(move |mut connection: Connection| {
        let permits = Arc::clone(&permits);
        async move {
            // Not the request: its body never ends.
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

/// A stream that has given a piece, and never gives the next one.
struct Endless;

impl futures_core::Stream for Endless {
    type Item = Result<http_body::Frame<Bytes>, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}

/// Whatever became of the calls, each has left its place: as many as the limit find one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_place_is_lost_to_calls_that_are_given_up() {
    let server = Open::default().serve().await;
    let transport = HyperTransport::builder().max_connections_per_host(4).build();
    let mut tasks = JoinSet::new();
    for number in 0..400 {
        let (transport, request) = (transport.clone(), server.post(RequestBody::default()));
        tasks.spawn(async move {
            let mut call = transport.send(request);
            // Given up after a few steps, at a different point each.
            for _ in 0..number % 7 {
                let step = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx)));
                match step.await {
                    std::task::Poll::Ready(response) if number % 2 == 0 => {
                        response.unwrap().into_body().collect().await.unwrap();
                        return;
                    }
                    std::task::Poll::Ready(_) => return,
                    std::task::Poll::Pending => tokio::task::yield_now().await,
                }
            }
        });
    }
    tasks.join_all().await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(head(&transport, &server).await);
    }
}
