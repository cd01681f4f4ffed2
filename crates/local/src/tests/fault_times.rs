//! Tests of slow responses over in-memory connections. Tokio's paused clock advances whenever all tasks wait.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::fault_connections::{call, healthy_response, stream_call};
use super::stream_wire::{pipe, read_chunk, read_head};
use super::*;
use crate::{ConnectionEnd, Fault, FaultPoint};

#[tokio::test(start_paused = true)]
async fn delays_the_head() {
    let endpoint = endpoint();
    endpoint.fault_rules.push(Fault::new().delay(Duration::from_secs(3_600)).first(1));
    let (mut socket, _alive) = pipe(&endpoint, 1 << 20);
    for seconds in [3_600, 0] {
        let start = Instant::now();
        socket.write_all(&stream_call()).await.unwrap();
        assert!(read_head(&mut socket).await.starts_with("http/1.1 200 "));
        assert_eq!(start.elapsed().as_secs(), seconds);
        while !read_chunk(&mut socket).await.is_empty() {}
    }
}

#[tokio::test(start_paused = true)]
async fn delays_the_head_and_paces_events() {
    let endpoint = builder().pace(Duration::from_secs(1)).build_state();
    endpoint
        .fault_rules
        .push(Fault::new().pace(Duration::from_secs(60)).delay(Duration::from_secs(5)).first(1));
    let (mut socket, _alive) = pipe(&endpoint, 1 << 20);
    for (delay, pace) in [(5, 60), (0, 1)] {
        let start = Instant::now();
        socket.write_all(&stream_call()).await.unwrap();
        read_head(&mut socket).await;
        assert_eq!(start.elapsed().as_secs(), delay);
        for number in 1..=5 {
            assert!(!read_chunk(&mut socket).await.is_empty());
            assert_eq!(start.elapsed().as_secs(), delay + number * pace);
        }
        assert!(read_chunk(&mut socket).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn drips_the_response() {
    for request in [call(), stream_call()] {
        let length = healthy_response(&request).await.len();
        let endpoint = endpoint();
        endpoint.fault_rules.push(Fault::new().drip(10, Duration::from_secs(2)).first(1));
        let start = Instant::now();
        let (socket, _alive) = pipe(&endpoint, 1 << 20);
        let mut socket = socket.into_inner();
        socket.write_all(&request).await.unwrap();
        let mut read = 0;
        while read < length {
            let bytes = socket.read(&mut [0; 4096]).await.unwrap();
            assert!((1..=10).contains(&bytes), "{bytes} bytes at once");
            read += bytes;
        }
        assert!(start.elapsed().as_secs() as usize >= 2 * (length.div_ceil(10) - 1));
        let call = endpoint.log.calls().swap_remove(0);
        assert_eq!((call.bytes_sent, call.response_complete), (length as u64, true));
    }
}

#[tokio::test(start_paused = true)]
async fn drips_the_response_until_the_connection_ends() {
    let endpoint = endpoint();
    let fault = Fault::new()
        .drip(10, Duration::from_secs(2))
        .break_at(FaultPoint::ResponseBytes(35), ConnectionEnd::Close);
    endpoint.fault_rules.push(fault.into());
    let start = Instant::now();
    let (mut socket, _alive) = pipe(&endpoint, 1 << 20);
    socket.write_all(&call()).await.unwrap();
    let mut read = Vec::new();
    socket.read_to_end(&mut read).await.unwrap();
    assert_eq!((read.len(), start.elapsed().as_secs()), (35, 6));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_during_a_delay_is_noticed() {
    let endpoint = endpoint();
    endpoint.fault_rules.push(Fault::new().delay(Duration::from_secs(3_600)).into());
    let start = Instant::now();
    let (mut socket, _alive) = pipe(&endpoint, 1 << 20);
    socket.write_all(&call()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(socket);
    endpoint.calls.wait_until_idle().await;
    assert_eq!(start.elapsed().as_secs(), 1);
    let record = endpoint.log.calls().pop().unwrap();
    assert_eq!(
        (record.worked_on, record.bytes_sent),
        (true, 0),
        "the call must count as worked on, although its response is lost"
    );
}
