//! Tests of parsing models.

use proptest::prelude::*;

use super::*;
use crate::{Config, generate};

fn read(shapes: &str) -> Model {
    Model::from_json(&format!(r#"{{"smithy":"2.0","shapes":{shapes}}}"#)).unwrap()
}

fn error_of(text: &str) -> String {
    Model::from_json(text).unwrap_err().to_string()
}

#[test]
fn inherits_members_and_traits_of_a_mixin_except_local_traits() {
    let model = read(
        r##"{
          "a#Mixed": {"type":"structure","members":{"one":{"target":"smithy.api#String"}},
            "traits":{"smithy.api#mixin":{"localTraits":["a#local"]},"a#local":{},"a#kept":{}}},
          "a#Whole": {"type":"structure","mixins":[{"target":"a#Mixed"}],
            "members":{"two":{"target":"smithy.api#Long"}}},
          "a#Whole$one": {"type":"apply","traits":{"smithy.api#required":{}}}
        }"##,
    );
    let whole = model.shape(&"a#Whole".parse().unwrap()).unwrap();
    assert_eq!(whole.members.keys().collect::<Vec<_>>(), ["one", "two"]);
    assert!(whole.members["one"].has("smithy.api#required"));
    assert_eq!(whole.traits.keys().collect::<Vec<_>>(), ["a#kept"]);
}

#[test]
fn applies_traits_to_a_member_of_a_list() {
    let model = read(
        r##"{"a#List": {"type":"list","member":{"target":"smithy.api#String"}},
             "a#List$member": {"type":"apply","traits":{"smithy.api#sensitive":{}}}}"##,
    );
    assert!(
        model.shape(&"a#List".parse().unwrap()).unwrap().member.as_ref().unwrap().has("smithy.api#sensitive")
    );
    assert_eq!(model.shapes().count(), 1);
}

#[test]
fn rejects_text_that_is_not_a_model() {
    assert!(error_of("{").starts_with("the model is not JSON"));
    assert_eq!(error_of("{}"), "not a Smithy JSON AST: the top-level key `smithy` is missing");
    assert_eq!(error_of(r#"{"smithy":"9"}"#), "Smithy version 9 is not supported: use 1.0 or 2.x");
    assert!(error_of(r#"{"smithy":"2.0","shapes":{"a b":{}}}"#).contains("`a b` is not a shape id"));
    assert!(error_of(r##"{"smithy":"2.0","shapes":{"a#B":{"type":"thing"}}}"##).contains("shape a#B"));
}

/// Generates shapes from valid and invalid parts. The valid parts let random models pass the first checks.
fn shape() -> impl Strategy<Value = String> {
    let target = prop::sample::select(vec![
        "smithy.api#String",
        "smithy.api#Unit",
        "smithy.api#Nothing",
        "a#A",
        "a#B",
        "a#C",
        "a#Op",
    ]);
    let ty = prop::sample::select(vec![
        "structure",
        "union",
        "list",
        "map",
        "string",
        "enum",
        "intEnum",
        "operation",
        "service",
        "timestamp",
        "blob",
    ]);
    let traits = prop::sample::select(vec![
        r#"{}"#,
        r#"{"aws.protocols#restJson1":{}}"#,
        r##"{"smithy.api#http":{"method":"GET","uri":"/{a}/{b+}?c=d"}}"##,
        r#"{"smithy.api#http":7}"#,
        r#"{"smithy.api#error":"client","smithy.api#httpError":"x"}"#,
        r#"{"smithy.api#httpLabel":{},"smithy.api#required":{}}"#,
        r#"{"smithy.api#httpHeader":"X-A","smithy.api#default":[1]}"#,
        r#"{"smithy.api#httpPayload":{}}"#,
        r#"{"smithy.api#enumValue":1}"#,
        r#"{"smithy.rules#endpointRuleSet":{"rules":[{"conditions":[{"fn":"isSet"}],"error":"{"}]}}"#,
        r#"{"smithy.api#mixin":{}}"#,
    ]);
    (ty, target.clone(), target, traits.clone(), traits).prop_map(|(ty, one, two, own, inner)| {
        format!(
            r#"{{"type":"{ty}","traits":{own},"members":{{"a":{{"target":"{one}","traits":{inner}}},
                "b":{{"target":"{two}"}}}},"member":{{"target":"{one}"}},"key":{{"target":"{two}"}},
                "value":{{"target":"{one}"}},"input":{{"target":"{one}"}},"output":{{"target":"{two}"}},
                "mixins":[{{"target":"{two}"}}],"operations":[{{"target":"a#Op"}}]}}"#
        )
    })
}

proptest! {
    #[test]
    fn parser_never_panics(text in ".*", id in "[a-z.]{0,5}[#$]?[A-Za-z0-9_$#]{0,8}") {
        let _ = Model::from_json(&text);
        if let Ok(id) = id.parse::<ShapeId>() {
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn generator_never_panics(a in shape(), b in shape(), c in shape(), op in shape(), s in shape()) {
        let shapes = format!(r##"{{"a#A":{a},"a#B":{b},"a#C":{c},"a#Op":{op},"a#S":{s}}}"##);
        if let Ok(model) = Model::from_json(&format!(r#"{{"smithy":"2.0","shapes":{shapes}}}"#)) {
            let _ = generate(&model, &Config::default());
        }
    }
}
