//! Makes calls to the local endpoint of the product.
//!
//! The client sends one constant request, and reads responses of a known length. Therefore almost all costs of the
//! program are costs of the endpoint.

mod connection;
mod probe;
mod request;

use std::io::{self, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};
use std::{process, thread};

use bench_workload::memory;
use bytes::Bytes;
use clap::{Parser, Subcommand};
use invoke_model_local::{LocalEndpoint, ModelReply, When};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use connection::Connection;
use request::Signing;

#[derive(Parser)]
struct Arguments {
    /// URL of a server. Only `load` and `probe` use it.
    endpoint: String,
    #[command(subcommand)]
    work: Work,
}

#[derive(Clone, Copy, Subcommand)]
enum Work {
    /// Makes calls one after the other, on the thread of the endpoint.
    Calls { count: usize },
    /// Reads one stream, on the thread of the endpoint.
    Stream { events: usize },
    /// Makes concurrent calls to an endpoint with `threads` threads. Prints the calls per second, and per second of
    /// processor time of the endpoint.
    CallRate { count: usize, width: usize, threads: usize },
    /// Reads concurrent streams, one after the other on each connection. Prints the events per second, and per second
    /// of processor time of the endpoint.
    EventRate { streams: usize, width: usize, events: usize },
    /// Makes concurrent calls. Prints the peak of the resident memory after `few` calls, and after `more` calls.
    Memory { few: usize, more: usize, width: usize },
    /// Makes concurrent calls to the server of the URL, until `count` calls are complete, or for `seconds`. Prints the
    /// number of calls, and the calls per second.
    Load { count: usize, width: usize, seconds: u64 },
    /// Sends requests to the server of the URL that it should reject. Prints the statuses.
    Probe,
    /// Runs the endpoint with default settings, on all cores, until the end of standard input.
    Serve { port: u16 },
}

/// Returns the time of the endpoint and of all signatures. It is constant, so that all runs do the same work.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn main() {
    let Arguments { endpoint, work } = Arguments::parse();
    let signing = Signing::at(now());
    match work {
        Work::Calls { count } => alone(request::call(&signing), count, 0),
        Work::Stream { events } => alone(request::stream(&signing), 1, events),
        Work::CallRate { count, width, threads } => {
            println!("{}", rate(serve(threads, 0), &request::call(&signing), count, width, 1))
        }
        Work::EventRate { streams, width, events } => {
            println!("{}", rate(serve(1, events), &request::stream(&signing), streams, width, events))
        }
        Work::Memory { few, more, width } => {
            println!("{}", peaks(&request::call(&signing), [few, more - few], width))
        }
        Work::Load { count, width, seconds } => {
            let work = load(address(&endpoint), count, width, Duration::from_secs(seconds));
            println!("{}", runtime().block_on(work));
        }
        Work::Probe => print!("{}", runtime().block_on(probe::all(address(&endpoint)))),
        Work::Serve { port } => serve_all(port),
    }
}

fn address(url: &str) -> SocketAddr {
    let address = url.trim_start_matches("http://").trim_end_matches('/').parse();
    address.expect("a URL with an IP address and a port")
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Starts an endpoint whose streams have about `events` events.
async fn start(events: usize) -> LocalEndpoint {
    let streams = When::new().operation("InvokeModelWithResponseStream");
    let reply = ModelReply::text(" river".repeat(events));
    LocalEndpoint::builder().clock(now).reply(streams, reply).start().await.expect("an endpoint")
}

/// Runs the endpoint and one client on this thread.
fn alone(request: Bytes, count: usize, events: usize) {
    runtime().block_on(async {
        let local = start(events).await;
        Connection::open(local.address(), request).await.repeat(count).await;
    });
}

/// Makes `count` calls on each of `width` connections. Returns the number of units per second, and per second of
/// processor time of the endpoint. A call has `units` units.
fn rate(address: SocketAddr, request: &Bytes, count: usize, width: usize, units: usize) -> String {
    let (wall, cpu) = runtime().block_on(async {
        let connections = open(address, request, width).await;
        let (start, before) = (Instant::now(), processor_time_of_others());
        repeat(connections, count).await;
        (start.elapsed(), processor_time_of_others() - before)
    });
    let units = (units * count * width) as f64;
    format!("{} {}", units / wall.as_secs_f64(), units / cpu.as_secs_f64())
}

/// Makes calls on `width` connections. Returns the peak of the resident memory of this program after each number of
/// calls.
fn peaks(request: &Bytes, counts: [usize; 2], width: usize) -> String {
    let address = serve(1, 0);
    runtime().block_on(async {
        let mut connections = open(address, request, width).await;
        let mut peaks = Vec::new();
        for count in counts {
            connections = repeat(connections, count / width).await;
            peaks.push(memory("VmHWM:").to_string());
        }
        peaks.join(" ")
    })
}

/// Makes calls to a server, until `count` calls are complete, or for this time. Returns the number of calls, and the
/// calls per second.
async fn load(address: SocketAddr, count: usize, width: usize, most: Duration) -> String {
    /// Number of calls of a connection between two checks of the time.
    const BATCH: usize = 10;
    let mut connections = open(address, &request::call(&Signing::at(SystemTime::now())), width).await;
    let (start, mut made) = (Instant::now(), 0);
    while made < count && start.elapsed() < most {
        connections = repeat(connections, BATCH).await;
        made += BATCH * width;
    }
    format!("{made} {}", made as f64 / start.elapsed().as_secs_f64())
}

async fn open(address: SocketAddr, request: &Bytes, width: usize) -> Vec<Connection> {
    let mut connections = JoinSet::new();
    for _ in 0..width {
        connections.spawn(Connection::open(address, request.clone()));
    }
    connections.join_all().await
}

/// Makes `count` calls on each connection.
async fn repeat(connections: Vec<Connection>, count: usize) -> Vec<Connection> {
    let mut repeated = JoinSet::new();
    for mut connection in connections {
        repeated.spawn(async move {
            connection.repeat(count).await;
            connection
        });
    }
    repeated.join_all().await
}

/// Runs an endpoint with default settings on all cores.
fn serve_all(port: u16) {
    thread::spawn(|| {
        let end = io::stdin().read_to_end(&mut Vec::new());
        process::exit(i32::from(end.is_err()))
    });
    let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let _local = LocalEndpoint::builder().port(port).start().await.expect("an endpoint");
        std::future::pending::<()>().await;
    });
}

/// Starts the endpoint on threads of its own.
fn serve(threads: usize, events: usize) -> SocketAddr {
    let (started, address) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = match threads {
            1 => runtime(),
            _ => Builder::new_multi_thread().worker_threads(threads).enable_all().build().expect("a runtime"),
        };
        runtime.block_on(async {
            let local = start(events).await;
            started.send(local.address()).expect("a waiting thread");
            std::future::pending::<()>().await;
        });
    });
    address.recv().expect("an endpoint")
}

/// Returns the processor time of all threads of this program except the current thread.
fn processor_time_of_others() -> Duration {
    let [all, current] = [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_THREAD].map(|who| {
        let usage = getrusage(who).expect("getrusage of this program");
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
    });
    Duration::from_micros((all - current).unsigned_abs())
}
