//! Tests of JSON serialization and parsing.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::error::ParseErrorKind;
use crate::timestamp::Format;

/// Writes a value as JSON text, and parses the text with `read`.
fn parse<T>(
    value: Value,
    read: impl FnOnce(BorrowedValue<'_>) -> Result<T, ParseError>,
) -> Result<T, ParseError> {
    read::body(value.to_string().as_bytes(), read)
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn nan_and_infinities_are_strings() {
    let check = |value: f64, expected: &str| assert_eq!(written(|out| write::float(&value, out)), expected);
    check(1.1, "1.1");
    check(f64::NAN, "\"NaN\"");
    check(f64::INFINITY, "\"Infinity\"");
    check(f64::NEG_INFINITY, "\"-Infinity\"");
    assert_eq!(written(|out| write::float(&0.1f32, out)), "0.1");
    assert!(parse(json!("NaN"), read::double).unwrap().is_nan());
    assert_eq!(parse(json!("-Infinity"), read::float), Ok(f32::NEG_INFINITY));
    assert!(parse(json!("nan"), read::double).is_err());
}

#[test]
fn errors_name_the_path_without_the_value() {
    let read = |value: BorrowedValue<'_>| {
        Object::from_value(value)?
            .member("messages", read::list(|value| Object::from_value(value)?.member("text", read::string)))
    };
    let error = parse(json!({"messages": [{"text": "a"}, {"text": 7}]}), read).unwrap_err();
    assert_eq!(error.to_string(), "`messages[1].text`: expected a string, found a number");
}

#[test]
fn reads_integers_that_are_written_as_floats() {
    assert_eq!(parse(json!(1.0), read::integer::<i32>), Ok(1));
    assert_eq!(parse(json!(-128.0), read::integer::<i8>), Ok(-128));
    assert_eq!(parse(json!(-0.0), read::integer::<i64>), Ok(0));
    for exact in [0, -7, 999_999_999_999_999_999, i64::MAX, i64::MIN] {
        assert_eq!(parse(json!(exact), read::integer::<i64>), Ok(exact));
    }
    assert_eq!(parse(json!(9_007_199_254_740_991.0), read::integer::<i64>), Ok(9_007_199_254_740_991));
}

#[test]
fn rejects_integers_outside_their_range() {
    assert_eq!(parse(json!(-128), read::integer::<i8>), Ok(-128));
    assert_eq!(parse(json!(128), read::integer::<i8>).unwrap_err().to_string(), "the number does not fit i8");
    assert!(parse(json!(128.0), read::integer::<i8>).is_err());
    assert!(parse(json!(9_007_199_254_740_992.0), read::integer::<i64>).is_err());
    assert!(parse(json!(1e300), read::integer::<i64>).is_err());
    assert!(parse(json!(1.5), read::integer::<i32>).is_err());
    assert!(parse(json!("1"), read::integer::<i32>).is_err());
}

#[test]
fn keeps_nulls_only_in_sparse_shapes() {
    assert_eq!(parse(json!(["a", null]), read::list(read::string)).unwrap(), ["a"]);
    assert_eq!(
        parse(json!(["a", null]), read::sparse_list(read::string)).unwrap(),
        [Some("a".to_owned()), None]
    );
    let sparse: std::collections::BTreeMap<String, _> =
        parse(json!({"k": null}), read::sparse_map(read::string)).unwrap();
    assert_eq!(written(|out| write::sparse_map(write::string)(&sparse, out)), r#"{"k":null}"#);
}

#[test]
fn unions_have_one_member() {
    let check = |value: Value, expected: Result<String, ParseError>| {
        let name = |value: BorrowedValue<'_>| Ok(UnionMember::only(value)?.name().to_owned());
        assert_eq!(parse(value.clone(), name), expected);
        let deserialized: Result<UnknownMember, _> = serde_json::from_value(value);
        assert_eq!(deserialized.ok().map(|member| member.name().to_owned()), expected.ok());
    };
    check(json!({"a": 1}), Ok("a".to_owned()));
    check(json!({"__type": "x", "a": 1, "b": null}), Ok("a".to_owned()));
    check(json!({"__type": "x", "a": null}), Ok("a".to_owned()));
    check(json!({}), Err(ParseErrorKind::Union { found: 0 }.into()));
    check(json!({"a": null, "b": null}), Err(ParseErrorKind::Union { found: 0 }.into()));
    check(json!({"a": 1, "b": 2}), Err(ParseErrorKind::Union { found: 2 }.into()));
}

#[test]
fn empty_body_is_an_empty_object() {
    assert_eq!(Object::from_body(b"", &mut Nodes::default()).unwrap().member("a", read::string), Ok(None));
    assert_eq!(
        Object::from_body(b"<", &mut Nodes::default()).unwrap_err().to_string(),
        "the body is not JSON (line 1, column 1)"
    );
    assert_eq!(
        Object::from_body(b"[]", &mut Nodes::default()).unwrap_err().to_string(),
        "expected an object, found an array"
    );
}

#[test]
fn errors_contain_the_position_in_the_body() {
    let check = |body: &[u8], position| {
        let expected = format!("the body is not JSON ({position})");
        assert_eq!(Object::from_body(body, &mut Nodes::default()).unwrap_err().to_string(), expected);
    };
    check(br#"{"bytes":"AA==""#, "line 1, column 15");
    check(br#"{"bytes":"AA=="}}"#, "line 1, column 17");
    check(b"{\n\"a\": \"\xff\"}", "line 2, column 7");
    check(b"\xff", "line 1, column 1");
}

#[test]
fn the_last_of_repeated_members_counts() {
    let body = br#"{"a":1,"b":2,"\u0061":7}"#;
    let mut nodes = Nodes::default();
    let object = Object::from_body(body, &mut nodes).unwrap();
    assert_eq!(object.member("a", read::integer), Ok(Some(7)));
    assert_eq!(object.member("b", read::integer), Ok(Some(2)));
    let body = br#"{"a":7,"a":null}"#;
    assert_eq!(
        Object::from_body(body, &mut Nodes::default()).unwrap().member("a", read::integer::<i32>),
        Ok(None)
    );
    assert_eq!(read::body(body, read::map::<String, i32>(read::integer)), Ok([].into()));
    let only = |value: BorrowedValue<'_>| UnionMember::only(value)?.read(read::document);
    assert_eq!(read::body(body, only), Ok(Value::Null));
}

#[test]
fn decodes_escape_sequences() {
    let check = |json: &str, expected: &str| {
        assert_eq!(read::body(json.as_bytes(), read::string).as_deref(), Ok(expected));
    };
    check(r#" "plain é" "#, "plain é");
    check(r#""a\/\"\\\u00e9\ud83d\ude00\n""#, "a/\"\\é😀\n");
    check(r#""a text of more than eight bytes \t and more""#, "a text of more than eight bytes \t and more");
    let blob = read::body(br#""+\/8=""#, read::blob);
    assert_eq!(blob.unwrap(), b"\xfb\xff"[..]);
}

#[test]
fn unknown_members_may_have_values_that_rust_cannot_represent() {
    let body = br#"{"\ud800":1,"half":"\ud800","large":1e400,"a":7}"#;
    let mut nodes = Nodes::default();
    let object = Object::from_body(body, &mut nodes).unwrap();
    assert_eq!(object.member("a", read::integer), Ok(Some(7)));
    let check = |error: ParseError, expected: &str| assert_eq!(error.to_string(), expected);
    check(object.member("half", read::string).unwrap_err(), "`half`: the text is not Unicode");
    check(object.member("half", read::document).unwrap_err(), "`half`: the text is not Unicode");
    check(object.member("large", read::double).unwrap_err(), "`large`: the number does not fit f64");
    check(object.member("large", read::integer::<i64>).unwrap_err(), "`large`: the number does not fit i64");
}

#[test]
fn accepts_bodies_up_to_the_maximum_depth() {
    let check = |depth: usize, is_accepted: bool| {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let value = if close == "}" { "{}" } else { "[]" };
            let body = format!("{}{value}{}", open.repeat(depth - 1), close.repeat(depth - 1));
            let value = read::body(body.as_bytes(), read::document);
            match value {
                Ok(value) => assert_eq!((value.to_string(), true), (body, is_accepted)),
                Err(error) => assert_eq!((error, false), (ParseErrorKind::TooDeep.into(), is_accepted)),
            }
        }
    };
    check(MAX_DEPTH, true);
    check(MAX_DEPTH + 1, false);
    check(100_000, false);
}

#[test]
fn deep_documents_are_not_written() {
    let document = |depth: usize| (0..depth).fold(Value::Null, |value, _| Value::Array(vec![value]));
    let check = move |depth: usize, is_accepted: bool| {
        let value = document(depth);
        let body = written(|out| {
            let mut object = ObjectWriter::new(out);
            object.member("a", &value, write::document);
            object.member("b", &value, write::document);
            object.end();
        });
        assert_eq!(write::check(body.as_bytes()).is_ok(), is_accepted, "{depth}");
        assert_eq!(write::check(written(|out| write::document(&value, out)).as_bytes()).is_ok(), is_accepted);
    };
    // The default size of the stack of a thread.
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let checks = move || {
        check(MAX_DEPTH, true);
        check(MAX_DEPTH + 1, false);
        check(10_000, false);
        let body = "[".repeat(100_000);
        assert_eq!(read::body(body.as_bytes(), read::document), Err(ParseErrorKind::TooDeep.into()));
    };
    thread.spawn(checks).unwrap().join().unwrap();
}

#[test]
fn debug_does_not_print_values() {
    let mut nodes = Nodes::default();
    let object = Object::from_body(br#"{"name":"secret"}"#, &mut nodes).unwrap();
    assert_eq!(format!("{object:?}"), "Object { .. }");
    let debug = |value: BorrowedValue<'_>| Ok(format!("{value:?}"));
    assert_eq!(read::body(br#""secret""#, debug).unwrap(), "a string");
}

/// Generates valid and almost valid JSON.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = "{ } [ ] : , null true false 7 0 - -7 1e400 18446744073709551616 1.5 \\u12 a é \\ \"a\": \"b\":{ \"\\u0061\":[ \"x\" \"\\/\"";
    let piece = prop::sample::select(pieces.split(' ').chain([" ", "\n", "\u{1}"]).collect::<Vec<_>>());
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("{{{}", pieces.concat()))
}

proptest! {
    #[test]
    fn values_round_trip(text in ".*", number in any::<f64>(), blob in prop::collection::vec(any::<u8>(), 0..40)) {
        let blob = bytes::Bytes::from(blob);
        let body = written(|out| {
            let mut object = ObjectWriter::new(out);
            object.member(&text, &text, write::string);
            object.member("blob", &blob, write::blob);
            object.member("number", &number, write::float);
            object.end();
        });
        prop_assume!(text != "blob" && text != "number");
        let mut nodes = Nodes::default();
        let object = Object::from_body(body.as_bytes(), &mut nodes).unwrap();
        prop_assert_eq!(object.member("blob", read::blob).unwrap(), Some(blob));
        prop_assert_eq!(object.member(&text, read::string).unwrap(), Some(text));
        let read = object.member("number", read::double).unwrap().unwrap();
        prop_assert!(read == number || (read.is_nan() && number.is_nan()));
    }

    #[test]
    fn arbitrary_bodies_do_not_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut nodes = Nodes::default();
        if let Ok(object) = Object::from_body(&body, &mut nodes) {
            let _ = object.member("a", read::timestamp(Format::EpochSeconds));
        }
    }

    #[test]
    fn parses_arbitrary_pieces_like_value(body in pieces()) {
        let borrowed = read::body(body.as_bytes(), read::document).ok();
        prop_assert_eq!(borrowed, serde_json::from_str::<Value>(&body).ok());
    }

    #[test]
    fn strings_are_written_like_serde_json(text in any::<String>(), byte in 0u8..0x80) {
        for text in [text.clone(), format!("{text}{}", char::from(byte))] {
            prop_assert_eq!(written(|out| write::string(&text, out)), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn epoch_seconds_round_trip(nanoseconds in 0i64..4_000_000_000_000_000) {
        // Services send timestamps in milliseconds. A JSON number represents milliseconds with sufficient
        // precision.
        let value = jiff::Timestamp::from_millisecond(nanoseconds / 1_000_000).unwrap();
        let text = written(|out| write::timestamp(Format::EpochSeconds)(&value, out));
        prop_assert_eq!(read::body(text.as_bytes(), read::timestamp(Format::EpochSeconds)), Ok(value));
    }
}
