//! The service that hyper calls with each request of a connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::HOST;
use http::{HeaderValue, Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::Service;

use crate::admin;
use crate::bidirectional::RequestBody;
use crate::call_log::mark_sensitive;
use crate::delivery::{ResponseDelivery, ResponseProgress};
use crate::fault::{ConnectionEnd, Fault, FaultPoint};
use crate::gauge::GaugeGuard;
use crate::handler::{HandledRequest, LATENCY, handle, set_header};
use crate::http2_body::{ConnectionBody, Cutoff, Http2Body};
use crate::metered_socket::{MeteredSocket, Socket};
use crate::operation;
use crate::payload::{Payload, PayloadCollector};
use crate::response_body::ResponseBody;
use crate::state::EndpointState;

/// The service of one connection.
pub(crate) struct ConnectionService<S>(Arc<Connection<S>>);

struct Connection<S> {
    socket: Arc<MeteredSocket<S>>,
    state: Arc<EndpointState>,
}

/// The reason why hyper gets no response. hyper closes an HTTP/1.1 connection, and resets the stream of an
/// HTTP/2 connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoResponse {
    #[error(transparent)]
    Request(#[from] hyper::Error),
    #[error("injected fault: the connection ends without a response")]
    Fault,
}

impl<S: Socket> ConnectionService<S> {
    pub(crate) fn new(socket: Arc<MeteredSocket<S>>, state: Arc<EndpointState>) -> Self {
        Self(Arc::new(Connection { socket, state }))
    }
}

impl<S: Socket> Service<Request<Incoming>> for ConnectionService<S> {
    type Response = Response<ConnectionBody>;
    type Error = NoResponse;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let connection = Arc::clone(&self.0);
        if admin::serves(request.uri().path()) {
            return Box::pin(async move { connection.serve_admin(request).await });
        }
        // Counts the request before it returns the future, because hyper does not poll the future if the
        // connection ends immediately after the request head.
        connection.socket.counter.add_request_head();
        let in_progress = connection.state.calls.enter();
        Box::pin(async move { connection.serve_call(in_progress, request).await })
    }
}

impl<S: Socket> Connection<S> {
    /// Responds to a request for the pages and records of the endpoint. Faults do not affect these requests.
    async fn serve_admin(&self, request: Request<Incoming>) -> Result<Response<ConnectionBody>, NoResponse> {
        let is_http2 = request.version() == Version::HTTP_2;
        let mut response = admin::respond(&self.state, request).await?;
        Fault::default().set_date(response.headers_mut(), self.state.clock.now());
        let progress = Arc::<ResponseProgress>::default();
        let delivery = ResponseDelivery::unrecorded(Arc::clone(&progress));
        let response = response.map(|body| ResponseBody::from(body).with_progress(progress));
        if is_http2 {
            return Ok(self.http2_response(response, delivery, &Fault::default()));
        }
        self.socket.start_response(delivery, None, None);
        Ok(response.map(ConnectionBody::Http1))
    }

    async fn serve_call(
        &self,
        in_progress: GaugeGuard,
        request: Request<Incoming>,
    ) -> Result<Response<ConnectionBody>, NoResponse> {
        let (socket, state) = (&self.socket, &self.state);
        let is_http2 = request.version() == Version::HTTP_2;
        let (parts, body) = request.into_parts();
        let payload = if !operation::is_bidirectional(&parts) {
            collect(body).await?
        } else if is_http2 {
            Payload::of_events(RequestBody::new(body))
        } else {
            // Do not read the body, because the client waits for the response before it ends the body.
            Payload::without_events()
        };
        if !socket.finish_request() {
            return Err(NoResponse::Fault);
        }
        socket.counter.add_request();
        let received = state.clock.now();
        let request = origin_form(Request::from_parts(parts, payload));
        let HandledRequest { mut response, fault, worked_on, progress, stream } =
            match handle(state, socket.counter.id(), request, received).await {
                Ok(handled) => handled,
                Err(end) if is_http2 => return Err(reset_stream(end).await),
                Err(end) => {
                    socket.end(end);
                    return Err(NoResponse::Fault);
                }
            };
        let delivery = ResponseDelivery::of_call(Arc::clone(state), in_progress, progress, stream);
        if worked_on {
            socket.counter.add_worked_on();
        }
        if !fault.delay.is_zero() {
            tokio::time::sleep(fault.delay).await;
        }
        self.set_times(&mut response, &fault, received);
        if is_http2 {
            return match fault.disconnect {
                Some((FaultPoint::ResponseBytes(0), end)) => {
                    delivery.set_broken();
                    Err(reset_stream(end).await)
                }
                _ if fault.is_garbage() => Err(NoResponse::Fault),
                _ => Ok(self.http2_response(response, delivery, &fault)),
            };
        }
        socket.start_response(delivery, fault.disconnect, fault.drip);
        match fault.raw_response(&response) {
            None => Ok(response.map(ConnectionBody::Http1)),
            Some(raw) => {
                socket.set_raw_response(raw);
                Err(NoResponse::Fault)
            }
        }
    }

    /// Sets the headers that depend on the time at which the response is sent.
    fn set_times(&self, response: &mut Response<ResponseBody>, fault: &Fault, received: SystemTime) {
        let now = self.state.clock.now();
        if response.headers().contains_key(LATENCY) {
            let latency = now.duration_since(received).unwrap_or_default();
            set_header(response.headers_mut(), LATENCY, &latency.as_millis().to_string());
        }
        fault.set_date(response.headers_mut(), now);
    }

    /// Returns a response whose stream ends at the byte that the fault specifies.
    fn http2_response(
        &self,
        response: Response<ResponseBody>,
        delivery: ResponseDelivery,
        fault: &Fault,
    ) -> Response<ConnectionBody> {
        let cutoff = fault.disconnect.and_then(|(point, end)| match point {
            FaultPoint::ResponseBytes(remaining) | FaultPoint::BodyBytes(remaining) => {
                Some(Cutoff { remaining, end })
            }
            FaultPoint::Request | FaultPoint::LastChunk => None,
        });
        let counter = Arc::clone(&self.socket.counter);
        response.map(|body| {
            ConnectionBody::Http2(Box::new(Http2Body::new(body, delivery, counter, cutoff, fault.drip)))
        })
    }
}

/// Receives the complete body of a request.
async fn collect(mut body: Incoming) -> Result<Payload, hyper::Error> {
    let mut payload = PayloadCollector::default();
    while let Some(frame) = body.frame().await {
        if let Some(bytes) = frame?.data_ref() {
            payload.update(bytes);
        }
    }
    Ok(payload.finish())
}

/// Ends a stream of an HTTP/2 connection without a response. Other streams of the connection continue.
async fn reset_stream(end: ConnectionEnd) -> NoResponse {
    if end == ConnectionEnd::Stall {
        // hyper drops this future when the client resets the stream.
        std::future::pending::<()>().await;
    }
    NoResponse::Fault
}

/// Returns the request as HTTP/1.1 would transfer it. An HTTP/2 request has its host in `:authority` instead
/// of the `host` header (RFC 9113 section 8.3.1).
fn origin_form<B>(mut request: Request<B>) -> Request<B> {
    mark_sensitive(request.headers_mut());
    if let Some(authority) = request.uri().authority() {
        let host = HeaderValue::from_str(authority.as_str());
        if let Some(host) = host.ok().filter(|_| !request.headers().contains_key(HOST)) {
            request.headers_mut().insert(HOST, host);
        }
        let path = request.uri().path_and_query().map(|path| path.as_str().parse());
        if let Some(Ok(path)) = path {
            *request.uri_mut() = path;
        }
    }
    request
}
