//! Tests of event streams: conversion of events and errors to messages and back.

use bytes::Bytes;
use invoke_model_protocol::event_stream::{EventStream, HeaderValue, Message};
use invoke_model_protocol::{ErrorMetadata, Operation, OperationError, ServerOperation};
use invoke_model_tests::streams::*;

use super::{response, text_of, time};

/// Converts an event to a message, checks that the message parses to the same event, and returns the text of
/// the message.
fn message_text(event: &Lines) -> String {
    let message = event.event().unwrap();
    assert_eq!(&Lines::parse(&message).unwrap().unwrap(), event);
    text(&message)
}

fn text(message: &Message) -> String {
    let headers = message.headers().map(|(name, value)| format!("{name}={value:?}\n"));
    format!("{}\n{}", headers.collect::<String>(), String::from_utf8_lossy(message.payload()))
}

fn message(headers: &[(&str, HeaderValue<'_>)], payload: &str) -> Message {
    let mut builder = Message::builder();
    for (name, value) in headers {
        builder.header(name, *value).unwrap();
    }
    builder.payload(payload.to_owned())
}

const EVENT: (&str, HeaderValue<'static>) = (":message-type", HeaderValue::String("event"));
const EXCEPTION: (&str, HeaderValue<'static>) = (":message-type", HeaderValue::String("exception"));

fn parsed(headers: &[(&str, HeaderValue<'_>)], payload: &str) -> Result<Lines, String> {
    match Lines::parse(&message(headers, payload)) {
        Ok(Ok(event)) => Ok(event),
        Ok(Err(error)) => Err(format!("{:?}: {error}", error.code())),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn events_with_headers_of_every_type() {
    let mut said = Said::new(-3);
    (said.is_last, said.tiny, said.small, said.big) = (Some(true), Some(-1), Some(-2), Some(1 << 40));
    said.mark = Some(Bytes::from_static(b"\x00\xff"));
    said.who = Some("é".to_owned());
    (said.level, said.kind) = (Some(Level::LOW), Some(Kind::SOFT));
    said.at = Some(time("2024-10-31T14:15:14.123Z"));
    let expected = "\
:message-type=String(\"event\")
:event-type=String(\"said\")
:content-type=String(\"application/json\")
isLast=Boolean(true)
tiny=Byte(-1)
small=Short(-2)
number=Integer(-3)
big=Long(1099511627776)
mark=ByteArray([0, 255])
who=String(\"é\")
level=Integer(1)
kind=String(\"soft\")
at=Timestamp(1730384114123)

{}";
    assert_eq!(message_text(&Lines::Said(said.clone())), expected);
    // Members without a binding are in the payload, as JSON.
    said = Said::new(0);
    (said.words, said.when) = (Some("hi".to_owned()), Some(time("1970-01-01T00:00:01.5Z")));
    assert!(message_text(&Lines::Said(said)).ends_with("number=Integer(0)\n\n{\"w\":\"hi\",\"when\":1.5}"));
}

#[test]
fn events_with_payloads_of_every_type() {
    let check = |event: Lines, expected: &str| {
        let all = message_text(&event);
        let after_type = all.split_once(":event-type=").unwrap().1;
        assert_eq!(after_type, expected);
    };
    let mut words = Text::default();
    (words.text, words.tone) = (Some("hé".to_owned()), Some("low".to_owned()));
    check(
        Lines::Text(words),
        "String(\"text\")\n:content-type=String(\"text/plain\")\ntone=String(\"low\")\n\nhé",
    );
    check(Lines::Text(Text::default()), "String(\"text\")\n:content-type=String(\"text/plain\")\n\n");
    let sound = Sound::new(Bytes::from_static(b"~~"));
    check(Lines::Sound(sound), "String(\"sound\")\n:content-type=String(\"audio/pcm\")\n\n~~");
    let mut figure = Figure::default();
    let mut point = Point::default();
    point.x = Some(1);
    figure.figure = Some(point.clone());
    check(Lines::Shape(figure), "String(\"shape\")\n:content-type=String(\"application/json\")\n\n{\"x\":1}");
    let chosen = Chosen::new(Choice::Right(point));
    check(
        Lines::Choice(chosen),
        "String(\"choice\")\n:content-type=String(\"application/json\")\n\n{\"right\":{\"x\":1}}",
    );
    check(Lines::Ping(Ping::default()), "String(\"ping\")\n\n");
}

#[test]
fn unknown_events_round_trip() {
    let new =
        message(&[EVENT, (":event-type", HeaderValue::String("sung")), ("key", HeaderValue::Byte(4))], "la");
    let event = Lines::parse(&new).unwrap().unwrap();
    assert_eq!(event, Lines::Unknown(new.clone()));
    assert_eq!(event.event().unwrap(), new);
}

#[test]
fn errors_round_trip() {
    let mut busy = Busy::default();
    (busy.message, busy.retry_after) = (Some("later".to_owned()), Some(3));
    let mut torn = Torn::default();
    (torn.message, torn.at) = (Some("apart".to_owned()), Some(9));
    for (error, expected) in [
        (LinesError::from(busy), "busy\"\n{\"message\":\"later\",\"retryAfter\":3}"),
        (LinesError::from(torn), "torn\"\n{\"Message\":\"apart\",\"at\":9}"),
    ] {
        let message = Lines::exception(&error).unwrap();
        let (kind, payload) = expected.split_once("\"\n").unwrap();
        let headers = format!(
            ":message-type=String(\"exception\")\n:exception-type=String(\"{kind}\")\n:content-type=String(\"application/json\")\n"
        );
        assert_eq!(text(&message), format!("{headers}\n{payload}"));
        assert_eq!(Lines::parse(&message).unwrap().unwrap_err(), error);
    }
    // Two members of the union may target the same error.
    let again = [EXCEPTION, (":exception-type", HeaderValue::String("tornAgain"))];
    assert_eq!(parsed(&again, "{}").unwrap_err(), "Some(\"Torn\"): Torn");
}

#[test]
fn errors_that_are_not_modeled_keep_their_code_and_message() {
    let kind = |name| (":exception-type", HeaderValue::String(name));
    let check = |headers: &[(&str, HeaderValue<'_>)], payload: &str, expected: &str| {
        assert_eq!(parsed(headers, payload).unwrap_err(), expected);
    };
    check(&[EXCEPTION, kind("odd")], "{\"Message\":\"why\"}", "Some(\"odd\"): odd: why");
    // If the members of a modeled error cannot be parsed, the error keeps its name.
    check(&[EXCEPTION, kind("torn")], "{\"at\":\"x\"}", "Some(\"torn\"): torn");
    check(&[EXCEPTION, kind("torn")], "not json", "Some(\"torn\"): torn");
    check(&[EXCEPTION, kind("torn")], "", "Some(\"Torn\"): Torn");
    let error = [
        (":message-type", HeaderValue::String("error")),
        (":error-code", HeaderValue::String("Internal")),
        (":error-message", HeaderValue::String("broken")),
    ];
    check(&error, "", "Some(\"Internal\"): Internal: broken");
    // This is a regression test for a bug that a fuzz target found. An unset code must stay unset, and the
    // parser must not treat the payload as the HTML page of a proxy.
    let bare = [(":message-type", HeaderValue::String("error"))];
    check(&bare, "noise", "None: HTTP 200 without an error code");
    let unread = Lines::parse(&message(&[EXCEPTION, kind("torn")], "not json")).unwrap().unwrap_err();
    let again = Lines::parse(&Lines::exception(&unread).unwrap()).unwrap().unwrap_err();
    assert_eq!((again.message(), again.to_string()), (None, unread.to_string()));
    let metadata = ErrorMetadata::from_message(&message(&error, ""));
    assert_eq!(Lines::exception(&LinesError::from(metadata)).unwrap(), message(&error, ""));
}

#[test]
fn messages_without_required_headers_are_errors() {
    let check = |headers: &[(&str, HeaderValue<'_>)], payload: &str, expected: &str| {
        assert_eq!(parsed(headers, payload).unwrap_err(), expected);
    };
    let said = (":event-type", HeaderValue::String("said"));
    check(&[said], "{}", "`:message-type`: the required value is missing");
    check(&[EVENT], "{}", "`:event-type`: the required value is missing");
    check(&[EXCEPTION], "{}", "`:exception-type`: the required value is missing");
    check(
        &[(":message-type", HeaderValue::ByteArray(b"event")), said],
        "{}",
        "`:message-type`: expected a string, found a byte array",
    );
    check(
        &[(":message-type", HeaderValue::String("noise")), said],
        "{}",
        "`:message-type`: the text is not event, exception or error",
    );
    let wide = ("tiny", HeaderValue::Short(1));
    check(&[EVENT, said, wide], "{}", "`tiny`: expected a byte, found a short");
    check(&[EVENT, said], "[]", "expected an object, found an array");
    check(
        &[EVENT, said, ("at", HeaderValue::Timestamp(i64::MAX))],
        "{}",
        "`at`: the number does not fit a timestamp",
    );
}

#[test]
fn requests_and_responses_before_the_events() {
    let request = Talk::serialize(TalkInput::new("a")).unwrap();
    assert_eq!(text_of(&request), "POST /talk/a\ncontent-type: application/vnd.amazon.eventstream\n");
    assert_eq!(Talk::parse_request(&request).unwrap(), TalkInput::new("a"));
    let output = TalkOutput::new("s");
    let written = Talk::serialize_response(output.clone()).unwrap();
    assert_eq!(written.headers()["content-type"], "application/vnd.amazon.eventstream");
    assert_eq!(Talk::parse(&written).unwrap(), output);
    // If a required header is missing, parsing fails, because no event can contain the value of the header.
    let error = Talk::parse(&response(200, &[], "")).unwrap_err();
    assert_eq!(error.to_string(), "`session`: the required value is missing");
}

#[test]
fn debug_redacts_sensitive_events() {
    let mut secret = Secret::default();
    secret.word = Some("hush".to_owned());
    let text = format!("{:?}", Secrets::Secret(secret));
    assert!(!text.contains("hush"), "{text}");
    let unknown = message(
        &[EVENT, (":event-type", HeaderValue::String("x")), ("h", HeaderValue::String("hush"))],
        "hush",
    );
    let text = format!("{:?}", Secrets::parse(&unknown).unwrap().unwrap());
    assert!(!text.contains("hush"), "{text}");
}
