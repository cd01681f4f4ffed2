//! How a peer is trusted.

use std::{io, sync::Arc};

use hyper_rustls::ConfigBuilderExt;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{TransportError, TransportErrorKind};

#[derive(Debug, thiserror::Error)]
enum NoRoots {
    #[error(
        "this system has no root certificates: install its package `ca-certificates`, or name a PEM file in \
         SSL_CERT_FILE ({0})"
    )]
    System(io::Error),
    #[error("the root certificates that were given are not PEM certificates: {0}")]
    Given(Box<dyn std::error::Error + Send + Sync>),
}

/// TLS 1.2 and 1.3 for HTTP/1.1, trusting `roots` (PEM) or else the system's root certificates.
///
/// Blocks: it reads files.
pub(super) fn client_config(roots: Option<&[u8]>) -> Result<ClientConfig, TransportError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(tls)?;
    let builder = match roots {
        Some(pem) => builder.with_root_certificates(parse(pem).map_err(NoRoots::Given).map_err(tls)?),
        None => builder.with_native_roots().map_err(NoRoots::System).map_err(tls)?,
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn parse(pem: &[u8]) -> Result<RootCertStore, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|error| error.to_string())?)?;
    }
    if roots.is_empty() { Err("there is none".into()) } else { Ok(roots) }
}

fn tls(error: impl std::error::Error + Send + Sync + 'static) -> TransportError {
    TransportError::new(TransportErrorKind::Tls, error)
}
