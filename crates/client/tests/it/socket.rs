//! Tests of the default transport, with a server that writes prepared responses.

use std::net::SocketAddr;

use bytes::Bytes;
use invoke_model_client::types::{InvokeModel, InvokeModelError};
use invoke_model_client::{
    Body, Client, Config, Credentials, Error, ErrorKind, FailureClass, RetryConfig, TransportErrorKind,
    TruncationCause,
};
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
async fn serve(response: impl Into<Vec<u8>>) -> (SocketAddr, JoinHandle<(String, Bytes)>) {
    let response = response.into();
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
        stream.write_all(&response).await.unwrap();
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

/// Heads of responses whose body ends when the connection is closed.
const WITHOUT_DELIMITER: [&str; 4] = [
    "HTTP/1.0 200 OK\r\ncontent-type: application/json\r\nx-amzn-requestid: abc\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\nx-amzn-requestid: abc\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\nx-amzn-requestid: abc\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx-amzn-requestid: abc\r\n\r\n",
];

/// Checks that `error` is a truncation, and that it contains the received part of the response.
fn check_truncated(error: &Error<InvokeModelError>, body: &str) -> TruncationCause {
    let ErrorKind::Truncated(truncated) = error.kind() else { panic!("{body}: {error}") };
    assert_eq!((truncated.received.events, truncated.received.bytes), (0, body.len() as u64));
    assert_eq!(error.response().unwrap().body(), body);
    assert_eq!((error.class(), error.request_id()), (FailureClass::Ambiguous, Some("abc")));
    let beginning = format!("InvokeModel: response truncated after {} bytes: ", body.len());
    assert!(error.to_string().starts_with(&beginning), "{error}");
    assert!(body.len() < 7 || !format!("{error:?}").contains(body), "`Debug` does not show the body");
    truncated.cause.clone()
}

#[tokio::test]
async fn json_without_a_delimiter_is_truncated_unless_it_is_complete() {
    let document = r#"{"embedding":[0.1,0.2,0.3],"text":"}]"}"#;
    for head in WITHOUT_DELIMITER {
        for at in 1..document.len() {
            let (address, _served) = serve(format!("{head}{}", &document[..at])).await;
            let error = call(address).body("{}").send().await.unwrap_err();
            let cause = check_truncated(&error, &document[..at]);
            assert!(matches!(cause, TruncationCause::IncompleteJson), "{at}: {error}");
        }
        let (address, _served) = serve(format!("{head}{document}")).await;
        assert_eq!(call(address).body("{}").send().await.unwrap().body, document);
    }
}

#[tokio::test]
async fn content_that_does_not_show_its_end_is_truncated() {
    for head in WITHOUT_DELIMITER {
        for body in ["", "A text.", "{\"a\":1}\n{\"b\":2}\n", "12"] {
            let (address, _served) = serve(format!("{head}{body}")).await;
            let error = call(address).body("{}").send().await.unwrap_err();
            let cause = check_truncated(&error, body);
            assert!(matches!(cause, TruncationCause::UnknownEnd), "{body}: {error}");
        }
    }
}

#[tokio::test]
async fn a_payload_in_chunks_without_a_delimiter_ends_with_an_error_unless_it_is_complete() {
    for (body, is_complete) in [("{\"a\":1}", true), ("{\"a\":", false), ("text", false), ("", false)] {
        let (address, _served) = serve(format!("{}{body}", WITHOUT_DELIMITER[0])).await;
        let output = call(address).body("{}").send_streaming().await.unwrap();
        let result = output.body.collect().await;
        match is_complete {
            true => assert_eq!(result.unwrap(), body),
            false => assert_eq!(result.unwrap_err().kind(), TransportErrorKind::BodyIncomplete, "{body}"),
        }
    }
}

#[tokio::test]
async fn an_operation_with_a_json_output_reports_a_truncation() {
    let (address, _served) = serve(format!("{}{{\"inputTokens\":1", WITHOUT_DELIMITER[0])).await;
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None);
    let config = Config::builder().region("us-east-1").credentials_provider(credentials);
    let config = config.endpoint_url(format!("http://{address}")).retry_config(RetryConfig::disabled());
    let client = Client::new(config).unwrap();
    let call = client.operation("CountTokens").unwrap();
    let call = call.json_text(r#"{"modelId":"a:0","input":{"invokeModel":{"body":"e30="}}}"#);
    let error = call.send().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Truncated(_)), "{error:?}");
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_partial_response_is_truncated() {
    let head = "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-6/27\r\ncontent-length: 7\r\n";
    let (address, _served) = serve(format!("{head}x-amzn-requestid: abc\r\n\r\n{{\"a\":1}}")).await;
    let error = call(address).body("{}").send().await.unwrap_err();
    let cause = check_truncated(&error, "{\"a\":1}");
    assert!(matches!(cause, TruncationCause::PartialContent), "{error}");
    // A caller that requests a part gets it.
    let (address, _served) = serve(format!("{head}\r\n{{\"a\":1}}")).await;
    let call = call(address).header("Range", "bytes=0-6").body("{}");
    assert_eq!(call.send().await.unwrap().body, "{\"a\":1}");
}

/// Decodes a response without a delimiter. Returns `None` if the client regards it as truncated.
async fn encoded_without_a_delimiter(body: &[u8]) -> Option<Bytes> {
    let head = b"HTTP/1.0 200 OK\r\ncontent-encoding: gzip\r\n\r\n";
    let (address, _served) = serve([&head[..], body].concat()).await;
    match call(address).body("{}").send().await {
        Ok(output) => Some(output.body),
        Err(error) => {
            let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
            assert_eq!(transport.kind(), TransportErrorKind::BodyIncomplete);
            None
        }
    }
}

#[tokio::test]
async fn an_encoded_response_without_a_delimiter_is_truncated_unless_it_is_complete() {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    let gzip = |data: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        std::io::Write::write_all(&mut encoder, data.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let decode = async |body: &[u8]| encoded_without_a_delimiter(body).await;
    assert_eq!(decode(&[gzip("{\"a\""), gzip(":1}")].concat()).await.unwrap(), "{\"a\":1}");
    assert_eq!(decode(&gzip("{\"a\"")).await, None, "the second member is missing");
    assert_eq!(decode(&gzip("text")).await.unwrap(), "text", "gzip marks its end");
    // Some servers set the header for bodies that are not encoded.
    assert_eq!(decode(b"{\"a\":1}").await.unwrap(), "{\"a\":1}");
    assert_eq!(decode(b"{\"a\"").await, None);
    assert_eq!(decode(b"text").await, None);
}
