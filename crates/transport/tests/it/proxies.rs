//! Tests of HTTP proxies: relayed requests, tunnels, and the errors of both.

use std::io::{BufReader, Write};

use http::Request;
use invoke_model_transport::TransportErrorKind::{self, Connect, ConnectTimeout, Proxy, Resolve, Tls};
use invoke_model_transport::{HyperTransport, Proxies, RequestBody, Transport, TransportError};
use rustls::{ServerConnection, StreamOwned};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::server::{Connection, Received, Server};
use crate::tls::{ROOT, read_head, serve, server_config};

const CREDENTIALS: &str = "user:my%20secret@";
const AUTHORIZATION: &str = "proxy-authorization: basic dxnlcjptesbzzwnyzxq=";

/// Returns a transport that uses `proxy` for all requests.
pub(crate) fn through(proxy: &str) -> HyperTransport {
    let proxies = Proxies::default().http(proxy).unwrap().https(proxy).unwrap();
    HyperTransport::builder().root_certificates_pem(ROOT).proxies(proxies).build()
}

fn post(uri: &str) -> Request<RequestBody> {
    Request::post(uri).body(RequestBody::default()).unwrap()
}

pub(crate) async fn call(transport: &HyperTransport, uri: &str) {
    let response = transport.send(post(uri)).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap(), "{}");
}

/// Starts a proxy that responds to relayed requests in place of the host. The proxy passes the requests to
/// the test.
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

/// Starts a proxy that opens tunnels, and passes the `CONNECT` requests to the test.
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
async fn an_http_request_is_sent_to_the_proxy_with_its_complete_url() {
    let (proxy, mut requests) = relay().await;
    let transport = through(&format!("http://{CREDENTIALS}{}", proxy.address));
    // The URL has a base path, an encoded colon and a port. The host does not exist.
    call(&transport, "http://gone.test:8080/base/model/a%3A0/invoke?b=%2F").await;
    let request = requests.recv().await.unwrap();
    assert_eq!(request.line, "POST http://gone.test:8080/base/model/a%3A0/invoke?b=%2F HTTP/1.1");
    assert!(request.has("host: gone.test:8080") && request.has(AUTHORIZATION), "{:?}", request.headers);

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
async fn a_no_proxy_host_is_called_directly_and_without_proxy_credentials() {
    let (host, mut requests) = relay().await;
    let proxies = Proxies::default().http(&format!("{CREDENTIALS}proxy.test:80")).unwrap();
    let proxies = proxies.no_proxy("127.0.0.0/8");
    let transport = HyperTransport::builder().proxies(proxies).build();
    call(&transport, &host.uri("/a")).await;
    let request = requests.recv().await.unwrap();
    assert_eq!(request.line, "POST /a HTTP/1.1");
    assert!(request.headers.iter().all(|header| !header.starts_with("proxy")), "{:?}", request.headers);
}

#[tokio::test]
async fn https_requests_reuse_a_tunnel() {
    let address = serve(|mut stream| {
        let mut head = Vec::new();
        while read_head(&mut stream, &mut head) {
            assert_eq!(head[0], "POST /base/model/a%3A0/invoke HTTP/1.1");
            assert!(head.iter().all(|line| !line.to_lowercase().starts_with("proxy")), "{head:?}");
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        }
    });
    let (proxy, mut requests) = tunnels().await;
    let transport = through(&format!("http://{CREDENTIALS}{}", proxy.address));
    for _ in 0..3 {
        call(&transport, &format!("https://{address}/base/model/a%3A0/invoke")).await;
    }
    let request = requests.recv().await.unwrap();
    assert_eq!(request.line, format!("CONNECT {address} HTTP/1.1"));
    assert_eq!(request.headers, [format!("host: {address}"), AUTHORIZATION.into()]);
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn the_connection_to_an_https_proxy_uses_tls() {
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
        // The proxy also acts as the host.
        let connection = ServerConnection::new(server_config()).unwrap();
        let mut inner = BufReader::new(StreamOwned::new(connection, stream.into_inner()));
        assert!(read_head(&mut inner, &mut head));
        assert_eq!(head[0], "POST / HTTP/1.1");
        inner.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    });
    call(&through(&format!("https://{proxy}")), "https://127.0.0.1/").await;
}

