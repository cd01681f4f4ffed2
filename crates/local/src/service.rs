//! The service that hyper calls with each request of a connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::upgrade::OnUpgrade;

use crate::admin;
use crate::bidirectional::RequestBody;
use crate::call_record::mark_sensitive;
use crate::client_activity::{ActivityGuard, ClientActivity};
use crate::delivery::{ResponseDelivery, ResponseProgress};
use crate::fault::{ConnectionEnd, Fault, FaultPoint};
use crate::gauge::GaugeGuard;
use crate::handler::{HandledRequest, LATENCY, handle, set_header};
use crate::http2_body::{ConnectionBody, Cutoff, Http2Body};
use crate::http2_upgrade::{requested_settings, switching_protocols};
use crate::metered_socket::{MeteredSocket, Socket};
use crate::operation::is_bidirectional;
use crate::payload::{Payload, PayloadCollector};
use crate::response_body::ResponseBody;
use crate::state::EndpointState;

/// The service of one connection.
pub(crate) struct ConnectionService<S>(Arc<Connection<S>>);

struct Connection<S> {
    socket: Arc<MeteredSocket<S>>,
    state: Arc<EndpointState>,
    upgrade: Mutex<Option<Upgrade>>,
    /// The request that asked for an upgrade to HTTP/2. It is the first request of the HTTP/2 connection.
    first: Mutex<Option<ReceivedRequest>>,
}

/// The upgrade of a connection to HTTP/2.
pub(crate) struct Upgrade {
    /// The connection after the response that accepts the upgrade.
    pub(crate) connection: OnUpgrade,
    /// The settings in the header `HTTP2-Settings`.
    pub(crate) settings: Bytes,
}

/// A request with its complete body.
struct ReceivedRequest {
    /// The call in progress, or `None` for a request under `/_local/`.
    call: Option<GaugeGuard>,
    request: Request<Payload>,
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
        let (upgrade, first) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Connection { socket, state, upgrade, first }))
    }

    /// Takes the upgrade that the last response has accepted.
    pub(crate) fn take_upgrade(&self) -> Option<Upgrade> {
        take(&self.0.upgrade)
    }
}

impl<S> Clone for ConnectionService<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Socket> Service<Request<Incoming>> for ConnectionService<S> {
    type Response = Response<ConnectionBody>;
    type Error = NoResponse;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let connection = Arc::clone(&self.0);
        if request.version() == Version::HTTP_2 {
            if let Some(first) = take(&connection.first) {
                return Box::pin(async move { connection.respond(first).await });
            }
        }
        let call = (!admin::serves(request.uri().path())).then(|| {
            // Counts the request before it returns the future, because hyper does not poll the future if the
            // connection ends immediately after the request head.
            connection.socket.counter.add_request_head();
            connection.state.calls.enter()
        });
        let upgraded = hyper::upgrade::on(&mut request);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            if is_bidirectional(&parts, &connection.state.base_path) {
                let payload = match parts.version {
                    Version::HTTP_2 => Payload::of_events(RequestBody::new(body)),
                    // Do not read the body, because the client waits for the response before it ends the body.
                    _ => Payload::without_events(),
                };
                let request = Request::from_parts(parts, payload);
                return connection.respond(ReceivedRequest { call, request }).await;
            }
            // HTTP/2 without TLS is not allowed on a TLS connection.
            let settings = requested_settings(&parts).filter(|_| !S::IS_TLS);
            let payload = collect(body, &connection.socket.activity).await?;
            let mut received = ReceivedRequest { call, request: Request::from_parts(parts, payload) };
            let Some(settings) = settings else { return connection.respond(received).await };
            *received.request.version_mut() = Version::HTTP_2;
            put(&connection.first, received);
            put(&connection.upgrade, Upgrade { connection: upgraded, settings });
            Ok(switching_protocols().map(|body| ConnectionBody::Http1(body.into())))
        })
    }
}

impl<S: Socket> Connection<S> {
    /// Responds to a complete request.
    async fn respond(&self, received: ReceivedRequest) -> Result<Response<ConnectionBody>, NoResponse> {
        let activity = self.socket.activity.start_response();
        match received.call {
            Some(call) => self.serve_call(call, activity, received.request).await,
            None => Ok(self.serve_admin(activity, received.request)),
        }
    }

    /// Responds to a request for the pages and records of the endpoint. Faults do not affect these requests.
    fn serve_admin(&self, activity: ActivityGuard, request: Request<Payload>) -> Response<ConnectionBody> {
        let (parts, payload) = request.into_parts();
        let is_http2 = parts.version == Version::HTTP_2;
        let mut response = admin::respond(&self.state, &parts, &payload.bytes);
        Fault::default().set_date(response.headers_mut(), self.state.clock.now());
        let progress = Arc::<ResponseProgress>::default();
        let delivery = ResponseDelivery::unrecorded(Arc::clone(&progress), activity);
        let response = response.map(|body| ResponseBody::from(body).with_progress(progress));
        if is_http2 {
            return self.http2_response(response, delivery, &Fault::default());
        }
        self.socket.start_response(delivery, None, None);
        response.map(ConnectionBody::Http1)
    }

    async fn serve_call(
        &self,
        in_progress: GaugeGuard,
        activity: ActivityGuard,
        request: Request<Payload>,
    ) -> Result<Response<ConnectionBody>, NoResponse> {
        let (socket, state) = (&self.socket, &self.state);
        let is_http2 = request.version() == Version::HTTP_2;
        if !socket.finish_request() {
            return Err(NoResponse::Fault);
        }
        socket.counter.add_request();
        let received = state.clock.now();
        let request = origin_form(request);
        let HandledRequest { mut response, fault, worked_on, progress, stream } =
            match handle(state, socket.counter.id(), request, received).await {
                Ok(handled) => handled,
                Err(end) if is_http2 => return Err(reset_stream(end).await),
                Err(end) => {
                    socket.end(end);
                    return Err(NoResponse::Fault);
                }
            };
        let delivery = ResponseDelivery::of_call(Arc::clone(state), in_progress, activity, progress, stream);
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
async fn collect(mut body: Incoming, activity: &ClientActivity) -> Result<Payload, hyper::Error> {
    let mut payload = PayloadCollector::default();
    while let Some(frame) = body.frame().await {
        activity.receive();
        if let Some(bytes) = frame?.data_ref() {
            payload.update(bytes);
        }
    }
    Ok(payload.finish())
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn put<T>(slot: &Mutex<Option<T>>, value: T) {
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
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
