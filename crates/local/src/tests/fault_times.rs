//! Answers that are slow, by a clock that moves as nobody has anything to do.

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::Instant;

use super::fault_ends::{call, connect, good, start, stream_call};
use super::stream_wire::{read_chunk, read_head};
use super::wire::read;
use super::*;
use crate::{At, End, Fault};

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_late() {
    let local = start().await;
    local.inject(Fault::new().delay(Duration::from_secs(3_600)).first(1));
    let mut socket = BufReader::new(connect(&local).await);
    for seconds in [3_600, 0] {
        let start = Instant::now();
        socket.write_all(&call()).await.unwrap();
        assert!(read(&mut socket).await.0.starts_with("http/1.1 200 "));
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_come_late() {
    let local = builder().pace(Duration::from_secs(1)).start().await.unwrap();
    local.inject(Fault::new().pace(Duration::from_secs(60)).delay(Duration::from_secs(5)).first(1));
    let mut socket = BufReader::new(connect(&local).await);
    for (delay, pace) in [(5, 60), (0, 1)] {
        let start = Instant::now();
        socket.write_all(&stream_call()).await.unwrap();
        read_head(&mut socket).await;
        for number in 0..5 {
            assert_eq!(start.elapsed().as_secs(), delay + number * pace);
            assert!(!read_chunk(&mut socket).await.is_empty());
        }
        assert!(read_chunk(&mut socket).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_drips() {
    for request in [call(), stream_call()] {
        let whole = good(&request).await.len();
        let local = start().await;
        local.inject(Fault::new().drip(10, Duration::from_secs(2)).first(1));
        let start = Instant::now();
        let mut socket = connect(&local).await;
        socket.write_all(&request).await.unwrap();
        let mut read = 0;
        while read < whole {
            let length = socket.read(&mut [0; 4096]).await.unwrap();
            assert!((1..=10).contains(&length), "{length} bytes at once");
            read += length;
        }
        assert!(start.elapsed().as_secs() as usize >= 2 * (whole.div_ceil(10) - 1));
        local.calls_ended().await;
        assert!(local.calls()[0].written_whole);
        assert_eq!(local.calls()[0].written, whole as u64);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_drips_and_stops() {
    let local = start().await;
    let fault = Fault::new().drip(10, Duration::from_secs(2)).break_at(At::ResponseBytes(35), End::Close);
    local.inject(fault);
    let start = Instant::now();
    let (read, ended) = super::fault_ends::exchange(&local, &call()).await;
    ended.unwrap();
    assert_eq!((read.len(), start.elapsed().as_secs()), (35, 6));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_wait_is_noticed() {
    let local = start().await;
    local.inject(Fault::new().delay(Duration::from_secs(3_600)));
    let mut socket = connect(&local).await;
    let start = Instant::now();
    socket.write_all(&call()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(socket);
    local.calls_ended().await;
    assert_eq!(start.elapsed().as_secs(), 1);
    let record = local.calls().pop().unwrap();
    assert_eq!((record.worked_on, record.written), (true, 0), "it was worked on for nobody");
}
