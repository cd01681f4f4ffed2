//! HTTPS with a certificate that the endpoint generates when it starts.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use crate::metered_socket::Socket;

/// The time limit for a handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The TLS side of a server.
#[derive(Clone)]
pub(crate) struct TlsAcceptor(tokio_rustls::TlsAcceptor);

/// The TLS side of a server, and the certificate that clients must trust.
pub(crate) struct GeneratedTls {
    /// The certificate of the certificate authority in the PEM format.
    pub(crate) authority_pem: String,
    pub(crate) acceptor: TlsAcceptor,
}

/// The error of a certificate that cannot be generated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error(transparent)]
    Generate(#[from] rcgen::Error),
    #[error(transparent)]
    Configure(#[from] rustls::Error),
}

/// Generates a certificate authority, and a certificate for `localhost`, the loopback addresses and
/// `address`.
///
/// Some clients do not accept a self-signed server certificate. Therefore a separate certificate authority
/// signs the server certificate. The key of the authority is discarded, so the authority cannot sign other
/// certificates.
pub(crate) fn generate(address: IpAddr) -> Result<GeneratedTls, TlsError> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name = name("invoke-model local endpoint authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut names = vec!["localhost".to_owned()];
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let other = Some(address).filter(|address| !loopback.contains(address) && !address.is_unspecified());
    names.extend(loopback.into_iter().chain(other).map(|address| address.to_string()));
    let mut server = CertificateParams::new(names)?;
    server.distinguished_name = name("invoke-model local endpoint");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &authority)?;

    let chain = vec![certificate.der().clone(), authority.der().clone()];
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor(Arc::new(config).into());
    Ok(GeneratedTls { authority_pem: authority.pem(), acceptor })
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

impl TlsAcceptor {
    /// Performs the handshake.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        timeout(HANDSHAKE_TIMEOUT, self.0.accept(stream)).await?
    }
}

/// A TLS stream ends a connection in the same way as its TCP stream. In addition, `shutdown` sends the
/// `close_notify` alert of TLS.
impl Socket for TlsStream<TcpStream> {
    const IS_TLS: bool = true;

    fn reset_on_close(&self) -> io::Result<()> {
        self.get_ref().0.reset_on_close()
    }

    fn discard_received(&self) {
        self.get_ref().0.discard_received();
    }

    fn wait_for_close(&self) -> impl Future<Output = ()> + Send {
        self.get_ref().0.wait_for_close()
    }
}
