//! Tests of streams on a socket: HTTP/1.1 chunks, pace, backpressure, and clients that disconnect.

use invoke_model_protocol::event_stream::Decoder;
use invoke_model_types::ThrottlingException;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::streams::{LLAMA, PROMPT, chunk, messages};
use super::wire::{connect, wire};
use super::*;
use crate::client_activity::{ClientActivity, IdleTimeouts};
use crate::server::serve_connection;
use crate::{LocalEndpoint, StreamEnd, StreamFault, StreamRecord};

/// Reads the head of a response. Returns it in lower case.
pub(super) async fn read_head(stream: &mut (impl AsyncBufRead + Unpin)) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).await.unwrap(), 0, "the connection ended early: {head}");
    }
    head.to_ascii_lowercase()
}

/// Reads a chunk (RFC 9112 section 7.1). The last chunk is empty.
pub(super) async fn read_chunk(stream: &mut (impl AsyncBufRead + Unpin)) -> Vec<u8> {
    let mut size = String::new();
    stream.read_line(&mut size).await.unwrap();
    let size =
        usize::from_str_radix(size.trim_end(), 16).unwrap_or_else(|_| panic!("{size:?} is not a chunk size"));
    let mut chunk = vec![0; size + 2];
    stream.read_exact(&mut chunk).await.unwrap();
    assert!(chunk.ends_with(b"\r\n"));
    chunk.truncate(size);
    chunk
}

pub(super) async fn read_chunks(stream: &mut (impl AsyncBufRead + Unpin)) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    loop {
        match read_chunk(stream).await {
            chunk if chunk.is_empty() => return chunks,
            chunk => chunks.push(chunk),
        }
    }
}

#[tokio::test]
async fn each_frame_is_a_chunk() {
    let local = builder().start().await.unwrap();
    let mut stream = connect(&local).await;
    // Sends two requests, to check that the connection can be reused after a stream.
    for _ in 0..2 {
        stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
        check_contains(&head, "\r\ntransfer-encoding: chunked\r\n");
        check_contains(&head, "\r\ncontent-type: application/vnd.amazon.eventstream\r\n");
        let chunks = read_chunks(&mut stream).await;
        let texts: Vec<_> =
            messages(&chunks).iter().map(|message| chunk(message)["generation"].clone()).collect();
        assert_eq!(texts, ["You", " said", ":", " hello", ""]);
    }
    local.wait_for_streams().await;
    let records: Vec<_> = local.calls().into_iter().map(|call| call.stream.unwrap()).collect();
    assert_eq!(records, [StreamRecord { events: 5, end: Some(StreamEnd::Finished) }; 2]);
}

#[tokio::test]
async fn a_stream_can_be_split_at_every_byte() {
    let local = builder().start().await.unwrap();
    let mut stream = connect(&local).await;
    stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
    read_head(&mut stream).await;
    let chunks = read_chunks(&mut stream).await;
    let (bytes, expected) = (chunks.concat(), messages(&chunks));
    for split in 0..=bytes.len() {
        let mut decoder = Decoder::new();
        let mut found = Vec::new();
        for part in [&bytes[..split], &bytes[split..]] {
            decoder.push(part);
            while let Some(message) = decoder.decode().unwrap() {
                found.push(message);
            }
        }
        decoder.finish().unwrap();
        assert_eq!(found, expected, "split at {split}");
    }
}

/// Opens an in-memory connection with a buffer of `capacity` bytes in each direction.
pub(super) fn pipe(
    endpoint: &Arc<EndpointState>,
    capacity: usize,
) -> (BufReader<DuplexStream>, watch::Sender<()>) {
    let (client, server) = tokio::io::duplex(capacity);
    let (alive, stopped) = watch::channel(());
    let activity = ClientActivity::new(IdleTimeouts::default());
    tokio::spawn(serve_connection(server, Arc::clone(endpoint), activity, stopped));
    // The buffer has a capacity of one byte, so the client does not read ahead.
    (BufReader::with_capacity(1, client), alive)
}

#[tokio::test(start_paused = true)]
async fn events_are_paced() {
    let endpoint = builder().pace(Duration::from_secs(3)).build_state();
    let (mut stream, _alive) = pipe(&endpoint, 1 << 20);
    let start = Instant::now();
    stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
    read_head(&mut stream).await;
    assert_eq!(start.elapsed().as_secs(), 0, "the head must not be delayed");
    for number in 1..=5 {
        assert!(!read_chunk(&mut stream).await.is_empty());
        assert_eq!(start.elapsed().as_secs(), 3 * number);
    }
    assert!(read_chunk(&mut stream).await.is_empty());
    assert_eq!(start.elapsed().as_secs(), 15, "the end of the stream must not be delayed");
}

