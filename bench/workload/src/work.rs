//! The measured work.

use std::io::{self, BufRead, Write};

use bytes::Bytes;
use clap::Parser;
use tokio::task::JoinSet;

use crate::measured::Start;
use crate::{
    Arguments, CONVERSE_TEXT_LENGTH, Client, LARGE, LARGE_LENGTH, Measured, REQUEST, RESPONSE_LENGTH, SMALL,
    Work, events, held, latency, raise_file_limit, sized,
};

/// Number of calls before the measurement. These calls open the connection and fill caches.
const WARM_UP: usize = 100;

/// Number of calls before single-stepping. It is smaller, because the server delays each response by 100 ms.
const STEPPING_WARM_UP: usize = 20;

/// Runs a client program: parses its arguments, does the work, and prints the measurements.
pub fn run<C: Client>() {
    let arguments = Arguments::parse();
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match arguments.work {
        Work::Paced { events } => {
            let client = C::new(&arguments.endpoint);
            println!("{}", runtime.block_on(latency::measured(&client, events)));
        }
        Work::FirstEvent => {
            let client = C::new(&arguments.endpoint);
            runtime.block_on(streams(&client, 1, 1));
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
    small_calls(&client, if arguments.wait { STEPPING_WARM_UP } else { WARM_UP }).await;
    match &arguments.work {
        &Work::AtOnce { width, .. } => {
            // Opens exactly `width` connections, because the server responds when all calls have arrived. Without this,
            // hyper-util opens a connection for a call that then uses the connection of another call.
            waiting(&client, width).await;
            at_once(&client, 2, width).await;
        }
        Work::Streams { width, .. } => streams(&client, 1, *width).await,
        _ => {}
    }
    // Allocates the request bodies before the measurement starts, because the comparison excludes their memory.
    let bodies = match arguments.work {
        Work::Large => vec![Bytes::from(vec![b'a'; LARGE_LENGTH])],
        Work::Bodies { size, count } => (0..count).map(|_| Bytes::from(vec![b'a'; size])).collect(),
        _ => Vec::new(),
    };
    if arguments.wait {
        ready();
    }
    let start = Start::now();
    match &arguments.work {
        &Work::Calls { count } => small_calls(&client, count).await,
        &Work::AtOnce { count, width } => at_once(&client, count, width).await,
        Work::Large => {
            for body in bodies {
                assert_eq!(client.call(LARGE, body).await, LARGE_LENGTH);
            }
        }
        Work::LargeFile { path } => {
            let length = client.call_with_file(LARGE, path).await;
            assert_eq!(length, LARGE_LENGTH);
        }
        &Work::Bodies { size, .. } => {
            for body in bodies {
                assert_eq!(client.call(&sized(size), body).await, size);
            }
        }
        &Work::Stream { events, count } => {
            for _ in 0..count {
                stream(&client, events).await;
            }
        }
        &Work::Streams { events, width } => streams(&client, events, width).await,
        Work::Paced { .. } | Work::FirstEvent => unreachable!("`run` does this work"),
        &Work::Converse { count } => {
            for _ in 0..count {
                assert_eq!(client.converse(SMALL).await, CONVERSE_TEXT_LENGTH);
            }
        }
        &Work::ConverseStream { events: count } => {
            let streamed = client.converse_stream(&events(count)).await;
            assert!(streamed.events == count && streamed.bytes >= count, "{streamed:?}");
        }
        &Work::ConverseByName { count } => {
            for _ in 0..count {
                assert_eq!(client.converse_by_name(SMALL).await, CONVERSE_TEXT_LENGTH);
            }
        }
        &Work::ConverseStreamByName { events: count } => {
            let streamed = client.converse_stream_by_name(&events(count)).await;
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
        &Work::Waiting { count } => waiting(&client, count).await,
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
        tasks.spawn(async move { stream(&client, count).await });
    }
    tasks.join_all().await;
}

async fn stream<C: Client>(client: &C, count: usize) {
    let streamed = client.stream(&events(count), Bytes::from_static(REQUEST)).await;
    assert!(streamed.bytes >= count, "{streamed:?}");
}

/// Makes calls to which the server responds when all of them have arrived.
async fn waiting<C: Client>(client: &C, count: usize) {
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
