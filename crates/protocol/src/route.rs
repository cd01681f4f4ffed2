//! The method and path template of an operation, and functions that build and match request targets.
//!
//! <https://smithy.io/2.0/spec/http-bindings.html#http-trait>

use std::borrow::Cow;
use std::fmt;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::{SerializeError, SerializeErrorKind};

/// The method and path template of an operation. `Display` writes, for example,
/// `POST /model/{modelId}/invoke`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// HTTP method.
    pub method: Method,
    /// Segments of the path.
    pub path: &'static [PathSegment],
    /// Constant query parameters of the template, with or without a value.
    pub query: &'static [(&'static str, Option<&'static str>)],
}

/// A segment of a path template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathSegment {
    /// A constant segment.
    Literal(&'static str),
    /// The value of a member. All characters except unreserved characters are percent-encoded, so `/` is
    /// percent-encoded, too.
    Label(&'static str),
    /// The value of a member in which `/` is not percent-encoded. The value can therefore span several
    /// segments. Templates write this kind of label with a `+`, for example `{key+}`.
    Greedy(&'static str),
}

impl Route {
    /// Returns the request target: the path with the values of its labels, then the constant query
    /// parameters. `labels` must contain the values in the order of the path.
    ///
    /// # Errors
    /// Returns an error if a label is empty, or if a label that is not greedy is `.` or `..`.
    #[inline]
    pub fn target<const N: usize>(&self, labels: [Cow<'_, str>; N]) -> Result<TargetBuilder, SerializeError> {
        let mut target = TargetBuilder::new();
        let mut labels = labels.iter().map(|label| label.as_ref());
        for segment in self.path {
            target.literal("/");
            match segment {
                PathSegment::Literal(literal) => target.literal(literal),
                PathSegment::Label(name) => target.label(name, labels.next().unwrap_or_default())?,
                PathSegment::Greedy(name) => target.greedy_label(name, labels.next().unwrap_or_default())?,
            }
        }
        for (name, value) in self.query {
            match value {
                Some(value) => target.query(name, value),
                None => target.query_name(name),
            }
        }
        Ok(target)
    }

    /// Matches a percent-encoded path against the template. Returns the decoded labels in the order of the
    /// template, or `None` if the path does not match. Bytes that are not UTF-8 become U+FFFD.
    pub fn labels<'a>(&self, path: &'a str) -> Option<Vec<(&'static str, Cow<'a, str>)>> {
        let mut labels = Vec::new();
        let mut rest = path.strip_prefix('/')?;
        for (index, segment) in self.path.iter().enumerate() {
            let remaining = &self.path[index + 1..];
            let end = match segment {
                PathSegment::Greedy(_) => greedy_end(rest, remaining.len())?,
                _ => rest.find('/').unwrap_or(rest.len()),
            };
            let (part, tail) = rest.split_at(end);
            match segment {
                PathSegment::Literal(literal) if *literal != part => return None,
                PathSegment::Literal(_) => {}
                PathSegment::Label(name) | PathSegment::Greedy(name) => labels.push((*name, decoded(part))),
            }
            rest = match tail.strip_prefix('/') {
                Some(tail) if !remaining.is_empty() => tail,
                None if remaining.is_empty() => "",
                _ => return None,
            };
        }
        (rest.is_empty() && labels.iter().all(|(_, value)| !value.is_empty())).then_some(labels)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.method)?;
        for segment in self.path {
            match segment {
                PathSegment::Literal(literal) => write!(f, "/{literal}")?,
                PathSegment::Label(name) => write!(f, "/{{{name}}}")?,
                PathSegment::Greedy(name) => write!(f, "/{{{name}+}}")?,
            }
        }
        Ok(())
    }
}

/// Returns the end of a greedy label that is followed by `remaining` segments. Returns `None` if `rest`
/// contains too few segments.
fn greedy_end(rest: &str, remaining: usize) -> Option<usize> {
    if remaining == 0 {
        return Some(rest.len());
    }
    rest.rmatch_indices('/').nth(remaining - 1).map(|(index, _)| index)
}

fn decoded(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}

/// All characters except the unreserved characters (<https://www.rfc-editor.org/rfc/rfc3986#section-2.3>).
///
/// <https://smithy.io/2.0/spec/http-bindings.html#httplabel-serialization-rules>
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED_EXCEPT_SLASH: &AsciiSet = &RESERVED.remove(b'/');

/// Builds a request target: the path, then the query.
#[derive(Clone, Debug, Default)]
pub struct TargetBuilder {
    target: String,
    has_query: bool,
}

impl TargetBuilder {
    fn new() -> Self {
        // This capacity suffices for most model ids and ARNs. The target is then allocated only once.
        Self { target: String::with_capacity(128), has_query: false }
    }

    fn literal(&mut self, literal: &str) {
        self.target.push_str(literal);
    }

    /// Appends a percent-encoded label. For example, `:` becomes `%3A` and `/` becomes `%2F`. `%` always
    /// becomes `%25`, so a value that is already encoded is encoded again.
    ///
    /// # Errors
    /// Returns an error if the value is empty, `.` or `..`, because these values would change the path.
    fn label(&mut self, member: &'static str, value: impl AsRef<str>) -> Result<(), SerializeError> {
        if matches!(value.as_ref(), "." | "..") {
            return Err(SerializeError::new(member, SerializeErrorKind::DotSegment));
        }
        self.encoded_label(member, value.as_ref(), RESERVED)
    }

    /// Appends a greedy label. Encodes the value like other labels, but keeps `/`.
    ///
    /// # Errors
    /// Returns an error if the value is empty.
    fn greedy_label(&mut self, member: &'static str, value: impl AsRef<str>) -> Result<(), SerializeError> {
        self.encoded_label(member, value.as_ref(), RESERVED_EXCEPT_SLASH)
    }

    /// Appends a query parameter. <https://smithy.io/2.0/spec/http-bindings.html#httpquery-trait>
    pub fn query(&mut self, name: &str, value: impl AsRef<str>) {
        self.query_name(name);
        self.target.push('=');
        self.target.extend(utf8_percent_encode(value.as_ref(), RESERVED));
    }

    /// Appends a query parameter without a value. Only templates contain such parameters.
    fn query_name(&mut self, name: &str) {
        self.target.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.target.extend(utf8_percent_encode(name, RESERVED));
    }

    /// Returns the request target.
    pub fn into_string(self) -> String {
        self.target
    }

    fn encoded_label(
        &mut self,
        member: &'static str,
        value: &str,
        set: &'static AsciiSet,
    ) -> Result<(), SerializeError> {
        if value.is_empty() {
            return Err(SerializeError::new(member, SerializeErrorKind::EmptyLabel));
        }
        self.target.extend(utf8_percent_encode(value, set));
        Ok(())
    }
}

impl From<String> for TargetBuilder {
    /// Continues a request target that may already contain a query.
    fn from(target: String) -> Self {
        Self { has_query: target.contains('?'), target }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INVOKE: Route = Route {
        method: Method::POST,
        path: &[PathSegment::Literal("model"), PathSegment::Label("modelId"), PathSegment::Literal("invoke")],
        query: &[],
    };
    const OBJECT: Route = Route {
        method: Method::GET,
        path: &[PathSegment::Label("bucket"), PathSegment::Greedy("key"), PathSegment::Literal("tags")],
        query: &[],
    };

    fn target(id: &str) -> String {
        let mut target = TargetBuilder::new();
        target.literal("/model/");
        target.label("modelId", id).unwrap();
        target.literal("/invoke");
        target.into_string()
    }

    #[test]
    fn encodes_all_reserved_characters_in_labels() {
        assert_eq!(target("amazon.titan-embed-text-v2:0"), "/model/amazon.titan-embed-text-v2%3A0/invoke");
        assert_eq!(target("arn:aws:x/y"), "/model/arn%3Aaws%3Ax%2Fy/invoke");
        assert_eq!(target("a%3Ab"), "/model/a%253Ab/invoke");
        assert_eq!(target("é ~_"), "/model/%C3%A9%20~_/invoke");
    }

    #[test]
    fn rejects_empty_labels() {
        let error = TargetBuilder::new().label("modelId", "").unwrap_err();
        assert_eq!(error.to_string(), "`modelId` is empty, but it is part of the request path: set a value");
    }

    #[test]
    fn rejects_dot_segments() {
        for dots in [".", ".."] {
            let error = TargetBuilder::new().label("modelId", dots).unwrap_err();
            assert_eq!(error.kind(), &SerializeErrorKind::DotSegment);
        }
        assert_eq!(target("..."), "/model/.../invoke");
    }

    #[test]
    fn matches_only_paths_of_the_template() {
        let labels = |path| INVOKE.labels(path).map(|labels| labels[0].1.clone().into_owned());
        assert_eq!(labels("/model/a%3Ab/invoke").as_deref(), Some("a:b"));
        for other in [
            "",
            "/",
            "/model",
            "/model//invoke",
            "/model/a/invoke/",
            "/model/a/b/invoke",
            "/model/a/converse",
        ] {
            assert_eq!(labels(other), None, "{other}");
        }
    }

    #[test]
    fn greedy_labels_match_several_segments() {
        let labels = OBJECT.labels("/b/a/tags/c/tags").unwrap();
        assert_eq!(labels, [("bucket", "b".into()), ("key", "a/tags/c".into())]);
        assert_eq!(OBJECT.labels("/b/tags"), None);
    }

    proptest! {
        #[test]
        fn labels_round_trip(id in ".+") {
            prop_assume!(id != "." && id != "..");
            let target = target(&id);
            prop_assert!(target.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(&INVOKE.labels(&target).unwrap()[0].1, &id);
        }

        #[test]
        fn arbitrary_paths_do_not_panic(path in ".*") {
            let _ = INVOKE.labels(&path);
            let _ = OBJECT.labels(&path);
        }
    }
}
