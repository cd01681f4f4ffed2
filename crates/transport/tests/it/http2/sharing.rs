//! Tests of the connection that all calls to a host share.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Version, header};
use invoke_model_transport::{HyperTransport, Proxies, RequestBody, Transport, TransportErrorKind};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::frames::{NO_ERROR, go_away, head, responding};
use super::server::{Http2Server, ok, read, send_ok};
use super::{call, http2_only, post, prefer_http2, send};
use crate::open_connections::count;
use crate::server::Server;
use crate::tls::server_config;

async fn call_concurrently(transport: &HyperTransport, uri: &str, calls: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let (transport, uri) = (transport.clone(), uri.to_owned());
        tasks.spawn(async move { call(&transport, uri).await });
    }
    assert_eq!(tasks.join_all().await.len(), calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_calls_share_one_connection_from_the_start() {
    let all = Arc::new(Barrier::new(50));
    let server = Http2Server::secure(server_config(), move |request, respond| {
        let all = Arc::clone(&all);
        async move {
            // The server responds only after all requests have arrived.
            all.wait().await;
            ok(request, respond).await;
        }
    })
    .await;
    let transport = prefer_http2().max_connections_per_host(1).build();
    call_concurrently(&transport, &server.https(), 50).await;
    call_concurrently(&transport, &server.https(), 50).await;
    assert_eq!(server.connections.accepted(), 1);
}

#[tokio::test]
async fn prior_knowledge_needs_no_tls() {
    let server = Http2Server::plain(ok).await;
    let transport = http2_only().build();
    call_concurrently(&transport, &server.http(), 20).await;
    assert_eq!(server.connections.accepted(), 1);
}

#[tokio::test]
async fn target_and_headers_have_the_form_of_http2() {
    let server = Http2Server::secure(server_config(), |request, respond| async move {
        assert_eq!(request.uri().path_and_query().unwrap(), "/base/model/a%3A0/invoke?b=%2F");
        // The caller's `Host` header becomes the authority of the target.
        assert_eq!(request.uri().authority().unwrap(), "signed.test");
        assert_eq!(request.headers().len(), 1);
        assert_eq!(request.headers()[header::CONTENT_LENGTH], "7");
        assert_eq!(read(request.into_body()).await, b"{\"a\":1}");
        send_ok(respond);
    })
    .await;
    let mut request = post(server.https());
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("signed.test"));
    let response = prefer_http2().build().send(request).await.unwrap();
    assert!(!response.body().ends_with_connection());
    assert_eq!(response.into_body().collect().await.unwrap(), "{}");
}

#[tokio::test]
async fn without_a_host_header_the_uri_determines_the_authority() {
    let server = Http2Server::plain(|request, respond| async move {
        assert_eq!(request.uri().authority().unwrap(), request.headers()["x-expected"].to_str().unwrap());
        send_ok(respond);
    })
    .await;
    let mut request = post(format!("http://user:secret@{}/", server.address));
    request.headers_mut().insert("x-expected", server.address.to_string().try_into().unwrap());
    assert_eq!(http2_only().build().send(request).await.unwrap().status(), 200);
}

