//! Functions of the endpoint rules.
//!
//! <https://smithy.io/2.0/additional-specs/rules-engine/standard-library.html> and
//! <https://smithy.io/2.0/aws/rules-engine/library-functions.html>

use std::net::{Ipv4Addr, Ipv6Addr};

/// The parts of an Amazon Resource Name (ARN).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// Partition, such as `aws`.
    pub partition: &'a str,
    /// Service.
    pub service: &'a str,
    /// Region; empty for global resources.
    pub region: &'a str,
    /// Account; empty for some resources.
    pub account_id: &'a str,
    /// The resource, split at `:` and `/`.
    pub resource_id: Vec<&'a str>,
}

/// Parses an ARN. Returns `None` if the text is not an ARN.
/// <https://smithy.io/2.0/aws/rules-engine/library-functions.html#aws-parsearn-function>
pub fn parse_arn(text: &str) -> Option<Arn<'_>> {
    let mut parts = text.splitn(6, ':');
    let mut part = || parts.next();
    let (prefix, partition, service) = (part()?, part()?, part()?);
    let (region, account_id, resource) = (part()?, part()?, part()?);
    let is_arn = prefix == "arn" && !partition.is_empty() && !service.is_empty() && !resource.is_empty();
    is_arn.then(|| Arn {
        partition,
        service,
        region,
        account_id,
        resource_id: resource.split([':', '/']).collect(),
    })
}

/// The parts of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// Scheme: `http` or `https`.
    pub scheme: &'a str,
    /// Host, with the port if the URL has one.
    pub authority: &'a str,
    /// Path; empty if the URL has none.
    pub path: &'a str,
    /// Path with a `/` at the start and at the end.
    pub normalized_path: String,
    /// `true` if the host is an IP address.
    pub is_ip: bool,
}

/// Parses a URL. Returns `None` if the text is not a URL with the scheme `http` or `https`, or if the URL has
/// a query or a fragment.
/// <https://smithy.io/2.0/additional-specs/rules-engine/standard-library.html#parseurl-function>
pub fn parse_url(text: &str) -> Option<Url<'_>> {
    let (scheme, rest) = text.split_once("://")?;
    if !matches!(scheme, "http" | "https") || rest.contains(['?', '#']) {
        return None;
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let parsed: http::uri::Authority = authority.parse().ok()?;
    // `Uri` checks the characters of the path.
    if authority.contains('@') || text.parse::<http::Uri>().is_err() {
        return None;
    }
    let host = parsed.host();
    let is_ip = host.parse::<Ipv4Addr>().is_ok()
        || host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
    let inner = path.trim_matches('/');
    let normalized_path = if inner.is_empty() { "/".to_owned() } else { format!("/{inner}/") };
    Some(Url { scheme, authority, path, normalized_path, is_ip })
}

