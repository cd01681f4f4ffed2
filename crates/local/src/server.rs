//! The HTTP/1.1 server of the endpoint: one task for each connection.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::delivery::ResponseDelivery;
use crate::gauge::GaugeGuard;
use crate::handler::{HandledRequest, LATENCY, handle, set_header};
use crate::metered_socket::{MeteredSocket, Socket};
use crate::payload::PayloadCollector;
use crate::response_body::ResponseBody;
use crate::state::EndpointState;

/// The time limit for calls that are in progress when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// The delay after an error of `accept`. For example, `accept` fails if too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Serves connections until `stopped` changes. Returns `true` if all connections end within the grace period.
pub(crate) async fn accept(
    listener: TcpListener,
    state: Arc<EndpointState>,
    mut stopped: watch::Receiver<()>,
) -> bool {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Responses and events are written in one piece, so Nagle's algorithm would only delay
                    // them.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve_connection(stream, Arc::clone(&state), stopped.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // Dropping the set aborts the remaining connections.
    tokio::time::timeout(GRACE, ended).await.is_ok()
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
    let socket = MeteredSocket::new(socket, Arc::clone(&state), counter);
    serve_http(&socket, &state, &mut stopped).await;
    socket.write_raw_response().await;
    let (socket, end, _counter) = socket.into_parts();
    if let Some(end) = end {
        end.apply(socket, &mut stopped).await;
    }
}

/// Serves HTTP until hyper closes the connection or returns an error.
async fn serve_http(
    socket: &MeteredSocket<impl Socket>,
    state: &Arc<EndpointState>,
    stopped: &mut watch::Receiver<()>,
) {
    let service = service_fn(|request| {
        // Counts the request here and not in `serve_call`. hyper does not poll the future of `serve_call` if
        // the connection ends immediately after the request head.
        socket.counter.add_request_head();
        serve_call(state, socket, state.calls.enter(), request)
    });
    // `serve_call` sets `Date` from the clock of the endpoint.
    let connection =
        http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(socket), service);
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

/// The reason why hyper gets no response.
#[derive(Debug, thiserror::Error)]
enum NoResponse {
    #[error(transparent)]
    Request(#[from] hyper::Error),
    #[error("injected fault: the connection ends without a response")]
    Fault,
}

async fn serve_call<S: Socket>(
    state: &Arc<EndpointState>,
    socket: &MeteredSocket<S>,
    in_progress: GaugeGuard,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, NoResponse> {
    let (parts, mut body) = request.into_parts();
    let mut payload = PayloadCollector::default();
    while let Some(frame) = body.frame().await {
        if let Some(bytes) = frame?.data_ref() {
            payload.update(bytes);
        }
    }
    if !socket.finish_request() {
        return Err(NoResponse::Fault);
    }
    socket.counter.add_request();
    let received = state.clock.now();
    let request = Request::from_parts(parts, payload.finish());
    let handled = handle(state, socket.counter.id(), request, received).await.map_err(|end| {
        socket.end(end);
        NoResponse::Fault
    })?;
    let HandledRequest { mut response, fault, worked_on, progress, stream } = handled;
    if worked_on {
        socket.counter.add_worked_on();
    }
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    let now = state.clock.now();
    if response.headers().contains_key(LATENCY) {
        let latency = now.duration_since(received).unwrap_or_default();
        set_header(response.headers_mut(), LATENCY, &latency.as_millis().to_string());
    }
    fault.set_date(response.headers_mut(), now);
    let delivery = ResponseDelivery { progress, stream, _call: in_progress };
    socket.start_response(delivery, fault.disconnect, fault.drip);
    match fault.raw_response(&response) {
        None => Ok(response),
        Some(raw) => {
            socket.set_raw_response(raw);
            Err(NoResponse::Fault)
        }
    }
}
