//! Tests of `https` with trusted and untrusted servers.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;

use http::Request;
use invoke_model_transport::TransportErrorKind::{BodyIncomplete, Tls};
use invoke_model_transport::{HyperTransport, RequestBody, Transport, TransportError};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use tokio::io::AsyncBufReadExt;
use tokio::sync::oneshot;

use crate::server::Server;

pub(crate) const ROOT: &[u8] = include_bytes!("../data/root.pem");
const CERTIFICATE: &[u8] = include_bytes!("../data/server.pem");
const KEY: &[u8] = include_bytes!("../data/server.key.pem");

pub(crate) type Stream<T = TcpStream> = BufReader<StreamOwned<ServerConnection, T>>;

pub(crate) fn server_config() -> Arc<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Starts a server that accepts one connection, performs the TLS handshake and passes the stream to
/// `respond`. Returns the address of the server.
pub(crate) fn serve(respond: impl FnOnce(Stream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(server_config()).unwrap();
        respond(BufReader::new(StreamOwned::new(connection, stream)));
    });
    address
}

/// Reads the lines of a request's head. Returns `false` if the connection has ended.
pub(crate) fn read_head(stream: &mut impl BufRead, head: &mut Vec<String>) -> bool {
    head.clear();
    head.extend(stream.lines().map_while(Result::ok).take_while(|line| !line.is_empty()));
    !head.is_empty()
}

fn trusting(roots: &'static [u8]) -> HyperTransport {
    HyperTransport::builder().root_certificates_pem(roots).build()
}

fn get(authority: impl Display) -> Request<RequestBody> {
    Request::get(format!("https://{authority}/")).body(RequestBody::default()).unwrap()
}

async fn check_untrusted(transport: HyperTransport, address: SocketAddr, message: &str) {
    let error: TransportError = transport.send(get(address)).await.unwrap_err();
    assert_eq!(error.kind(), Tls, "{error:?}");
    assert!(!error.may_have_been_sent());
    let expected = format!("cannot establish a TLS connection ({address}): {message}");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn calls_to_a_trusted_server_reuse_an_http_1_connection() {
    // The server accepts only one connection.
    let address = serve(|mut stream| {
        while read_head(&mut stream, &mut Vec::new()) {
            assert_eq!(stream.get_ref().conn.alpn_protocol(), Some(&b"http/1.1"[..]));
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        }
    });
    let transport = trusting(ROOT);
    for _ in 0..3 {
        let response = transport.send(get(address)).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap(), "{}");
    }
}

/// Starts a server with TLS sessions that closes each connection after one response. Returns its address, and the kind
/// of each handshake.
fn serve_sessions(connections: usize) -> (SocketAddr, mpsc::Receiver<HandshakeKind>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (kind, kinds) = mpsc::channel();
    let config = server_config();
    thread::spawn(move || {
        for _ in 0..connections {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let (stream, _) = listener.accept().unwrap();
            let mut stream = BufReader::new(StreamOwned::new(connection, stream));
            assert!(read_head(&mut stream, &mut Vec::new()));
            kind.send(stream.get_ref().conn.handshake_kind().unwrap()).unwrap();
            let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            stream.get_mut().write_all(response).unwrap();
        }
    });
    (address, kinds)
}

#[tokio::test]
async fn further_connections_of_a_transport_resume_the_tls_session() {
    let (address, kinds) = serve_sessions(4);
    let transport = trusting(ROOT);
    // Clones share sessions, and other transports do not.
    for transport in [transport.clone(), transport.clone(), trusting(ROOT), transport] {
        let response = transport.send(get(address)).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap(), "{}");
    }
    let [full, resumed] = [HandshakeKind::Full, HandshakeKind::Resumed];
    assert_eq!(kinds.iter().collect::<Vec<_>>(), [full, resumed, full, resumed]);
}

