//! TCP connections: names, addresses, and what the system is told of each.

use std::{io, time::Duration};

use socket2::SockRef;
use tokio::net::{TcpStream, lookup_host};

use super::race::race;
use crate::{
    TransportError,
    TransportErrorKind::{Connect, ConnectTimeout, Resolve},
};

/// When a silent connection is probed: after `time`, then every `interval`; lost after `retries` probes.
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

/// A connection to `host`, a name or an address, one of version 6 in brackets.
pub(super) async fn connect(
    host: &str,
    port: u16,
    keepalive: Keepalive,
) -> Result<TcpStream, TransportError> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let found = lookup_host((name, port)).await.map_err(|error| TransportError::new(Resolve, error))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() {
        return Err(TransportError::new(Resolve, "it has no address"));
    }
    let stream = race(addresses, TcpStream::connect).await.map_err(|error| {
        let kind = if error.kind() == io::ErrorKind::TimedOut { ConnectTimeout } else { Connect };
        TransportError::new(kind, error)
    })?;
    // Each can fail where the peer is gone already, which the next write says in better words, or where the system knows
    // no such thing, and calls can be made all the same.
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
        // A connection is not silent as long as something that was sent is not acknowledged: there are no probes then,
        // and the system would try for a quarter of an hour. <https://www.rfc-editor.org/rfc/rfc5482>
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        socket.set_tcp_user_timeout(Some(self.bound()))?;
        Ok(())
    }

    /// When a peer that does not answer is taken for dead.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    fn bound(self) -> Duration {
        self.time.saturating_add(self.interval.saturating_mul(self.retries))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// What the system is told about a connection, and so when it finds out that a peer is gone.
    #[tokio::test]
    async fn a_dead_peer_is_found_in_bounded_time() {
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
    async fn a_name_and_an_address_in_brackets_are_found() {
        // Of the two addresses that `localhost` can have, one refuses.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        connect("localhost", listener.local_addr().unwrap().port(), Keepalive::default()).await.unwrap();
        // Not every machine has version 6.
        if let Ok(listener) = TcpListener::bind("[::1]:0") {
            connect("[::1]", listener.local_addr().unwrap().port(), Keepalive::default()).await.unwrap();
        }
    }
}
