//! Tests of the names of operations, and of the input with a model.

use super::*;

#[test]
fn every_operation_has_the_name_of_the_aws_cli() {
    assert_eq!(kebab_case("InvokeModelWithResponseStream"), "invoke-model-with-response-stream");
    for name in Client::operation_names() {
        assert!(kebab_case(name).replace('-', "").eq_ignore_ascii_case(name));
    }
}

#[test]
fn model_replaces_the_member_of_the_input() {
    let check = |input: &str, expected: &str| {
        let result = with_model(input.as_bytes(), "m");
        let text = result.map(|input| String::from_utf8(input).unwrap());
        assert_eq!(text.unwrap_or_else(|error| error.to_string()), expected);
    };
    check("{}", r#"{"modelId":"m"}"#);
    check(r#"{"modelId":"n","a":[1.0, 1e400]}"#, r#"{"a":[1.0, 1e400],"modelId":"m"}"#);
    let error = "--input: the input must be a JSON object, because --model-id sets its member `modelId`: ";
    check("[]", &format!("{error}invalid type: sequence, expected a map at line 1 column 0"));
    check("{", &format!("{error}EOF while parsing an object at line 1 column 1"));
}
