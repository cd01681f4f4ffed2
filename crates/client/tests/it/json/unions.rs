//! The `serde` implementations of unions.

use invoke_model_client::types::{
    ContentBlock, ImageSource, InvokeModelWithBidirectionalStreamInputEvent as InputEvent,
};
use serde_json::{Value, json};

fn round_trips(value: &Value) -> ContentBlock {
    let block: ContentBlock = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&block).unwrap(), *value);
    assert_eq!(serde_json::from_str::<ContentBlock>(&value.to_string()).unwrap(), block);
    block
}

#[test]
fn known_and_unknown_members_round_trip() {
    assert_eq!(round_trips(&json!({"text": "hi"})), ContentBlock::Text("hi".to_owned()));
    round_trips(&json!({"image": {"format": "png", "source": {"bytes": "+/8="}}}));
    let ContentBlock::Unknown(member) = round_trips(&json!({"news": {"a": [1, null]}})) else { panic!() };
    assert_eq!((member.name(), member.value()), ("news", &json!({"a": [1, null]})));
    let unset = serde_json::to_value(ContentBlock::default()).unwrap();
    assert_eq!(round_trips(&unset), ContentBlock::default());
}

#[test]
fn an_error_in_a_known_member_is_returned() {
    let check = |value: Value, expected: &str| {
        let error = serde_json::from_value::<ContentBlock>(value.clone()).unwrap_err().to_string();
        assert!(error.contains(expected), "{value}: {error}");
    };
    check(json!({"text": 1}), "expected a string");
    check(json!({"image": {"format": "png"}}), "missing field `source`");
    check(json!({"image": {"format": "png", "source": {"bytes": "?"}}}), "the text is not base64");
    check(json!({"text": "a", "image": {}}), "map with a single key");
    check(json!({}), "map with a single key");
    check(json!(["text"]), "expected string or map");
}

/// A newer version of the service may add members to a structure.
#[test]
fn unknown_members_of_structures_are_ignored() {
    let value = json!({"image": {"format": "png", "source": {"bytes": ""}, "later": 1}});
    let ContentBlock::Image(image) = serde_json::from_value(value).unwrap() else { panic!() };
    assert_eq!(image.source, ImageSource::Bytes(bytes::Bytes::new()));
}

#[test]
fn variants_can_be_tested_and_borrowed() {
    let block = ContentBlock::Text("hi".to_owned());
    assert_eq!((block.is_text(), block.is_tool_use(), block.is_unknown()), (true, false, false));
    assert_eq!(block.as_text().map(String::as_str), Ok("hi"));
    assert_eq!(block.as_tool_use(), Err(&block));
    assert!(ContentBlock::default().is_unknown());
    let event: InputEvent = serde_json::from_value(json!({"chunk": {"bytes": "aGk="}})).unwrap();
    assert!(event.is_chunk());
    assert_eq!(event.as_chunk().unwrap().bytes.as_deref(), Some(&b"hi"[..]));
}

#[test]
fn events_of_the_model_round_trip() {
    let value = json!({"chunk": {"bytes": "aGk="}});
    let event: InputEvent = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&event).unwrap(), value);
    let error = serde_json::from_value::<InputEvent>(json!({"news": {}})).unwrap_err().to_string();
    assert!(error.contains("unknown variant `news`, expected `chunk`"), "{error}");
}
