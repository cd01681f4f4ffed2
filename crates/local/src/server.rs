//! The HTTP server of the endpoint: one task for each connection.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::metered_socket::{MeteredSocket, Socket, SocketIo};
use crate::service::ConnectionService;
use crate::state::EndpointState;
#[cfg(feature = "tls")]
use crate::tls::TlsAcceptor;

/// The time limit for calls that are in progress when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// The delay after an error of `accept`. For example, `accept` fails if too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// The maximum number of calls in progress on one HTTP/2 connection.
const MAX_STREAMS: u32 = 256;

/// The settings of a server.
#[derive(Clone)]
pub(crate) struct ServerConfig {
    pub(crate) max_connections: usize,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<TlsAcceptor>,
}

/// Serves connections until `stopped` changes. Returns `true` if all connections end within the grace period.
pub(crate) async fn accept(
    listener: TcpListener,
    config: ServerConfig,
    state: Arc<EndpointState>,
    mut stopped: watch::Receiver<()>,
) -> bool {
    let limit = Arc::new(Semaphore::new(config.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let next_connection = async || {
        // While the limit is reached, the operating system keeps new connections in its queue.
        let permit = Arc::clone(&limit).acquire_owned().await;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return (stream, permit),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            (stream, permit) = next_connection() => {
                let (config, state, stopped) = (config.clone(), Arc::clone(&state), stopped.clone());
                connections.spawn(async move {
                    serve_tcp(stream, config, state, stopped).await;
                    drop(permit);
                });
            },
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // After the grace period, the drop of `connections` aborts the remaining connections.
    tokio::time::timeout(GRACE, ended).await.is_ok()
}

#[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "only TLS has settings"))]
async fn serve_tcp(
    stream: TcpStream,
    config: ServerConfig,
    state: Arc<EndpointState>,
    stopped: watch::Receiver<()>,
) {
    // Responses and events are written in one piece, so Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    #[cfg(feature = "tls")]
    if let Some(tls) = config.tls {
        // The client also receives an error if the handshake fails, so the server ignores the error.
        if let Ok(stream) = tls.accept(stream).await {
            serve_connection(stream, state, stopped).await;
        }
        return;
    }
    serve_connection(stream, state, stopped).await;
}

/// Serves one connection until either side closes it or a fault ends it.
pub(crate) async fn serve_connection(
    socket: impl Socket,
    state: Arc<EndpointState>,
    mut stopped: watch::Receiver<()>,
) {
    let counter = state.connections.accept();
    if let Some(end) = state.fault_rules.next_accept_fault() {
        return end.apply(socket, &mut stopped).await;
    }
    let socket = Arc::new(MeteredSocket::new(socket, Arc::clone(&state), counter));
    serve_http(&socket, state, &mut stopped).await;
    socket.write_raw_response().await;
    if let Some((socket, Some(end))) = socket.take_socket() {
        end.apply(socket, &mut stopped).await;
    }
}

/// Serves HTTP/1.1, or HTTP/2 if the client sends the connection preface of HTTP/2. Returns when hyper closes
/// the connection or returns an error.
async fn serve_http(
    socket: &Arc<MeteredSocket<impl Socket>>,
    state: Arc<EndpointState>,
    stopped: &mut watch::Receiver<()>,
) {
    let service = ConnectionService::new(Arc::clone(socket), state);
    let mut server = auto::Builder::new(TokioExecutor::new());
    // `ConnectionService` sets `Date` from the clock of the endpoint.
    server.http1().auto_date_header(false);
    server.http2().auto_date_header(false).max_concurrent_streams(MAX_STREAMS);
    let connection = server.serve_connection(TokioIo::new(SocketIo(Arc::clone(socket))), service);
    let mut connection = std::pin::pin!(connection);
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
