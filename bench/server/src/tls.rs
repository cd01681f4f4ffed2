//! TLS, with a certificate that is made at the start.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// Who the server is to a client that trusts its certificate.
pub struct Identity {
    /// In PEM, for the client's roots.
    pub certificate: String,
    pub(crate) acceptor: TlsAcceptor,
}

impl Identity {
    /// A new key, and a certificate for `127.0.0.1` that it has signed itself.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { certificate: made.cert.pem(), acceptor: Arc::new(config).into() })
    }
}
