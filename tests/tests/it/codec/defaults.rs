//! Tests of default values of members, and of enums of Smithy 1.0.

use bytes::Bytes;
use invoke_model_protocol::{Operation, ServerOperation};
use invoke_model_tests::defaults::{GetDefaults, GetDefaultsInput, GetDefaultsOutput, Kind, Level, Nested};
use invoke_model_tests::v1::{Order, OrderInput, OrderOutput, Size};
use serde_json::json;

use super::{request_text, response, response_text, text_of, time};

#[test]
fn missing_members_of_a_response_get_their_defaults() {
    let output = GetDefaults::parse(&response(200, &[], "{}")).unwrap();
    assert_eq!(output, GetDefaultsOutput::default());
    assert_eq!((output.text.as_str(), output.empty_text.as_str(), output.flag), ("a \"b\"", "", true));
    assert_eq!((output.byte, output.short, output.integer, output.long), (-1, 2, 0, -9_007_199_254_740_993));
    assert_eq!((output.float, output.double), (-1.5, 2.0));
    assert_eq!((output.blob.as_ref(), output.empty_blob.as_ref()), (&b"abc"[..], &b""[..]));
    assert_eq!(output.epoch, time("2018-01-09T20:51:21Z"));
    assert_eq!(output.fraction, time("2018-01-09T20:51:21.123Z"));
    assert_eq!(output.instant, time("1985-04-12T23:20:50.52Z"));
    assert_eq!((&output.kind, output.level), (&Kind::SMALL, Level::LOW));
    assert_eq!((output.true_document, output.text_document), (json!(true), json!("a")));
    assert_eq!((output.number_document, output.fraction_document), (json!(1), json!(1.5)));
    assert_eq!((output.list_document, output.object_document), (json!([]), json!({})));
    // A default of null means that the member has no default. A member with `clientOptional` remains `None`,
    // although the model defines a default. A client can therefore distinguish an unset member from a set
    // member.
    assert_eq!((output.null_document, output.optional, output.none), (None, None, None));
    assert_eq!(output.in_field, 5);
}

#[test]
fn values_in_a_response_override_defaults() {
    let body =
        r#"{"flag":false,"byte":0,"blob":"","kind":"medium","level":9,"texts":["a"],"optional":1,"none":2}"#;
    let output = GetDefaults::parse(&response(200, &[("x-in-field", "0")], body)).unwrap();
    assert_eq!((output.flag, output.byte, output.blob.as_ref(), output.in_field), (false, 0, &b""[..], 0));
    assert_eq!((output.kind.as_str(), output.level, output.texts.len()), ("medium", Level(9), 1));
    assert_eq!((output.optional, output.none), (Some(1), Some(2)));
    // The parser treats a null value as a missing member.
    let output = GetDefaults::parse(&response(200, &[], r#"{"flag":null,"kind":null,"text":null}"#)).unwrap();
    assert_eq!(output, GetDefaultsOutput::default());
}

#[test]
fn a_server_serializes_defaults() {
    let text = response_text::<GetDefaults>(GetDefaultsOutput::default());
    assert!(
        text.starts_with("200\ncontent-type: application/json\nx-in-field: 5\n\n{\"text\":\"a \\\"b\\\"\","),
        "{text}"
    );
    assert!(
        text.contains(r#""epoch":1515531081,"fraction":1515531081.123,"instant":"1985-04-12T23:20:50.52Z""#),
        "{text}"
    );
}

/// A client does not send the defaults of members at the top level of an input, so the service can change
/// these defaults later. A client does send the defaults of members of nested structures. A server sets the
/// defaults of the members that a request does not contain.
#[test]
fn an_input_contains_only_members_that_the_caller_set() {
    let request = GetDefaults::serialize(GetDefaultsInput::new(1)).unwrap();
    let text = text_of(&request);
    assert!(text.ends_with("\n{\"needed\":1}"), "{text}");
    let mut input = GetDefaults::parse_request(&request).unwrap();
    GetDefaults::set_defaults(&mut input);
    assert_eq!(input.count, Some(3));
    let mut input = GetDefaultsInput::new(1);
    (input.nested, input.count) = (Some(Nested::new(2)), Some(4));
    let text = request_text::<GetDefaults>(input);
    assert!(text.contains("\"count\":4"), "{text}");
    assert!(text.contains(r#""nested":{"flag":false,"name":"x","size":2}"#));
    assert_eq!(
        GetDefaults::violations(&GetDefaultsInput::new(1)).to_string(),
        "0 validation errors detected"
    );
}

#[test]
fn deserialization_applies_defaults() {
    let output: GetDefaultsOutput = serde_json::from_str(r#"{"blob":"AA=="}"#).unwrap();
    assert_eq!(output.blob, Bytes::from_static(b"\0"));
    assert_eq!((output.flag, output.kind.clone()), (true, Kind::SMALL));
    let text = serde_json::to_string(&output).unwrap();
    assert_eq!(serde_json::from_str::<GetDefaultsOutput>(&text).unwrap(), output);
}

#[test]
fn enums_of_smithy_1_0() {
    let values: Vec<&str> = Size::VALUES.iter().map(Size::as_str).collect();
    assert_eq!(values, ["small", "t2.micro", "*", "", "x-large", "X_LARGE"]);
    assert_eq!((Size::VALUE.as_str(), Size::VALUE_VALUE.as_str()), ("*", ""));
    let mut input = OrderInput::default();
    (input.size, input.sizes) = (Some(Size::T2_MICRO), Some(vec![Size::X_LARGE, "new".into()]));
    (input.toppings, input.count) = (Some(vec!["b".to_owned(), "a".to_owned()]), Some(0));
    assert!(
        request_text::<Order>(input)
            .ends_with(r#"{"size":"t2.micro","toppings":["b","a"],"sizes":["x-large","new"],"count":0}"#)
    );
    let output = Order::parse(&response(200, &[], "{}")).unwrap();
    assert_eq!(output, OrderOutput::default());
    assert_eq!((output.size.as_str(), output.size.is_known()), ("", true));
}
