//! The HTTP server of the endpoint: one task for each connection.

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::task::JoinSet;

use crate::client_activity::{ClientActivity, IdleTimeouts};
use crate::http2_upgrade::UpgradedIo;
use crate::metered_socket::{MeteredSocket, Socket, SocketIo};
use crate::service::{ConnectionService, Upgrade};
use crate::state::EndpointState;
#[cfg(feature = "tls")]
use crate::tls::TlsAcceptor;

/// The time limit for calls that are in progress when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// The delay after an error of `accept`. For example, `accept` fails if too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// The maximum number of calls in progress on one HTTP/2 connection.
const MAX_STREAMS: u32 = 256;

/// The maximum size of the head of an HTTP/1.1 request, in bytes. Each connection has a buffer of up to this
/// size.
const MAX_HEAD: usize = 64 * 1024;

/// The settings of a server.
#[derive(Clone)]
pub(crate) struct ServerConfig {
    pub(crate) max_connections: usize,
    pub(crate) timeouts: IdleTimeouts,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<TlsAcceptor>,
}

/// The places of open connections.
struct Places {
    free: Arc<Semaphore>,
    activities: Vec<Weak<ClientActivity>>,
    eviction: Duration,
}

impl Places {
    /// Adds the activity of a new connection.
    fn add(&mut self, activity: &Arc<ClientActivity>) {
        // Removes closed connections before the list grows, because an endpoint may run for days.
        if self.activities.len() == self.activities.capacity() {
            self.remove_closed();
        }
        self.activities.push(Arc::downgrade(activity));
    }

    fn remove_closed(&mut self) {
        self.activities.retain(|activity| activity.strong_count() > 0);
    }

    /// Waits for a free place. If no place is free, closes the connection that has waited longest for its client.
    /// Therefore clients that send nothing do not block other clients.
    async fn take(&mut self) -> Option<OwnedSemaphorePermit> {
        loop {
            let free = Arc::clone(&self.free);
            if let Ok(permit) = Arc::clone(&free).try_acquire_owned() {
                return Some(permit);
            }
            self.remove_closed();
            let open = self.activities.iter().filter_map(Weak::upgrade);
            let waiting = open.filter_map(|activity| Some((activity.waiting_since()?.elapsed(), activity)));
            let longest = waiting.max_by_key(|(waited, _)| *waited);
            let pause = match longest {
                Some((waited, activity)) if waited >= self.eviction => {
                    activity.evict();
                    ACCEPT_PAUSE
                }
                Some((waited, _)) => self.eviction - waited,
                None => self.eviction,
            };
            if let Ok(permit) = tokio::time::timeout(pause, free.acquire_owned()).await {
                return permit.ok();
            }
        }
    }
}

/// Serves connections until `stopped` changes. Returns `true` if all connections end within the grace period.
/// If `closed` receives a value, closes all connections without a grace period.
pub(crate) async fn accept(
    listener: TcpListener,
    config: ServerConfig,
    state: Arc<EndpointState>,
    mut stopped: watch::Receiver<()>,
    closed: oneshot::Receiver<()>,
) -> bool {
    let limit = config.max_connections.clamp(1, Semaphore::MAX_PERMITS);
    let mut places = Places {
        free: Arc::new(Semaphore::new(limit)),
        activities: Vec::new(),
        eviction: config.timeouts.eviction,
    };
    let mut connections = JoinSet::new();
    // A connection that has no place yet. Meanwhile, the operating system keeps new connections in its queue.
    let mut accepted = None;
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            stream = next_connection(&listener), if accepted.is_none() => accepted = Some(stream),
            permit = places.take(), if accepted.is_some() => {
                let Some(stream) = accepted.take() else { continue };
                let activity = ClientActivity::new(config.timeouts);
                places.add(&activity);
                let (config, state, stopped) = (config.clone(), Arc::clone(&state), stopped.clone());
                connections.spawn(async move {
                    serve_tcp(stream, config, state, activity, stopped).await;
                    drop(permit);
                });
            },
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        biased;
        Ok(()) = closed => {
            connections.shutdown().await;
            false
        }
        // After the grace period, the drop of `connections` aborts the remaining connections.
        ended = tokio::time::timeout(GRACE, ended) => ended.is_ok(),
    }
}

