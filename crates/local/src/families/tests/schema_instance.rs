//! Tests of the smallest instances of JSON Schemas.

use serde_json::{Value, json};

use crate::families::smallest_instance;

#[track_caller]
fn check(schema: Value, expected: Value) {
    assert_eq!(smallest_instance(&schema), expected, "{schema}");
}

#[test]
fn simple_types() {
    check(json!({"type": "string"}), json!(""));
    check(json!({"type": "integer"}), json!(0));
    check(json!({"type": "number"}), json!(0));
    check(json!({"type": "boolean"}), json!(false));
    check(json!({"type": "null"}), Value::Null);
    check(json!({"type": "array"}), json!([]));
    check(json!({"type": "object"}), json!({}));
    check(json!({"type": ["integer", "null"]}), json!(0));
    check(json!(true), json!(""));
    check(json!({"properties": {"a": {"type": "string"}}}), json!({}));
    check(json!({"minItems": 1}), json!([""]));
}

#[test]
fn constants_and_enums_come_first() {
    check(json!({"const": 7, "type": "integer", "minimum": 8}), json!(7));
    check(json!({"enum": ["b", "a"], "type": "string", "minLength": 5}), json!("b"));
    check(json!({"enum": [], "type": "string"}), json!(""));
}

#[test]
fn strings_have_the_minimum_length_and_the_format() {
    check(json!({"type": "string", "minLength": 3}), json!("aaa"));
    check(json!({"type": "string", "format": "date"}), json!("2020-01-01"));
    check(json!({"type": "string", "format": "email"}), json!("a@example.com"));
    check(json!({"type": "string", "format": "novel"}), json!(""));
}

#[test]
fn numbers_are_within_their_bounds() {
    check(json!({"type": "integer", "minimum": 3}), json!(3));
    check(json!({"type": "integer", "exclusiveMinimum": 3}), json!(4));
    check(json!({"type": "integer", "minimum": 3, "exclusiveMinimum": true}), json!(4));
    check(json!({"type": "integer", "maximum": -3}), json!(-3));
    check(json!({"type": "integer", "exclusiveMaximum": -3}), json!(-4));
    check(json!({"type": "integer", "minimum": -3, "maximum": 3}), json!(0));
    check(json!({"type": "integer", "minimum": 2.5}), json!(3));
    check(json!({"type": "integer", "minimum": 7, "multipleOf": 5}), json!(10));
    check(json!({"type": "number", "minimum": 0.5}), json!(0.5));
    check(json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}), json!(0.5));
    check(json!({"type": "number", "exclusiveMinimum": 0}), json!(1));
    check(json!({"type": "number", "minimum": 0.3, "multipleOf": 0.25}), json!(0.5));
}

#[test]
fn objects_have_the_required_properties() {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "inner": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
            "optional": {"type": "string"},
        },
        "required": ["name", "inner", "undeclared"],
    });
    check(schema, json!({"name": "a", "inner": {"n": 0}, "undeclared": ""}));
    let optional = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "minProperties": 2});
    check(optional, json!({"a": 0, "key1": ""}));
    let others = json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1});
    check(others, json!({"key0": 0}));
}

#[test]
fn arrays_have_the_minimum_number_of_items() {
    check(json!({"type": "array", "items": {"type": "integer"}, "minItems": 2}), json!([0, 0]));
    check(
        json!({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": true}),
        json!([0, 1, 2]),
    );
    check(
        json!({"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 2, "uniqueItems": true}),
        json!(["x", "y"]),
    );
    check(
        json!({"type": "array", "items": {"type": "string"}, "minItems": 2, "uniqueItems": true}),
        json!(["", "1"]),
    );
    let tuple = json!({"prefixItems": [{"type": "integer"}, {"type": "boolean"}], "minItems": 2});
    check(tuple, json!([0, false]));
}

#[test]
fn the_first_alternative_applies() {
    check(json!({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}), json!(1));
    check(json!({"oneOf": [{"type": "null"}, {"type": "integer"}]}), Value::Null);
    let nested = json!({
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "anyOf": [{"required": ["b"], "properties": {"b": {"type": "integer"}}}],
    });
    check(nested, json!({"a": "", "b": 0}));
    let all = json!({"allOf": [
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
        {"properties": {"b": {"type": "boolean"}}, "required": ["b"]},
    ]});
    check(all, json!({"a": 0, "b": false}));
}

#[test]
fn local_references_are_followed() {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/definitions/b~1c"}},
        "required": ["a", "b"],
        "$defs": {"A": {"type": "object", "properties": {"n": {"$ref": "#/$defs/N"}}, "required": ["n"]}, "N": {"const": 1}},
        "definitions": {"b/c": {"type": "integer", "minimum": 2}},
    });
    check(schema, json!({"a": {"n": 1}, "b": 2}));
    check(json!({"$ref": "https://example.com/schema"}), json!(""));
}

#[test]
fn endless_schemas_have_finite_instances() {
    check(json!({"$ref": "#"}), json!(""));
    let endless = json!({
        "type": "object",
        "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}, "c": {"$ref": "#"}},
        "required": ["a", "b", "c"],
    });
    assert!(smallest_instance(&endless).is_object());
    let doubled = json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}, {"$ref": "#"}]});
    assert!(smallest_instance(&doubled).is_string());
    let huge = json!({"type": "string", "minLength": u64::MAX});
    assert_eq!(smallest_instance(&huge).as_str().unwrap().len(), 1_000);
    let many = |items| json!({"type": "array", "minItems": 1_000, "items": items});
    let long = json!({"const": "x".repeat(100_000)});
    for item in [long, many(json!(true)), json!({"type": "object", "minProperties": 1_000})] {
        let length = smallest_instance(&many(many(item))).to_string().len();
        assert!((1_000_000..20_000_000).contains(&length), "{length}");
    }
}

#[test]
fn many_alternatives_are_read_once() {
    let part = |index: usize| json!({"properties": {format!("p{index}"): {"type": "null"}}, "required": [format!("p{index}")]});
    let schema = json!({"type": "object", "allOf": (0..20_000).map(part).collect::<Vec<_>>()});
    assert_eq!(smallest_instance(&schema).as_object().map(serde_json::Map::len), Some(20_000));
    // Each reference repeats all names, so the schema is too large.
    let names: Vec<_> = (0..1_000).map(|index| format!("p{index}")).collect();
    let part = json!({"$ref": "#/$defs/names"});
    let schema = json!({"$defs": {"names": {"required": names}}, "allOf": vec![part; 10_000]});
    assert_eq!(smallest_instance(&schema), json!(""));
}