/// Starts a server that supports only HTTP/1.1 over TLS.
pub(super) async fn http1_server() -> Http2Server {
    let mut config = (*server_config()).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Http2Server::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
                if line == "\r\n" {
                    let mut body = [0; 7];
                    stream.read_exact(&mut body).await.unwrap();
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
                    stream.flush().await.unwrap();
                }
                line.clear();
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_server_may_choose_http1_unless_the_policy_is_http2_only() {
    let server = http1_server().await;
    let transport = prefer_http2().build();
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (transport, uri) = (transport.clone(), server.https());
        tasks.spawn(async move {
            let response = send(&transport, uri).await.unwrap();
            assert_eq!(response.version(), http::Version::HTTP_11);
            assert_eq!(response.into_body().collect().await.unwrap(), "{}");
        });
    }
    tasks.join_all().await;

    let error = send(&http2_only().build(), server.https()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Tls, "{error:?}");
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn the_idle_timeout_closes_the_connection_and_the_next_call_replaces_it() {
    let server = Http2Server::plain(ok).await;
    let transport = http2_only().pool_idle_timeout(Duration::from_secs(60)).build();
    call(&transport, server.http()).await;
    tokio::time::pause();
    let start = Instant::now();
    assert_eq!(count(&transport, Version::HTTP_2), (0, 1));
    server.connections.ended.notified().await;
    assert_eq!(start.elapsed().as_secs(), 60);
    assert_eq!(count(&transport, Version::HTTP_2), (0, 0));
    tokio::time::resume();
    call(&transport, server.http()).await;
    assert_eq!(server.connections.accepted(), 2);
}

#[tokio::test]
async fn dropping_a_transport_closes_its_connection() {
    let server = Http2Server::plain(ok).await;
    let transport = http2_only().build();
    call(&transport, server.http()).await;
    drop(transport);
    server.connections.ended.notified().await;
}

#[tokio::test]
async fn a_connection_with_goaway_is_replaced() {
    let server = Http2Server::start(|stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (request, respond) = connection.accept().await.unwrap().unwrap();
        tokio::spawn(ok(request, respond));
        connection.graceful_shutdown();
        assert!(connection.accept().await.is_none());
    })
    .await;
    let transport = http2_only().build();
    for calls in 1..=3 {
        call(&transport, server.http()).await;
        server.connections.ended.notified().await;
        assert_eq!(server.connections.accepted(), calls);
    }
}

#[tokio::test]
async fn a_connection_counts_once_for_all_its_streams() {
    let server = Http2Server::plain(ok).await;
    let transport = http2_only().build();
    let (one, two) = (send(&transport, server.http()).await, send(&transport, server.http()).await);
    assert_eq!(count(&transport, Version::HTTP_2), (1, 0));
    drop(one);
    assert_eq!(count(&transport, Version::HTTP_2), (1, 0));
    two.unwrap().into_body().collect().await.unwrap();
    assert_eq!(count(&transport, Version::HTTP_2), (0, 1));
    assert_eq!(server.connections.accepted(), 1);
}

#[tokio::test]
async fn a_connection_with_goaway_counts_until_its_stream_has_ended() {
    let server = responding([go_away(1, NO_ERROR), head(1)].concat(), false).await;
    let transport = http2_only().build();
    let mut bodies = Vec::new();
    for calls in 1..=3 {
        bodies.push(send(&transport, server.http()).await.unwrap().into_body());
        assert_eq!(server.connections.accepted(), calls);
        assert_eq!(count(&transport, Version::HTTP_2), (calls, 0));
    }
    for active in [1, 0] {
        bodies.truncate(active);
        // The tasks of the connections close them.
        while count(&transport, Version::HTTP_2) != (active, 0) {
            yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_tunnel_uses_http2_and_a_relaying_proxy_receives_http1() {
    let server = Http2Server::secure(server_config(), ok).await;
    let proxy = Server::start(|mut connection| async move {
        let request = connection.request().await.unwrap();
        let (method, target) = request.line.split_once(' ').unwrap();
        if method == "POST" {
            assert_eq!(request.line, "POST http://gone.test/ HTTP/1.1");
            connection.ok("{}").await;
            return;
        }
        let target = target.split(' ').next().unwrap();
        let mut host = TcpStream::connect(target).await.unwrap();
        connection.write("HTTP/1.1 200 OK\r\n\r\n").await;
        let _ = tokio::io::copy_bidirectional(&mut connection.0, &mut host).await;
    })
    .await;
    let url = proxy.address.to_string();
    let proxies = Proxies::default().http(&url).unwrap().https(&url).unwrap();
    let transport = http2_only().proxies(proxies).build();
    call_concurrently(&transport, &server.https(), 10).await;
    assert_eq!((proxy.accepted(), server.connections.accepted()), (1, 1));

    let request = http::Request::post("http://gone.test/").body(RequestBody::default()).unwrap();
    let response = transport.send(request).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_11);
}
