//! HTTP/1.1 with hyper, TLS with rustls.

mod builder;
mod classify;
mod request;
mod response;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

use http::{Request, Response, uri::Scheme};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{
    Client,
    connect::{Connect, HttpConnector, capture_connection},
};
use tokio::{sync::OnceCell, task::spawn_blocking, time::sleep};

use crate::{BoxFuture, RequestBody, ResponseBody, Transport, TransportError, TransportErrorKind};
pub use builder::HyperTransportBuilder;

/// Sends requests over HTTP/1.1 with [hyper](https://hyper.rs), and reuses connections.
///
/// `https` is TLS 1.2 or 1.3 by rustls with the *ring* provider, whatever the process's default provider is, and
/// trusts the system's root certificates: those that `SSL_CERT_FILE` or `SSL_CERT_DIR` name, otherwise the
/// platform's. They are loaded on the first `https` request, once per transport; `http` never needs them.
///
/// Clones share connections and certificates. A connection belongs to the tokio runtime that it was opened in.
///
/// # Panics
///
/// [`send`](Transport::send) has to be polled in a tokio runtime with IO and time enabled.
#[derive(Clone)]
pub struct HyperTransport(Arc<Shared>);

struct Shared {
    settings: HyperTransportBuilder,
    plain: Client<HttpConnector, RequestBody>,
    secure: OnceCell<Client<HttpsConnector<HttpConnector>, RequestBody>>,
}

impl HyperTransport {
    /// A transport with the settings that [`HyperTransportBuilder`] names as defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// To change settings.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }

    fn from_settings(settings: HyperTransportBuilder) -> Self {
        let plain = settings.client(settings.tcp(Scheme::HTTP));
        Self(Arc::new(Shared { settings, plain, secure: OnceCell::new() }))
    }
}

impl Default for HyperTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Transport for HyperTransport {
    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let authority = request.uri().authority().cloned();
            shared.send(request).await.map_err(|error| match &authority {
                Some(authority) => error.at(authority),
                None => error,
            })
        })
    }
}

impl Shared {
    async fn send(
        &self,
        mut request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        if request::prepare(&mut request)? == Scheme::HTTPS {
            self.send_on(self.secure().await?, request).await
        } else {
            self.send_on(&self.plain, request).await
        }
    }

    /// The client for `https`, made on first use.
    async fn secure(&self) -> Result<&Client<HttpsConnector<HttpConnector>, RequestBody>, TransportError> {
        self.secure
            .get_or_try_init(|| async {
                let roots = self.settings.root_certificates.clone();
                // Some hundred files to read and certificates to parse: not for the threads that drive sockets.
                let config = spawn_blocking(move || tls::client_config(roots.as_deref()))
                    .await
                    .map_err(|error| TransportError::new(TransportErrorKind::Tls, error))??;
                let connector = HttpsConnector::from((self.settings.tcp(Scheme::HTTPS), config));
                Ok(self.settings.client(connector))
            })
            .await
    }

    /// Sends, and gives up if there is no connection in time.
    ///
    /// The limit covers what the connector does before the request is handed to a connection: resolving, TCP and
    /// the TLS handshake. So whatever it ends was not sent.
    ///
    /// One case escapes it: when hyper-util moves an unbegun request from a dead connection to a new one, the
    /// first one was captured already. TCP is then bounded by the connector, the handshake only by the caller.
    async fn send_on<C>(
        &self,
        client: &Client<C, RequestBody>,
        mut request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, TransportError>
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        let limit = self.settings.connect_timeout;
        let connection = capture_connection(&mut request);
        let mut response = client.request(request);
        let mut timeout = pin!(sleep(limit));
        poll_fn(|cx| {
            if let Poll::Ready(result) = Pin::new(&mut response).poll(cx) {
                return Poll::Ready(result.map_err(classify::classify));
            }
            let connecting = connection.connection_metadata().is_none();
            if connecting && timeout.as_mut().poll(cx).is_ready() {
                let words = format!("not connected after {limit:?}");
                return Poll::Ready(Err(TransportError::new(TransportErrorKind::ConnectTimeout, words)));
            }
            Poll::Pending
        })
        .await
        .map(response::with_body)
    }
}
