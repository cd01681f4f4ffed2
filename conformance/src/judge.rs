//! Compares the records of the servers and the response of the adapter with the expectation of a scenario.

use std::time::Duration;

use invoke_model_local::{CallRecord, SignatureVerdict};
use serde_json::Value;

use crate::adapter::{FACTS, Report, ReportedError};
use crate::expectation::{
    Auth, Count, ErrorExpectation, Expectation, ProxyExpectation, RequestExpectation, TextPattern,
};
use crate::tagged;

/// The calls, connections and proxy requests that the servers of a scenario have recorded.
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) calls: Vec<CallRecord>,
    pub(crate) connections: u64,
    pub(crate) proxy_heads: Vec<String>,
    pub(crate) credentials_requests: u64,
    pub(crate) port: u16,
    /// The time from the first connection of the client to the response of the adapter.
    pub(crate) took: Option<Duration>,
}

/// The parts of an outcome that an expectation is compared with, even if it does not state them.
#[derive(Clone, Copy, Debug)]
struct Scope {
    result: bool,
    /// Requests without an expectation must have a valid signature or bearer token.
    requests: bool,
}

/// Compares an outcome with an expectation.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) observation: &'a Observation,
    pub(crate) report: &'a Report,
    /// The facts that the client never reports.
    pub(crate) unreported: &'a [String],
    /// `true` if the adapter cancels the call.
    pub(crate) cancels: bool,
}

