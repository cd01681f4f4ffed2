//! The work itself.

use std::io::{self, BufRead, Write};

use bytes::Bytes;
use clap::Parser;
use tokio::task::JoinSet;

use crate::measured::Start;
use crate::{
    ANSWER_LENGTH, Arguments, Client, LARGE, LARGE_LENGTH, Measured, REQUEST, SMALL, Work, events, held,
};

/// Calls before the first that is measured: the connection is open, caches are filled.
const WARM_UP: usize = 100;

/// The `main` of a client program: does what its arguments say, and prints what that cost.
pub fn run<C: Client>() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("{}", runtime.block_on(measured::<C>(&arguments)));
}

/// Says that what is counted comes now, and waits for a line.
pub fn ready() {
    println!("ready");
    io::stdout().flush().expect("whoever started this listens");
    io::stdin().lock().read_line(&mut String::new()).expect("whoever started this answers");
}

async fn measured<C: Client>(arguments: &Arguments) -> Measured {
    let client = C::new(&arguments.endpoint);
    small_calls(&client, WARM_UP).await;
    if let Work::AtOnce { width, .. } = &arguments.work {
        at_once(&client, 2, *width).await;
    }
    // Made before the start: what is compared is what a client adds to what its caller holds.
    let large = matches!(arguments.work, Work::Large).then(|| Bytes::from(vec![b'a'; LARGE_LENGTH]));
    if arguments.wait {
        ready();
    }
    let start = Start::now();
    match &arguments.work {
        &Work::Calls { count } => small_calls(&client, count).await,
        &Work::AtOnce { count, width } => at_once(&client, count, width).await,
        Work::Large => {
            let answer = client.call(LARGE, large.unwrap_or_default()).await;
            assert_eq!(answer, LARGE_LENGTH);
        }
        Work::LargeFile { path } => {
            let answer = client.call_with_file(LARGE, path).await;
            assert_eq!(answer, LARGE_LENGTH);
        }
        &Work::Stream { events: count } => {
            let streamed = client.stream(&events(count), Bytes::from_static(REQUEST)).await;
            assert!(streamed.bytes >= count, "{streamed:?}");
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
        assert_eq!(client.call(SMALL, Bytes::from_static(REQUEST)).await, ANSWER_LENGTH);
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

async fn in_flight<C: Client>(client: &C, count: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let client = client.clone();
        tasks.spawn(async move {
            let answer = client.call(&held(count), Bytes::from_static(REQUEST)).await;
            assert_eq!(answer, ANSWER_LENGTH);
        });
    }
    tasks.join_all().await;
}
