//! Tests of the default transport, with a server that writes prepared responses.

use std::net::SocketAddr;

use bytes::Bytes;
use invoke_model_client::{Body, Client, Config, Credentials, RetryConfig, TransportErrorKind};
use invoke_model_client::{ErrorKind, types::InvokeModel};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

fn call(address: SocketAddr) -> invoke_model_client::Call<InvokeModel> {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None);
    let config = Config::builder().region("us-east-1").credentials_provider(credentials);
    let config = config.endpoint_url(format!("http://{address}")).retry_config(RetryConfig::disabled());
    let client = Client::new(config).unwrap();
    client.invoke_model().model_id("a:0")
}

/// Starts a server that reads one request, writes `response` and closes the connection. Returns the address
/// of the server, and a task that returns the headers and the body of the request.
async fn serve(response: &'static str) -> (SocketAddr, JoinHandle<(String, Bytes)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        let end = loop {
            stream.read_buf(&mut received).await.unwrap();
            if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
        };
        let head = String::from_utf8(received[..end].to_vec()).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let length: usize = length.expect("a length");
        while received.len() < end + 4 + length {
            stream.read_buf(&mut received).await.unwrap();
        }
        stream.write_all(response.as_bytes()).await.unwrap();
        (head, Bytes::from(received).slice(end + 4..))
    });
    (address, served)
}

#[tokio::test]
async fn sends_a_file_with_its_length() {
    let content = vec![b'a'; 3_000_001];
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &content).unwrap();
    let (address, served) = serve("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let response = call(address).body(Body::from_path(file.path())).send().await.unwrap();
    assert_eq!(response.body, "{}");
    let (head, body) = served.await.unwrap();
    assert!(head.starts_with("POST /model/a%3A0/invoke HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-length: 3000001"), "{head}");
    assert!(head.contains(&format!("host: {address}")), "{head}");
    assert!(body == content);
}

#[tokio::test]
async fn truncated_response_is_an_error() {
    let (address, _served) = serve("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}").await;
    let error = call(address).body("{}").send().await.unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), TransportErrorKind::BodyIncomplete);
    assert_eq!(error.status().unwrap(), 200);
    assert!(error.to_string().contains("response body incomplete"), "{error}");
}

#[tokio::test]
async fn response_that_is_not_http_is_ambiguous() {
    let (address, _served) = serve("SSH-2.0-OpenSSH_9.9\r\n\r\n").await;
    let error = call(address).body("{}").send().await.unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), TransportErrorKind::ResponseHead);
    assert!(error.may_have_been_sent());
}

#[tokio::test]
async fn request_over_a_refused_connection_counts_as_not_sent() {
    // The socket is bound, so other processes cannot use the port. It does not listen, so the system refuses
    // connections.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let error = call(address).body("{}").send().await.unwrap_err();
    assert!(!error.may_have_been_sent());
    let expected = format!("InvokeModel: request not sent: cannot connect ({address}): ");
    assert!(error.to_string().starts_with(&expected), "{error}");
}
