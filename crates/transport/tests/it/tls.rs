//! `https`: with a peer that has a certificate, and with peers that have none to trust.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use http::Request;
use invoke_model_transport::{
    HyperTransport, RequestBody, Transport, TransportError,
    TransportErrorKind::{BodyIncomplete, Tls},
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::server::Server;

pub(crate) const ROOT: &[u8] = include_bytes!("../data/root.pem");
const CERTIFICATE: &[u8] = include_bytes!("../data/server.pem");
const KEY: &[u8] = include_bytes!("../data/server.key.pem");

pub(crate) type Stream<T = TcpStream> = BufReader<StreamOwned<ServerConnection, T>>;

pub(crate) fn peer_config() -> Arc<ServerConfig> {
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

/// Accepts one connection, shakes hands and lets `peer` have it.
pub(crate) fn serve(peer: impl FnOnce(Stream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(peer_config()).unwrap();
        peer(BufReader::new(StreamOwned::new(connection, stream)));
    });
    address
}

/// Reads the lines of a request's head; `false` at the end of the connection.
pub(crate) fn read_head(stream: &mut impl BufRead, head: &mut Vec<String>) -> bool {
    head.clear();
    head.extend(stream.lines().map_while(Result::ok).take_while(|line| !line.is_empty()));
    !head.is_empty()
}

fn trusting(roots: &'static [u8]) -> HyperTransport {
    HyperTransport::builder().root_certificates_pem(roots).build()
}

fn get(authority: impl std::fmt::Display) -> Request<RequestBody> {
    Request::get(format!("https://{authority}/")).body(RequestBody::default()).unwrap()
}

async fn check_untrusted(transport: HyperTransport, address: SocketAddr, words: &str) {
    let error: TransportError = transport.send(get(address)).await.unwrap_err();
    assert_eq!(error.kind(), Tls, "{error:?}");
    assert!(!error.may_have_been_sent());
    assert!(error.to_string().starts_with(&format!("no TLS connection ({address}): {words}")), "{error}");
}

#[tokio::test]
async fn a_trusted_peer_is_called_over_http_1_and_its_connection_reused() {
    // Only one connection is ever accepted.
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

#[tokio::test]
async fn a_connection_cut_without_a_tls_closure_is_no_end_of_a_body() {
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

/// What the client leaves a connection with: `true` is a closure alert, `false` its bare end.
/// <https://www.rfc-editor.org/rfc/rfc9112#section-9.8-6>
async fn check_closure(
    answer: &'static [u8],
    leave: impl AsyncFnOnce(&HyperTransport, Request<RequestBody>),
) {
    let (tell, told) = tokio::sync::oneshot::channel();
    let address = serve(move |mut stream| {
        assert!(read_head(&mut stream, &mut Vec::new()));
        stream.get_mut().write_all(answer).unwrap();
        stream.get_mut().flush().unwrap();
        tell.send(stream.read_to_end(&mut Vec::new()).is_ok()).unwrap();
    });
    let transport = trusting(ROOT);
    leave(&transport, get(address)).await;
    drop(transport);
    assert!(told.await.unwrap(), "closed without an alert");
}

#[tokio::test]
async fn a_connection_is_closed_with_an_alert() {
    const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    const BEGUN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{}";
    check_closure(WHOLE, async |transport, request| {
        transport.send(request).await.unwrap().into_body().collect().await.unwrap();
    })
    .await;
    check_closure(BEGUN, async |transport, request| {
        transport.send(request).await.unwrap().into_body().chunk().await.unwrap();
    })
    .await;
    check_closure(BEGUN, async |transport, request| drop(transport.send(request).await.unwrap())).await;
}

#[tokio::test]
async fn a_peer_with_an_unknown_issuer() {
    let address = serve(|mut stream| assert!(!read_head(&mut stream, &mut Vec::new())));
    check_untrusted(trusting(CERTIFICATE), address, "invalid peer certificate").await;
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls() {
    let server = Server::start(|mut connection| async move {
        connection.write("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        connection.closed().await;
    })
    .await;
    let words = "received corrupt message";
    check_untrusted(trusting(ROOT), server.address, words).await;
}

#[tokio::test]
async fn a_peer_that_hangs_up_on_the_handshake() {
    let server = Server::start(|mut connection| async move {
        // The client's greeting.
        tokio::io::AsyncBufReadExt::fill_buf(&mut connection.0).await.unwrap();
        let read = connection.0.buffer().len();
        tokio::io::AsyncBufReadExt::consume(&mut connection.0, read);
    })
    .await;
    check_untrusted(trusting(ROOT), server.address, "tls handshake eof").await;
}

#[tokio::test]
async fn roots_that_are_no_certificates() {
    // Nobody is asked to connect.
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let given = "the root certificates that were given are not PEM certificates: ";
    check_untrusted(trusting(b"nonsense"), nobody, &format!("{given}there is none")).await;
    check_untrusted(trusting(KEY), nobody, &format!("{given}there is none")).await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let transport = || HyperTransport::builder().root_certificates_file(&file).build();
    let the_file = format!("the file of root certificates {}", file.display());
    check_untrusted(transport(), nobody, &format!("{the_file} cannot be read: ")).await;
    std::fs::write(&file, KEY).unwrap();
    let words = format!("{the_file} has no PEM certificates to trust: there is none");
    check_untrusted(transport(), nobody, &words).await;
}

#[tokio::test]
async fn roots_from_a_file() {
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
