//! TCP connections: name resolution, addresses and socket options.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpStream, lookup_host};

use super::race::race;
use crate::error::TransportError;
use crate::error::TransportErrorKind::{Connect, ConnectTimeout, Resolve};

/// The settings of TCP keepalive. The first probe is sent after `time` without data, and further probes are
/// sent every `interval`. The connection fails after `retries` probes without a response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keepalive {
    pub(super) time: Duration,
    pub(super) interval: Duration,
    pub(super) retries: u32,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { time: Duration::from_secs(45), interval: Duration::from_secs(15), retries: 3 }
    }
}

/// Returns the addresses of `host`: a name, an IPv4 address, or an IPv6 address in brackets. The list is
/// never empty.
pub(super) async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, TransportError> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let found = lookup_host((name, port)).await.map_err(|error| TransportError::new(Resolve, error))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() {
        return Err(TransportError::new(Resolve, "the name has no address"));
    }
    Ok(addresses)
}

/// Connects to the first of `addresses` that accepts a connection.
pub(super) async fn connect_to(
    addresses: Vec<SocketAddr>,
    keepalive: Keepalive,
) -> Result<TcpStream, TransportError> {
    let stream = race(addresses, TcpStream::connect).await.map_err(|error| {
        let kind = if error.kind() == io::ErrorKind::TimedOut { ConnectTimeout } else { Connect };
        TransportError::new(kind, error)
    })?;
    // The errors of these calls are ignored. If the peer has already closed the connection, the next write
    // reports the problem with a better message. If the system does not support an option, requests still
    // work.
    let _ = stream.set_nodelay(true);
    let _ = keepalive.apply(&SockRef::from(&stream));
    Ok(stream)
}

impl Keepalive {
    fn apply(self, socket: &SockRef<'_>) -> io::Result<()> {
        let probes = socket2::TcpKeepalive::new().with_time(self.time);
        #[cfg(any(
            target_vendor = "apple",
            target_os = "android",
            target_os = "dragonfly",
            target_os = "freebsd",
            target_os = "fuchsia",
            target_os = "illumos",
            target_os = "linux",
            target_os = "netbsd",
            target_os = "windows",
        ))]
        let probes = probes.with_interval(self.interval).with_retries(self.retries);
        socket.set_tcp_keepalive(&probes)?;
        // While sent data is unacknowledged, the system sends no probes. Without this option, the system
        // would retransmit the data for 15 minutes. https://www.rfc-editor.org/rfc/rfc5482
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        socket.set_tcp_user_timeout(Some(self.detection_time()))?;
        Ok(())
    }

    /// Returns the time after which the connection to an unresponsive peer fails.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    fn detection_time(self) -> Duration {
        self.time.saturating_add(self.interval.saturating_mul(self.retries))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    async fn connect(host: &str, port: u16, keepalive: Keepalive) -> Result<TcpStream, TransportError> {
        connect_to(resolve(host, port).await?, keepalive).await
    }

    #[tokio::test]
    async fn sets_keepalive_nodelay_and_user_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream =
            connect("127.0.0.1", listener.local_addr().unwrap().port(), Keepalive::default()).await.unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert!(socket.tcp_nodelay().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(45));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(15));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(90)));
    }

    #[tokio::test]
    async fn connects_to_a_name_and_to_an_address_in_brackets() {
        // If `localhost` has two addresses, the connection to one of them is refused.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        connect("localhost", listener.local_addr().unwrap().port(), Keepalive::default()).await.unwrap();
        // Some machines have no IPv6.
        if let Ok(listener) = TcpListener::bind("[::1]:0") {
            connect("[::1]", listener.local_addr().unwrap().port(), Keepalive::default()).await.unwrap();
        }
    }
}
