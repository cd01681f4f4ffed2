//! The measured work.

use std::io::{self, BufRead, Write};

use bytes::Bytes;
use clap::Parser;
use tokio::task::JoinSet;

use crate::measured::Start;
use crate::{
    Arguments, CONVERSE_TEXT_LENGTH, Client, LARGE, LARGE_LENGTH, Measured, REQUEST, RESPONSE_LENGTH, SMALL,
    Work, events, held, latency,
};

/// Number of calls before the measurement. These calls open the connection and fill caches.
const WARM_UP: usize = 100;

/// Runs a client program: parses its arguments, does the work, and prints the measurements.
pub fn run<C: Client>() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match arguments.work {
        Work::Paced { events } => {
            let client = C::new(&arguments.endpoint);
            println!("{}", runtime.block_on(latency::measured(&client, events)));
        }
        _ => println!("{}", runtime.block_on(measured::<C>(&arguments))),
    }
}

/// Prints `ready`, and waits for a line on standard input. Programs call this function before the counted
/// work.
pub fn ready() {
    println!("ready");
    io::stdout().flush().expect("the parent process reads");
    io::stdin().lock().read_line(&mut String::new()).expect("the parent process writes");
}

async fn measured<C: Client>(arguments: &Arguments) -> Measured {
    let client = C::new(&arguments.endpoint);
    small_calls(&client, WARM_UP).await;
    match &arguments.work {
        Work::AtOnce { width, .. } => at_once(&client, 2, *width).await,
        Work::Streams { width, .. } => streams(&client, 1, *width).await,
        _ => {}
    }
    // Allocates the body before the measurement starts, because the comparison excludes the memory of the
    // body.
    let large = matches!(arguments.work, Work::Large).then(|| Bytes::from(vec![b'a'; LARGE_LENGTH]));
    if arguments.wait {
        ready();
    }
    let start = Start::now();
    match &arguments.work {
        &Work::Calls { count } => small_calls(&client, count).await,
        &Work::AtOnce { count, width } => at_once(&client, count, width).await,
        Work::Large => {
            let length = client.call(LARGE, large.unwrap_or_default()).await;
            assert_eq!(length, LARGE_LENGTH);
        }
        Work::LargeFile { path } => {
            let length = client.call_with_file(LARGE, path).await;
            assert_eq!(length, LARGE_LENGTH);
        }
        &Work::Stream { events: count } => {
            let streamed = client.stream(&events(count), Bytes::from_static(REQUEST)).await;
            assert!(streamed.bytes >= count, "{streamed:?}");
        }
        &Work::Streams { events, width } => streams(&client, events, width).await,
        Work::Paced { .. } => unreachable!("this work prints latencies"),
        &Work::Converse { count } => {
            for _ in 0..count {
                assert_eq!(client.converse(SMALL).await, CONVERSE_TEXT_LENGTH);
            }
        }
        &Work::ConverseStream { events: count } => {
            let streamed = client.converse_stream(&events(count)).await;
            assert!(streamed.events == count && streamed.bytes >= count, "{streamed:?}");
        }
        &Work::Idle { count } => {
            let mut kept = Vec::with_capacity(count);
            for _ in 0..count {
                let client = C::new(&arguments.endpoint);
                small_calls(&client, 1).await;
                kept.push(client);
            }
            return start.end();
        }
        &Work::InFlight { count } => in_flight(&client, count).await,
    }
    start.end()
}

async fn small_calls<C: Client>(client: &C, count: usize) {
    for _ in 0..count {
        assert_eq!(client.call(SMALL, Bytes::from_static(REQUEST)).await, RESPONSE_LENGTH);
    }
}

async fn at_once<C: Client>(client: &C, count: usize, width: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..width {
        let client = client.clone();
        tasks.spawn(async move { small_calls(&client, count).await });
    }
    tasks.join_all().await;
}

async fn streams<C: Client>(client: &C, count: usize, width: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..width {
        let client = client.clone();
        tasks.spawn(async move {
            let streamed = client.stream(&events(count), Bytes::from_static(REQUEST)).await;
            assert!(streamed.bytes >= count, "{streamed:?}");
        });
    }
    tasks.join_all().await;
}

async fn in_flight<C: Client>(client: &C, count: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let client = client.clone();
        tasks.spawn(async move {
            let length = client.call(&held(count), Bytes::from_static(REQUEST)).await;
            assert_eq!(length, RESPONSE_LENGTH);
        });
    }
    tasks.join_all().await;
}
