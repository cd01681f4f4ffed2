//! Reports the result of a call to the circuit breaker of its target.

use std::fmt;

use tokio::time::Instant;

use super::Entry;
use super::breaker::Permit;
use super::rules::{FailoverRules, Verdict};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::retry::retry_after;

/// The report of a call to the circuit breaker of its target. If it is dropped, the call does not count.
pub struct Report {
    permit: Permit,
    rules: FailoverRules,
    client: Client,
}

impl Report {
    pub(super) fn new(permit: Permit, rules: FailoverRules, entry: &Entry) -> Self {
        Self { permit, rules, client: entry.target.client.clone() }
    }

    /// If the call is the probe, lets the next call be the probe.
    pub(super) fn release_probe(&mut self) {
        self.permit.release_probe();
    }

    /// Records the result of the call. A call with an unknown error does not count.
    pub(super) fn result(self, result: Result<(), Option<&Error>>) {
        let error = match result {
            Ok(()) => return self.permit.success(),
            Err(None) => return,
            Err(Some(error)) => error,
        };
        match self.rules.verdict(error) {
            Verdict::Works => self.permit.success(),
            Verdict::Unknown => {}
            Verdict::Fails => {
                let headers = match error.kind() {
                    ErrorKind::Service { response, .. } => Some(response.headers()),
                    _ => None,
                };
                let now = self.client.config().time_source.now();
                let requested = headers.and_then(|headers| retry_after(headers, now));
                self.permit.failure(Instant::now(), error.to_string().into(), requested);
            }
        }
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").field("rules", &self.rules).finish_non_exhaustive()
    }
}
