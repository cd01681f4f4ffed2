//! Tests of sequences of calls: pages of a list, and waiters.

use invoke_model_protocol::{Operation, PaginatedOperation, Waiter, WaiterState};
use invoke_model_tests::json::{
    PutRequired, PutRequiredInput, PutRequiredOutput, PutValues, PutValuesInput, PutValuesOutput, Tree,
};

use super::response;

fn values(body: &str) -> PutValuesOutput {
    PutValues::parse(&response(200, &[], body)).unwrap()
}

#[test]
fn nested_members_contain_the_token_and_the_items() {
    let page = values(r#"{"tree":{"name":"next","branches":[{"name":"a"},{"name":"b"}]}}"#);
    assert_eq!(PutValues::next_token(&page), Some("next"));
    assert_eq!(PutValues::items(page), [Tree::new("a"), Tree::new("b")]);
    for body in ["{}", r#"{"text":"other"}"#] {
        assert_eq!(PutValues::next_token(&values(body)), None, "{body}");
    }
    for body in ["{}", r#"{"tree":{"name":"next"}}"#] {
        assert_eq!(PutValues::items(values(body)), [], "{body}");
    }
    // The trait `paginated` of the service defines the input token of `PutValues`.
    let mut input = PutValuesInput::default();
    PutValues::set_token(&mut input, "next".to_owned());
    assert_eq!(input.text.as_deref(), Some("next"));
}

#[test]
fn the_service_has_defaults_for_pages() {
    let mut page = PutRequiredOutput::default();
    (page.text, page.texts) = ("next".to_owned(), vec!["a".to_owned()]);
    assert_eq!(PutRequired::next_token(&page), Some("next"));
    assert_eq!(PutRequired::items(page), ["a"]);
    let mut input = PutRequiredInput::default();
    PutRequired::set_token(&mut input, "next".to_owned());
    assert_eq!(input.text, "next");
}

fn check(waiter: &Waiter<PutValues>, result: Result<&str, Option<&str>>, expected: Option<WaiterState>) {
    let output = result.map(values);
    assert_eq!((waiter.state)(output.as_ref().map_err(|code| *code)), expected, "{result:?}");
}

#[test]
fn the_first_matching_acceptor_determines_the_state() {
    let waiter = PutValues::VALUES_READY;
    assert_eq!((waiter.name, waiter.min_delay_seconds, waiter.max_delay_seconds), ("ValuesReady", 5, 30));
    check(&waiter, Ok(r#"{"flag":true,"kind":"large"}"#), Some(WaiterState::Success));
    check(&waiter, Ok(r#"{"flag":false,"kind":"large"}"#), Some(WaiterState::Failure));
    check(&waiter, Ok(r#"{"tree":{"name":"a","left":{"name":"felled"}}}"#), Some(WaiterState::Failure));
    check(&waiter, Ok(r#"{"kind":"small","tree":{"name":"felled"}}"#), None);
    check(&waiter, Ok("{}"), None);
    // In the model, this acceptor contains the shape id of the error. The waiter compares only the name, and
    // ignores the namespace.
    check(&waiter, Err(Some("Busy")), Some(WaiterState::Retry));
    check(&waiter, Err(Some("Other")), None);
    check(&waiter, Err(None), None);
}

#[test]
fn acceptors_for_any_output_and_any_error() {
    let waiter = PutValues::VALUES_EXIST;
    assert_eq!((waiter.min_delay_seconds, waiter.max_delay_seconds), (2, 120));
    check(&waiter, Ok("{}"), Some(WaiterState::Success));
    check(&waiter, Err(Some("NotThere")), Some(WaiterState::Retry));
    check(&waiter, Err(Some("Other")), Some(WaiterState::Failure));
    check(&waiter, Err(None), Some(WaiterState::Failure));
}

/// The generator omits the complete waiter, because a waiter without one of its acceptors could end too
/// early.
#[test]
fn a_waiter_with_an_unsupported_matcher_is_omitted() {
    let (model, code) = (
        include_str!("../../../models/json/model.json"),
        include_str!("../../../models/json/generated/operation/put_values/mod.rs"),
    );
    assert!(model.contains("\"BranchesReady\": {"));
    assert!(code.contains("VALUES_READY") && !code.contains("BRANCHES_READY"));
}
