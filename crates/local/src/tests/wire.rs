//! Tests of the endpoint on a socket.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::*;
use crate::{LocalEndpoint, StartError};

/// Serializes a request as HTTP/1.1.
pub(super) fn wire(request: &Request<Bytes>) -> Vec<u8> {
    let mut wire = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        wire.extend_from_slice(format!("{name}: ").as_bytes());
        wire.extend_from_slice(value.as_bytes());
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(format!("content-length: {}\r\n\r\n", request.body().len()).as_bytes());
    wire.extend_from_slice(request.body());
    wire
}

/// Reads one response. Returns its head (in lower case) and its body.
pub(super) async fn read(stream: &mut BufReader<TcpStream>) -> (String, Vec<u8>) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).await.unwrap(), 0, "the connection ended early: {head}");
    }
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    (head, body)
}

pub(super) async fn connect(local: &LocalEndpoint) -> BufReader<TcpStream> {
    let address = local.url();
    BufReader::new(TcpStream::connect(address.strip_prefix("http://").unwrap()).await.unwrap())
}

#[tokio::test]
async fn a_connection_serves_two_requests() {
    let local = builder().start().await.unwrap();
    let mut stream = connect(&local).await;
    let signed = wire(&sign(request(input(TITAN, BODY))));
    for number in 1..=2 {
        stream.write_all(&signed).await.unwrap();
        let (head, body) = read(&mut stream).await;
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
        check_contains(
            &head,
            &format!("\r\nx-amzn-requestid: 00000000-0000-4000-8000-00000000000{number}\r\n"),
        );
        check_contains(&head, "\r\nx-amzn-bedrock-invocation-latency: 0\r\n");
        assert!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["embedding"].is_array());
    }
    assert_eq!(local.calls().len(), 2);
    local.clear_records();
    assert_eq!(local.calls().len(), 0);
    local.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_long_is_read_and_rejected() {
    let local = builder().start().await.unwrap();
    let mut stream = connect(&local).await;
    let large = " ".repeat(26_000_000);
    stream.write_all(&wire(&sign(request(input(TITAN, &large))))).await.unwrap();
    let (head, body) = read(&mut stream).await;
    assert!(head.starts_with("http/1.1 400 "), "{head}");
    check_contains(std::str::from_utf8(&body).unwrap(), "less than or equal to 25000000");
    // The connection is still usable.
    stream.write_all(&wire(&sign(request(input(TITAN, BODY))))).await.unwrap();
    assert!(read(&mut stream).await.0.starts_with("http/1.1 200 "));
}

#[tokio::test]
async fn stopping_closes_connections_and_frees_the_port() {
    let local = LocalEndpoint::start().await.unwrap();
    let url = local.url();
    let port: u16 = url.rsplit_once(':').unwrap().1.parse().unwrap();
    let second = LocalEndpoint::builder().port(port).start().await;
    assert!(matches!(&second, Err(StartError::Listen { .. })), "{second:?}");
    check_contains(&second.unwrap_err().to_string(), &format!("cannot listen on 127.0.0.1:{port}: "));

    let mut idle = connect(&local).await;
    assert!(local.stop().await, "idle connections must not delay the stop");
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0, "the connection is closed");
    let restarted = LocalEndpoint::builder().port(port).start().await.unwrap();
    assert_eq!(restarted.url(), url);
}

#[tokio::test]
async fn stopping_waits_for_a_call_in_progress() {
    let local = builder().start().await.unwrap();
    let mut stream = connect(&local).await;
    let mut request = sign(request(input(TITAN, BODY)));
    request.headers_mut().insert("expect", "100-continue".parse().unwrap());
    let request = wire(&request);
    let (head, body) = request.split_at(request.len() - BODY.len());
    stream.write_all(head).await.unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    stream.read_line(&mut line).await.unwrap();

    let ((head, _), stopped) = tokio::join!(
        async {
            stream.write_all(body).await.unwrap();
            read(&mut stream).await
        },
        local.stop()
    );
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert!(stopped);
}

#[tokio::test]
async fn dropping_stops_the_endpoint() {
    let local = LocalEndpoint::start().await.unwrap();
    let mut idle = connect(&local).await;
    drop(local);
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0, "the connection is closed");
}

#[tokio::test]
async fn an_endpoint_returns_its_credentials_and_region() {
    let local = LocalEndpoint::start().await.unwrap();
    assert_eq!((local.access_key_id(), local.region()), (LocalEndpointBuilder::ACCESS_KEY_ID, "us-east-1"));
    assert_eq!((local.session_token(), local.bearer_token()), (None, None));
    let builder = LocalEndpoint::builder().credentials("ID", "secret", Some("token".to_owned()));
    let local = builder.bearer_token("bearer").region("eu-west-1").start().await.unwrap();
    assert_eq!((local.access_key_id(), local.secret_access_key()), ("ID", "secret"));
    assert_eq!((local.session_token(), local.bearer_token()), (Some("token"), Some("bearer")));
    assert_eq!(local.region(), "eu-west-1");
}
