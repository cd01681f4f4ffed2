//! Event streams over the default transport, from a server that splits, delays and truncates its responses.

use std::net::SocketAddr;

use invoke_model_client::{Client, Config, Credentials, ErrorKind, TruncationCause};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;

use super::*;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n\
                    x-amzn-bedrock-content-type: application/json\r\n";

fn events() -> Vec<ResponseStream> {
    vec![chunk("{\"one\":1}"), chunk("{\"two\":2}")]
}

/// Returns a response in HTTP chunks of `size` bytes. The response includes the empty last chunk that ends
/// the body.
fn chunked(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut response = format!("{HEAD}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for chunk in bytes.chunks(size) {
        response.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        response.extend_from_slice(chunk);
        response.extend_from_slice(b"\r\n");
    }
    response.extend_from_slice(b"0\r\n\r\n");
    response
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    let head = format!("{HEAD}content-length: {}\r\n\r\n", bytes.len());
    [head.as_bytes(), bytes].concat()
}

async fn listen() -> (TcpListener, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None);
    let config = Config::builder().region("us-east-1").credentials_provider(credentials);
    (listener, Client::new(config.endpoint_url(format!("http://{address}"))).unwrap())
}

/// Accepts a connection and reads its request.
async fn accept(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    request(&mut stream).await;
    stream
}

async fn request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n{}") {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "the connection closed within a request");
    }
}

async fn send(client: &Client) -> EventReceiver<Operation> {
    let call = client.invoke_model_with_response_stream().model_id(ID).body("{}");
    call.send().await.unwrap().events
}

/// Gives the client time to read the bytes that the server has written.
async fn let_client_read() {
    tokio::time::sleep(std::time::Duration::from_micros(100)).await;
    yield_now().await;
}

#[tokio::test]
async fn events_do_not_depend_on_how_the_server_splits_its_writes() {
    let bytes = frames(&events()).concat();
    let (listener, client) = listen().await;
    let responses = [chunked(&bytes, 1000), chunked(&bytes, 50), chunked(&bytes, 1), with_length(&bytes)];
    let sent = responses.clone();
    let server = tokio::spawn(async move {
        // The client uses one connection for all calls, because it returns the connection to the pool after a
        // complete stream.
        let mut stream = accept(&listener).await;
        for response in &sent[..] {
            for at in (0..response.len()).step_by(3) {
                stream.write_all(&response[..at]).await.unwrap();
                let_client_read().await;
                stream.write_all(&response[at..]).await.unwrap();
                request(&mut stream).await;
            }
            stream.write_all(response).await.unwrap();
            request(&mut stream).await;
        }
        stream.write_all(&sent[0]).await.unwrap();
    });
    for response in &responses {
        for at in (0..response.len()).step_by(3).chain([response.len()]) {
            let (read, error) = read(&mut send(&client).await).await;
            assert_eq!((read, error.is_none()), (events(), true), "split at {at}");
        }
    }
    assert_eq!(read(&mut send(&client).await).await.0, events());
    server.await.unwrap();
}

#[tokio::test]
async fn close_before_the_last_chunk_is_a_truncation() {
    let bytes = frames(&events()).concat();
    let (listener, client) = listen().await;
    let response = chunked(&bytes, 64);
    let head = response.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let sent = response.clone();
    tokio::spawn(async move {
        for at in head..sent.len() {
            accept(&listener).await.write_all(&sent[..at]).await.unwrap();
        }
    });
    let mut max = 0;
    for at in head..response.len() {
        let mut stream = send(&client).await;
        let (read, error) = read(&mut stream).await;
        assert_eq!(read, events()[..read.len()], "closed at {at}");
        assert!(read.len() >= max, "closed at {at}");
        max = read.len();
        let error = error.unwrap_or_else(|| panic!("closed at {at}: the stream counts as complete"));
        let ErrorKind::Truncated(truncated) = error.kind() else { panic!("closed at {at}: {error}") };
        assert_eq!(truncated.received.events, max as u64);
    }
    assert_eq!(max, 2, "both events are received although the last chunk is missing");
}

