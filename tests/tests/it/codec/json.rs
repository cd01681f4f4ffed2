//! Tests of structures, unions, enums and collections in a JSON body.

use std::collections::BTreeMap;

use bytes::Bytes;
use invoke_model_protocol::{Operation, ServerOperation, Timestamp};
use invoke_model_tests::json::{
    Choice, Empty, Kind, Level, PutCollections, PutCollectionsInput, PutRequired, PutRequiredInput,
    PutRequiredOutput, PutValues, PutValuesInput, PutValuesOutput, Tree,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{request_text, response, time};

fn body(text: &str) -> &str {
    text.split_once("\n\n").unwrap().1
}

fn everything() -> PutValuesInput {
    let mut values = PutValuesInput::default();
    (values.text, values.renamed) = (Some("é\"\n\u{1}".to_owned()), Some("r".to_owned()));
    values.blob = Some(Bytes::from_static(b"\xff\0a"));
    values.flag = Some(false);
    (values.byte, values.short, values.integer, values.long) =
        (Some(i8::MIN), Some(2), Some(-3), Some(i64::MAX));
    (values.float, values.double) = (Some(0.1), Some(f64::NEG_INFINITY));
    values.document = Some(json!({"b": [null, {"a": 1.5}]}));
    let instant = Some(time("1985-04-12T23:20:50.5Z"));
    (values.epoch, values.instant, values.date) = (instant, instant, instant);
    (values.kind, values.level) = (Some("medium".into()), Some(Level(77)));
    values.choice = Some(Choice::Renamed(5));
    values.tree = Some(tree());
    values.empty = Some(Empty::default());
    values
}

fn tree() -> Tree {
    let mut tree = Tree::new("root");
    tree.left = Some(Box::new(Tree::new("left")));
    tree.choice = Some(Box::new(Choice::Tree(Box::new(Tree::new("chosen")))));
    tree.branches = Some(vec![Tree::new("a"), Tree::new("b")]);
    tree.by_name = Some([("k".to_owned(), Tree::new("v"))].into());
    tree
}

#[test]
fn serializes_values_of_every_type() {
    assert_eq!(
        body(&request_text::<PutValues>(everything())),
        concat!(
            r#"{"text":"é\"\n\u0001","other-name":"r","blob":"/wBh","flag":false,"byte":-128,"short":2,"integer":-3,"#,
            r#""long":9223372036854775807,"float":0.1,"double":"-Infinity","document":{"b":[null,{"a":1.5}]},"#,
            r#""epoch":482196050.5,"instant":"1985-04-12T23:20:50.5Z","date":"Fri, 12 Apr 1985 23:20:50.5 GMT","#,
            r#""kind":"medium","level":77,"choice":{"other-name":5},"tree":{"name":"root","left":{"name":"left"},"#,
            r#""choice":{"tree":{"name":"chosen"}},"branches":[{"name":"a"},{"name":"b"}],"byName":{"k":{"name":"v"}}},"#,
            r#""empty":{}}"#
        )
    );
    assert_eq!(body(&request_text::<PutValues>(PutValuesInput::default())), "{}");
}

#[test]
fn serializes_sparse_and_dense_collections() {
    let mut input = PutCollectionsInput::default();
    input.texts = Some(vec![String::new(), "a".to_owned()]);
    input.sparse_texts = Some(vec![None, Some("a".to_owned())]);
    input.blobs = Some(vec![Bytes::new(), Bytes::from_static(b"a")]);
    (input.kinds, input.levels) = (Some(vec![Kind::SMALL, "new".into()]), Some(vec![Level::LOW, Level(9)]));
    input.instants = Some(vec![time("1985-04-12T23:20:50Z")]);
    input.choices = Some(vec![Choice::Nothing {}, Choice::Blobs(vec![Bytes::from_static(b"a")])]);
    input.nested = Some(vec![vec![], vec![None]]);
    input.documents = Some(vec![json!(1), json!({})]);
    input.numbers = Some([("a".to_owned(), 1)].into());
    input.sparse_numbers = Some([("a".to_owned(), None), ("b".to_owned(), Some(2))].into());
    input.by_kind = Some([(Kind::LARGE, Level::HIGH), ("new".into(), Level(0))].into());
    input.blobs_by_name =
        Some([("a".to_owned(), Some(Bytes::from_static(b"a"))), ("b".to_owned(), None)].into());
    input.sparse_blobs = Some(vec![None, Some(Bytes::new())]);
    input.trees = Some(vec![tree()]);
    let json = serde_json::to_string(&input).unwrap();
    assert_eq!(serde_json::from_str::<PutCollectionsInput>(&json).unwrap(), input);
    let text = request_text::<PutCollections>(input);
    assert!(
        body(&text).starts_with(concat!(
            r#"{"texts":["","a"],"sparseTexts":[null,"a"],"blobs":["","YQ=="],"kinds":["small","new"],"levels":[-1,9],"#,
            r#""instants":["1985-04-12T23:20:50Z"],"choices":[{"nothing":{}},{"blobs":["YQ=="]}],"nested":[[],[null]],"#,
            r#""documents":[1,{}],"numbers":{"a":1},"sparseNumbers":{"a":null,"b":2},"byKind":{"large":2,"new":0},"#,
            r#""blobsByName":{"a":"YQ==","b":null},"sparseBlobs":[null,""],"trees":[{"#,
        )),
        "{text}"
    );
}

#[test]
fn ignores_nulls_and_unknown_members() {
    let text = r#"{"text":null,"unheardOf":1,"choice":{"text":"a","nothing":null,"__type":"x"},"level":-1,"double":"NaN"}"#;
    let output = PutValues::parse(&response(200, &[], text)).unwrap();
    assert_eq!((output.text, output.choice), (None, Some(Choice::Text("a".to_owned()))));
    assert_eq!((output.level, output.double.unwrap().is_nan()), (Some(Level::LOW), true));
    let text = r#"{"texts":["a",null],"numbers":{"a":null,"b":1},"sparseTexts":[null]}"#;
    let request = http::Request::post("/collections").body(text.into()).unwrap();
    let input = PutCollections::parse_request(&request).unwrap();
    assert_eq!(input.texts, Some(vec!["a".to_owned()]));
    assert_eq!(input.numbers, Some([("b".to_owned(), 1)].into()));
    assert_eq!(input.sparse_texts, Some(vec![None]));
    assert_eq!(PutValues::parse(&response(200, &[], "")).unwrap(), PutValuesOutput::default());
}

#[test]
fn unknown_enum_values_and_union_members_round_trip() {
    let text = r#"{"kind":"medium","level":5,"choice":{"brandNew":{"a":[1]}}}"#;
    let output = PutValues::parse(&response(200, &[], text)).unwrap();
    assert!(!output.kind.as_ref().unwrap().is_known());
    assert!(
        matches!(output.choice.as_ref().unwrap(), Choice::Unknown(member) if member.name() == "brandNew")
    );
    let written = serde_json::to_string(&output).unwrap();
    assert_eq!(written, text);
    assert_eq!(serde_json::from_str::<PutValuesOutput>(&written).unwrap(), output);
    let response = PutValues::serialize_response(output).unwrap();
    assert_eq!(response.body(), text);
}

#[test]
fn missing_required_members_get_zero_values() {
    let output = PutRequired::parse(&response(200, &[], r#"{"text":null}"#)).unwrap();
    assert_eq!(output, PutRequiredOutput::default());
    assert_eq!((output.document, output.epoch, output.level), (Value::Null, Timestamp::UNIX_EPOCH, Level(0)));
    assert!(matches!(output.choice, Choice::Unknown(_)));
}

#[test]
fn required_members_are_arguments_of_the_constructor() {
    let blob = || Bytes::from_static(b"b");
    let input = PutRequiredInput::new(
        "t",
        blob(),
        true,
        1,
        1.5,
        json!([]),
        Timestamp::UNIX_EPOCH,
        "small",
        Level::LOW,
        Choice::Nothing {},
        Tree::new("n"),
        vec![],
        BTreeMap::new(),
        vec![blob()],
    );
    assert_eq!(
        body(&request_text::<PutRequired>(input)),
        concat!(
            r#"{"text":"t","blob":"Yg==","flag":true,"integer":1,"double":1.5,"document":[],"epoch":0,"kind":"small","level":-1,"#,
            r#""choice":{"nothing":{}},"tree":{"name":"n"},"texts":[],"numbers":{},"blobs":["Yg=="]}"#
        )
    );
}

#[test]
fn parse_errors_name_the_path() {
    for (operation, text, expected) in [
        (0, r#"{"byte":128}"#, "`byte`: the number does not fit i8"),
        (
            0,
            r#"{"tree":{"branches":[{"name":1}]}}"#,
            "`tree.branches[0].name`: expected a string, found a number",
        ),
        (
            0,
            r#"{"choice":{"tree":{"left":{"name":[]}}}}"#,
            "`choice.tree.left.name`: expected a string, found an array",
        ),
        (0, r#"{"instant":1}"#, "`instant`: expected a timestamp as a string, found a number"),
        (0, r#"{"choice":{}}"#, "`choice`: a union must have one member, but this union has 0"),
        (1, r#"{"byKind":{"secret":"x"}}"#, "`byKind[..]`: expected an integer, found a string"),
        (1, r#"{"nested":[[null],[1]]}"#, "`nested[1][0]`: expected a string, found a number"),
        (1, r#"{"blobsByName":{"a":"*"}}"#, "`blobsByName[..]`: the text is not base64"),
    ] {
        let request = http::Request::post("/collections").body(text.into()).unwrap();
        let error = match operation {
            0 => PutValues::parse(&response(200, &[], text)).unwrap_err(),
            _ => PutCollections::parse_request(&request).unwrap_err(),
        };
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

#[test]
fn public_types_round_trip_through_serde() {
    let mut values = everything();
    // JSON cannot represent infinity.
    values.double = Some(1e300);
    let json = serde_json::to_string(&values).unwrap();
    assert_eq!(serde_json::from_str::<PutValuesInput>(&json).unwrap(), values);
}

fn choice() -> impl Strategy<Value = Choice> {
    let leaf = prop_oneof![
        ".{0,9}".prop_map(Choice::Text),
        any::<i32>().prop_map(Choice::Renamed),
        Just(Choice::Nothing {}),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| Choice::Blob(bytes.into())),
        prop::collection::btree_map(".{0,3}", any::<Option<i64>>(), 0..3).prop_map(Choice::Numbers),
        ".{1,9}".prop_map(|text| Choice::Kind(text.into())),
        any::<u32>().prop_map(|second| Choice::Instant(Timestamp::from_second(second.into()).unwrap())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Choice::Choice(Box::new(inner))),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Choice::Choices),
            (".{0,5}", inner).prop_map(|(name, inner)| {
                let mut tree = Tree::new(name);
                tree.choice = Some(Box::new(inner));
                Choice::Tree(Box::new(tree))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn values_round_trip(
        choices in prop::collection::vec(choice(), 0..4), text in ".*", double: f64, float: f32, long: i64, byte: i8,
    ) {
        let mut input = PutCollectionsInput::default();
        input.choices = Some(choices.clone());
        request_text::<PutCollections>(input);
        let mut input = PutValuesInput::default();
        input.choice = choices.into_iter().next();
        (input.text, input.double, input.float) = (Some(text), Some(double), Some(float));
        (input.long, input.byte) = (Some(long), Some(byte));
        let json = serde_json::to_string(&input).unwrap();
        prop_assert_eq!(&serde_json::from_str::<PutValuesInput>(&json).unwrap(), &input);
        request_text::<PutValues>(input);
    }

    #[test]
    fn parsers_do_not_panic_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..60), text in r#"[{}\[\]",:a-z0-9]{0,40}"#) {
        for body in [Bytes::from(bytes), Bytes::from(text)] {
            let _ = PutValues::parse(&http::Response::new(body.clone()));
            let _ = PutCollections::parse(&http::Response::new(body));
        }
    }
}
