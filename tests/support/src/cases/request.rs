//! Compares serialized requests with the requests of test cases, and parses the requests of test cases as inputs and
//! events.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use invoke_model_protocol::{InputEventStream, Operation, ParseError, ServerOperation, server};

use super::Content;
use super::response::{Failure, StreamResult, read_events};

/// Idempotency token that the cases expect if the input has no token.
const TOKEN: &str = "00000000-0000-4000-8000-000000000000";

/// The request of a case.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Method.
    pub method: &'a str,
    /// Path.
    pub uri: &'a str,
    /// Percent-encoded query parameters as `name=value`, in any order.
    pub query: &'a [&'a str],
    /// Names of query parameters that must be absent.
    pub forbidden_query: &'a [&'a str],
    /// Names of query parameters that must be present.
    pub required_query: &'a [&'a str],
    /// Host of the endpoint. If the endpoint has a base path, the base path follows the host.
    pub host: Option<&'a str>,
    /// Host to which the request is sent, including the host prefix of the operation.
    pub resolved_host: Option<&'a str>,
    /// Headers and body.
    pub content: Content<'a>,
}

impl Request<'_> {
    /// Serializes an input and compares the request with this case.
    ///
    /// # Panics
    /// Panics if the request differs from the case.
    #[track_caller]
    pub fn check<O: Operation>(&self, mut input: O::Input) {
        O::fill_idempotency_tokens(&mut input, &mut || TOKEN.to_owned());
        let prefix =
            O::host_prefix(&input).unwrap_or_else(|error| panic!("cannot build the host prefix: {error}"));
        let request =
            O::serialize(input).unwrap_or_else(|error| panic!("cannot serialize the input: {error}"));
        assert!(request.method() == self.method, "expected {}, found {}", self.method, request.method());
        let (host, base) =
            self.host.unwrap_or_default().split_once('/').unwrap_or((self.host.unwrap_or_default(), ""));
        // `host` may contain the base path of the endpoint. The expected path starts with this base path.
        let base = if base.is_empty() { String::new() } else { format!("/{base}") };
        let path = format!("{base}{}", request.uri().path());
        assert!(path == self.uri, "expected the path {}, found {path}", self.uri);
        self.check_query(request.uri().query().unwrap_or_default());
        if let Some(resolved) = self.resolved_host {
            let found = format!("{}{host}", prefix.unwrap_or_default());
            assert!(found == resolved, "expected the host {resolved}, found {found}");
        }
        self.content.check(request.headers(), request.body());
    }

    /// Parses the input, and sets its defaults.
    ///
    /// # Errors
    /// Returns an error if the request cannot be parsed.
    ///
    /// # Panics
    /// Panics if [`server::parse`] rejects the request.
    #[track_caller]
    pub fn input<O: ServerOperation>(&self) -> Result<O::Input, ParseError> {
        let request = self.http();
        if let Err(rejection) = server::parse::<O>(&with_content_type::<O>(request.clone())) {
            panic!("a server framework rejects the request: {rejection:?}");
        }
        let mut input = O::parse_request(&request)?;
        O::set_defaults(&mut input);
        Ok(input)
    }

    /// Parses the input, and the events in `frames`. The frames are encoded in base64.
    ///
    /// # Errors
    /// Returns a [`Failure`] if the request, a frame or an event cannot be parsed, or if the client ends the stream
    /// with an error.
    ///
    /// # Panics
    /// Panics if a frame is not base64.
    pub fn events<O: ServerOperation + InputEventStream>(
        &self,
        frames: &[&str],
    ) -> StreamResult<O, O::Input, O::Events> {
        let missing = O::missing_members(&self.http());
        if !missing.is_empty() {
            return Err(Failure::Incomplete(Box::new(missing)));
        }
        let input = O::parse_request(&self.http()).map_err(Failure::Head)?;
        Ok((input, read_events(frames)?))
    }

    pub(super) fn http(&self) -> invoke_model_protocol::Request {
        let base = self
            .host
            .and_then(|host| host.split_once('/'))
            .map_or(String::new(), |(_, base)| format!("/{base}"));
        let path = self.uri.strip_prefix(&base).unwrap_or(self.uri);
        let mut uri = path.to_owned();
        for parameter in self.query {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri.push_str(parameter);
        }
        let mut request = http::Request::builder().method(self.method).uri(uri);
        for (name, value) in self.content.headers {
            request = request.header(*name, *value);
        }
        let body = Bytes::copy_from_slice(self.content.body.unwrap_or_default().as_bytes());
        request.body(body).unwrap_or_else(|error| panic!("the case is not a valid request: {error}"))
    }

    #[track_caller]
    fn check_query(&self, query: &str) {
        let mut found: Vec<&str> = query.split('&').filter(|parameter| !parameter.is_empty()).collect();
        let names: Vec<&str> = found.iter().map(|parameter| name_of(parameter)).collect();
        for name in self.forbidden_query {
            assert!(!names.contains(name), "the query parameter {name} must be absent: {query}");
        }
        for name in self.required_query {
            assert!(names.contains(name), "the query parameter {name} is missing: {query}");
        }
        for expected in self.query {
            let index = found.iter().position(|parameter| same(parameter, expected));
            let index = index.unwrap_or_else(|| panic!("the query parameter {expected} is missing: {query}"));
            found.swap_remove(index);
        }
        // If a case has query parameters, the request must not have other query parameters.
        assert!(self.query.is_empty() || found.is_empty(), "unexpected query parameters: {found:?}");
    }
}

/// Adds the content type of the operation, because many cases omit this header.
fn with_content_type<O: ServerOperation>(
    mut request: invoke_model_protocol::Request,
) -> invoke_model_protocol::Request {
    if let server::MediaType::Only(media_type) = O::REQUEST_TYPE {
        let media_type = HeaderValue::from_static(media_type);
        request.headers_mut().entry(CONTENT_TYPE).or_insert(media_type);
    }
    request
}

fn name_of(parameter: &str) -> &str {
    parameter.split_once('=').map_or(parameter, |(name, _)| name)
}

/// Returns `true` if two parameters are equal. Treats `a` and `a=` as equal.
fn same(found: &str, expected: &str) -> bool {
    found == expected
        || found.strip_suffix('=') == Some(expected)
        || expected.strip_suffix('=') == Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(request: &Request<'_>, query: &str) -> bool {
        let (request, query) = (*request, query.to_owned());
        std::panic::catch_unwind(move || request.check_query(&query)).is_err()
    }

    #[test]
    fn query_parameters_may_have_any_order_and_each_counts_once() {
        let request = Request { query: &["a=1", "a=1", "b", "c="], ..Request::default() };
        assert!(!differs(&request, "c&a=1&b=&a=1"));
        assert!(differs(&request, "a=1&b&c"));
        assert!(differs(&request, "a=1&a=1&b&c&d=2"));
        assert!(differs(&request, "a=1&a=2&b&c"));
    }

    #[test]
    fn forbidden_and_required_parameters_are_checked() {
        let request = Request { forbidden_query: &["no"], required_query: &["yes"], ..Request::default() };
        assert!(!differs(&request, "yes=1"));
        assert!(differs(&request, "yes=1&no"));
        assert!(differs(&request, "other=yes"));
    }
}
