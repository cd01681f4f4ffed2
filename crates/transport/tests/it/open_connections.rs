//! Tests of the numbers of open connections that a transport reports.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use http::Version;
use invoke_model_transport::{BoxFuture, HyperTransport, OpenConnections, RequestBody, Transport};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use crate::server::Server;

/// Returns the numbers of active and of idle connections, and checks that all of them are to the loopback.
pub(crate) fn count(transport: &impl Transport, version: Version) -> (usize, usize) {
    let open = transport.connection_pool().unwrap().open_connections();
    assert!(open.iter().all(|open| open.host == "127.0.0.1" && open.version == version), "{open:?}");
    (open.iter().map(|open| open.active).sum(), open.iter().map(|open| open.idle).sum())
}

/// Polls a call once.
async fn is_pending<T>(call: &mut BoxFuture<T>) -> bool {
    poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await.is_pending()
}

/// Starts a server that responds to each request, and keeps its connections open.
async fn server() -> Server {
    Server::start(|mut connection| async move {
        while connection.request().await.is_some() {
            connection.ok("{}").await;
        }
    })
    .await
}

#[tokio::test]
async fn a_connection_is_active_until_the_end_of_its_body() {
    let server = server().await;
    let transport = HyperTransport::new();
    let send = || transport.send(server.post(RequestBody::default()));
    assert_eq!(count(&transport, Version::HTTP_11), (0, 0));
    let (one, two) = (send().await.unwrap(), send().await.unwrap());
    assert_eq!(count(&transport, Version::HTTP_11), (2, 0));
    one.into_body().collect().await.unwrap();
    let expected = OpenConnections {
        host: "127.0.0.1".to_owned(),
        port: server.address.port(),
        version: Version::HTTP_11,
        active: 1,
        idle: 1,
    };
    assert_eq!(transport.connection_pool().unwrap().open_connections(), [expected]);
    // The server has sent the whole body, but this body is dropped before it is read.
    drop(two);
    assert_eq!(count(&transport, Version::HTTP_11), (0, 1));
    drop(send().await.unwrap().into_body().collect().await.unwrap());
    assert_eq!((count(&transport, Version::HTTP_11), server.accepted()), ((0, 1), 2));
}

#[tokio::test]
async fn a_cancelled_call_closes_the_connection_that_it_has_taken_over() {
    let server = Server::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection.ok("{}").await;
        // Does not respond to the second request.
        connection.closed().await;
    })
    .await;
    let transport = HyperTransport::new();
    let send = || transport.send(server.post(RequestBody::default()));
    send().await.unwrap().into_body().collect().await.unwrap();
    let mut second = send();
    assert_eq!(count(&transport, Version::HTTP_11), (0, 1));
    while count(&transport, Version::HTTP_11) != (1, 0) {
        assert!(is_pending(&mut second).await);
        yield_now().await;
    }
    assert_eq!(server.accepted(), 1);
    drop(second);
    assert_eq!(count(&transport, Version::HTTP_11), (0, 0));
}

#[tokio::test]
async fn a_call_that_is_cancelled_while_it_connects_has_no_connection() {
    let server = server().await;
    let transport = HyperTransport::new();
    let mut call = transport.send(server.post(RequestBody::default()));
    // The first poll starts to connect.
    assert!(is_pending(&mut call).await);
    assert_eq!(count(&transport, Version::HTTP_11), (0, 0));
    drop(call);
    assert_eq!(count(&transport, Version::HTTP_11), (0, 0));
}

#[tokio::test]
async fn an_idle_connection_that_the_server_closed_does_not_count() {
    let closing = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&closing);
    let server = Server::start(move |mut connection| {
        let permits = Arc::clone(&permits);
        async move {
            connection.request().await.unwrap();
            connection.ok("{}").await;
            permits.acquire().await.unwrap().forget();
        }
    })
    .await;
    let transport = HyperTransport::new();
    let call = async || {
        let response = transport.send(server.post(RequestBody::default())).await.unwrap();
        response.into_body().collect().await.unwrap();
    };
    call().await;
    assert_eq!(count(&transport, Version::HTTP_11), (0, 1));
    closing.add_permits(1);
    // The runtime receives the end of the connection.
    while count(&transport, Version::HTTP_11) != (0, 0) {
        yield_now().await;
    }
    call().await;
    assert_eq!((count(&transport, Version::HTTP_11), server.accepted()), ((0, 1), 2));
}

#[test]
fn the_connections_of_all_runtimes_count_and_can_be_counted_outside_of_a_runtime() {
    let builder = || Builder::new_current_thread().enable_all().build().unwrap();
    let (serving, one, two) =
        (Builder::new_multi_thread().enable_all().build().unwrap(), builder(), builder());
    let server = serving.block_on(server());
    let transport = HyperTransport::new();
    let send = || transport.send(server.post(RequestBody::default()));
    let body = one.block_on(send()).unwrap().into_body();
    two.block_on(async { send().await.unwrap().into_body().collect().await.unwrap() });
    assert_eq!(count(&transport, Version::HTTP_11), (1, 1));
    drop(two);
    assert_eq!(count(&transport, Version::HTTP_11), (1, 0));
    drop((body, one));
    assert_eq!(count(&transport, Version::HTTP_11), (0, 0));
}

#[test]
fn clones_and_references_have_the_same_pool() {
    let transport = HyperTransport::new();
    let pool = transport.connection_pool().unwrap();
    let shared: Arc<dyn Transport> = Arc::new(transport.clone());
    assert!(Arc::ptr_eq(&pool, &shared.connection_pool().unwrap()));
    assert!(!Arc::ptr_eq(&pool, &HyperTransport::new().connection_pool().unwrap()));
}
