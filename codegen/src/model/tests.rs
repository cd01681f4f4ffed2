//! Reading models: what is folded in, and what is refused.

use super::*;

fn read(shapes: &str) -> Model {
    Model::from_json(&format!(r#"{{"smithy":"2.0","shapes":{shapes}}}"#)).unwrap()
}

fn refused(text: &str) -> String {
    Model::from_json(text).unwrap_err().to_string()
}

#[test]
fn a_mixin_gives_members_and_traits_but_not_its_local_ones() {
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
fn an_apply_statement_reaches_the_member_it_names() {
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
fn what_is_no_model_is_refused_with_the_reason() {
    assert!(refused("{").starts_with("the model is not JSON"));
    assert_eq!(refused("{}"), "not a Smithy JSON AST: the top-level key `smithy` is missing");
    assert_eq!(refused(r#"{"smithy":"9"}"#), "Smithy version 9 is not supported; 1.0 and 2.x are");
    assert!(refused(r#"{"smithy":"2.0","shapes":{"a b":{}}}"#).contains("`a b` is not a shape id"));
    assert!(refused(r##"{"smithy":"2.0","shapes":{"a#B":{"type":"thing"}}}"##).contains("shape a#B"));
}
