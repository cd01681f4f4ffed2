//! Tests of members that are bound to the path, the query and the status code.

use std::collections::BTreeMap;

use invoke_model_protocol::{Operation, ServerOperation};
use invoke_model_tests::target::{
    FindItem, FindItemError, FindItemInput, FindItemOutput, GetThing, GetThingInput, Kind, Level, ListItems,
    ListItemsInput, ListItemsOutput, Rude,
};
use proptest::prelude::*;

use super::{request_text, response, response_text, time};

fn thing(plain: &str, path: &str, number: i64, ratio: f64) -> GetThingInput {
    let (when, epoch) = (time("1985-04-12T23:20:50.52Z"), time("2018-01-09T20:51:21.5Z"));
    GetThingInput::new(plain, number, ratio, true, when, epoch, Kind::SMALL, "<p>", path)
}

#[test]
fn serializes_labels_of_every_type() {
    assert_eq!(
        request_text::<GetThing>(thing("a/b:c", "x/y z", -7, 1.5)),
        "GET /things/a%2Fb%3Ac/-7/1.5/true/1985-04-12T23%3A20%3A50.52Z/1515531081.5/small/%3Cp%3E/x/y%20z/end?view=full&raw\n"
    );
    let infinite = GetThing::serialize(thing("a", "b", 0, f64::NEG_INFINITY)).unwrap();
    assert!(infinite.uri().path().starts_with("/things/a/0/-Infinity/true/"));
    let error = GetThing::serialize(thing("a", "", 0, 0.0)).unwrap_err();
    assert_eq!(error.member(), "path");
    let error = GetThing::serialize(thing(&"a".repeat(70_000), "b", 0, 0.0)).unwrap_err();
    assert_eq!(
        (error.member(), error.to_string().as_str()),
        ("", "the path and query of the request are not a valid request target: uri too long")
    );
}

#[test]
fn serializes_query_parameters_of_every_type_and_a_map() {
    let mut input = ListItemsInput::default();
    assert_eq!(ListItems::serialize(input.clone()).unwrap().uri(), "/items?list-type=2&flat");
    input.text = Some("a&b=c".to_owned());
    input.number = Some(-5);
    input.ratio = Some(f32::INFINITY);
    input.flag = Some(false);
    input.when = Some(time("1985-04-12T23:20:50Z"));
    input.date = Some(time("2014-04-29T18:30:38Z"));
    input.kind = Some("medium".into());
    input.level = Some(Level(9));
    input.names = Some(vec!["é".to_owned(), String::new()]);
    input.kinds = Some(vec![Kind::SMALL, "medium".into()]);
    input.levels = Some(vec![Level::HIGH, Level::LOW]);
    input.times = Some(vec![time("1985-04-12T23:20:50Z"); 2]);
    let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let more = [("t", list(&["hidden"])), ("flat", list(&["hidden"])), ("x y", list(&["1", "&2"]))];
    input.more = Some(more.map(|(name, values)| (name.to_owned(), values)).into());
    let request = ListItems::serialize(input.clone()).unwrap();
    assert_eq!(
        request.uri(),
        "/items?list-type=2&flat&t=a%26b%3Dc&n=-5&r=Infinity&f=false&when=1985-04-12T23%3A20%3A50Z\
         &date=Tue%2C%2029%20Apr%202014%2018%3A30%3A38%20GMT&kind=medium&level=9&name=%C3%A9&name=&kinds=small\
         &kinds=medium&levels=2&levels=1&times=1985-04-12T23%3A20%3A50Z&times=1985-04-12T23%3A20%3A50Z\
         &x%20y=1&x%20y=%262"
    );
    let mut read = ListItems::parse_request(&request).unwrap();
    // A server adds every query parameter to the map, including the parameters of other members.
    // https://smithy.io/2.0/spec/http-bindings.html#httpqueryparams-trait
    let all = std::mem::replace(&mut read.more, input.more.clone()).unwrap();
    assert_eq!(read, input);
    assert_eq!(
        (&all["t"], &all["kinds"], &all["x y"]),
        (&list(&["a&b=c"]), &list(&["small", "medium"]), &list(&["1", "&2"]))
    );
}

#[test]
fn serializes_a_required_query_map_of_single_values() {
    let more = BTreeMap::from([("id", "hidden"), ("extra", "1")]).into_iter();
    let more = more.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let input = FindItemInput::new("7", vec!["a".to_owned(), "b".to_owned()], more);
    assert_eq!(FindItem::serialize(input).unwrap().uri(), "/item?id=7&tag=a&tag=b&extra=1");
    let empty = FindItemInput::default();
    assert_eq!(FindItem::serialize(empty).unwrap().uri(), "/item?id=");
}

#[test]
fn parse_errors_of_query_parameters_name_the_member() {
    let request = http::Request::get("/items?n=many").body(Default::default()).unwrap();
    let error = ListItems::parse_request(&request).unwrap_err();
    assert_eq!(error.to_string(), "`number`: the text is not an integer in the range of its type");
}

#[test]
fn the_status_code_can_be_a_member() {
    let mut output = ListItemsOutput::default();
    assert_eq!(ListItems::serialize_response(output.clone()).unwrap().status(), 202);
    output.status = Some(207);
    output.note = Some("mixed".to_owned());
    assert_eq!(
        response_text::<ListItems>(output),
        "207\ncontent-type: application/json\nx-note: mixed\n\n{}"
    );
    assert!(response_text::<FindItem>(FindItemOutput::new("you", 206)).starts_with("206\n"));
    assert_eq!(FindItem::parse(&response(204, &[], "{}")).unwrap().status, 204);
    // An empty body lacks the required members.
    assert!(FindItem::parse(&response(204, &[], "")).is_err());
}

#[test]
fn serializes_members_of_mixins() {
    // An `apply` statement binds the input member `who` to a query parameter. In the output, `who` has
    // another JSON name.
    let mut input = FindItemInput::new("you", vec![], BTreeMap::new());
    input.size = Some(3);
    assert_eq!(FindItem::serialize(input.clone()).unwrap().uri(), "/item?id=you&size=3");
    assert_eq!(
        response_text::<FindItem>(FindItemOutput::new("you", 200)),
        "200\ncontent-type: application/json\n\n{\"name\":\"you\"}"
    );
    assert_eq!(Kind::VALUES, [Kind::SMALL, Kind::LARGE]);
    // The trait `sensitive` of the mixin is local to the mixin.
    assert!(format!("{input:?}").contains("you"));
    let error = FindItemError::from(Rude::default());
    assert_eq!(FindItem::serialize_error(&error).unwrap().unwrap().status(), 400);
}

proptest! {
    #[test]
    fn labels_round_trip(plain in ".{1,20}", path in "[^/].{0,20}[^/]", number: i64, ratio: f64) {
        prop_assume!(plain != "." && plain != "..");
        request_text::<GetThing>(thing(&plain, &path, number, ratio));
    }
}
