//! `serve --check`: asks a running endpoint for its health. Container images without a shell use this command
//! as their health check.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The time limit for a response.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The error of an endpoint that is not healthy.
#[derive(Debug, thiserror::Error)]
#[error("no healthy endpoint at {address}: {problem}")]
pub(super) struct HealthError {
    address: SocketAddr,
    problem: String,
}

/// Requests `/_local/health`. If `host` stands for all addresses, uses the loopback address.
pub(super) async fn check(host: IpAddr, port: u16) -> Result<(), HealthError> {
    let host = match host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    let address = SocketAddr::new(host, port);
    let response = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /_local/health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await?;
        std::io::Result::Ok(response)
    };
    let problem = match timeout(TIMEOUT, response).await {
        Ok(Ok(response)) if response.starts_with(b"HTTP/1.1 200 ") => return Ok(()),
        Ok(Ok(_)) => "the response is not the response of a local endpoint".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no response within {} seconds", TIMEOUT.as_secs()),
    };
    Err(HealthError { address, problem })
}
