//! A request, and the input that makes it.

use invoke_model_protocol::Operation;

use super::Content;

/// The token that cases state where a client makes one.
const TOKEN: &str = "00000000-0000-4000-8000-000000000000";

/// What a case states of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path.
    pub uri: &'a str,
    /// Query parameters with their values, as they stand on the wire, in any order.
    pub query: &'a [&'a str],
    /// Names of query parameters that must not be there.
    pub forbidden_query: &'a [&'a str],
    /// Names of query parameters that must be there.
    pub required_query: &'a [&'a str],
    /// The endpoint's host.
    pub host: Option<&'a str>,
    /// The host that the request goes to.
    pub resolved_host: Option<&'a str>,
    /// Its fields and body.
    pub content: Content<'a>,
}

impl Request<'_> {
    /// Checks the request that an input makes.
    ///
    /// # Panics
    /// It is not the one that the case states.
    #[track_caller]
    pub fn check<O: Operation>(&self, mut input: O::Input) {
        O::fill_idempotency_tokens(&mut input, &mut || TOKEN.to_owned());
        let prefix = O::host_prefix(&input).unwrap_or_else(|error| panic!("no host prefix: {error}"));
        let request = O::serialize(input).unwrap_or_else(|error| panic!("no request: {error}"));
        assert!(request.method() == self.method, "expected {}, found {}", self.method, request.method());
        let (host, base) =
            self.host.unwrap_or_default().split_once('/').unwrap_or((self.host.unwrap_or_default(), ""));
        // The endpoint's base path stands before the request's, and is no part of its host.
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

    #[track_caller]
    fn check_query(&self, query: &str) {
        let mut found: Vec<&str> = query.split('&').filter(|parameter| !parameter.is_empty()).collect();
        let names: Vec<&str> = found.iter().map(|parameter| name_of(parameter)).collect();
        for name in self.forbidden_query {
            assert!(!names.contains(name), "the query parameter {name} is there and must not be: {query}");
        }
        for name in self.required_query {
            assert!(names.contains(name), "the query parameter {name} is missing: {query}");
        }
        for expected in self.query {
            let place = found.iter().position(|parameter| same(parameter, expected));
            let place = place.unwrap_or_else(|| panic!("the query parameter {expected} is missing: {query}"));
            found.swap_remove(place);
        }
        // A case that states parameters states all of them.
        assert!(
            self.query.is_empty() || found.is_empty(),
            "query parameters that are not expected: {found:?}"
        );
    }
}

fn name_of(parameter: &str) -> &str {
    parameter.split_once('=').map_or(parameter, |(name, _)| name)
}

/// `a` and `a=` say the same.
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
    fn query_parameters_are_compared_in_any_order_each_once() {
        let request = Request { query: &["a=1", "a=1", "b", "c="], ..Request::default() };
        assert!(!differs(&request, "c&a=1&b=&a=1"));
        assert!(differs(&request, "a=1&b&c"));
        assert!(differs(&request, "a=1&a=1&b&c&d=2"));
        assert!(differs(&request, "a=1&a=2&b&c"));
    }

    #[test]
    fn forbidden_and_required_parameters_are_looked_for() {
        let request = Request { forbidden_query: &["no"], required_query: &["yes"], ..Request::default() };
        assert!(!differs(&request, "yes=1"));
        assert!(differs(&request, "yes=1&no"));
        assert!(differs(&request, "other=yes"));
    }
}
