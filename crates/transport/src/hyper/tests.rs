//! Tests of internal behaviour: loading certificates, and the list of hosts.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use super::*;
use crate::error::TransportErrorKind::Tls;

/// Starts a server and returns its address. The server responds to one request with 200 and an empty body,
/// and waits until the client closes the connection.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        while stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {}
    });
    address
}

async fn send(transport: &HyperTransport, scheme: &str) -> Result<Response<ResponseBody>, TransportError> {
    let uri = format!("{scheme}://{}/", server());
    transport.send(Request::get(uri).body(RequestBody::default()).unwrap()).await
}

#[tokio::test]
async fn http_loads_no_root_certificates() {
    let transport = HyperTransport::new();
    send(&transport, "http").await.unwrap();
    assert!(transport.0.connector.tls.loaded().is_none());
}

#[tokio::test]
async fn https_loads_root_certificates_once_for_all_clones() {
    let roots = include_bytes!("../../tests/data/root.pem").as_slice();
    let transport = HyperTransport::builder().root_certificates_pem(roots).build();
    let address = |transport: &HyperTransport| Arc::as_ptr(transport.0.connector.tls.loaded().unwrap());

    // The server does not support TLS. The certificates are loaded before the client detects this.
    assert_eq!(send(&transport, "https").await.unwrap_err().kind(), Tls);
    let first = address(&transport);
    let clone = transport.clone();
    assert_eq!(send(&clone, "https").await.unwrap_err().kind(), Tls);
    assert_eq!(address(&clone), first);
}

async fn check_hosts(transport: HyperTransport, expected: usize) {
    for _ in 0..10 {
        send(&transport, "http").await.unwrap();
    }
    assert_eq!(transport.0.pool.hosts(), expected);
}

#[tokio::test]
async fn a_host_without_connections_is_removed() {
    check_hosts(HyperTransport::new(), 10).await;
    check_hosts(HyperTransport::builder().pool_max_idle_per_host(0).build(), 1).await;
}

/// Passes on machines with and without root certificates. Without root certificates, the error must name
/// `SSL_CERT_FILE`.
#[test]
fn missing_system_roots_are_an_error_that_names_the_solution() {
    match tls::client_config(&roots::Roots::System, vec![b"http/1.1".to_vec()]) {
        Ok(config) => assert_eq!(config.alpn_protocols, [b"http/1.1"]),
        Err(error) => {
            assert_eq!(error.kind(), Tls);
            assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
        }
    }
}