async fn next_connection(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

#[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "only TLS has settings"))]
async fn serve_tcp(
    stream: TcpStream,
    config: ServerConfig,
    state: Arc<EndpointState>,
    activity: Arc<ClientActivity>,
    stopped: watch::Receiver<()>,
) {
    // Responses and events are written in one piece, so Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    #[cfg(feature = "tls")]
    if let Some(tls) = config.tls {
        let stream = tokio::select! {
            stream = tls.accept(stream) => stream,
            () = activity.expired() => return,
        };
        // The client also receives an error if the handshake fails, so the server ignores the error.
        if let Ok(stream) = stream {
            serve_connection(stream, state, activity, stopped).await;
        }
        return;
    }
    serve_connection(stream, state, activity, stopped).await;
}

/// Serves one connection until either side closes it, a fault ends it, or its client sends nothing for too
/// long.
pub(crate) async fn serve_connection(
    socket: impl Socket,
    state: Arc<EndpointState>,
    activity: Arc<ClientActivity>,
    mut stopped: watch::Receiver<()>,
) {
    let counter = state.connections.accept();
    if let Some(end) = state.fault_rules.next_accept_fault() {
        let _activity = activity.start_response();
        return end.apply(socket, &mut stopped).await;
    }
    let socket = Arc::new(MeteredSocket::new(socket, Arc::clone(&state), counter, Arc::clone(&activity)));
    tokio::select! {
        () = serve_http(&socket, state, &mut stopped) => {}
        () = activity.expired() => {
            drop(socket.take_socket());
            return;
        }
    }
    // A fault decides when this connection ends.
    let _activity = activity.start_response();
    socket.write_raw_response().await;
    if let Some((socket, Some(end))) = socket.take_socket() {
        end.apply(socket, &mut stopped).await;
    }
}

/// Serves HTTP/1.1, or HTTP/2 if the client sends the connection preface of HTTP/2 or asks for an upgrade.
/// Returns when hyper closes the connection or returns an error.
async fn serve_http(
    socket: &Arc<MeteredSocket<impl Socket>>,
    state: Arc<EndpointState>,
    stopped: &mut watch::Receiver<()>,
) {
    let service = ConnectionService::new(Arc::clone(socket), state);
    let mut server = auto::Builder::new(TokioExecutor::new());
    // `ConnectionService` sets `Date` from the clock of the endpoint.
    server.http1().auto_date_header(false).max_buf_size(MAX_HEAD);
    server.http2().auto_date_header(false).max_concurrent_streams(MAX_STREAMS);
    let io = TokioIo::new(SocketIo(Arc::clone(socket)));
    run(server.serve_connection_with_upgrades(io, service.clone()), stopped).await;
    let Some(Upgrade { connection, settings }) = service.take_upgrade() else { return };
    let Ok(connection) = connection.await else { return };
    let io = TokioIo::new(UpgradedIo::new(TokioIo::new(connection), settings));
    let mut server = http2::Builder::new(TokioExecutor::new());
    server.auto_date_header(false).max_concurrent_streams(MAX_STREAMS);
    run(server.serve_connection(io, service), stopped).await;
}

/// Runs a connection to its end. When the endpoint stops, the connection completes the calls in progress.
async fn run(connection: impl GracefulConnection, stopped: &mut watch::Receiver<()>) {
    let mut connection = pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // Ignores the error of a broken connection, because the client also receives an error.
    drop(served);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_connections_does_not_grow_with_closed_connections() {
        let free = Arc::new(Semaphore::new(1));
        let mut places = Places { free, activities: Vec::new(), eviction: Duration::ZERO };
        let open = ClientActivity::new(IdleTimeouts::default());
        places.add(&open);
        for _ in 0..1_000 {
            places.add(&ClientActivity::new(IdleTimeouts::default()));
        }
        assert!(places.activities.len() <= 4, "{}", places.activities.len());
        assert!(places.activities[0].upgrade().is_some(), "the open connection is in the list");
    }
}
