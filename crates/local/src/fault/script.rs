//! The rules of an endpoint, and whose turn it is.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::call::Fault;
use super::point::ConnectionEnd;
use super::rule::{FaultRule, Stage};

/// Rules, each with how often it was reached.
#[derive(Debug, Default)]
pub(crate) struct Script(Mutex<Vec<Reached>>);

#[derive(Debug)]
struct Reached {
    rule: FaultRule,
    times: u64,
}

impl Script {
    pub(crate) fn push(&self, rule: FaultRule) {
        self.lock().push(Reached { rule, times: 0 });
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// How a connection ends that was just accepted, if it does.
    pub(crate) fn accepted(&self) -> Option<ConnectionEnd> {
        self.take(|stage| match stage {
            Stage::Accept(end) => Some(*end),
            _ => None,
        })
    }

    /// After how many bytes a connection ends on which a request begins, and how.
    pub(crate) fn begun(&self) -> Option<(u64, ConnectionEnd)> {
        self.take(|stage| match stage {
            Stage::Read { bytes, end } => Some((*bytes, *end)),
            _ => None,
        })
    }

    /// What goes wrong with a call.
    pub(crate) fn called(&self, operation: &str, model_id: &str) -> Option<Fault> {
        self.take(|stage| match stage {
            Stage::Call(fault) if fault.is_for(operation, model_id) => Some((**fault).clone()),
            _ => None,
        })
    }

    /// Takes the first rule that matches and whose turn it is.
    fn take<T>(&self, matching: impl Fn(&Stage) -> Option<T>) -> Option<T> {
        let mut rules = self.lock();
        let mut taken = None;
        for Reached { rule, times } in rules.iter_mut() {
            if let Some(found) = matching(&rule.stage) {
                *times += 1;
                if rule.turn.is(*times) {
                    taken = Some(found);
                    break;
                }
            }
        }
        rules.retain(|reached| !reached.rule.turn.is_over(reached.times));
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Reached>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which rule each of ten calls gets.
    fn check(rules: Vec<FaultRule>, model_ids: &[&str], expected: &str) {
        let script = Script::default();
        rules.into_iter().for_each(|rule| script.push(rule));
        let taken = (0..10).map(|number| {
            let fault = script.called("InvokeModel", model_ids[number % model_ids.len()]);
            fault.map_or('-', |fault| char::from(fault.body.unwrap()[0]))
        });
        assert_eq!(taken.collect::<String>(), expected);
    }

    fn fault(name: &'static str) -> Fault {
        Fault::new().body(name)
    }

    #[test]
    fn turns() {
        check(vec![], &["m"], "----------");
        check(vec![fault("a").into()], &["m"], "aaaaaaaaaa");
        check(vec![fault("a").first(2), fault("b").first(1)], &["m"], "aab-------");
        check(vec![fault("a").every(3), fault("b").every(2)], &["m"], "-ba-ba-ba-");
        check(vec![fault("a").first(0), fault("b").every(0)], &["m"], "----------");
        check(vec![fault("a").first(1), fault("b").into()], &["m"], "abbbbbbbbb");
    }

    #[test]
    fn a_rule_counts_the_calls_that_it_is_for() {
        check(vec![fault("a").model("x*").first(2)], &["x1", "y", "x2"], "a-a-------");
        check(vec![fault("a").model("x").every(2), fault("b").model("y").into()], &["x", "y"], "-bab-bab-b");
        check(vec![fault("a").operation("InvokeModelWithResponseStream").into()], &["x"], "----------");
        check(vec![fault("a").operation("InvokeModel").into()], &["x"], "aaaaaaaaaa");
    }

    #[test]
    fn each_stage_has_its_own_rules() {
        let script = Script::default();
        script.push(fault("a").first(1));
        script.push(FaultRule::refuse(ConnectionEnd::Reset).every(2));
        script.push(FaultRule::break_request(7, ConnectionEnd::Close).first(1));
        assert_eq!([script.accepted(), script.accepted()], [None, Some(ConnectionEnd::Reset)]);
        assert_eq!([script.begun(), script.begun()], [Some((7, ConnectionEnd::Close)), None]);
        assert!(script.called("InvokeModel", "m").is_some());
        script.clear();
        assert_eq!([script.accepted(), script.accepted()], [None, None]);
    }
}
