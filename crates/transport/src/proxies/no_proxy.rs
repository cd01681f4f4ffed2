//! Hosts that are called without a proxy.
//!
//! hyper-util's `Matcher` is not used, because its result differs in 18 of the 73 cases in the tests of this
//! module. `Matcher` does not support ports, lists separated by blanks, `*.` before a name, or a dot after a
//! name. In a `Matcher`, the entry `*` does not match hosts that are addresses.

use std::net::{IpAddr, Ipv6Addr};

/// The entries of a `NO_PROXY` list.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Hosts {
    All,
    /// A network: an address, and the number of leading bits that must be equal.
    Network(IpAddr, u8),
    /// A domain in lower case, without leading and trailing dots. It matches the host with this name and all
    /// subdomains.
    Domain(String),
}

impl NoProxy {
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        Self(entries.filter_map(Entry::parse).collect())
    }

    /// Returns `true` if an entry matches `host` and `port`. `host` has the syntax of a host in a URI.
    pub(super) fn contains(&self, host: &str, port: u16) -> bool {
        let address = without_brackets(host).parse().ok();
        self.0.iter().any(|entry| {
            entry.port.is_none_or(|only| only == port)
                && match (&entry.hosts, address) {
                    (Hosts::All, _) => true,
                    (Hosts::Network(network, bits), Some(address)) => is_in(address, *network, *bits),
                    (Hosts::Domain(domain), None) => is_below(host, domain),
                    _ => false,
                }
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self { hosts: Hosts::All, port: None });
        }
        if let Some(network) = parse_network(without_brackets(text)) {
            return Some(Self { hosts: network, port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let domain = || {
            let name = host.strip_prefix('*').unwrap_or(host).trim_matches('.').to_ascii_lowercase();
            (!name.is_empty()).then_some(Hosts::Domain(name))
        };
        Some(Self { hosts: parse_network(without_brackets(host)).or_else(domain)?, port })
    }
}

fn parse_network(text: &str) -> Option<Hosts> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(all);
    (bits <= all).then_some(Hosts::Network(address, bits))
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    };
    let differing = (number(address) ^ number(network)).checked_shr(128 - u32::from(bits)).unwrap_or(0);
    address.is_ipv4() == network.is_ipv4() && differing == 0
}

fn is_below(host: &str, domain: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    let (above, below) = (host.as_bytes().get(..start), host.as_bytes().get(start..));
    below.is_some_and(|name| name.eq_ignore_ascii_case(domain.as_bytes()))
        && above.is_some_and(|rest| rest.is_empty() || rest.ends_with(b"."))
}