/// Returns `true` if the text is a label of a host name. If `allow_dots` is set, also accepts several labels
/// with dots between them.
/// <https://smithy.io/2.0/additional-specs/rules-engine/standard-library.html#isvalidhostlabel-function>
pub fn is_valid_host_label(text: &str, allow_dots: bool) -> bool {
    if allow_dots {
        return text.split('.').all(|label| is_valid_host_label(label, false));
    }
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Returns `true` if the name of a bucket can be part of a host name.
/// <https://smithy.io/2.0/aws/rules-engine/library-functions.html#aws-isvirtualhostables3bucket-function>
pub fn is_virtual_hostable_bucket(bucket: &str, allow_subdomains: bool) -> bool {
    let is_label = |label: &str| {
        is_valid_host_label(label, false) && !label.bytes().any(|byte| byte.is_ascii_uppercase())
    };
    (3..=63).contains(&bucket.len())
        && bucket.parse::<Ipv4Addr>().is_err()
        && if allow_subdomains { bucket.split('.').all(is_label) } else { is_label(bucket) }
}

/// Returns the characters from index `start`, inclusive, to index `stop`, exclusive. If `reverse` is set, the
/// indexes count from the end of the text. Returns `None` if the text is too short or not ASCII, or if
/// `start` is not less than `stop`.
/// <https://smithy.io/2.0/additional-specs/rules-engine/standard-library.html#substring-function>
pub fn substring(text: &str, start: usize, stop: usize, reverse: bool) -> Option<&str> {
    if start >= stop || !text.is_ascii() {
        return None;
    }
    if reverse {
        return text.get(text.len().checked_sub(stop)?..text.len() - start);
    }
    text.get(start..stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_arns() {
        let arn = parse_arn("arn:aws:cloudfront::123:key-value-store/a:b").unwrap();
        assert_eq!(
            (arn.partition, arn.service, arn.region, arn.account_id),
            ("aws", "cloudfront", "", "123")
        );
        assert_eq!(arn.resource_id, ["key-value-store", "a", "b"]);
        assert_eq!(parse_arn("arn:aws:s3:::b/").unwrap().resource_id, ["b", ""]);
        for other in [
            "",
            "arn:aws:s3:us-east-1:1",
            "arn::s3:r:1:x",
            "arn:aws::r:1:x",
            "arn:aws:s3:r:1:",
            "urn:aws:s3:r:1:x",
        ] {
            assert_eq!(parse_arn(other), None, "{other}");
        }
    }

    fn check_url(text: &str, expected: Option<(&str, &str, &str, &str, bool)>) {
        let url = parse_url(text);
        let parts = url
            .as_ref()
            .map(|url| (url.scheme, url.authority, url.path, url.normalized_path.as_str(), url.is_ip));
        assert_eq!(parts, expected, "{text}");
    }

    #[test]
    fn parses_urls() {
        check_url("https://example.com", Some(("https", "example.com", "", "/", false)));
        check_url(
            "http://example.com:80/foo/bar",
            Some(("http", "example.com:80", "/foo/bar", "/foo/bar/", false)),
        );
        check_url("https://127.0.0.1/", Some(("https", "127.0.0.1", "/", "/", true)));
        check_url("https://[fe80::1]", Some(("https", "[fe80::1]", "", "/", true)));
        for other in [
            "",
            "example.com",
            "https://",
            "ftp://a",
            "https://a?b=c",
            "https://a/#b",
            "https://a b",
            "https://u@a",
        ] {
            check_url(other, None);
        }
    }

    #[test]
    fn checks_host_labels_and_buckets() {
        for (text, label, labels) in [
            ("a", true, true),
            ("a-1", true, true),
            ("a.b", false, true),
            ("", false, false),
            ("a..b", false, false),
            ("-a", false, false),
            ("a-", false, false),
            ("a_b", false, false),
            (&"a".repeat(64), false, false),
        ] {
            assert_eq!(is_valid_host_label(text, false), label, "{text}");
            assert_eq!(is_valid_host_label(text, true), labels, "{text}");
        }
        for (bucket, alone, with_subdomains) in [
            ("abc", true, true),
            ("a.b", false, true),
            ("ab", false, false),
            ("aBc", false, false),
            ("1.2.3.4", false, false),
        ] {
            assert_eq!(is_virtual_hostable_bucket(bucket, false), alone, "{bucket}");
            assert_eq!(is_virtual_hostable_bucket(bucket, true), with_subdomains, "{bucket}");
        }
    }

    #[test]
    fn returns_substrings() {
        assert_eq!(substring("abcd", 1, 3, false), Some("bc"));
        assert_eq!(substring("abcd", 0, 2, true), Some("cd"));
        assert_eq!(substring("abcd", 0, 5, false), None);
        assert_eq!(substring("abcd", 0, 5, true), None);
        assert_eq!(substring("abcd", 2, 2, false), None);
        assert_eq!(substring("äbcd", 0, 1, false), None);
    }
}
