//! One connection for all calls to a host.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, header};
use invoke_model_transport::{HyperTransport, Proxies, RequestBody, Transport, TransportErrorKind};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    sync::Barrier,
    task::JoinSet,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

use super::{
    call, negotiating, only,
    peer::{Peer, answer, ok, read},
    post, send,
};
use crate::{server::Server, tls::peer_config};

async fn at_once(transport: &HyperTransport, uri: &str, calls: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let (transport, uri) = (transport.clone(), uri.to_owned());
        tasks.spawn(async move { call(&transport, uri).await });
    }
    assert_eq!(tasks.join_all().await.len(), calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_at_once_share_one_connection_from_the_first_on() {
    let all = Arc::new(Barrier::new(50));
    let peer = Peer::secure(peer_config(), move |request, respond| {
        let all = Arc::clone(&all);
        async move {
            // Nobody is answered before everybody has asked.
            all.wait().await;
            ok(request, respond).await;
        }
    })
    .await;
    let transport = negotiating().max_connections_per_host(1).build();
    at_once(&transport, &peer.https(), 50).await;
    at_once(&transport, &peer.https(), 50).await;
    assert_eq!(peer.connections.accepted(), 1);
}

#[tokio::test]
async fn prior_knowledge_needs_no_tls() {
    let peer = Peer::plain(ok).await;
    let transport = only().build();
    at_once(&transport, &peer.http(), 20).await;
    assert_eq!(peer.connections.accepted(), 1);
}

#[tokio::test]
async fn the_target_and_fields_have_the_form_of_http_2() {
    let peer = Peer::secure(peer_config(), |request, respond| async move {
        assert_eq!(request.uri().path_and_query().unwrap(), "/base/model/a%3A0/invoke?b=%2F");
        // What the caller says of the host stands in the target, and nowhere else.
        assert_eq!(request.uri().authority().unwrap(), "signed.test");
        assert_eq!(request.headers().len(), 1);
        assert_eq!(request.headers()[header::CONTENT_LENGTH], "7");
        assert_eq!(read(request.into_body()).await, b"{\"a\":1}");
        answer(respond);
    })
    .await;
    let mut request = post(peer.https());
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("signed.test"));
    let response = negotiating().build().send(request).await.unwrap();
    assert!(!response.body().ends_with_connection());
    assert_eq!(response.into_body().collect().await.unwrap(), "{}");
}

#[tokio::test]
async fn without_a_host_field_the_uri_names_the_host() {
    let peer = Peer::plain(|request, respond| async move {
        assert_eq!(request.uri().authority().unwrap(), request.headers()["x-expected"].to_str().unwrap());
        answer(respond);
    })
    .await;
    let mut request = post(format!("http://user:secret@{}/", peer.address));
    request.headers_mut().insert("x-expected", peer.address.to_string().try_into().unwrap());
    assert_eq!(only().build().send(request).await.unwrap().status(), 200);
}

/// A peer that speaks HTTP/1.1 over TLS, and nothing else.
async fn older_peer() -> Peer {
    let mut config = (*peer_config()).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Peer::start(move |stream| {
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
async fn a_peer_may_choose_http_1_1_unless_nothing_else_than_http_2_is_wanted() {
    let peer = older_peer().await;
    let transport = negotiating().build();
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (transport, uri) = (transport.clone(), peer.https());
        tasks.spawn(async move {
            let response = send(&transport, uri).await.unwrap();
            assert_eq!(response.version(), http::Version::HTTP_11);
            assert_eq!(response.into_body().collect().await.unwrap(), "{}");
        });
    }
    tasks.join_all().await;

    let error = send(&only().build(), peer.https()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Tls, "{error:?}");
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn an_unused_connection_is_closed_in_time_and_replaced() {
    let peer = Peer::plain(ok).await;
    let transport = only().pool_idle_timeout(Duration::from_secs(60)).build();
    call(&transport, peer.http()).await;
    tokio::time::pause();
    let began = Instant::now();
    peer.connections.ended.notified().await;
    assert_eq!(began.elapsed().as_secs(), 60);
    tokio::time::resume();
    call(&transport, peer.http()).await;
    assert_eq!(peer.connections.accepted(), 2);
}

#[tokio::test]
async fn a_transport_takes_its_connection_with_it() {
    let peer = Peer::plain(ok).await;
    let transport = only().build();
    call(&transport, peer.http()).await;
    drop(transport);
    peer.connections.ended.notified().await;
}

#[tokio::test]
async fn a_peer_that_says_good_bye_is_called_anew() {
    let peer = Peer::start(|stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (request, respond) = connection.accept().await.unwrap().unwrap();
        tokio::spawn(ok(request, respond));
        connection.graceful_shutdown();
        assert!(connection.accept().await.is_none());
    })
    .await;
    let transport = only().build();
    for calls in 1..=3 {
        call(&transport, peer.http()).await;
        peer.connections.ended.notified().await;
        assert_eq!(peer.connections.accepted(), calls);
    }
}

#[tokio::test]
async fn a_proxy_s_tunnel_carries_it_and_a_relay_gets_http_1_1() {
    let peer = Peer::secure(peer_config(), ok).await;
    let proxy = Server::start(|mut connection| async move {
        let request = connection.request().await.unwrap();
        let (method, target) = request.line.split_once(' ').unwrap();
        if method == "POST" {
            assert_eq!(request.line, "POST http://gone.test/ HTTP/1.1");
            connection.ok("{}").await;
            return;
        }
        let target = target.split(' ').next().unwrap();
        let mut host = tokio::net::TcpStream::connect(target).await.unwrap();
        connection.write("HTTP/1.1 200 OK\r\n\r\n").await;
        let _ = tokio::io::copy_bidirectional(&mut connection.0, &mut host).await;
    })
    .await;
    let url = proxy.address.to_string();
    let proxies = Proxies::default().http(&url).unwrap().https(&url).unwrap();
    let transport = only().proxies(proxies).build();
    at_once(&transport, &peer.https(), 10).await;
    assert_eq!((proxy.accepted(), peer.connections.accepted()), (1, 1));

    let request = http::Request::post("http://gone.test/").body(RequestBody::default()).unwrap();
    let response = transport.send(request).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_11);
}
