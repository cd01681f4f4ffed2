//! Tests of the schedules of fault rules.

use crate::fault::{CallFacts, FaultRules};
use crate::{ConnectionEnd, Fault, FaultRule};

/// Checks which rule applies to each of ten calls. `expected` has one character for each call: the name of
/// the rule, or `-` if no rule applies.
fn check(rules: Vec<FaultRule>, model_ids: &[&str], expected: &str) {
    let all = FaultRules::default();
    rules.into_iter().for_each(|rule| all.push(rule));
    let taken = (0..10).map(|number| {
        let fault =
            all.next_call_fault(&CallFacts::new("InvokeModel", model_ids[number % model_ids.len()], b""));
        fault.map_or('-', |fault| char::from(fault.body.unwrap()[0]))
    });
    assert_eq!(taken.collect::<String>(), expected);
}

fn fault(name: &'static str) -> Fault {
    Fault::new().body(name)
}

#[test]
fn rules_apply_in_order_and_as_scheduled() {
    check(vec![], &["m"], "----------");
    check(vec![fault("a").into()], &["m"], "aaaaaaaaaa");
    check(vec![fault("a").first(2), fault("b").first(1)], &["m"], "aab-------");
    check(vec![fault("a").every(3), fault("b").every(2)], &["m"], "-ba-ba-ba-");
    check(vec![fault("a").first(0), fault("b").every(0)], &["m"], "----------");
    check(vec![fault("a").first(1), fault("b").into()], &["m"], "abbbbbbbbb");
}

#[test]
fn a_rule_counts_matching_calls_only() {
    check(vec![fault("a").model("x*").first(2)], &["x1", "y", "x2"], "a-a-------");
    check(vec![fault("a").model("x").every(2), fault("b").model("y").into()], &["x", "y"], "-bab-bab-b");
    check(vec![fault("a").operation("InvokeModelWithResponseStream").into()], &["x"], "----------");
    check(vec![fault("a").operation("InvokeModel").into()], &["x"], "aaaaaaaaaa");
}

#[test]
fn each_stage_has_its_own_rules() {
    let rules = FaultRules::default();
    rules.push(fault("a").first(1));
    rules.push(FaultRule::reject_connection(ConnectionEnd::Reset).every(2));
    rules.push(FaultRule::break_request(7, ConnectionEnd::Close).first(1));
    let accept = || rules.next_accept_fault();
    assert_eq!([accept(), accept()], [None, Some(ConnectionEnd::Reset)]);
    let request = || rules.next_request_fault();
    assert_eq!([request(), request()], [Some((7, ConnectionEnd::Close)), None]);
    assert!(rules.next_call_fault(&CallFacts::new("InvokeModel", "m", b"")).is_some());
    rules.clear();
    assert_eq!([accept(), accept()], [None, None]);
}
