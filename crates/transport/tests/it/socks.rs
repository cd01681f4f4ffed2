//! Tests of SOCKS proxies. The proxies of these tests do not connect to a host, but act as the host
//! themselves.

use invoke_model_transport::TransportErrorKind::{self, Connect, Proxy, Resolve};
use tokio::sync::mpsc;

use crate::proxies::{call, check, through};
use crate::server::{Connection, Server};

const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const SUCCEEDED: u8 = 0;

/// Performs the handshake of SOCKS 5 ([RFC 1928](https://www.rfc-editor.org/rfc/rfc1928)). Selects the
/// authentication method `method`, and sends the status `reply`. Returns the credentials and the destination.
async fn handshake(connection: &mut Connection, method: u8, reply: u8) -> Option<(String, String)> {
    let [5, methods] = connection.exactly(2).await?[..] else { panic!("not SOCKS 5") };
    let offered = connection.exactly(methods.into()).await?;
    if !offered.contains(&method) {
        connection.write([5, 0xff]).await;
        return None;
    }
    connection.write([5, method]).await;
    let mut credentials = String::new();
    if method == USER_AND_PASSWORD {
        // https://www.rfc-editor.org/rfc/rfc1929
        assert_eq!(connection.exactly(1).await?, [1]);
        let (user, password) = (text(connection).await?, text(connection).await?);
        credentials = format!("{user} {password}");
        let is_right = password == "my secret";
        connection.write([1, u8::from(!is_right)]).await;
        if !is_right {
            return None;
        }
    }
    let [5, 1, 0, address_type] = connection.exactly(4).await?[..] else { panic!("not a CONNECT") };
    let host = match address_type {
        1 => format!("v4 {:?}", connection.exactly(4).await?),
        3 => format!("name {}", text(connection).await?),
        4 => format!("v6 {:?}", connection.exactly(16).await?),
        other => panic!("address type {other}"),
    };
    let port = connection.exactly(2).await?;
    connection.write([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    Some((credentials, format!("{host} {}", u16::from_be_bytes([port[0], port[1]]))))
}

async fn text(connection: &mut Connection) -> Option<String> {
    let length = connection.exactly(1).await?[0];
    connection.exactly(length.into()).await.map(|bytes| String::from_utf8(bytes).unwrap())
}

/// Starts a proxy that performs the handshake, and then responds to each request. It passes the data of the
/// handshake and the request lines to the test.
async fn proxy(method: u8, reply: u8) -> (Server, mpsc::UnboundedReceiver<[String; 3]>) {
    let (seen, received) = mpsc::unbounded_channel();
    let server = Server::start(move |mut connection| {
        let seen = seen.clone();
        async move {
            let Some((credentials, host)) = handshake(&mut connection, method, reply).await else { return };
            while let Some(request) = connection.request().await {
                assert!(request.headers.iter().all(|header| !header.starts_with("proxy")));
                seen.send([credentials.clone(), host.clone(), request.line]).unwrap();
                connection.ok("{}").await;
            }
        }
    })
    .await;
    (server, received)
}

#[tokio::test]
async fn with_socks5h_the_proxy_resolves_the_name() {
    let (proxy, mut received) = proxy(NO_AUTHENTICATION, SUCCEEDED).await;
    let transport = through(&format!("socks5h://{}", proxy.address));
    for _ in 0..2 {
        call(&transport, "http://gone.test:8080/a").await;
        // The target is not the complete URL, because a SOCKS proxy does not read requests.
        let expected = ["", "name gone.test 8080", "POST /a HTTP/1.1"];
        assert_eq!(received.recv().await.unwrap(), expected);
    }
    assert_eq!(proxy.accepted(), 1, "the connection must be reused");
}

#[tokio::test]
async fn socks5_resolves_the_name_locally() {
    let (proxy, mut received) = proxy(NO_AUTHENTICATION, SUCCEEDED).await;
    let transport = through(&format!("socks5://{}", proxy.address));
    call(&transport, "http://127.0.0.2/").await;
    assert_eq!(received.recv().await.unwrap()[1], "v4 [127, 0, 0, 2] 80");
    call(&transport, "http://[::1]:81/").await;
    assert_eq!(received.recv().await.unwrap()[1], "v6 [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] 81");
    call(&transport, "http://localhost/").await;
    assert!(!received.recv().await.unwrap()[1].starts_with("name"));
    // A label has at most 63 octets, so the resolver fails without a query.
    let host = "a".repeat(64);
    check(&transport, &format!("http://{host}/"), Resolve, "cannot resolve the host name (aaa").await;
}

#[tokio::test]
async fn user_and_password_are_sent_to_the_proxy() {
    let (proxy, mut received) = proxy(USER_AND_PASSWORD, SUCCEEDED).await;
    let transport = through(&format!("socks5h://user:my%20secret@{}", proxy.address));
    call(&transport, "http://gone.test/").await;
    assert_eq!(received.recv().await.unwrap()[0], "user my secret");
}

/// Checks the error of a SOCKS 5 handshake.
async fn check_socks5(method: u8, reply: u8, credentials: &str, kind: TransportErrorKind, message: &str) {
    let (proxy, _received) = proxy(method, reply).await;
    let transport = through(&format!("socks5h://{credentials}{}", proxy.address));
    let phrase = if kind == Proxy { "the proxy refused the connection" } else { "cannot connect" };
    let expected = format!("{phrase} (gone.test, proxy {}): {message}", proxy.address);
    check(&transport, "https://gone.test/", kind, &expected).await;
}

#[tokio::test]
async fn a_handshake_that_the_proxy_rejects() {
    let wrong = "user:wrong-secret@";
    check_socks5(USER_AND_PASSWORD, SUCCEEDED, wrong, Proxy, "SOCKS error: credentials not accepted").await;
    let missing = "the proxy requires authentication; add a user name and password to the proxy URL";
    check_socks5(USER_AND_PASSWORD, SUCCEEDED, "", Proxy, missing).await;
    check_socks5(NO_AUTHENTICATION, 2, "", Proxy, "SOCKS error: connection not allowed").await;
    check_socks5(NO_AUTHENTICATION, 7, "", Proxy, "SOCKS error: command not supported").await;
}

#[tokio::test]
async fn a_host_that_the_proxy_cannot_reach() {
    check_socks5(NO_AUTHENTICATION, 1, "", Connect, "SOCKS error: general server failure").await;
    check_socks5(NO_AUTHENTICATION, 4, "", Connect, "SOCKS error: host unreachable").await;
    check_socks5(NO_AUTHENTICATION, 5, "", Connect, "SOCKS error: connection refused").await;

    let proxy = Server::start(|connection| async move { drop(connection) }).await;
    let transport = through(&format!("socks5h://{}", proxy.address));
    check(&transport, "http://gone.test/", Connect, "cannot connect (gone.test, proxy ").await;
}

/// Starts a SOCKS 4 proxy that replies with `status`, and passes the SOCKS request to the test.
async fn proxy4(status: u8) -> (Server, mpsc::UnboundedReceiver<Vec<u8>>) {
    let (seen, received) = mpsc::unbounded_channel();
    let server = Server::start(move |mut connection| {
        let seen = seen.clone();
        async move {
            let mut request = connection.exactly(8).await.unwrap();
            // Reads the empty user. For SOCKS 4a, also reads the host name. Both strings end with a zero
            // byte.
            let strings = if request[4..7] == [0, 0, 0] { 2 } else { 1 };
            for _ in 0..strings {
                while *connection
                    .exactly(1)
                    .await
                    .unwrap()
                    .first()
                    .inspect(|byte| request.push(**byte))
                    .unwrap()
                    > 0
                {}
            }
            seen.send(request).unwrap();
            connection.write([0, status, 0, 0, 0, 0, 0, 0]).await;
            while connection.request().await.is_some() {
                connection.ok("{}").await;
            }
        }
    })
    .await;
    (server, received)
}

#[tokio::test]
async fn socks4_sends_an_address_and_socks4a_a_name() {
    let (proxy, mut received) = proxy4(90).await;
    call(&through(&format!("socks4://{}", proxy.address)), "http://127.0.0.2:258/").await;
    assert_eq!(received.recv().await.unwrap(), [4, 1, 1, 2, 127, 0, 0, 2, 0]);
    call(&through(&format!("socks4a://{}", proxy.address)), "http://a.test/").await;
    assert_eq!(received.recv().await.unwrap(), *b"\x04\x01\x00\x50\x00\x00\x00\xff\x00a.test\x00");
}

#[tokio::test]
async fn a_socks4_proxy_that_fails() {
    let (proxy, _received) = proxy4(91).await;
    let expected = "cannot connect (127.0.0.2, proxy ";
    check(&through(&format!("socks4://{}", proxy.address)), "http://127.0.0.2/", Connect, expected).await;
    // SOCKS 4 does not support IPv6 addresses.
    let transport = through(&format!("socks4://{}", proxy.address));
    check(&transport, "http://[::1]/", Resolve, "cannot resolve the host name ([::1], proxy ").await;
}
