//! Tests of the endpoint with TLS.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::http2::{exchange, handshake};
use super::wire::wire;
use super::*;
use crate::{ConnectionEnd, Fault, FaultPoint, LocalEndpoint};

async fn connect(local: &LocalEndpoint, name: &'static str, protocol: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let pem = local.certificate_pem().unwrap();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let socket = TcpStream::connect(local.address()).await.unwrap();
    let name = ServerName::try_from(name).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
}

#[tokio::test]
async fn clients_that_trust_the_certificate_can_call() {
    let local = builder().tls(true).start().await.unwrap();
    assert_eq!(local.url(), format!("https://127.0.0.1:{}", local.address().port()));
    let signed = || sign(request(input(TITAN, BODY)));
    for name in ["localhost", "127.0.0.1", "::1"] {
        let mut socket = connect(&local, name, "http/1.1").await;
        let mut call = signed();
        call.headers_mut().insert("connection", "close".parse().unwrap());
        socket.write_all(&wire(&call)).await.unwrap();
        let mut response = String::new();
        socket.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");

        let socket = connect(&local, name, "h2").await;
        assert_eq!(socket.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (response, _) = exchange(&handshake(socket).await, signed()).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
    }
    assert_eq!(local.stats().worked_on, 6);
}

#[tokio::test]
async fn a_connection_ends_at_a_byte_of_the_response() {
    let local = builder().tls(true).start().await.unwrap();
    local.inject(Fault::new().break_at(FaultPoint::ResponseBytes(20), ConnectionEnd::Close));
    let mut socket = connect(&local, "localhost", "http/1.1").await;
    socket.write_all(&wire(&sign(request(input(TITAN, BODY))))).await.unwrap();
    let mut response = String::new();
    socket.read_to_string(&mut response).await.unwrap();
    assert_eq!(response.len(), 20);
}

#[tokio::test]
async fn a_client_without_tls_gets_no_response() {
    let local = builder().tls(true).start().await.unwrap();
    let mut socket = TcpStream::connect(local.address()).await.unwrap();
    socket.write_all(b"GET /_local/health HTTP/1.1\r\n\r\n").await.unwrap();
    let mut response = Vec::new();
    let _ = socket.read_to_end(&mut response).await;
    assert!(!response.starts_with(b"HTTP"));
    assert_eq!(local.stats().connections, 0);
}