impl Judge<'_> {
    /// Returns a line for each difference.
    pub(crate) fn differences(&self, expect: &Expectation) -> Vec<String> {
        let default =
            expect.either.iter().all(|expect| expect.attempts.is_none()).then_some(Count::Exactly(1));
        let mut differences = Vec::new();
        // If one alternative states a result, the result is compared with every alternative. An alternative without a
        // result then expects success. In the same way, an alternative without requests then expects valid signatures.
        let alternatives_have_result = expect.either.iter().any(Expectation::has_result);
        let alternatives_have_requests = expect.either.iter().any(Expectation::has_requests);
        let scope = Scope {
            result: expect.has_result() || !alternatives_have_result,
            requests: expect.has_requests() || !alternatives_have_requests,
        };
        self.compare(expect, expect.attempts.or(default), scope, &mut differences);
        let scope = Scope { result: alternatives_have_result, requests: alternatives_have_requests };
        let alternatives = expect.either.iter().map(|expect| {
            let mut differences = Vec::new();
            self.compare(expect, expect.attempts, scope, &mut differences);
            differences
        });
        // Report the differences of the alternative that has the fewest.
        differences.extend(alternatives.min_by_key(Vec::len).unwrap_or_default());
        differences
    }

    fn compare(
        &self,
        expect: &Expectation,
        attempts: Option<Count>,
        scope: Scope,
        differences: &mut Vec<String>,
    ) {
        self.compare_traffic(expect, attempts, differences);
        self.compare_requests(expect, scope, differences);
        self.compare_same(expect, differences);
        if let Some(expected) = &expect.proxy {
            self.compare_proxy(expected, differences);
        }
        if expect.cancelled {
            self.compare_cancelled(differences);
        } else if scope.result {
            self.compare_result(expect, differences);
        }
    }

    fn compare_traffic(&self, expect: &Expectation, attempts: Option<Count>, differences: &mut Vec<String>) {
        let calls = &self.observation.calls;
        let number = calls.len() as u64;
        if let Some(expected) = attempts.filter(|expected| !expected.contains(number)) {
            let outcome =
                self.report.error.as_ref().map(|_| format!("; the client reported {}", self.outcome()));
            let outcome = outcome.unwrap_or_default();
            differences.push(format!("requests: expected {expected}, found {number}{outcome}"));
        } else if calls.len() < expect.requests.len() {
            differences.push(format!("requests: expected {}, found {number}", expect.requests.len()));
        }
        let worked_on = calls.iter().filter(|call| call.worked_on).count() as u64;
        if let Some(expected) = expect.worked_on.filter(|expected| worked_on > *expected) {
            differences.push(format!(
                "calls that the server worked on: expected at most {expected}, found {worked_on}"
            ));
        }
        let frames = calls.iter().filter_map(|call| call.stream).map(|stream| stream.events).sum();
        for (name, expected, found) in [
            ("frames that the server sent", expect.frames_sent, frames),
            ("connections", expect.connections, self.observation.connections),
            (
                "requests to the server for container credentials",
                expect.credentials_requests,
                self.observation.credentials_requests,
            ),
        ] {
            if let Some(expected) = expected.filter(|expected| !expected.contains(found)) {
                differences.push(format!("{name}: expected {expected}, found {found}"));
            }
        }
        if let Some(expected) = expect.took_ms {
            match self.observation.took {
                Some(took) if !expected.contains(milliseconds(took)) => differences.push(format!(
                    "time from the first connection to the result: expected {expected} ms, found {} ms",
                    milliseconds(took)
                )),
                Some(_) => {}
                None => differences.push(
                    "time from the first connection to the result: the client did not connect".to_owned(),
                ),
            }
        }
        for (index, expected) in expect.delays_ms.iter().enumerate() {
            let number = index + 2;
            let Some([first, second]) = calls.get(index..number) else {
                differences.push(format!("delay before request {number}: there is no such request"));
                break;
            };
            let delay = milliseconds(second.time.duration_since(first.time).unwrap_or(Duration::ZERO));
            if !expected.contains(delay) {
                differences
                    .push(format!("delay before request {number}: expected {expected} ms, found {delay} ms"));
            }
        }
    }

    fn compare_same(&self, expect: &Expectation, differences: &mut Vec<String>) {
        let Some((first, others)) = self.observation.calls.split_first() else { return };
        for name in &expect.same {
            let is_same = |call: &CallRecord| match name.as_str() {
                "body" => call.body == first.body,
                name => call.headers.get_all(name).iter().eq(first.headers.get_all(name)),
            };
            if let Some(index) = others.iter().position(|call| !is_same(call)) {
                let number = index + 2;
                differences.push(format!("request {number}, {name}: expected the same as in request 1"));
            }
        }
    }

    fn compare_requests(&self, expect: &Expectation, scope: Scope, differences: &mut Vec<String>) {
        let auth = if scope.requests { Auth::Valid } else { Auth::Any };
        let default = RequestExpectation { auth, ..RequestExpectation::default() };
        for (index, call) in self.observation.calls.iter().enumerate() {
            let expected = expect.requests.get(index).or(expect.request.as_ref()).unwrap_or(&default);
            let path = format!("request {}", index + 1);
            self.compare_request(&path, expected, call, differences);
            for text in &expect.not_sent {
                let headers = call.headers.iter();
                let mut headers = headers
                    .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
                let body = String::from_utf8_lossy(&call.body);
                let is_key = call.access_key_id.as_deref() == Some(text);
                if is_key
                    || [&call.target, &*body].iter().any(|part| part.contains(text))
                    || headers.any(|header| header.contains(text))
                {
                    differences.push(format!("{path}: must not contain `{text}`"));
                }
            }
        }
    }

    fn compare_request(
        &self,
        path: &str,
        expected: &RequestExpectation,
        call: &CallRecord,
        differences: &mut Vec<String>,
    ) {
        let mut check = |name: &str, matches: bool, expected: &dyn std::fmt::Display, found: &str| {
            if !matches {
                differences.push(format!("{path}, {name}: expected {expected}, found `{found}`"));
            }
        };
        if let Some(method) = &expected.method {
            check("method", call.method == method.as_str(), method, call.method.as_str());
        }
        if let Some(target) = &expected.target {
            check("target", target.matches(&call.target), target, &call.target);
        }
        let verdicts: &[SignatureVerdict] = match expected.auth {
            Auth::Valid => &[SignatureVerdict::Valid, SignatureVerdict::Bearer],
            Auth::Sigv4 => &[SignatureVerdict::Valid],
            Auth::Bearer => &[SignatureVerdict::Bearer],
            Auth::Any => &[],
        };
        if let Some(verdict) = verdicts.first().filter(|_| !verdicts.contains(&call.signature)) {
            let reason = call.signature_error.as_deref().unwrap_or(call.signature.as_str());
            check("signature", false, &verdict.as_str(), reason);
        }
        for (name, expected) in [
            ("access key id", (&expected.access_key_id, &call.access_key_id)),
            ("region of the signature", (&expected.signing_region, &call.signing_region)),
        ] {
            if let (Some(expected), found) = expected {
                check(name, found.as_ref() == Some(expected), expected, found.as_deref().unwrap_or("none"));
            }
        }
        for name in &expected.signed_headers {
            let found = call.signed_headers.join(";");
            // HTTP/2 requests have the pseudo-header `:authority` instead of `host`.
            let is_equal = |signed: &String| {
                signed.eq_ignore_ascii_case(name) || (name == "host" && signed == ":authority")
            };
            let is_signed = call.signed_headers.iter().any(is_equal);
            check("signed headers", is_signed, name, &found);
        }
        let host = expected.host.iter().map(|host| {
            let host = host.replace("{port}", &self.observation.port.to_string());
            ("host".to_owned(), Some(TextPattern::Exactly(host)))
        });
        let headers = expected.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
        for (name, expected) in host.chain(headers) {
            let values = call.headers.get_all(&name).iter();
            let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            let found = (!values.is_empty()).then(|| values.join(", "));
            match (&expected, &found) {
                (None, None) => {}
                (Some(expected), Some(found)) => check(&name, expected.matches(found), expected, found),
                (Some(expected), None) => check(&name, false, expected, "no header"),
                (None, Some(found)) => check(&name, false, &"no header", found),
            }
        }
        if let Some(expected) = &expected.body {
            let found = tagged::of_bytes(&call.body);
            tagged::compare(&format!("{path}, body"), expected, &found, differences);
        }
    }

    fn compare_proxy(&self, expected: &ProxyExpectation, differences: &mut Vec<String>) {
        let heads = &self.observation.proxy_heads;
        let number = heads.len() as u64;
        if let Some(expected) = expected.requests.filter(|expected| !expected.contains(number)) {
            differences.push(format!("requests to the proxy: expected {expected}, found {number}"));
        }
        if let Some(expected) = &expected.connect {
            let found = heads.iter().filter_map(|head| head.strip_prefix("CONNECT ")?.split(' ').next());
            let found: Vec<_> = found.collect();
            let port = self.observation.port.to_string();
            let expected: Vec<_> = expected.iter().map(|target| target.replace("{port}", &port)).collect();
            if found != expected {
                differences
                    .push(format!("CONNECT requests to the proxy: expected {expected:?}, found {found:?}"));
            }
        }
        let is_header = |line: &str| line.to_ascii_lowercase().starts_with("proxy-authorization:");
        let has_authorization = heads.iter().any(|head| head.lines().any(is_header));
        if let Some(expected) = expected.authorization.filter(|expected| *expected != has_authorization) {
            let words = if expected { "expected, but missing" } else { "not expected, but sent" };
            differences.push(format!("Proxy-Authorization: {words}"));
        }
    }

    fn compare_cancelled(&self, differences: &mut Vec<String>) {
        if !self.report.cancelled {
            differences.push(format!("the call was not cancelled: {}", self.outcome()));
        }
        for (index, call) in self.observation.calls.iter().enumerate() {
            let number = index + 1;
            if call.response_complete {
                differences.push(format!("request {number}: the response was sent completely"));
            } else if call.duration.is_none() {
                differences
                    .push(format!("request {number}: the client did not end the connection or the stream"));
            }
        }
    }

    fn compare_result(&self, expect: &Expectation, differences: &mut Vec<String>) {
        let report = self.report;
        if report.cancelled != self.cancels {
            let expected = if self.cancels { "a cancelled call" } else { "a call that is not cancelled" };
            differences.push(format!("expected {expected}, found {}", self.outcome()));
            return;
        }
        match (&expect.error, &report.error) {
            (None, Some(_)) => differences.push(format!("expected success, found {}", self.outcome())),
            (Some(expected), Some(error)) => self.compare_error(expected, error, differences),
            (Some(_), None) => differences.push(format!("expected an error, found {}", self.outcome())),
            (None, None) => {}
        }
        if let Some(expected) = expect.output.as_ref().filter(|_| self.reports("output")) {
            match &report.output {
                Some(found) => tagged::compare_reported("output", expected, found, differences),
                // The error is already a difference.
                None if report.error.is_some() && expect.error.is_none() => {}
                None => differences.push("output: the client reported no output".to_owned()),
            }
        }
        if let Some(expected) = expect.events.as_ref().filter(|_| self.reports("events")) {
            let found = Value::from(report.events.clone().unwrap_or_default());
            tagged::compare_reported("events", &Value::from(expected.clone()), &found, differences);
        }
    }

    fn compare_error(
        &self,
        expected: &ErrorExpectation,
        error: &ReportedError,
        differences: &mut Vec<String>,
    ) {
        for (name, expected, found) in [
            ("error.class", &expected.class, Some(&error.class)),
            ("error.code", &expected.code, error.code.as_ref()),
            ("error.message", &expected.message, error.message.as_ref()),
            ("error.request_id", &expected.request_id, error.request_id.as_ref()),
        ] {
            let Some(expected) = expected.as_ref().filter(|_| self.reports(name)) else { continue };
            if !found.is_some_and(|found| expected.matches(found)) {
                let found = match found {
                    // The type and the message help to find the cause.
                    Some(_) if name == "error.class" => self.outcome(),
                    Some(found) => format!("`{found}`"),
                    None => "none".to_owned(),
                };
                differences.push(format!("{name}: expected {expected}, found {found}"));
            }
        }
        let status = expected.status.as_ref().filter(|_| self.reports("error.status"));
        if let Some(expected) =
            status.filter(|expected| !error.status.is_some_and(|status| expected.matches(status)))
        {
            let found = error.status.map_or("none".to_owned(), |status| status.to_string());
            differences.push(format!("error.status: expected {expected}, found {found}"));
        }
    }

    /// Returns the facts that the expectation states, and that were not compared, because the client does not report
    /// them.
    pub(crate) fn unreported(&self, expect: &Expectation) -> Vec<&'static str> {
        let has_error = self.report.error.is_some();
        let is_compared = |fact: &&str| has_error || !fact.starts_with("error.");
        let facts = FACTS.into_iter().filter(|fact| !self.reports(fact)).filter(is_compared);
        facts.filter(|fact| expect.states(fact)).collect()
    }

    fn reports(&self, fact: &str) -> bool {
        !self.unreported.iter().chain(&self.report.unreported).any(|unreported| unreported == fact)
    }

    /// Returns a description of the reported outcome.
    fn outcome(&self) -> String {
        match &self.report.error {
            None if self.report.cancelled => "a cancelled call".to_owned(),
            None => "success".to_owned(),
            Some(ReportedError { class, code, message, type_name, .. }) => {
                let mut text = format!("an error of class `{class}`");
                for part in [type_name, code, message].into_iter().flatten().filter(|part| !part.is_empty()) {
                    text.push_str(": ");
                    text.push_str(&tagged::shorten(part, 300));
                }
                text
            }
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