#[tokio::test]
async fn close_delimited_body_is_a_truncation() {
    let (listener, client) = listen().await;
    let response = [format!("{HEAD}\r\n").as_bytes(), &frames(&events()).concat()].concat();
    tokio::spawn(async move { accept(&listener).await.write_all(&response).await.unwrap() });
    let (read, error) = read(&mut send(&client).await).await;
    assert_eq!(read, events());
    let error = error.unwrap();
    let ErrorKind::Truncated(truncated) = error.kind() else { panic!("{error}") };
    assert!(matches!(truncated.cause, TruncationCause::CloseDelimited), "{error}");
    assert!(error.to_string().contains("its end looks like a lost connection"), "{error}");
}

/// Returns a stream whose server has sent one event and then stalls.
async fn stalled() -> (EventReceiver<Operation>, TcpStream) {
    let (listener, client) = listen().await;
    let server = tokio::spawn(async move {
        let mut stream = accept(&listener).await;
        let first = chunked(&frames(&events()[..1]).concat(), 1000);
        stream.write_all(&first[..first.len() - 5]).await.unwrap();
        stream
    });
    let mut events = send(&client).await;
    assert!(events.recv().await.unwrap().is_some());
    (events, server.await.unwrap())
}

#[tokio::test]
async fn dropping_the_receiver_closes_the_connection() {
    let (events, mut stream) = stalled().await;
    drop(events);
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn exception_closes_the_connection() {
    let (mut events, mut stream) = stalled().await;
    let error = exception(&throttled());
    stream.write_all(format!("{:x}\r\n", error.len()).as_bytes()).await.unwrap();
    stream.write_all(&error).await.unwrap();
    assert!(events.recv().await.is_err());
    // The receiver is not dropped yet.
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    drop(events);
}

/// Runs only on Linux, because the test reads the queued bytes of each socket from `/proc/net/tcp`.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn does_not_read_ahead() {
    use std::sync::atomic::AtomicU64;

    /// Maximum number of bytes that the client may buffer.
    const BUFFER: u64 = 64 * 1024;
    let (listener, client) = listen().await;
    let port = listener.local_addr().unwrap().port();
    let written = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&written);
    tokio::spawn(async move {
        let mut stream = accept(&listener).await;
        let frame = frames(&[chunk(&"x".repeat(700))]).remove(0);
        let response = chunked(&frame.repeat(40_000), frame.len());
        for piece in response.chunks(1000) {
            stream.write_all(piece).await.unwrap();
            counter.fetch_add(piece.len() as u64, Ordering::SeqCst);
        }
    });
    let mut events = send(&client).await;
    assert!(events.recv().await.unwrap().is_some());
    // Waits until the buffers of the kernel are full and the server blocks.
    let mut before = 0;
    while before != written.load(Ordering::SeqCst) {
        before = written.load(Ordering::SeqCst);
        for _ in 0..5 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    let held = held_by_sockets(port);
    assert!(held > BUFFER, "the buffers of the kernel are not full: {held}");
    assert!(before <= held + BUFFER, "{before} bytes were written, the sockets hold {held}");
}

/// Returns the bytes in the send queue of the server and in the receive queue of the client.
#[cfg(target_os = "linux")]
fn held_by_sockets(port: u16) -> u64 {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{port:04X}");
    let queues = table.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let (local, remote) = (columns.next()?, columns.next()?);
        let (sent, received) = columns.nth(1)?.split_once(':')?;
        let bytes = |text| u64::from_str_radix(text, 16).ok();
        if local.ends_with(&port) {
            bytes(sent)
        } else if remote.ends_with(&port) {
            bytes(received)
        } else {
            None
        }
    });
    queues.sum()
}
