//! TLS with a certificate that is generated when the server starts.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// Key and certificate of the server.
pub struct Identity {
    /// Certificate in PEM. The client adds it to its root certificates.
    pub certificate: String,
    /// Accepts HTTP/1.1.
    pub(crate) http1: TlsAcceptor,
    /// Accepts HTTP/2.
    pub(crate) http2: TlsAcceptor,
}

impl Identity {
    /// Generates a key and a self-signed certificate for `127.0.0.1`.
    ///
    /// # Errors
    /// Returns an error if the system provides no random bytes.
    pub fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let generated = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let key = PrivateKeyDer::Pkcs8(generated.signing_key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![generated.cert.der().clone()], key)?;
        let mut acceptor = |protocol: &str| {
            config.alpn_protocols = vec![protocol.into()];
            TlsAcceptor::from(Arc::new(config.clone()))
        };
        Ok(Self { certificate: generated.cert.pem(), http1: acceptor("http/1.1"), http2: acceptor("h2") })
    }
}
