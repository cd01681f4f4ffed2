//! Streams on the wire: HTTP/1.1 chunks, their pace, back pressure, and clients that go away.

use invoke_model_protocol::event_stream::Decoder;
use invoke_model_types::ThrottlingException;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::streams::{LLAMA, PROMPT, chunk, messages};
use super::wire::{connect, wire};
use super::*;
use crate::server::connection;
use crate::{LocalEndpoint, StreamEnd, StreamFault, StreamRecord};

/// Reads a head, in lower case.
pub(super) async fn read_head(stream: &mut (impl AsyncBufRead + Unpin)) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).await.unwrap(), 0, "the connection ended early: {head}");
    }
    head.to_ascii_lowercase()
}

/// Reads a chunk (RFC 9112 section 7.1); the last one is empty.
pub(super) async fn read_chunk(stream: &mut (impl AsyncBufRead + Unpin)) -> Vec<u8> {
    let mut size = String::new();
    stream.read_line(&mut size).await.unwrap();
    let size = usize::from_str_radix(size.trim_end(), 16).unwrap_or_else(|_| panic!("{size:?} is no size"));
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
async fn a_chunk_is_a_frame() {
    let local = builder().start().await.unwrap();
    let mut stream = connect(&local).await;
    // Twice, so that the connection is known to be good after a stream.
    for _ in 0..2 {
        stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
        check_says(&head, "\r\ntransfer-encoding: chunked\r\n");
        check_says(&head, "\r\ncontent-type: application/vnd.amazon.eventstream\r\n");
        let chunks = read_chunks(&mut stream).await;
        let texts: Vec<_> =
            messages(&chunks).iter().map(|message| chunk(message)["generation"].clone()).collect();
        assert_eq!(texts, ["You", " said", ":", " hello", ""]);
    }
    local.streams_ended().await;
    let records: Vec<_> = local.calls().into_iter().map(|call| call.stream.unwrap()).collect();
    assert_eq!(records, [StreamRecord { events: 5, end: Some(StreamEnd::Finished) }; 2]);
}

#[tokio::test]
async fn a_stream_decodes_at_every_cut() {
    let local = builder().start().await.unwrap();
    let mut stream = connect(&local).await;
    stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
    read_head(&mut stream).await;
    let chunks = read_chunks(&mut stream).await;
    let (bytes, expected) = (chunks.concat(), messages(&chunks));
    for cut in 0..=bytes.len() {
        let mut decoder = Decoder::new();
        let mut found = Vec::new();
        for part in [&bytes[..cut], &bytes[cut..]] {
            decoder.push(part);
            while let Some(message) = decoder.decode().unwrap() {
                found.push(message);
            }
        }
        decoder.finish().unwrap();
        assert_eq!(found, expected, "cut at {cut}");
    }
}

/// A connection in memory with room for `room` bytes that are written and not read.
pub(super) fn pipe(
    endpoint: &Arc<crate::endpoint::Endpoint>,
    room: usize,
) -> (BufReader<DuplexStream>, watch::Sender<()>) {
    let (ours, theirs) = tokio::io::duplex(room);
    let (alive, stopped) = watch::channel(());
    tokio::spawn(connection(theirs, Arc::clone(endpoint), stopped));
    // Reads no more than is asked for.
    (BufReader::with_capacity(1, ours), alive)
}

#[tokio::test(start_paused = true)]
async fn events_come_at_their_pace() {
    let endpoint = builder().pace(Duration::from_secs(3)).endpoint();
    let (mut stream, _alive) = pipe(&endpoint, 1 << 20);
    let start = Instant::now();
    stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
    read_head(&mut stream).await;
    assert_eq!(start.elapsed().as_secs(), 0, "the head comes at once");
    for number in 1..=5 {
        assert!(!read_chunk(&mut stream).await.is_empty());
        assert_eq!(start.elapsed().as_secs(), 3 * number);
    }
    assert!(read_chunk(&mut stream).await.is_empty());
    assert_eq!(start.elapsed().as_secs(), 15, "the end comes with the last event");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_made_ahead_of_a_slow_reader() {
    let endpoint = builder().endpoint();
    let room = 64;
    let (mut stream, _alive) = pipe(&endpoint, room);
    stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
    read_head(&mut stream).await;
    for number in 1..=5 {
        // Time passes when nothing else can happen.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let record = endpoint.log.calls()[0].stream.unwrap();
        assert_eq!(record, StreamRecord { events: number, end: None });
        assert!(read_chunk(&mut stream).await.len() > room);
    }
    assert!(read_chunk(&mut stream).await.is_empty());
    assert_eq!(endpoint.log.calls()[0].stream.unwrap().end, Some(StreamEnd::Finished));
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed() {
    // So long a pace that the stream would never end by itself.
    let local = builder().pace(Duration::from_secs(3_600)).start().await.unwrap();
    let mut stream = connect(&local).await;
    stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
    read_head(&mut stream).await;
    assert_eq!(local.calls()[0].stream.unwrap().end, None);
    drop(stream);
    local.streams_ended().await;
    let record = local.calls()[0].stream.unwrap();
    assert_eq!(record, StreamRecord { events: 0, end: Some(StreamEnd::Abandoned) });
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_reads_is_made_no_further() {
    let endpoint = builder().endpoint();
    let (mut stream, _alive) = pipe(&endpoint, 64);
    stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
    read_head(&mut stream).await;
    read_chunk(&mut stream).await;
    drop(stream);
    endpoint.streams.subscribe().wait_for(|open| *open == 0).await.unwrap();
    let record = endpoint.log.calls()[0].stream.unwrap();
    assert_eq!(record.end, Some(StreamEnd::Abandoned));
    assert!(record.events < 5, "{record:?}");
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

/// All bytes until the connection is closed.
async fn read_rest(stream: &mut BufReader<tokio::net::TcpStream>) -> Vec<u8> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    rest
}

#[tokio::test]
async fn a_cut_closes_the_connection_without_the_last_chunk() {
    let local = builder().start().await.unwrap();
    let healthy = {
        let mut stream = connect(&local).await;
        stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
        read_head(&mut stream).await;
        read_chunks(&mut stream).await
    };
    for (after_events, bytes) in [(0, 0), (0, 1), (1, 100), (0, healthy.concat().len()), (5, 0)] {
        local.break_stream(after_events, StreamFault::Cut { bytes });
        let mut stream = connect(&local).await;
        stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
        let head = read_head(&mut stream).await;
        check_says(&head, "\r\ntransfer-encoding: chunked\r\n");
        let rest = read_rest(&mut stream).await;
        let mut chunks = BufReader::new(rest.as_slice());
        let mut body = Vec::new();
        while !chunks.fill_buf().await.unwrap().is_empty() {
            let chunk = read_chunk(&mut chunks).await;
            assert!(!chunk.is_empty(), "the body has an end");
            body.extend(chunk);
        }
        let before = healthy[..usize::try_from(after_events).unwrap()].concat().len();
        assert_eq!(body, healthy.concat()[..before + bytes], "{after_events} events and {bytes} bytes");
    }
    local.streams_ended().await;
    let ends: Vec<_> = local.calls().iter().map(|call| call.stream.unwrap().end.unwrap()).collect();
    assert_eq!(ends[0], StreamEnd::Finished);
    assert_eq!(ends[1..], [StreamEnd::Broken; 5]);
}

#[tokio::test]
async fn a_connection_is_good_after_an_error_in_a_stream() {
    let local = builder().start().await.unwrap();
    local.raise_in_stream(2, ThrottlingException::default());
    let mut stream = connect(&local).await;
    for expected in [3, 5] {
        stream.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
        read_head(&mut stream).await;
        assert_eq!(read_chunks(&mut stream).await.len(), expected);
    }
}
