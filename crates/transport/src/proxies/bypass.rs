//! Hosts that are reached without a proxy.

use std::net::{IpAddr, Ipv6Addr};

/// The entries of a `NO_PROXY` list.
#[derive(Clone, Debug, Default)]
pub(super) struct Bypass(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Hosts {
    All,
    /// An address and how many of its bits count.
    Network(IpAddr, u8),
    /// In lower case, without a dot at either end: it and what is below it.
    Domain(String),
}

impl Bypass {
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        Self(entries.filter_map(Entry::parse).collect())
    }

    /// `host` as it stands in a URI.
    pub(super) fn contains(&self, host: &str, port: u16) -> bool {
        let address = unbracketed(host).parse().ok();
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
        if let Some(network) = network(unbracketed(text)) {
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
        Some(Self { hosts: network(unbracketed(host)).or_else(domain)?, port })
    }
}

fn network(text: &str) -> Option<Hosts> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(all);
    (bits <= all).then_some(Hosts::Network(address, bits))
}

fn unbracketed(host: &str) -> &str {
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
