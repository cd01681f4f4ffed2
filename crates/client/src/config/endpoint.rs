//! The endpoint of a client: a scheme, an authority and a base path. The client prepends the endpoint to
//! every request target.

use std::fmt;

use http::Uri;
use http::uri::{Authority, InvalidUri, Parts, PathAndQuery, Scheme};

/// A checked endpoint URL.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    /// The path without a slash at the end, for example `/gateway/bedrock`. The path can be empty.
    base_path: String,
}

impl Endpoint {
    /// Parses an absolute `http` or `https` URL. Converts the host to lower case, and removes leading zeros
    /// from the port. Other HTTP clients do the same when they send a signed request, and the signature covers
    /// the host and the port.
    ///
    /// # Errors
    /// Returns a text that states the problem and a solution. The text does not contain the URL, because an
    /// invalid URL can contain a password in any place.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        if url.contains('@') {
            return Err("the URL has a user or a password before `@`; remove them".into());
        }
        // The crate `http` accepts other characters in a path, but a URL contains them only percent-encoded:
        // https://www.rfc-editor.org/rfc/rfc3986#section-2
        if let Some(character) = url.chars().find(|character| !character.is_ascii_graphic()) {
            let character = character.escape_debug();
            return Err(format!(
                "the URL contains `{character}`; remove this character or percent-encode it"
            ));
        }
        let example = "use a URL such as https://bedrock-runtime.us-east-1.amazonaws.com";
        let uri: Uri = url.parse().map_err(|error| format!("the value is not a URL ({error}); {example}"))?;
        let parts = uri.into_parts();
        let scheme = parts.scheme.filter(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
        let (Some(scheme), Some(authority)) = (scheme, parts.authority) else {
            return Err(format!("the value is not an absolute http or https URL; {example}"));
        };
        if authority.host().is_empty() {
            return Err(format!("the URL has no host; {example}"));
        }
        // Check the port, because the crate `http` accepts an empty port and a port with any number of
        // digits.
        let port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        let is_number = port.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        if !port.is_empty() && (!is_number || authority.port_u16().is_none()) {
            return Err("the URL has an invalid port; use a number from 0 to 65535".into());
        }
        let authority =
            normalize(&authority).map_err(|error| format!("the value is not a URL ({error}); {example}"))?;
        // The crate `http` silently drops a fragment, so search for `#` in the text.
        let path = parts.path_and_query.as_ref();
        if url.contains('#') || path.is_some_and(|path| path.query().is_some()) {
            return Err("the URL has a query or fragment; remove it".into());
        }
        let base_path = path.map_or("", PathAndQuery::path).trim_end_matches('/').to_owned();
        Ok(Self { scheme, authority, base_path })
    }

    /// Returns the host without the port.
    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    /// Returns the port, or the default port of the scheme.
    pub(crate) fn port(&self) -> u16 {
        let default = if self.scheme == Scheme::HTTP { 80 } else { 443 };
        self.authority.port_u16().unwrap_or(default)
    }

    /// Returns the URL of the scheme and the authority.
    pub(crate) fn uri(&self) -> Uri {
        let mut parts = Parts::default();
        (parts.scheme, parts.authority) = (Some(self.scheme.clone()), Some(self.authority.clone()));
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// Joins the endpoint and a request target into a URL. Prepends the host prefix of the operation to the
    /// host. Does not change the percent-encoding of the target.
    ///
    /// # Errors
    /// Returns an error if the joined path is too long for a URI, or if the host with its prefix is too long
    /// for an authority.
    pub(crate) fn apply(&self, target: &Uri, host_prefix: Option<&str>) -> Result<Uri, http::Error> {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(match host_prefix {
            None => self.authority.clone(),
            Some(prefix) => Authority::try_from(format!("{prefix}{}", self.authority))?,
        });
        parts.path_and_query = Some(match (self.base_path.as_str(), target.path_and_query()) {
            ("", Some(path)) => path.clone(),
            (base, path) => {
                let path = path.map_or("/", PathAndQuery::as_str);
                PathAndQuery::try_from(format!("{base}{path}"))?
            }
        });
        Ok(Uri::from_parts(parts)?)
    }
}

