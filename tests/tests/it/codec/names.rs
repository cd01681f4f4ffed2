//! Tests of members and shapes whose names are keywords, standard types, or local variables of generated
//! functions.

use invoke_model_protocol::{ErrorMetadata, Operation, ServerOperation};
use invoke_model_tests::names::{
    AsRefShape, BoxShape, ErrShape, ErrorShape, ObjectShape, RequestShape, RequestShapeError,
    RequestShapeInput, RequestShapeOutput, Result2, Result2Input, SelfShape, Type, ValueShape,
};
use serde_json::{Map, Value, json};

use super::{request_text, response_text};

/// Returns a JSON object that has the keys of `example`, without the keys in `except`. The value of each key
/// is the key itself, as a string.
fn named(example: &Value, except: &[&str]) -> Map<String, Value> {
    let names = example.as_object().unwrap().keys();
    names.filter(|name| !except.contains(&name.as_str())).map(|name| (name.clone(), json!(name))).collect()
}

#[test]
fn members_with_colliding_names_are_serialized_at_their_bindings() {
    let model = include_str!("../../../models/names/model.json");
    let model: Value = serde_json::from_str(model).unwrap();
    let members = &model["shapes"]["example.names#RequestInput"]["members"];
    // These members are not strings.
    let others = ["target", "server", "values", "json", "object", "request", "violations", "Box"];
    let mut members = named(members, &others);
    members.insert("target".into(), json!({"extra": "x", "fn": "hidden"}));
    members.insert("server".into(), json!({"one": "1"}));
    members.insert("values".into(), json!(["a", "b"]));
    members.insert("json".into(), json!({"Self": "union"}));
    members.insert("object".into(), json!({"value": "v", "out": "YQ=="}));
    members.insert("request".into(), json!(7));
    members.insert("violations".into(), json!([]));
    let input: RequestShapeInput = serde_json::from_value(Value::Object(members)).unwrap();
    let violations = RequestShape::violations(&input).to_string();
    assert!(violations.starts_with("2 validation errors detected: Value at '"), "{violations}");

    let request = RequestShape::serialize(input.clone()).unwrap();
    let mut read = RequestShape::parse_request(&request).unwrap();
    read.target.clone_from(&input.target);
    assert_eq!(read, input);
    assert_eq!(
        request.uri(),
        "/type/self/labels/out?fn=fn&query=query&value=value&values=a&values=b&name=name&extra=x"
    );
    assert_eq!(request.headers()["x-headers"], "headers");
    let body: Map<String, Value> = serde_json::from_slice(request.body()).unwrap();
    for (name, value) in &body {
        match value {
            Value::String(text) => assert_eq!(name, text),
            other => assert!(others.contains(&name.as_str()), "{name}: {other}"),
        }
    }
    assert_eq!(body.len(), serde_json::to_value(&input).unwrap().as_object().unwrap().len() - 13);
}

#[test]
fn an_output_with_names_of_local_variables_round_trips() {
    let mut output = RequestShapeOutput::new("self", "object", "metadata");
    (output.r#type, output.headers, output.fields) =
        (Some("t".to_owned()), Some("h".to_owned()), Some("f".to_owned()));
    (output.response, output.output, output.value) =
        (Some("r".to_owned()), Some("o".to_owned()), Some("v".to_owned()));
    output.status = Some(201);
    let text = response_text::<RequestShape>(output);
    assert!(
        text.starts_with(
            "201\ncontent-type: application/json\nx-fields: f\nx-headers: h\nx-response: r\nx-type: t\n"
        ),
        "{text}"
    );
}

#[test]
fn errors_with_colliding_names_round_trip() {
    let mut error = ErrorShape::default();
    (error.message, error.error) = (Some("m".to_owned()), Some("e".to_owned()));
    error.headers = Some(BoxShape::default());
    let error = RequestShapeError::from(error);
    let response = RequestShape::serialize_error(&error).unwrap().unwrap();
    assert_eq!(response.headers()["x-amzn-errortype"], "Error");
    let read = RequestShape::parse_error(ErrorMetadata::from_response(&response), &response).unwrap();
    assert_eq!(read, error);
    assert_eq!(read.to_string(), "Error: m");
}

#[test]
fn shapes_with_colliding_names_round_trip() {
    let mut object = ObjectShape::default();
    (object.value, object.self_) = (Some("v".to_owned()), Some(json!([1])));
    let mut boxed = BoxShape::default();
    boxed.self_ = Some(Box::new(BoxShape::default()));
    let mut input = Result2Input::default();
    input.of_object = Some(object);
    input.of_box = Some(boxed);
    input.of_value = Some(ValueShape::SelfShape("s".to_owned()));
    (input.of_as_ref, input.of_err) = (Some(AsRefShape::FN_VALUE), Some(ErrShape::SELF));
    (input.of_self, input.of_type) = (Some(SelfShape::default()), Some(Type::default()));
    let json = serde_json::to_string(&input).unwrap();
    assert_eq!(serde_json::from_str::<Result2Input>(&json).unwrap(), input);
    request_text::<Result2>(input);
}
