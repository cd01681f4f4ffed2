//! Hosts to which a secret can be sent without TLS.

use std::net::IpAddr;

/// Returns `true` if the host of a URL is this machine: `localhost`, or an address in `127.0.0.0/8`, or `[::1]`.
///
/// Other names are not resolved, because their addresses can change between the check and the request.
pub fn is_loopback_host(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || address_of(host).is_some_and(|address| address.is_loopback())
}

/// Returns the address if the host of a URL is an address. An IPv6 address is in brackets.
pub(crate) fn address_of(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["", "example.test", "localhost.example.test", "10.0.0.1", "0.0.0.0", "[::]", "[fd00::1]"]
        {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
