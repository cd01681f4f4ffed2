//! Makes calls to the local endpoint of the product.
//!
//! The client sends one constant request, and reads responses of a known length. Therefore almost all costs of the
//! program are costs of the endpoint.

mod connection;
mod request;

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use clap::{Parser, Subcommand};
use invoke_model_local::{LocalEndpoint, ModelReply, When};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use connection::Connection;

#[derive(Parser)]
struct Arguments {
    /// URL of the benchmark server. The program ignores it.
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
    /// Makes concurrent calls. Prints the calls per second, and per second of processor time of the endpoint.
    CallRate { count: usize, width: usize },
    /// Reads concurrent streams, one after the other on each connection. Prints the events per second, and per second
    /// of processor time of the endpoint.
    EventRate { streams: usize, width: usize, events: usize },
}

/// Returns the time of the endpoint and of all signatures. It is constant, so that all runs do the same work.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn main() {
    match Arguments::parse().work {
        Work::Calls { count } => alone(request::call(), count, 0),
        Work::Stream { events } => alone(request::stream(), 1, events),
        Work::CallRate { count, width } => println!("{}", rate(&request::call(), count, width, 0)),
        Work::EventRate { streams, width, events } => {
            println!("{}", rate(&request::stream(), streams, width, events))
        }
    }
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

/// Runs the endpoint and `width` connections on two threads. Returns the number of calls, or of events, per second,
/// and per second of processor time of the endpoint.
fn rate(request: &Bytes, count: usize, width: usize, events: usize) -> String {
    let (ask, asked) = mpsc::unbounded_channel();
    let address = serve(asked, events);
    let (wall, cpu) = runtime().block_on(async {
        let mut connections = JoinSet::new();
        for _ in 0..width {
            connections.spawn(Connection::open(address, request.clone()));
        }
        let connections = connections.join_all().await;
        let (start, before) = (Instant::now(), processor_time(&ask).await);
        let mut repeated = JoinSet::new();
        for mut connection in connections {
            repeated.spawn(async move { connection.repeat(count).await });
        }
        repeated.join_all().await;
        (start.elapsed(), processor_time(&ask).await - before)
    });
    let units = (events.max(1) * count * width) as f64;
    format!("{} {}", units / wall.as_secs_f64(), units / cpu.as_secs_f64())
}

/// Starts the endpoint on a thread of its own. The thread replies with its processor time.
fn serve(mut asked: mpsc::UnboundedReceiver<oneshot::Sender<Duration>>, events: usize) -> SocketAddr {
    let (started, address) = std::sync::mpsc::channel();
    thread::spawn(move || {
        runtime().block_on(async {
            let local = start(events).await;
            started.send(local.address()).expect("a waiting thread");
            while let Some(reply) = asked.recv().await {
                let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("getrusage of this thread");
                let spent = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
                reply.send(Duration::from_micros(spent.unsigned_abs())).expect("a waiting thread");
            }
        });
    });
    address.recv().expect("an endpoint")
}

async fn processor_time(ask: &mpsc::UnboundedSender<oneshot::Sender<Duration>>) -> Duration {
    let (reply, replied) = oneshot::channel();
    ask.send(reply).expect("a running endpoint");
    replied.await.expect("a running endpoint")
}
