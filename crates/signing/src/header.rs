//! Headers in the canonical request: names of signed headers, canonical values, and the host.

use std::borrow::Cow;
use std::fmt;

use http::header::{HeaderName, HeaderValue};
use http::uri::Uri;

pub(crate) const CONTENT_SHA256: &str = "x-amz-content-sha256";
pub(crate) const DATE: &str = "x-amz-date";
pub(crate) const SECURITY_TOKEN: &str = "x-amz-security-token";

pub(crate) const X_AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static(CONTENT_SHA256);
pub(crate) const X_AMZ_DATE: HeaderName = HeaderName::from_static(DATE);
pub(crate) const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static(SECURITY_TOKEN);

/// Returns `true` if a signature covers the header. `name` must be in lower case.
///
/// A signature does not cover headers that may change after signing.
pub(crate) fn is_signed(name: &str) -> bool {
    match name {
        // This header contains the signature.
        "authorization" => false,
        // Hop-by-hop headers: each hop replaces them.
        // https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
        "connection"
        | "keep-alive"
        | "proxy-authenticate"
        | "proxy-authorization"
        | "proxy-connection"
        | "te"
        | "trailer"
        | "transfer-encoding"
        | "upgrade" => false,
        // A proxy may respond to this header and remove it:
        // https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
        "expect" => false,
        // Proxies and HTTP clients append text to this header.
        "user-agent" => false,
        // AWS load balancers rewrite this header:
        // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
        "x-amzn-trace-id" => false,
        _ => true,
    }
}

/// A header to sign. `Debug` redacts the value of `x-amz-security-token` and of headers that are marked
/// sensitive.
#[derive(Clone)]
pub struct SignableHeader<'a> {
    /// The name in lower case.
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: &'a str,
    pub(crate) sensitive: bool,
}

impl<'a> SignableHeader<'a> {
    /// Creates a header. `name` can be in upper or lower case. `value` must be the value exactly as the
    /// client sends it.
    pub fn new(name: &'a str, value: &'a str) -> Self {
        let name = match name.bytes().any(|b| b.is_ascii_uppercase()) {
            true => Cow::Owned(name.to_ascii_lowercase()),
            false => Cow::Borrowed(name),
        };
        Self { sensitive: name == SECURITY_TOKEN, name, value }
    }

    /// Creates a header. `name` must be in lower case.
    pub(crate) fn lower_case(name: &'a str, value: &'a str) -> Self {
        Self { name: Cow::Borrowed(name), value, sensitive: name == SECURITY_TOKEN }
    }

    /// Creates a header from a name and a value of `http` types. The `http` crate stores names in lower case.
    /// Returns `None` if the value is not UTF-8.
    pub(crate) fn from_value(name: &'a str, value: &'a HeaderValue) -> Option<Self> {
        let mut header = Self::lower_case(name, std::str::from_utf8(value.as_bytes()).ok()?);
        header.sensitive |= value.is_sensitive();
        Some(header)
    }

    /// Appends the canonical value. Removes whitespace at both ends of the value, and replaces each run of
    /// whitespace with one space.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>
    pub(crate) fn write_value(&self, text: &mut String) {
        for (index, word) in self.value.split_ascii_whitespace().enumerate() {
            if index > 0 {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
}

impl fmt::Debug for SignableHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, if self.sensitive { "[redacted]" } else { self.value })
    }
}

/// Returns the `host` header that an HTTP client derives from the URI. The header contains neither the user
/// information nor the default port of the scheme. Returns `None` if the URI has no host.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-4.2>, <https://www.rfc-editor.org/rfc/rfc9110#section-7.2>
pub(crate) fn host(uri: &Uri) -> Option<&str> {
    let authority = uri.authority()?.as_str();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let default_port = match uri.scheme_str() {
        Some("http") => ":80",
        Some("https") => ":443",
        _ => ":",
    };
    // An empty port means the default port: https://www.rfc-editor.org/rfc/rfc3986#section-3.2.3
    let host = host.strip_suffix(default_port).or_else(|| host.strip_suffix(':')).unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_the_host_from_the_uri() {
        let check = |uri: &str, expected| assert_eq!(host(&uri.parse().unwrap()), expected, "{uri}");
        check("https://example.com/", Some("example.com"));
        check("https://example.com:443/", Some("example.com"));
        check("http://example.com:80/", Some("example.com"));
        check("http://example.com:443/", Some("example.com:443"));
        check("http://user:word@localhost:8080/", Some("localhost:8080"));
        check("http://user:word@localhost/", Some("localhost"));
        check("http://localhost:/", Some("localhost"));
        check("https://:443/", None);
        check("http://[::1]:80/", Some("[::1]"));
        check("http://[::1]:8080/", Some("[::1]:8080"));
        check("/only/a/path", None);
    }

    #[test]
    fn trims_and_collapses_whitespace_in_values() {
        let check = |value, expected| {
            let mut text = String::new();
            SignableHeader::new("name", value).write_value(&mut text);
            assert_eq!(text, expected);
        };
        check("", "");
        check("  ", "");
        check(" a  b\t c ", "a b c");
        check("\"a   b\"", "\"a b\"");
        check("a\n  folded\r\n line", "a folded line");
        check("é\u{a0} ü", "é\u{a0} ü");
    }
}
