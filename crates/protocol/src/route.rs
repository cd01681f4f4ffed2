//! Method and path of an operation, and the request target that they and an input make.
//! <https://smithy.io/2.0/spec/http-bindings.html#http-trait>

use std::borrow::Cow;
use std::fmt;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{SerializeError, SerializeErrorKind};

/// An operation's method and path template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, segment by segment.
    pub path: &'static [PathSegment],
    /// Query parameters that the template itself has, each with its value or without.
    pub query: &'static [(&'static str, Option<&'static str>)],
}

/// A segment of a path template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathSegment {
    /// Stands as it is.
    Literal(&'static str),
    /// A member's value: everything but unreserved characters is percent-encoded, `/` too.
    Label(&'static str),
    /// A member's value in which `/` stays: `{key+}`.
    Greedy(&'static str),
}

impl Route {
    /// Returns the request target of the route: the path with the values of its labels, which are in the order of the
    /// path, then the query parameters of the template.
    ///
    /// # Errors
    /// Returns an error if a label is empty, or if one that is not greedy is `.` or `..`.
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

    /// The labels of a path on the wire, percent-decoded, in the order of the template; `None` if it is not of this
    /// template. Bytes that are not UTF-8 become U+FFFD.
    pub fn labels<'a>(&self, path: &'a str) -> Option<Vec<(&'static str, Cow<'a, str>)>> {
        let mut labels = Vec::new();
        let mut rest = path.strip_prefix('/')?;
        for (index, segment) in self.path.iter().enumerate() {
            let behind = &self.path[index + 1..];
            let end = match segment {
                PathSegment::Greedy(_) => greedy_end(rest, behind.len())?,
                _ => rest.find('/').unwrap_or(rest.len()),
            };
            let (part, tail) = rest.split_at(end);
            match segment {
                PathSegment::Literal(literal) if *literal != part => return None,
                PathSegment::Literal(_) => {}
                PathSegment::Label(name) | PathSegment::Greedy(name) => labels.push((*name, decoded(part))),
            }
            rest = match tail.strip_prefix('/') {
                Some(tail) if !behind.is_empty() => tail,
                None if behind.is_empty() => "",
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

/// Where a greedy label ends, so that `behind` more segments follow it.
fn greedy_end(rest: &str, behind: usize) -> Option<usize> {
    if behind == 0 {
        return Some(rest.len());
    }
    rest.rmatch_indices('/').nth(behind - 1).map(|(at, _)| at)
}

fn decoded(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}

/// All but the unreserved characters of RFC 3986 section 2.3.
/// <https://smithy.io/2.0/spec/http-bindings.html#httplabel-serialization-rules>
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED_BUT_SLASH: &AsciiSet = &RESERVED.remove(b'/');

/// Writes a request target: the path, then the query.
#[derive(Clone, Debug, Default)]
pub struct TargetBuilder {
    target: String,
    has_query: bool,
}

impl TargetBuilder {
    /// Nothing yet.
    fn new() -> Self {
        // Room for most model ids and ARNs, so that the target is allocated once.
        Self { target: String::with_capacity(128), has_query: false }
    }

    /// A part of the path that is the same for every input.
    fn literal(&mut self, literal: &str) {
        self.target.push_str(literal);
    }

    /// A label: `:` becomes `%3A`, `/` becomes `%2F`, `%` becomes `%25`, whatever the value looks like.
    ///
    /// # Errors
    /// The value is empty, `.` or `..`: each would change the path.
    fn label(&mut self, member: &'static str, value: impl AsRef<str>) -> Result<(), SerializeError> {
        if matches!(value.as_ref(), "." | "..") {
            return Err(SerializeError::new(member, SerializeErrorKind::DotSegment));
        }
        self.encoded_label(member, value.as_ref(), RESERVED)
    }

    /// A greedy label: as a label, but `/` stays.
    ///
    /// # Errors
    /// The value is empty.
    fn greedy_label(&mut self, member: &'static str, value: impl AsRef<str>) -> Result<(), SerializeError> {
        self.encoded_label(member, value.as_ref(), RESERVED_BUT_SLASH)
    }

    /// A query parameter. <https://smithy.io/2.0/spec/http-bindings.html#httpquery-trait>
    pub fn query(&mut self, name: &str, value: impl AsRef<str>) {
        self.query_name(name);
        self.target.push('=');
        self.target.extend(utf8_percent_encode(value.as_ref(), RESERVED));
    }

    /// A query parameter without a value, as a template can have it.
    fn query_name(&mut self, name: &str) {
        self.target.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.target.extend(utf8_percent_encode(name, RESERVED));
    }

    pub(crate) fn into_string(self) -> String {
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
    fn a_label_keeps_unreserved_characters_only() {
        assert_eq!(target("amazon.titan-embed-text-v2:0"), "/model/amazon.titan-embed-text-v2%3A0/invoke");
        assert_eq!(target("arn:aws:x/y"), "/model/arn%3Aaws%3Ax%2Fy/invoke");
        assert_eq!(target("a%3Ab"), "/model/a%253Ab/invoke");
        assert_eq!(target("é ~_"), "/model/%C3%A9%20~_/invoke");
    }

    #[test]
    fn an_empty_label_is_refused() {
        let error = TargetBuilder::new().label("modelId", "").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`modelId` is empty: it stands in the path of the request, so give a value"
        );
    }

    #[test]
    fn a_dot_segment_is_refused() {
        for dots in [".", ".."] {
            let error = TargetBuilder::new().label("modelId", dots).unwrap_err();
            assert_eq!(error.kind(), &SerializeErrorKind::DotSegment);
        }
        assert_eq!(target("..."), "/model/.../invoke");
    }

    #[test]
    fn a_route_takes_its_own_paths_only() {
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
    fn a_greedy_label_takes_the_slashes_before_the_next_literal() {
        let labels = OBJECT.labels("/b/a/tags/c/tags").unwrap();
        assert_eq!(labels, [("bucket", "b".into()), ("key", "a/tags/c".into())]);
        assert_eq!(OBJECT.labels("/b/tags"), None);
    }

    proptest! {
        #[test]
        fn any_label_survives(id in ".+") {
            prop_assume!(id != "." && id != "..");
            let target = target(&id);
            prop_assert!(target.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(&INVOKE.labels(&target).unwrap()[0].1, &id);
        }

        #[test]
        fn no_path_panics(path in ".*") {
            let _ = INVOKE.labels(&path);
            let _ = OBJECT.labels(&path);
        }
    }
}