fn normalize(authority: &Authority) -> Result<Authority, InvalidUri> {
    let host = authority.host().to_ascii_lowercase();
    match authority.port_u16() {
        Some(port) => Authority::try_from(format!("{host}:{port}")),
        None => Authority::try_from(host),
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.base_path)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn joins_base_path_and_target() {
        let check = |url: &str, expected: &str| {
            let target = Uri::from_static("/model/a%3A0/invoke?x=%2F");
            assert_eq!(Endpoint::parse(url).unwrap().apply(&target, None).unwrap().to_string(), expected);
        };
        check("https://example.test", "https://example.test/model/a%3A0/invoke?x=%2F");
        check("http://[::1]:8080/", "http://[::1]:8080/model/a%3A0/invoke?x=%2F");
        check("http://Example.TEST:08080", "http://example.test:8080/model/a%3A0/invoke?x=%2F");
        check("http://[::A]:00080", "http://[::a]:80/model/a%3A0/invoke?x=%2F");
        check("HTTPS://example.test/a/b%20c/", "https://example.test/a/b%20c/model/a%3A0/invoke?x=%2F");
    }

    #[test]
    fn prepends_the_host_prefix() {
        let endpoint = Endpoint::parse("https://example.test:8080/base").unwrap();
        let uri = endpoint.apply(&Uri::from_static("/a"), Some("foo.bar.")).unwrap();
        assert_eq!(uri.to_string(), "https://foo.bar.example.test:8080/base/a");
    }

    #[test]
    fn rejects_invalid_endpoint_urls_with_advice() {
        let check = |url: &str, expected: &str| {
            let error = Endpoint::parse(url).unwrap_err();
            assert!(error.starts_with(expected) && !error.contains("secret"), "{url}: {error}");
        };
        check("", "the value is not a URL (");
        check("not a url", "the URL contains ` `; remove this character or percent-encode it");
        check("https://example.test/a b?secret", "the URL contains ` `");
        check("https://example.test/é", "the URL contains `é`");
        check("https://bücher.test", "the URL contains `ü`");
        check("https://example.test\n", "the URL contains `\\n`");
        check("example.test", "the value is not an absolute http or https URL; use");
        check("/path", "the value is not an absolute");
        check("ftp://example.test", "the value is not an absolute");
        check("https://", "the value is not a URL (");
        check("http://:80", "the URL has no host");
        check("http://example.test:99999", "the URL has an invalid port");
        check("http://example.test:", "the URL has an invalid port");
        check("http://example.test:+80", "the URL has an invalid port");
        check("http://user:secret", "the URL has an invalid port");
        check("http://user:secret#1", "the URL has an invalid port");
        check("http://example.test/?a=secret", "the URL has a query or fragment");
        check("http://example.test/#secret", "the URL has a query or fragment");
        check("http://example.test?secret", "the URL has a query or fragment");
        check("example.test/?token=secret", "the value is not a");
        check("secret://example.test", "the value is not an absolute");
        check("http://user:secret@example.test", "the URL has a user or a password before `@`");
        check("http://user:secret#1@example.test", "the URL has a user or a password before `@`");
        check("user:secret@example.test", "the URL has a user or a password before `@`");
        check("https:/secret.example.test", "the value is not a");
    }

    proptest! {
        #[test]
        fn never_panics_or_changes_the_target(url in "(https?://)?[ -~é]{0,30}") {
            if let Ok(endpoint) = Endpoint::parse(&url) {
                let uri = endpoint.apply(&Uri::from_static("/model/a%3A0/invoke"), None).unwrap();
                prop_assert!(uri.to_string().ends_with("/model/a%3A0/invoke"), "{}", uri);
                prop_assert_eq!(Endpoint::parse(&endpoint.to_string()), Ok(endpoint));
            }
        }
    }
}
