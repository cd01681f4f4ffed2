//! Header fields: which of them are signed, and their form in the canonical request.

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

/// Whether a signature covers a field of this lower-case name: all but those that may change after signing.
pub(crate) fn is_signed(name: &str) -> bool {
    match name {
        // The signature itself.
        "authorization" => false,
        // For one connection only; each hop replaces them: RFC 9110, section 7.6.1.
        "connection"
        | "keep-alive"
        | "proxy-authenticate"
        | "proxy-authorization"
        | "proxy-connection"
        | "te"
        | "trailer"
        | "transfer-encoding"
        | "upgrade" => false,
        // Consumed or answered by the first hop that understands it: RFC 9110, section 10.1.1.
        "expect" => false,
        // Completed by proxies and HTTP clients.
        "user-agent" => false,
        // Rewritten by AWS load balancers.
        "x-amzn-trace-id" => false,
        _ => true,
    }
}

/// A header field as text.
#[derive(Clone)]
pub struct SignableHeader<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: &'a str,
    pub(crate) sensitive: bool,
}

impl<'a> SignableHeader<'a> {
    /// A field as it stands in the request. The name may be in any case.
    pub fn new(name: &'a str, value: &'a str) -> Self {
        let name = match name.bytes().any(|b| b.is_ascii_uppercase()) {
            true => Cow::Owned(name.to_ascii_lowercase()),
            false => Cow::Borrowed(name),
        };
        Self { sensitive: name == SECURITY_TOKEN, name, value }
    }

    /// The same of a name that is in lower case.
    pub(crate) fn lower_case(name: &'a str, value: &'a str) -> Self {
        Self { name: Cow::Borrowed(name), value, sensitive: name == SECURITY_TOKEN }
    }

    /// The same, for `http` types, whose names are in lower case. None if the value is not UTF-8 text.
    pub(crate) fn from_value(name: &'a str, value: &'a HeaderValue) -> Option<Self> {
        let mut field = Self::lower_case(name, std::str::from_utf8(value.as_bytes()).ok()?);
        field.sensitive |= value.is_sensitive();
        Some(field)
    }

    /// Appends the value without blanks around it and with one blank for each run of blanks in it.
    pub(crate) fn write_value(&self, text: &mut String) {
        // Most values have no blank at all, and go as they are. Without an end before the last byte, the look for one is
        // a few vector instructions.
        if !self.value.bytes().fold(false, |found, byte| found | byte.is_ascii_whitespace()) {
            return text.push_str(self.value);
        }
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

/// The host of a request without a `host` field: what an HTTP client makes of the URI, so without user
/// information and without the default port of the scheme (RFC 9110, sections 4.2 and 7.2).
pub(crate) fn host(uri: &Uri) -> Option<&str> {
    let authority = uri.authority()?.as_str();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let default_port = match uri.scheme_str() {
        Some("http") => ":80",
        Some("https") => ":443",
        _ => ":",
    };
    // Nothing behind the colon is the default port, too: RFC 3986, section 3.2.3.
    let host = host.strip_suffix(default_port).or_else(|| host.strip_suffix(':')).unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_of_uri() {
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
    fn value_in_canonical_form() {
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
