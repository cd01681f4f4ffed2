//! Header fields and body of a message.

use http::{HeaderMap, HeaderName};
use invoke_model_protocol::fields;

use super::body;

/// What a case states of a message's header fields and body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Content<'a> {
    /// Fields with their values.
    pub headers: &'a [(&'a str, &'a str)],
    /// Fields that must not be there.
    pub forbidden_headers: &'a [&'a str],
    /// Fields that must be there, with any value.
    pub required_headers: &'a [&'a str],
    /// The body; without one it is not compared.
    pub body: Option<&'a str>,
    /// How the body is compared.
    pub media_type: Option<&'a str>,
}

impl Content<'_> {
    /// # Panics
    /// A field or the body differs.
    #[track_caller]
    pub(crate) fn check(&self, headers: &HeaderMap, found: &[u8]) {
        for (name, expected) in self.headers {
            let value = value_of(headers, name);
            let value = value.unwrap_or_else(|| panic!("the field {name} is missing, which is `{expected}`"));
            assert!(same(&value, expected), "expected {name}: `{expected}`, found `{value}`");
        }
        for name in self.forbidden_headers {
            assert!(!headers.contains_key(*name), "the field {name} is there and must not be");
        }
        for name in self.required_headers {
            // Whoever sends a body says its length.
            let is_length = name.eq_ignore_ascii_case("content-length") && !found.is_empty();
            assert!(headers.contains_key(*name) || is_length, "the field {name} is missing");
        }
        if let Some(expected) = self.body {
            body::check(found, expected, self.media_type);
        }
    }
}

/// A field's value, over all its lines.
fn value_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        .collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// As they are, or as lists with other blanks between the elements.
fn same(found: &str, expected: &str) -> bool {
    let list = |text: &str| {
        let mut headers = HeaderMap::new();
        let value = http::HeaderValue::from_bytes(text.as_bytes()).ok()?;
        let name = HeaderName::from_static("x");
        headers.insert(&name, value);
        fields::list(&headers, name, "x", |element| Ok(element.to_owned())).ok()?
    };
    found == expected || (expected.contains(',') && list(found) == list(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(content: &Content<'_>, fields: &[(&'static str, &str)], body: &[u8]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap_or_else(|error| panic!("{error}")));
        }
        let content = *content;
        std::panic::catch_unwind(move || content.check(&headers, body)).is_err()
    }

    #[test]
    fn fields_are_compared() {
        let content = Content { headers: &[("X-A", "1"), ("X-B", "a, b")], ..Content::default() };
        assert!(!differs(&content, &[("x-a", "1"), ("x-b", "a,b")], b""));
        assert!(!differs(&content, &[("x-a", "1"), ("x-b", "a"), ("x-b", "b")], b""));
        assert!(differs(&content, &[("x-a", "1")], b""));
        assert!(differs(&content, &[("x-a", "2"), ("x-b", "a, b")], b""));
        assert!(differs(&content, &[("x-a", "1"), ("x-b", "b, a")], b""));
        assert!(differs(&content, &[("x-a", "1"), ("x-b", "\"a, b\"")], b""));
    }

    #[test]
    fn forbidden_and_required_fields_are_looked_for() {
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
