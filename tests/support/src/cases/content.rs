//! Expected headers and body of a message.

use http::{HeaderMap, HeaderName};
use invoke_model_protocol::headers;

use super::body;

/// The headers and the body that a case expects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Content<'a> {
    /// Headers that must be present, with their values.
    pub headers: &'a [(&'a str, &'a str)],
    /// Headers that must be absent.
    pub forbidden_headers: &'a [&'a str],
    /// Headers that must be present with any value.
    pub required_headers: &'a [&'a str],
    /// Expected body, or `None` if the body is not compared.
    pub body: Option<&'a str>,
    /// Media type of the body. A JSON body is compared by value, and any other body is compared byte by byte.
    pub media_type: Option<&'a str>,
}

impl Content<'_> {
    /// Compares headers and a body with the expected headers and body.
    ///
    /// # Panics
    /// Panics if a header or the body differs.
    #[track_caller]
    pub(crate) fn check(&self, headers: &HeaderMap, found: &[u8]) {
        for (name, expected) in self.headers {
            let value = value_of(headers, name);
            // The transport adds `content-length`.
            let value = match name.eq_ignore_ascii_case("content-length") {
                true => value.or_else(|| Some(found.len().to_string())),
                false => value,
            };
            let value =
                value.unwrap_or_else(|| panic!("the header {name} is missing; expected `{expected}`"));
            assert!(same(&value, expected), "expected {name}: `{expected}`, found `{value}`");
        }
        for name in self.forbidden_headers {
            assert!(!headers.contains_key(*name), "the header {name} must be absent");
        }
        for name in self.required_headers {
            // The transport adds `content-length` to a request with a body.
            let is_length = name.eq_ignore_ascii_case("content-length") && !found.is_empty();
            assert!(headers.contains_key(*name) || is_length, "the header {name} is missing");
        }
        if let Some(expected) = self.body {
            body::check(found, expected, self.media_type);
        }
    }
}

/// Returns the value of a header. Joins the values of a repeated header with commas.
fn value_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// Returns `true` if two values are equal, or are lists with equal elements.
fn same(found: &str, expected: &str) -> bool {
    let list = |text: &str| {
        let mut headers = HeaderMap::new();
        let value = http::HeaderValue::from_bytes(text.as_bytes()).ok()?;
        let name = HeaderName::from_static("x");
        headers.insert(&name, value);
        headers::list(&headers, name, "x", |element| Ok(element.to_owned())).ok()?
    };
    found == expected || (expected.contains(',') && list(found) == list(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(content: &Content<'_>, lines: &[(&'static str, &str)], body: &[u8]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap_or_else(|error| panic!("{error}")));
        }
        let content = *content;
        std::panic::catch_unwind(move || content.check(&headers, body)).is_err()
    }

    #[test]
    fn compares_headers() {
        let content = Content { headers: &[("X-A", "1"), ("X-B", "a, b")], ..Content::default() };
        assert!(!differs(&content, &[("x-a", "1"), ("x-b", "a,b")], b""));
        assert!(!differs(&content, &[("x-a", "1"), ("x-b", "a"), ("x-b", "b")], b""));
        assert!(differs(&content, &[("x-a", "1")], b""));
        assert!(differs(&content, &[("x-a", "2"), ("x-b", "a, b")], b""));
        assert!(differs(&content, &[("x-a", "1"), ("x-b", "b, a")], b""));
        assert!(differs(&content, &[("x-a", "1"), ("x-b", "\"a, b\"")], b""));
    }

    #[test]
    fn checks_forbidden_and_required_headers() {
        let content = Content {
            forbidden_headers: &["X-No"],
            required_headers: &["Content-Length"],
            ..Content::default()
        };
        assert!(!differs(&content, &[], b"a"));
        assert!(differs(&content, &[], b""));
        assert!(differs(&content, &[("x-no", "")], b"a"));
        let body = Content { body: Some("a"), ..Content::default() };
        assert!(differs(&body, &[], b"b") && !differs(&body, &[], b"a"));
    }
}
