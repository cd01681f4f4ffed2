//! Calls through proxies: what they are asked, what goes through, and what their refusals mean.

use std::io::{BufReader, Write};

use http::Request;
use invoke_model_transport::{
    HyperTransport, Proxies, RequestBody, Transport, TransportError,
    TransportErrorKind::{self, Connect, ConnectTimeout, Proxy, Resolve, Tls},
};
use rustls::{ServerConnection, StreamOwned};
use tokio::{net::TcpStream, sync::mpsc};

use crate::{
    server::{Connection, Received, Server},
    tls::{ROOT, peer_config, read_head, serve},
};

const SECRET: &str = "user:my%20secret@";
const AUTHORIZATION: &str = "proxy-authorization: basic dxnlcjptesbzzwnyzxq=";

/// A transport that reaches everything through `proxy`.
fn through(proxy: &str) -> HyperTransport {
    let proxies = Proxies::default().http(proxy).unwrap().https(proxy).unwrap();
    HyperTransport::builder().root_certificates_pem(ROOT).proxies(proxies).build()
}

fn post(uri: &str) -> Request<RequestBody> {
    Request::post(uri).body(RequestBody::default()).unwrap()
}

async fn call(transport: &HyperTransport, uri: &str) {
    let response = transport.send(post(uri)).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap(), "{}");
}

/// Answers what it is asked itself, and tells what that was.
async fn relay() -> (Server, mpsc::UnboundedReceiver<Received>) {
    let (seen, requests) = mpsc::unbounded_channel();
    let server = Server::start(move |mut connection| {
        let seen = seen.clone();
        async move {
            while let Some(request) = connection.request().await {
                seen.send(request).unwrap();
                connection.ok("{}").await;
            }
        }
    })
    .await;
    (server, requests)
}

/// Makes tunnels, and tells what it was asked for.
async fn tunnels() -> (Server, mpsc::UnboundedReceiver<Received>) {
    let (seen, requests) = mpsc::unbounded_channel();
    let server = Server::start(move |mut connection: Connection| {
        let seen = seen.clone();
        async move {
            let request = connection.request().await.unwrap();
            let target = request.line.split(' ').nth(1).unwrap().to_owned();
            seen.send(request).unwrap();
            let mut host = TcpStream::connect(target).await.unwrap();
            connection.write("HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n").await;
            let _ = tokio::io::copy_bidirectional(&mut connection.0, &mut host).await;
        }
    })
    .await;
    (server, requests)
}

#[tokio::test]
async fn http_is_sent_to_the_proxy_with_its_whole_url() {
    let (proxy, mut requests) = relay().await;
    let transport = through(&format!("http://{SECRET}{}", proxy.address));
    // A base path, an encoded colon, a port; no such host.
    call(&transport, "http://gone.test:8080/base/model/a%3A0/invoke?b=%2F").await;
    let request = requests.recv().await.unwrap();
    assert_eq!(request.line, "POST http://gone.test:8080/base/model/a%3A0/invoke?b=%2F HTTP/1.1");
    assert!(request.has("host: gone.test:8080") && request.has(AUTHORIZATION), "{:?}", request.fields);

    call(&transport, "http://user:password@gone.test:8080").await;
    let request = requests.recv().await.unwrap();
    assert_eq!(request.line, "POST http://gone.test:8080/ HTTP/1.1");
    assert!(request.has(AUTHORIZATION));
}

