//! How a peer is trusted.

use std::{error::Error, fmt, io, path::PathBuf, sync::Arc};

use bytes::Bytes;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{sync::OnceCell, task::spawn_blocking};
use tokio_rustls::TlsConnector;

use super::{connect::Step, stream::Stream};
use crate::{TransportError, TransportErrorKind};

/// The protocols to offer where HTTP/1.1 is to be spoken:
/// <https://www.iana.org/assignments/tls-extensiontype-values/#alpn-protocol-ids>
pub(super) const HTTP1: &[&str] = &["http/1.1"];

/// Where the root certificates come from.
#[derive(Clone)]
pub(super) enum Roots {
    System,
    /// PEM.
    Given(Bytes),
    /// PEM.
    File(PathBuf),
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("the system's"),
            Self::Given(_) => f.write_str("given"),
            Self::File(path) => path.fmt(f),
        }
    }
}

type Cause = Box<dyn Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
enum NoRoots {
    #[error(
        "this system has no root certificates: install its package `ca-certificates`, or name a PEM file in \
         SSL_CERT_FILE{0}"
    )]
    System(String),
    #[error("the root certificates that were given are not PEM certificates: {0}")]
    Given(Cause),
    #[error("the file of root certificates {0} cannot be read: {1}")]
    Unreadable(PathBuf, io::Error),
    #[error("the file of root certificates {0} has no PEM certificates to trust: {1}")]
    File(PathBuf, Cause),
}

/// TLS 1.2 and 1.3. The root certificates are loaded on first use, once.
pub(super) struct Tls {
    roots: Roots,
    alpn: Vec<Vec<u8>>,
    config: OnceCell<Arc<ClientConfig>>,
}

impl Tls {
    /// `alpn`: the protocols to offer, the most wanted first.
    pub(super) fn new(roots: Roots, alpn: &[&str]) -> Self {
        let alpn = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Self { roots, alpn, config: OnceCell::new() }
    }

    /// Loads the certificates, unless that was done.
    pub(super) async fn load(&self) -> Result<&Arc<ClientConfig>, TransportError> {
        self.config
            .get_or_try_init(|| async {
                let (roots, alpn) = (self.roots.clone(), self.alpn.clone());
                // Some hundred files to read and certificates to parse: not for the threads that drive sockets.
                let config = spawn_blocking(move || client_config(&roots, alpn)).await.map_err(tls)??;
                Ok(Arc::new(config))
            })
            .await
    }

    /// Shakes hands with `host` over `stream`. Whether HTTP/2 was agreed on stands beside the result.
    pub(super) fn handshake<'a>(
        &'a self,
        stream: Box<dyn Stream>,
        host: &'a str,
    ) -> Step<'a, (Box<dyn Stream>, bool)> {
        Box::pin(async move {
            // An address of version 6 stands in brackets in a URI, and nowhere else.
            let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            // No certificate can be valid for such a name.
            let name = ServerName::try_from(name)
                .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error))?;
            let config = Arc::clone(self.load().await?);
            let stream = TlsConnector::from(config).connect(name, stream).await.map_err(tls)?;
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let stream: Box<dyn Stream> = Box::new(stream);
            Ok((stream, http2))
        })
    }

    #[cfg(test)]
    pub(super) fn loaded(&self) -> Option<&Arc<ClientConfig>> {
        self.config.get()
    }
}

/// Blocks: it reads files.
pub(super) fn client_config(roots: &Roots, alpn: Vec<Vec<u8>>) -> Result<ClientConfig, TransportError> {
    let store = match roots {
        Roots::System => system().map_err(tls)?,
        Roots::Given(pem) => parse(pem).map_err(|cause| tls(NoRoots::Given(cause)))?,
        Roots::File(path) => {
            let pem = std::fs::read(path).map_err(|error| tls(NoRoots::Unreadable(path.clone(), error)))?;
            parse(&pem).map_err(|cause| tls(NoRoots::File(path.clone(), cause)))?
        }
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(tls)?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = alpn;
    Ok(config)
}

/// What the system trusts. A certificate among them that rustls cannot use is passed over, as everybody does.
fn system() -> Result<RootCertStore, NoRoots> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why: Vec<String> = found.errors.iter().map(|error| format!(" ({error})")).collect();
        return Err(NoRoots::System(why.concat()));
    }
    Ok(roots)
}

fn parse(pem: &[u8]) -> Result<RootCertStore, Cause> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|error| error.to_string())?)?;
    }
    if roots.is_empty() { Err("there is none".into()) } else { Ok(roots) }
}

fn tls(error: impl Error + Send + Sync + 'static) -> TransportError {
    TransportError::new(TransportErrorKind::Tls, error)
}
