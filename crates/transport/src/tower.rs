//! A transport over any `tower::Service`, and `HyperTransport` as a `tower::Service`.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
#[cfg(feature = "hyper")]
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body::{RequestBody, ResponseBody};
use crate::error::{TransportError, TransportErrorKind, find};
#[cfg(feature = "hyper")]
use crate::hyper::HyperTransport;
use crate::transport::{BoxFuture, ConnectionPool, Transport};

type BoxError = Box<dyn Error + Send + Sync>;

/// A transport over any `tower::Service` that takes HTTP requests, such as the HTTP client of `hyper-util`, or
/// `HyperTransport` with layers of `tower-http`.
///
/// ```
/// use http::HeaderValue;
/// use http::header::USER_AGENT;
/// use invoke_model_transport::{HyperTransport, TowerTransport};
/// use tower::ServiceBuilder;
/// use tower_http::set_header::SetRequestHeaderLayer;
/// use tower_http::trace::TraceLayer;
///
/// let agent = HeaderValue::from_static("my-gateway/1.0");
/// let service = ServiceBuilder::new()
///     .layer(TraceLayer::new_for_http())
///     .layer(SetRequestHeaderLayer::overriding(USER_AGENT, agent))
///     .service(HyperTransport::new());
/// let transport = TowerTransport::new(service);
/// ```
///
/// The service gets requests with an absolute URI, after they were signed. Therefore it must not change the
/// method, the URI, the body or a signed header. `user-agent` is not signed. Each request is sent by a clone of
/// the service.
///
/// # Errors
///
/// The kind of an error determines if the request may have been sent. The transport searches the error of the
/// service and its causes:
///
/// | error of the service | kind |
/// |---|---|
/// | contains a [`TransportError`] | the same kind |
/// | contains a connect error of `hyper-util` (with the feature `hyper`), or an [`io::Error`] of the kind `ConnectionRefused` | [`Connect`](TransportErrorKind::Connect) |
/// | any other error of `poll_ready` | [`Connect`](TransportErrorKind::Connect), because the service has not received the request |
/// | any other error | [`Send`](TransportErrorKind::Send): the service may have sent the request |
///
/// If a call times out or is cancelled while it waits for the service to become ready, the client assumes that
/// the request may have been sent.
///
/// # Limits
///
/// The service must check that the body of a response is complete. Except for `HyperTransport`, the transport
/// cannot know if the body [ends with its connection](ResponseBody::ends_with_connection). If the version of a
/// request is HTTP/2, the service must not send the request over HTTP/1.1. A
/// [`ConnectTimeout`](crate::ConnectTimeout) has an effect only with `HyperTransport`.
pub struct TowerTransport<S> {
    /// The mutex makes the transport `Sync`, even if the service is not `Sync`. It is locked only to clone the
    /// service.
    service: Mutex<S>,
    pool: Option<Arc<dyn ConnectionPool>>,
}

impl<S> TowerTransport<S> {
    /// Creates a transport over a service.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self { service: Mutex::new(service), pool: None }
    }

    /// Sets the transport whose connections the service uses. [`Transport::connection_pool`] then returns the
    /// pool of this transport. Default: `None`, because a service does not show its inner services.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use http::StatusCode;
    /// use invoke_model_transport::{HyperTransport, TowerTransport};
    /// use tower::ServiceBuilder;
    /// use tower_http::timeout::TimeoutLayer;
    ///
    /// let hyper = HyperTransport::new();
    /// let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(60));
    /// let service = ServiceBuilder::new().layer(timeout).service(hyper.clone());
    /// let transport = TowerTransport::new(service).connection_pool_of(&hyper);
    /// ```
    #[must_use]
    pub fn connection_pool_of(mut self, transport: &impl Transport) -> Self {
        self.pool = transport.connection_pool();
        self
    }
}

impl<S: Clone> Clone for TowerTransport<S> {
    fn clone(&self) -> Self {
        Self { service: Mutex::new(self.service()), pool: self.pool.clone() }
    }
}

impl<S: Clone> TowerTransport<S> {
    fn service(&self) -> S {
        self.service.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Does not show the service, because the `Debug` output of a layer can contain the value of a header.
impl<S> fmt::Debug for TowerTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TowerTransport").finish_non_exhaustive()
    }
}

impl<S, B> Transport for TowerTransport<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        let mut service = self.service();
        Box::pin(async move {
            let ready = poll_fn(|cx| service.poll_ready(cx)).await;
            ready.map_err(|error| classify(error.into(), TransportErrorKind::Connect))?;
            let response = service.call(request).await;
            let response = response.map_err(|error| classify(error.into(), TransportErrorKind::Send))?;
            let ends_with_connection = response.extensions().get::<EndsWithConnection>().is_some();
            Ok(response.map(|body| match (ends_with_connection, ResponseBody::from_body(body)) {
                (true, body) => body.ending_with_connection(),
                (false, body) => body,
            }))
        })
    }

    fn connection_pool(&self) -> Option<Arc<dyn ConnectionPool>> {
        self.pool.clone()
    }
}

/// An extension of a response from `HyperTransport` whose body ends with its connection. Layers keep the
/// extension, although they may wrap the body.
#[derive(Clone, Copy)]
struct EndsWithConnection;

/// Converts the error of a service. `other` is the kind of errors whose cause is unknown.
fn classify(error: BoxError, other: TransportErrorKind) -> TransportError {
    if let Some(error) = find::<TransportError>(&*error) {
        return error.clone();
    }
    let kind = if is_connect(&*error) { TransportErrorKind::Connect } else { other };
    TransportError::new(kind, error)
}

/// Returns `true` if the error states that no connection was established.
fn is_connect(error: &(dyn Error + 'static)) -> bool {
    #[cfg(feature = "hyper")]
    if find::<hyper_util::client::legacy::Error>(error).is_some_and(|error| error.is_connect()) {
        return true;
    }
    find::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// `HyperTransport` as the innermost service of a stack of layers.
#[cfg(feature = "hyper")]
impl Service<Request<RequestBody>> for HyperTransport {
    type Response = Response<ResponseBody>;
    type Error = TransportError;
    type Future = BoxFuture<Result<Response<ResponseBody>, TransportError>>;

    /// Returns `Ready`, because the transport waits for a connection when it sends a request.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let response = self.send(request);
        Box::pin(async move {
            let mut response = response.await?;
            if response.body().ends_with_connection() {
                response.extensions_mut().insert(EndsWithConnection);
            }
            Ok(response)
        })
    }
}