#[tokio::test]
async fn a_connection_to_the_proxy_is_reused_for_its_host() {
    let (proxy, _requests) = relay().await;
    let transport = through(&proxy.address.to_string());
    for _ in 0..3 {
        call(&transport, "http://gone.test/").await;
    }
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn an_exception_is_reached_directly_and_tells_nobody_the_password() {
    let (host, mut requests) = relay().await;
    let proxies = Proxies::default().http(&format!("{SECRET}proxy.test")).unwrap().except("127.0.0.0/8");
    let transport = HyperTransport::builder().proxies(proxies).build();
    call(&transport, &host.uri("/a")).await;
    let request = requests.recv().await.unwrap();
    assert_eq!(request.line, "POST /a HTTP/1.1");
    assert!(request.fields.iter().all(|field| !field.starts_with("proxy")), "{:?}", request.fields);
}

#[tokio::test]
async fn https_goes_through_a_tunnel_that_is_reused() {
    let address = serve(|mut stream| {
        let mut head = Vec::new();
        while read_head(&mut stream, &mut head) {
            assert_eq!(head[0], "POST /base/model/a%3A0/invoke HTTP/1.1");
            assert!(head.iter().all(|line| !line.to_lowercase().starts_with("proxy")), "{head:?}");
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        }
    });
    let (proxy, mut requests) = tunnels().await;
    let transport = through(&format!("http://{SECRET}{}", proxy.address));
    for _ in 0..3 {
        call(&transport, &format!("https://{address}/base/model/a%3A0/invoke")).await;
    }
    let request = requests.recv().await.unwrap();
    assert_eq!(request.line, format!("CONNECT {address} HTTP/1.1"));
    assert_eq!(request.fields, [format!("host: {address}"), AUTHORIZATION.into()]);
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn a_proxy_can_be_spoken_to_over_tls() {
    let proxy = serve(|mut stream| {
        let mut head = Vec::new();
        assert!(read_head(&mut stream, &mut head));
        assert_eq!(head[0], "POST http://gone.test/ HTTP/1.1");
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    });
    call(&through(&format!("https://{proxy}")), "http://gone.test/").await;

    let proxy = serve(|mut stream| {
        let mut head = Vec::new();
        assert!(read_head(&mut stream, &mut head));
        assert_eq!(head[0], "CONNECT 127.0.0.1:443 HTTP/1.1");
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        // This proxy is the host as well.
        let connection = ServerConnection::new(peer_config()).unwrap();
        let mut inner = BufReader::new(StreamOwned::new(connection, stream.into_inner()));
        assert!(read_head(&mut inner, &mut head));
        assert_eq!(head[0], "POST / HTTP/1.1");
        inner.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    });
    call(&through(&format!("https://{proxy}")), "https://127.0.0.1/").await;
}

async fn check(transport: &HyperTransport, uri: &str, kind: TransportErrorKind, expected: &str) {
    let error: TransportError = transport.send(post(uri)).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.to_string().starts_with(expected), "{error}");
    assert!(!error.may_have_been_sent());
    assert!(!format!("{error} {error:?} {transport:?}").contains("secret"));
}

/// Answers every `CONNECT` so.
async fn check_tunnel(answer: &'static [u8], user: &str, kind: TransportErrorKind, words: &str) {
    let proxy = Server::answering(answer).await;
    let transport = through(&format!("http://{user}{}", proxy.address));
    let ours = if kind == Proxy { "no way through the proxy" } else { "no connection" };
    let expected = format!("{ours} (gone.test, proxy {}): {words}", proxy.address);
    check(&transport, "https://gone.test/", kind, &expected).await;
}

#[tokio::test]
async fn a_tunnel_that_is_refused() {
    let denied = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\ndenied";
    check_tunnel(denied, "", Proxy, "the proxy answered CONNECT with 403 Forbidden").await;

    let asked = b"HTTP/1.1 407 Who\r\nproxy-authenticate: Basic realm=\"r\"\r\n\r\n";
    let words = "the proxy answered CONNECT with 407 Proxy Authentication Required: it";
    let wants = format!("{words} wants a user and a password, which can stand in its URL");
    check_tunnel(asked, "", Proxy, &wants).await;
    let does_not_take = format!("{words} does not take the user and the password of its URL");
    check_tunnel(asked, SECRET, Proxy, &does_not_take).await;

    check_tunnel(b"SSH-2.0-OpenSSH_9.9\r\n", "", Proxy, "invalid HTTP version parsed").await;
    let eager = b"HTTP/1.1 200 OK\r\n\r\nHELLO";
    check_tunnel(eager, "", Proxy, "it sent bytes of its own into the tunnel").await;
}

#[tokio::test]
async fn a_tunnel_that_does_not_come_about() {
    let words = "the proxy answered CONNECT with 502 Bad Gateway";
    check_tunnel(b"HTTP/1.1 502 \r\n\r\n", "", Connect, words).await;
    check_tunnel(b"", "", Connect, "connection closed before message completed").await;
}

#[tokio::test]
async fn a_relay_that_wants_a_password_relayed_nothing() {
    let answer = b"HTTP/1.1 407 Who\r\ncontent-length: 0\r\n\r\n";
    let proxy = Server::answering(answer).await;
    let expected = format!(
        "no way through the proxy (gone.test, proxy {}): the proxy answered the request with 407 Proxy Authentication \
         Required: it wants a user",
        proxy.address
    );
    check(&through(&proxy.address.to_string()), "http://gone.test/", Proxy, &expected).await;
    // From a host it is a status like any other.
    let host = Server::answering(answer).await;
    assert_eq!(host.call().await.unwrap().status(), 407);
}

#[tokio::test]
async fn a_proxy_that_is_not_there() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let transport = through(&format!("http://{SECRET}{nobody}"));
    for scheme in ["http", "https"] {
        let uri = format!("{scheme}://gone.test:99/");
        check(&transport, &uri, Connect, &format!("no connection (gone.test:99, proxy {nobody}): ")).await;
    }
    // No label has 64 octets, so that the resolver asks nobody.
    let transport = through(&"a".repeat(64));
    check(&transport, "http://gone.test/", Resolve, "the host name cannot be resolved (gone.test, proxy aaa")
        .await;
}

#[tokio::test]
async fn a_proxy_that_does_not_speak_tls_is_told_nothing() {
    let proxy = Server::answering(b"HTTP/1.1 200 OK\r\n\r\n").await;
    let transport = through(&format!("https://{SECRET}{}", proxy.address));
    for scheme in ["http", "https"] {
        let expected = format!("no TLS connection (gone.test, proxy {}): ", proxy.address);
        check(&transport, &format!("{scheme}://gone.test/"), Tls, &expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_never_answers() {
    let proxy = Server::start(Connection::closed).await;
    let transport = through(&proxy.address.to_string());
    let expected = format!(
        "no connection in time (gone.test, proxy {}): not connected after 10s; a longer `connect_timeout` waits longer",
        proxy.address
    );
    check(&transport, "https://gone.test/", ConnectTimeout, &expected).await;
}