/// Checks the error of a request that was not sent. The error and the `Debug` output of the transport must
/// not contain the password.
pub(crate) async fn check(transport: &HyperTransport, uri: &str, kind: TransportErrorKind, expected: &str) {
    let error: TransportError = transport.send(post(uri)).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.to_string().starts_with(expected), "{error}");
    assert!(!error.may_have_been_sent() && error.is_connect());
    assert!(!format!("{error} {error:?} {transport:?}").contains("secret"));
}

/// Checks the error of a call through a proxy that responds to `CONNECT` with `response`.
async fn check_tunnel(response: &'static [u8], credentials: &str, kind: TransportErrorKind, message: &str) {
    let proxy = Server::responding(response).await;
    let transport = through(&format!("http://{credentials}{}", proxy.address));
    let phrase = if kind == Proxy { "the proxy refused the connection" } else { "cannot connect" };
    let expected = format!("{phrase} (gone.test, proxy {}): {message}", proxy.address);
    check(&transport, "https://gone.test/", kind, &expected).await;
}

#[tokio::test]
async fn a_tunnel_that_the_proxy_rejects() {
    let denied = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\ndenied";
    check_tunnel(denied, "", Proxy, "the proxy responded to CONNECT with 403 Forbidden").await;

    let unauthenticated = b"HTTP/1.1 407 Who\r\nproxy-authenticate: Basic realm=\"r\"\r\n\r\n";
    let message = "the proxy responded to CONNECT with 407 Proxy Authentication Required";
    let missing = format!("{message}; add a user name and password to the proxy URL");
    check_tunnel(unauthenticated, "", Proxy, &missing).await;
    let wrong = format!("{message}; the proxy does not accept the user name and password in its URL");
    check_tunnel(unauthenticated, CREDENTIALS, Proxy, &wrong).await;

    check_tunnel(b"SSH-2.0-OpenSSH_9.9\r\n", "", Proxy, "invalid HTTP version parsed").await;
    let early_data = b"HTTP/1.1 200 OK\r\n\r\nHELLO";
    check_tunnel(early_data, "", Proxy, "the proxy sent unexpected data after its response to CONNECT").await;
}

#[tokio::test]
async fn a_tunnel_that_the_proxy_cannot_open() {
    let message = "the proxy responded to CONNECT with 502 Bad Gateway";
    check_tunnel(b"HTTP/1.1 502 \r\n\r\n", "", Connect, message).await;
    check_tunnel(b"", "", Connect, "connection closed before message completed").await;
}

#[tokio::test]
async fn a_407_from_a_relaying_proxy_means_that_nothing_was_relayed() {
    let response = b"HTTP/1.1 407 Who\r\ncontent-length: 0\r\n\r\n";
    let proxy = Server::responding(response).await;
    let expected = format!(
        "the proxy refused the connection (gone.test, proxy {}): the proxy responded to the request with 407 Proxy \
         Authentication Required; add a user name and password",
        proxy.address
    );
    check(&through(&proxy.address.to_string()), "http://gone.test/", Proxy, &expected).await;
    // A 407 response of the host itself is not an error.
    let host = Server::responding(response).await;
    assert_eq!(host.call().await.unwrap().status(), 407);
}

#[tokio::test]
async fn a_proxy_that_does_not_exist() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let transport = through(&format!("http://{CREDENTIALS}{address}"));
    for scheme in ["http", "https"] {
        let uri = format!("{scheme}://gone.test:99/");
        check(&transport, &uri, Connect, &format!("cannot connect (gone.test:99, proxy {address}): ")).await;
    }
    // A label has at most 63 octets, so the resolver fails without a query.
    let transport = through(&"a".repeat(64));
    let expected = "cannot resolve the host name (gone.test, proxy aaa";
    check(&transport, "http://gone.test/", Resolve, expected).await;
}

#[tokio::test]
async fn an_https_proxy_that_does_not_support_tls() {
    let proxy = Server::responding(b"HTTP/1.1 200 OK\r\n\r\n").await;
    let transport = through(&format!("https://{CREDENTIALS}{}", proxy.address));
    for scheme in ["http", "https"] {
        let expected = format!("cannot establish a TLS connection (gone.test, proxy {}): ", proxy.address);
        check(&transport, &format!("{scheme}://gone.test/"), Tls, &expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_never_responds() {
    let proxy = Server::start(Connection::closed).await;
    let transport = through(&proxy.address.to_string());
    let expected = format!(
        "connect timed out (gone.test, proxy {}): no connection after 10s; raise `TimeoutConfig::connect`",
        proxy.address
    );
    check(&transport, "https://gone.test/", ConnectTimeout, &expected).await;
}
