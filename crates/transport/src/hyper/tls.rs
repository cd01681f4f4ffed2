//! TLS connections.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;

use super::certificate;
use super::head_limit::LimitedStream;
use super::roots::Roots;
use super::stream::{Connecting, Stream};
use crate::error::{TransportError, TransportErrorKind, find};

/// The ALPN protocols of a client that supports only HTTP/1.1:
/// <https://www.iana.org/assignments/tls-extensiontype-values/#alpn-protocol-ids>
pub(super) const HTTP1: &[&str] = &["http/1.1"];

/// A TLS client for versions 1.2 and 1.3. The root certificates are loaded once, on first use.
pub(super) struct Tls(Arc<Inner>);

struct Inner {
    roots: Roots,
    alpn: Vec<Vec<u8>>,
    config: OnceLock<Arc<ClientConfig>>,
    /// Held while the certificates are loaded. Only blocking threads wait for this lock, because a task that
    /// waits for another task would wait forever if the runtime of the other task is not polled.
    loading: Mutex<()>,
}

impl Tls {
    /// Creates a client that offers the protocols in `alpn`. The preferred protocol comes first.
    pub(super) fn new(roots: Roots, alpn: &[&str]) -> Self {
        let alpn = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Self(Arc::new(Inner { roots, alpn, config: OnceLock::new(), loading: Mutex::default() }))
    }

    /// Loads the certificates if they are not loaded yet.
    pub(super) async fn load(&self) -> Result<&Arc<ClientConfig>, TransportError> {
        if let Some(config) = self.0.config.get() {
            return Ok(config);
        }
        // Loads the certificates on a blocking thread, because reading files and parsing more than a hundred
        // certificates would block the threads of the runtime.
        let inner = Arc::clone(&self.0);
        let config = spawn_blocking(move || inner.load()).await.map_err(tls_error)??;
        Ok(self.0.config.get_or_init(|| config))
    }

    /// Performs the TLS handshake with `host` over `stream`. Returns the TLS stream, and `true` if HTTP/2 was
    /// negotiated.
    pub(super) fn handshake<'a>(
        &'a self,
        stream: Box<dyn Stream>,
        host: &'a str,
    ) -> Connecting<'a, (Box<dyn Stream>, bool)> {
        Box::pin(async move {
            // IPv6 addresses have brackets in URIs, but not in certificates.
            let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            // If the name is invalid, no certificate can be valid for it.
            let name = ServerName::try_from(name)
                .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error))?;
            let config = Arc::clone(self.load().await?);
            let stream = TlsConnector::from(config).connect(name, stream).await.map_err(handshake_failed)?;
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let stream: Box<dyn Stream> = Box::new(LimitedStream::new(stream));
            Ok((stream, is_http2))
        })
    }

    #[cfg(test)]
    pub(super) fn loaded(&self) -> Option<&Arc<ClientConfig>> {
        self.0.config.get()
    }
}

impl Inner {
    /// Loads the certificates, or returns the configuration that another thread has loaded in the meantime.
    fn load(&self) -> Result<Arc<ClientConfig>, TransportError> {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = client_config(&self.roots, self.alpn.clone())?;
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(config))))
    }
}

/// Creates the TLS configuration. This function blocks, because it reads files.
pub(super) fn client_config(roots: &Roots, alpn: Vec<Vec<u8>>) -> Result<ClientConfig, TransportError> {
    let verifier = roots.verifier().map_err(tls_error)?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(tls_error)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = alpn;
    Ok(config)
}

/// Returns the error of a handshake. Adds the solution to errors of rustls.
fn handshake_failed(error: io::Error) -> TransportError {
    match find::<rustls::Error>(&error) {
        Some(problem) => TransportError::new(TransportErrorKind::Tls, certificate::describe(problem)),
        None => tls_error(error),
    }
}

fn tls_error(error: impl Error + Send + Sync + 'static) -> TransportError {
    TransportError::new(TransportErrorKind::Tls, error)
}
