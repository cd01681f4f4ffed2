//! Servers whose certificate is not valid. The error names the problem and its solution.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use http::Request;
use invoke_model_transport::{HyperTransport, RequestBody, Transport, TransportErrorKind};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::tls::read_head;

/// A certificate, its private key, and the root certificate that the client trusts.
struct Identity {
    certificate: CertificateDer<'static>,
    key: KeyPair,
    root: String,
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

/// Issues a certificate that the client trusts.
fn issued(params: &CertificateParams) -> Identity {
    issued_by("test authority", params)
}

fn issued_by(authority_name: &str, params: &CertificateParams) -> Identity {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, authority_name);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    Identity { certificate: certificate.der().clone(), key, root: authority.pem() }
}

/// Creates a certificate that is its own issuer. The client trusts another certificate.
fn self_signed(params: &CertificateParams) -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Identity { certificate: certificate.der().clone(), key, root: issued(&CertificateParams::default()).root }
}

/// Starts a server that accepts one connection. Returns its address.
fn serve(identity: &Identity) -> SocketAddr {
    let key = PrivateKeyDer::Pkcs8(identity.key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate.clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = std::io::BufReader::new(StreamOwned::new(connection, stream));
        assert!(!read_head(&mut stream, &mut Vec::new()), "the client sent a request");
    });
    address
}

/// Calls `https://localhost`, and checks the parts of the error text.
async fn check(identity: Identity, expected: &[&str]) {
    let address = serve(&identity);
    let transport = HyperTransport::builder().root_certificates_pem(identity.root).build();
    let uri = format!("https://localhost:{}/", address.port());
    let error = transport.send(Request::get(uri).body(RequestBody::default()).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Tls, "{error:?}");
    assert!(!error.may_have_been_sent());
    for part in expected {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn wrong_name() {
    check(
        issued(&params("other.example")),
        &[
            "certificate not valid for name \"localhost\"",
            "other.example",
            "check the host in the endpoint URL",
        ],
    )
    .await;
}

#[tokio::test]
async fn expired_and_not_yet_valid() {
    let mut expired = params("localhost");
    (expired.not_before, expired.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    check(
        issued(&expired),
        &["certificate expired", "renew the certificate of the server, or set the clock"],
    )
    .await;
    let mut early = params("localhost");
    (early.not_before, early.not_after) = (date_time_ymd(2900, 1, 1), date_time_ymd(2901, 1, 1));
    check(issued(&early), &["certificate not valid yet", "set the clock of this machine"]).await;
}

#[tokio::test]
async fn self_signed_and_unknown_issuer() {
    let trust = "to the root certificates: AWS_CA_BUNDLE, `ca_bundle` or `root_certificates_file`";
    check(
        self_signed(&params("localhost")),
        &["the certificate is self-signed; if you trust the server", trust],
    )
    .await;
    let with_root = |root| Identity { root, ..issued(&params("localhost")) };
    let other = issued_by("other authority", &params("localhost")).root;
    check(with_root(other), &["its issuer is unknown; if a proxy inspects TLS", trust]).await;
    // The authority was created again with the same name, so it has another key.
    let renewed = issued(&params("localhost")).root;
    check(with_root(renewed), &["its issuer has the name of a root certificate, but another key", trust])
        .await;
}

#[tokio::test]
async fn certificate_of_an_authority() {
    let mut authority = params("localhost");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // `openssl req -x509` creates such certificates. A server with such a certificate is never trusted.
    let mut identity = self_signed(&authority);
    identity.root = pem(&identity.certificate);
    check(identity, &["it is the certificate of an authority, and not of a server", "CA:FALSE"]).await;
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    use std::fmt::Write;

    use base64_simd::STANDARD;
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in STANDARD.encode_to_string(certificate.as_ref()).as_bytes().chunks(64) {
        writeln!(pem, "{}", std::str::from_utf8(line).unwrap()).unwrap();
    }
    pem + "-----END CERTIFICATE-----\n"
}