#[tokio::test]
async fn a_connection_that_ends_without_a_closure_alert_truncates_the_body() {
    // https://www.rfc-editor.org/rfc/rfc9112#section-9.8-5
    let address = serve(|mut stream| {
        assert!(read_head(&mut stream, &mut Vec::new()));
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{").unwrap();
        stream.get_mut().flush().unwrap();
        stream.get_mut().sock.shutdown(Shutdown::Both).unwrap();
    });
    let response = trusting(ROOT).send(get(address)).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap_err().kind(), BodyIncomplete);
}

/// Checks that the client sends a closure alert before it closes the connection:
/// <https://www.rfc-editor.org/rfc/rfc9112#section-9.8-6>
async fn check_closure(
    response: &'static [u8],
    call: impl AsyncFnOnce(&HyperTransport, Request<RequestBody>),
) {
    let (closed, was_alert) = oneshot::channel();
    let address = serve(move |mut stream| {
        assert!(read_head(&mut stream, &mut Vec::new()));
        stream.get_mut().write_all(response).unwrap();
        stream.get_mut().flush().unwrap();
        closed.send(stream.read_to_end(&mut Vec::new()).is_ok()).unwrap();
    });
    let transport = trusting(ROOT);
    call(&transport, get(address)).await;
    drop(transport);
    assert!(was_alert.await.unwrap(), "closed without an alert");
}

#[tokio::test]
async fn a_connection_is_closed_with_an_alert() {
    const COMPLETE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    const PARTIAL: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{}";
    check_closure(COMPLETE, async |transport, request| {
        transport.send(request).await.unwrap().into_body().collect().await.unwrap();
    })
    .await;
    check_closure(PARTIAL, async |transport, request| {
        transport.send(request).await.unwrap().into_body().chunk().await.unwrap();
    })
    .await;
    check_closure(PARTIAL, async |transport, request| drop(transport.send(request).await.unwrap())).await;
}

#[tokio::test]
async fn a_server_with_an_unknown_issuer() {
    let address = serve(|mut stream| assert!(!read_head(&mut stream, &mut Vec::new())));
    check_untrusted(trusting(CERTIFICATE), address, "invalid peer certificate").await;
}

#[tokio::test]
async fn a_server_that_does_not_support_tls() {
    let server = Server::start(|mut connection| async move {
        connection.write("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        connection.closed().await;
    })
    .await;
    check_untrusted(trusting(ROOT), server.address, "received corrupt message").await;
}

#[tokio::test]
async fn a_server_that_closes_the_connection_during_the_handshake() {
    let server = Server::start(|mut connection| async move {
        // Reads the ClientHello.
        connection.0.fill_buf().await.unwrap();
        let read = connection.0.buffer().len();
        connection.0.consume(read);
    })
    .await;
    check_untrusted(trusting(ROOT), server.address, "tls handshake eof").await;
}

#[tokio::test]
async fn roots_without_certificates_are_an_error() {
    // No connection is opened, because the certificates are loaded first.
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let message = "`root_certificates_pem` has no usable PEM certificates: no certificate found";
    check_untrusted(trusting(b"nonsense"), address, message).await;
    check_untrusted(trusting(KEY), address, message).await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let transport = || HyperTransport::builder().root_certificates_file(&file).build();
    check_untrusted(
        transport(),
        address,
        &format!("cannot read the root certificates file {}: ", file.display()),
    )
    .await;
    std::fs::write(&file, KEY).unwrap();
    let message = "has no usable PEM certificates: no certificate found";
    let message = format!("the root certificates file {} {message}", file.display());
    check_untrusted(transport(), address, &message).await;
}

#[tokio::test]
async fn roots_can_be_read_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, ROOT).unwrap();
    let address = serve(|mut stream| {
        assert!(read_head(&mut stream, &mut Vec::new()));
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    });
    let response = HyperTransport::builder().root_certificates_file(&file).build().send(get(address)).await;
    assert_eq!(response.unwrap().into_body().collect().await.unwrap(), "{}");
}
