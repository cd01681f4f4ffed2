//! The fault rules of an endpoint.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::call::Fault;
use super::effect::ConnectionEnd;
use super::rule::{FaultRule, Stage};
use super::when::CallFacts;

/// Fault rules, each with the number of times that it matched.
#[derive(Debug, Default)]
pub(crate) struct FaultRules(Mutex<Vec<CountedRule>>);

#[derive(Debug)]
struct CountedRule {
    rule: FaultRule,
    matched: u64,
}

impl FaultRules {
    pub(crate) fn push(&self, rule: FaultRule) {
        self.lock().push(CountedRule { rule, matched: 0 });
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Replaces all rules.
    pub(crate) fn replace(&self, rules: Vec<FaultRule>) {
        *self.lock() = rules.into_iter().map(|rule| CountedRule { rule, matched: 0 }).collect();
    }

    /// Returns the JSON forms of the rules that may still apply. Rules that were not read from a fault file
    /// have no JSON form.
    pub(crate) fn sources(&self) -> Vec<Arc<Value>> {
        self.lock().iter().filter_map(|counted| counted.rule.source().cloned()).collect()
    }

    /// Returns the way in which a newly accepted connection ends, if a rule applies to the connection.
    pub(crate) fn next_accept_fault(&self) -> Option<ConnectionEnd> {
        self.take(|stage| match stage {
            Stage::Accept(end) => Some(*end),
            _ => None,
        })
    }

    /// Returns the fault of a new request, if a rule applies to the request. The first value is the number of
    /// request bytes after which the connection ends. The second value is the way in which the connection
    /// ends.
    pub(crate) fn next_request_fault(&self) -> Option<(u64, ConnectionEnd)> {
        self.take(|stage| match stage {
            Stage::Request { bytes, end } => Some((*bytes, *end)),
            _ => None,
        })
    }

    /// Returns the fault of a call, if a rule applies to the call.
    pub(crate) fn next_call_fault(&self, call: &CallFacts<'_>) -> Option<Fault> {
        self.take(|stage| match stage {
            Stage::Call(fault) if fault.applies_to(call) => Some((**fault).clone()),
            _ => None,
        })
    }

    /// Returns the fault of the first matching rule whose schedule includes this match. Increments the
    /// counters of all matching rules up to this rule. Removes rules that cannot apply any more.
    fn take<T>(&self, matching: impl Fn(&Stage) -> Option<T>) -> Option<T> {
        let mut rules = self.lock();
        let mut taken = None;
        for CountedRule { rule, matched } in rules.iter_mut() {
            if let Some(found) = matching(&rule.stage) {
                *matched += 1;
                if rule.schedule.includes(*matched) {
                    taken = Some(found);
                    break;
                }
            }
        }
        rules.retain(|counted| !counted.rule.schedule.is_exhausted(counted.matched));
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Vec<CountedRule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
