//! Tests of members that are bound to headers.

use invoke_model_protocol::{Operation, ServerOperation};
use invoke_model_tests::headers::{
    Kind, Level, PutFields, PutFieldsInput, PutFieldsOutput, PutRequiredFields, PutRequiredFieldsInput,
    PutRequiredFieldsOutput,
};
use proptest::prelude::*;

use super::{request_text, response, response_text, time};

/// Creates an input or an output with all members set.
macro_rules! everything {
    ($type:ident) => {{
        let mut fields = $type::default();
        fields.text = Some("a, \"b\" é".to_owned());
        (fields.byte, fields.short, fields.integer, fields.long) =
            (Some(-1), Some(2), Some(-3), Some(1 << 60));
        (fields.float, fields.double, fields.flag) = (Some(1.5), Some(f64::NEG_INFINITY), Some(true));
        (fields.kind, fields.level) = (Some("medium".into()), Some(Level(7)));
        fields.page = Some("<p>\n</p>".to_owned());
        fields.date = Some(time("2014-04-29T18:30:38Z"));
        fields.instant = Some(time("1985-04-12T23:20:50.52Z"));
        fields.epoch = Some(time("2018-01-09T20:51:21Z"));
        fields.texts = Some(["a", "b,c", "\"d\"", "e f"].map(str::to_owned).into());
        fields.shorts = Some(vec![1, -2]);
        fields.doubles = Some(vec![0.5, f64::INFINITY]);
        fields.flags = Some(vec![true, false]);
        fields.kinds = Some(vec![Kind::LARGE, "x,y".into()]);
        fields.levels = Some(vec![Level::HIGH, Level(-5)]);
        fields.pages = Some(["<a>", "<b>"].map(str::to_owned).into());
        fields.dates = Some(vec![time("2014-04-29T18:30:38Z"), time("2019-12-16T23:48:18Z")]);
        fields.instants = Some(vec![time("1985-04-12T23:20:50Z"); 2]);
        fields.epochs = Some(vec![time("1970-01-01T00:00:01Z"), time("1969-12-31T23:59:58.5Z")]);
        fields.metadata = Some([("a", "1"), ("b-c", "2")].map(|(a, b)| (a.to_owned(), b.to_owned())).into());
        fields
    }};
}

const EVERYTHING: &str = "\
x-byte: -1
x-date: Tue, 29 Apr 2014 18:30:38 GMT
x-dates: Tue, 29 Apr 2014 18:30:38 GMT, Mon, 16 Dec 2019 23:48:18 GMT
x-double: -Infinity
x-doubles: 0.5, Infinity
x-epoch: 1515531081
x-epochs: 1, -1.5
x-flag: true
x-flags: true, false
x-float: 1.5
x-instant: 1985-04-12T23:20:50.52Z
x-instants: 1985-04-12T23:20:50Z, 1985-04-12T23:20:50Z
x-integer: -3
x-kind: medium
x-kinds: large, \"x,y\"
x-level: 7
x-levels: 2, -5
x-long: 1152921504606846976
x-meta-a: 1
x-meta-b-c: 2
x-page: PHA+CjwvcD4=
x-pages: PGE+, PGI+
x-short: 2
x-shorts: 1, -2
x-text: a, \"b\" é
x-texts: a, \"b,c\", \"\\\"d\\\"\", e f
";

#[test]
fn headers_of_every_type_in_requests_and_responses() {
    assert_eq!(request_text::<PutFields>(everything!(PutFieldsInput)), format!("POST /fields\n{EVERYTHING}"));
    assert_eq!(
        response_text::<PutFields>(everything!(PutFieldsOutput)),
        format!("200\ncontent-type: application/json\n{EVERYTHING}\n{{}}")
    );
    assert_eq!(request_text::<PutFields>(PutFieldsInput::default()), "POST /fields\n");
    assert_eq!(
        response_text::<PutFields>(PutFieldsOutput::default()),
        "200\ncontent-type: application/json\n\n{}"
    );
}

#[test]
fn missing_required_members_get_zero_values() {
    let metadata = [("k".to_owned(), "v".to_owned())].into();
    let date = time("2014-04-29T18:30:38Z");
    let input = PutRequiredFieldsInput::new("t", vec![Kind::SMALL], date, metadata);
    assert_eq!(
        request_text::<PutRequiredFields>(input),
        "PUT /fields\nx-date: Tue, 29 Apr 2014 18:30:38 GMT\nx-kinds: small\nx-meta-k: v\nx-text: t\n"
    );
    let output = PutRequiredFields::parse(&response(200, &[], "")).unwrap();
    assert_eq!(output, PutRequiredFieldsOutput::default());
}

#[test]
fn repeated_headers_form_one_list() {
    let fields = [("x-kinds", "small, large"), ("x-kinds", "new"), ("x-levels", "1"), ("X-Meta-Big", "kept")];
    let output = PutFields::parse(&response(200, &fields, "")).unwrap();
    assert_eq!(output.kinds, Some(vec![Kind::SMALL, Kind::LARGE, "new".into()]));
    assert_eq!(output.levels, Some(vec![Level::LOW]));
    assert_eq!(output.metadata.unwrap()["big"], "kept");
}

#[test]
fn parse_errors_name_the_member() {
    for (field, value, member) in [
        ("x-byte", "128", "byte"),
        ("x-flag", "yes", "flag"),
        ("x-date", "today", "date"),
        ("x-dates", "Tue, 29 Apr 2014 18:30:38 GMT, never", "dates"),
        ("x-page", "*", "page"),
        ("x-level", "1.5", "level"),
        ("x-doubles", "0.5, inf", "doubles"),
    ] {
        let error = PutFields::parse(&response(200, &[(field, value)], "")).unwrap_err();
        assert_eq!(error.path(), member, "{field}: {value}");
    }
}

#[test]
fn serialize_errors_name_the_member() {
    let mut input = PutFieldsInput::default();
    input.texts = Some(vec!["a\nb".to_owned()]);
    assert_eq!(PutFields::serialize(input).unwrap_err().member(), "texts");
    let mut output = PutFieldsOutput::default();
    output.metadata = Some([("a b".to_owned(), String::new())].into());
    assert_eq!(PutFields::serialize_response(output).unwrap_err().member(), "metadata");
}

proptest! {
    #[test]
    fn headers_round_trip(
        text in "[!-~]([ -~]{0,9}[!-~])?",
        texts in prop::collection::vec("[!-~]([ -~]{0,9}[!-~])?", 1..4),
        page in ".{0,20}",
        doubles in prop::collection::vec(any::<f64>(), 1..4),
        levels in prop::collection::vec(any::<i32>(), 1..4),
        seconds in prop::collection::vec(-62_135_596_800i64..253_402_300_799, 1..4),
        float: f32,
    ) {
        let mut input = PutFieldsInput::default();
        input.text = Some(text);
        input.kinds = Some(texts.iter().map(|text| text.as_str().into()).collect());
        input.texts = Some(texts);
        input.page = Some(page);
        input.doubles = Some(doubles);
        input.levels = Some(levels.into_iter().map(Level).collect());
        let times: Vec<_> = seconds.iter().map(|second| invoke_model_protocol::Timestamp::from_second(*second).unwrap()).collect();
        (input.dates, input.instants, input.epochs) = (Some(times.clone()), Some(times.clone()), Some(times));
        input.float = Some(float);
        request_text::<PutFields>(input);
    }
}