/// A prompt whose reply has hundreds of events.
pub(super) fn long_prompt() -> String {
    format!(r#"{{"prompt":"{}"}}"#, "hello ".repeat(250))
}

#[tokio::test(start_paused = true)]
async fn few_frames_are_generated_ahead_of_a_slow_reader() {
    let endpoint = builder().build_state();
    let (mut stream, _alive) = pipe(&endpoint, 64);
    stream.write_all(&wire(&streaming(LLAMA, &long_prompt()))).await.unwrap();
    read_head(&mut stream).await;
    let mut received = Vec::new();
    loop {
        // The paused clock advances when no task can make progress.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let record = endpoint.log.calls()[0].stream.unwrap();
        let ahead = record.events - received.len() as u64;
        // Each frame has more than 200 bytes.
        assert!(ahead <= 16 * 1024 / 200, "{ahead} frames are generated ahead");
        let chunk = read_chunk(&mut stream).await;
        if chunk.is_empty() {
            assert_eq!((record.events, record.end), (received.len() as u64, Some(StreamEnd::Finished)));
            break;
        }
        assert_eq!(record.end.is_some(), ahead == 0);
        received.push(chunk);
    }
    assert!(received.len() > 200, "{}", received.len());
    assert_eq!(messages(&received).len(), received.len(), "each frame is a chunk");
}

#[tokio::test]
async fn a_client_that_disconnects_is_noticed() {
    // The pace is so long that the stream does not end during the test.
    let local = builder().pace(Duration::from_secs(3_600)).start().await.unwrap();
    let mut stream = connect(&local).await;
    stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
    read_head(&mut stream).await;
    assert_eq!(local.calls()[0].stream.unwrap().end, None);
    drop(stream);
    local.wait_for_streams().await;
    let record = local.calls()[0].stream.unwrap();
    assert_eq!(record, StreamRecord { events: 0, end: Some(StreamEnd::Abandoned) });
}

#[tokio::test(start_paused = true)]
async fn generation_stops_when_the_client_disconnects() {
    let endpoint = builder().build_state();
    let (mut stream, _alive) = pipe(&endpoint, 64);
    stream.write_all(&wire(&streaming(LLAMA, &long_prompt()))).await.unwrap();
    read_head(&mut stream).await;
    read_chunk(&mut stream).await;
    drop(stream);
    endpoint.streams.wait_until_idle().await;
    let record = endpoint.log.calls()[0].stream.unwrap();
    assert_eq!(record.end, Some(StreamEnd::Abandoned));
    assert!(record.events < 200, "{record:?}");
}

#[tokio::test]
async fn stopping_waits_for_a_stream() {
    let local = LocalEndpoint::builder().pace(Duration::from_millis(1)).clock(now).start().await.unwrap();
    let mut stream = connect(&local).await;
    stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
    read_head(&mut stream).await;
    let (chunks, stopped) = tokio::join!(read_chunks(&mut stream), local.stop());
    assert_eq!((chunks.len(), stopped), (5, true));
}

#[tokio::test]
async fn closing_does_not_wait_for_a_stream() {
    let local = LocalEndpoint::builder().pace(Duration::from_millis(100)).clock(now).start().await.unwrap();
    let mut stream = connect(&local).await;
    stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
    read_head(&mut stream).await;
    local.close().await;
    let rest = read_rest(&mut stream).await;
    // `stop` would wait for the last chunk.
    assert!(!rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
}

/// Reads all bytes until the connection is closed.
async fn read_rest(stream: &mut BufReader<tokio::net::TcpStream>) -> Vec<u8> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    rest
}

#[tokio::test]
async fn truncation_closes_the_connection_without_the_last_chunk() {
    let local = builder().start().await.unwrap();
    let healthy = {
        let mut stream = connect(&local).await;
        stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
        read_head(&mut stream).await;
        read_chunks(&mut stream).await
    };
    for (after_events, bytes) in [(0, 0), (0, 1), (1, 100), (0, healthy.concat().len()), (5, 0)] {
        local.break_next_stream(after_events, StreamFault::Truncate { bytes });
        let mut stream = connect(&local).await;
        stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
        let head = read_head(&mut stream).await;
        check_contains(&head, "\r\ntransfer-encoding: chunked\r\n");
        let rest = read_rest(&mut stream).await;
        let mut chunks = BufReader::new(rest.as_slice());
        let mut body = Vec::new();
        while !chunks.fill_buf().await.unwrap().is_empty() {
            let chunk = read_chunk(&mut chunks).await;
            assert!(!chunk.is_empty(), "the body must not be terminated");
            body.extend(chunk);
        }
        let before = healthy[..usize::try_from(after_events).unwrap()].concat().len();
        assert_eq!(body, healthy.concat()[..before + bytes], "{after_events} events and {bytes} bytes");
    }
    local.wait_for_streams().await;
    let ends: Vec<_> = local.calls().iter().map(|call| call.stream.unwrap().end.unwrap()).collect();
    assert_eq!(ends[0], StreamEnd::Finished);
    assert_eq!(ends[1..], [StreamEnd::Broken; 5]);
}

#[tokio::test]
async fn a_connection_is_reused_after_an_error_in_a_stream() {
    let local = builder().start().await.unwrap();
    local.fail_next_stream(2, ThrottlingException::default());
    let mut stream = connect(&local).await;
    for expected in [3, 5] {
        stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
        read_head(&mut stream).await;
        assert_eq!(read_chunks(&mut stream).await.len(), expected);
    }
}
