//! Visitors that are generic over the operations of the model.

use invoke_model_client::{Client, OperationVisitor, visit_operation};
use invoke_model_protocol::{
    InputEventStream, Operation, OperationError, OutputEventStream, Pagination, PayloadOutput, delivery,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The visitor that returns the kind of an operation, and the members that a binding must handle separately.
struct Facts;

#[derive(Debug, PartialEq)]
struct OperationFacts {
    name: &'static str,
    kind: &'static str,
    /// The event stream or the payload of the output.
    member: Option<&'static str>,
    input_payload: Option<&'static str>,
    pagination: Option<Pagination>,
    codes: &'static [&'static str],
}

fn facts<O: Operation>(kind: &'static str, member: Option<&'static str>) -> OperationFacts {
    OperationFacts {
        name: O::NAME,
        kind,
        member,
        input_payload: O::INPUT_PAYLOAD,
        pagination: O::PAGINATION,
        codes: O::Error::CODES,
    }
}

impl OperationVisitor for Facts {
    type Output = OperationFacts;

    fn visit_output<O>(self) -> OperationFacts
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        facts::<O>("output", None)
    }

    fn visit_payload<O>(self) -> OperationFacts
    where
        O: PayloadOutput<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        facts::<O>("payload", Some(O::MEMBER))
    }

    fn visit_event_stream<O>(self) -> OperationFacts
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        O::Events: Serialize,
    {
        facts::<O>("event stream", Some(O::MEMBER))
    }

    fn visit_bidirectional<O>(self) -> OperationFacts
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + Send,
        <O as InputEventStream>::Events: DeserializeOwned + Send,
        <O as OutputEventStream>::Events: Serialize,
    {
        facts::<O>("bidirectional", Some(<O as InputEventStream>::MEMBER))
    }
}

#[test]
fn visits_every_operation_by_its_name() {
    for name in Client::operation_names() {
        assert_eq!(visit_operation(name, Facts).unwrap().name, *name);
    }
    assert!(visit_operation("invoke_model", Facts).is_none());
}

#[test]
fn passes_the_members_that_need_special_handling() {
    fn check(name: &str, kind: &str, member: Option<&str>, input_payload: Option<&str>) {
        let facts = visit_operation(name, Facts).unwrap();
        assert_eq!((facts.kind, facts.member, facts.input_payload), (kind, member, input_payload), "{name}");
    }

    check("Converse", "output", None, None);
    check("InvokeModel", "payload", Some("body"), Some("body"));
    check("InvokeModelWithResponseStream", "event stream", Some("body"), Some("body"));
    check("ConverseStream", "event stream", Some("stream"), None);
    check("InvokeModelWithBidirectionalStream", "bidirectional", Some("body"), None);
}

#[test]
fn passes_the_members_of_pages_and_the_error_codes() {
    let facts = visit_operation("ListAsyncInvokes", Facts).unwrap();
    let pagination = Pagination {
        input_token: "nextToken",
        output_token: "nextToken",
        items: "asyncInvokeSummaries",
        page_size: Some("maxResults"),
    };
    assert_eq!(facts.pagination, Some(pagination));
    assert!(facts.codes.contains(&"ThrottlingException"), "{:?}", facts.codes);
    assert_eq!(visit_operation("Converse", Facts).unwrap().pagination, None);
}
