//! Tests of sessions.

use serde_json::{Value, json};

use super::Session;

fn event(name: &str, members: Value) -> Vec<u8> {
    json!({"event": {name: members}}).to_string().into_bytes()
}

fn receive(session: &mut Session, name: &str, members: Value) -> Result<Vec<Value>, String> {
    session.receive(&event(name, members))
}

fn content(name: &str, kind: &str, role: &str) -> Value {
    json!({"promptName": "p", "contentName": name, "type": kind, "role": role})
}

fn input(name: &str, content: &str) -> Value {
    json!({"promptName": "p", "contentName": name, "content": content})
}

fn end(name: &str) -> Value {
    json!({"promptName": "p", "contentName": name})
}

/// Returns a session with a prompt.
fn session() -> Session {
    let mut session = Session::new("s");
    receive(&mut session, "sessionStart", json!({"inferenceConfiguration": {"maxTokens": 10}})).unwrap();
    let audio = json!({"mediaType": "audio/lpcm", "sampleRateHertz": 24_000});
    let prompt = json!({"promptName": "p", "audioOutputConfiguration": audio});
    receive(&mut session, "promptStart", prompt).unwrap();
    session
}

fn names(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["event"].as_object().unwrap().keys().next().unwrap().clone()).collect()
}

#[test]
fn a_text_is_echoed_as_text_and_audio() {
    let mut session = session();
    receive(&mut session, "contentStart", content("system", "TEXT", "SYSTEM")).unwrap();
    receive(&mut session, "textInput", input("system", "Be kind.")).unwrap();
    assert_eq!(receive(&mut session, "contentEnd", end("system")).unwrap(), Vec::<Value>::new());

    receive(&mut session, "contentStart", content("c", "TEXT", "USER")).unwrap();
    receive(&mut session, "textInput", input("c", "one ")).unwrap();
    receive(&mut session, "textInput", input("c", "two")).unwrap();
    let events = receive(&mut session, "contentEnd", end("c")).unwrap();
    let expected = [
        "completionStart",
        "contentStart",
        "textOutput",
        "contentEnd",
        "contentStart",
        "audioOutput",
        "contentEnd",
        "usageEvent",
        "completionEnd",
    ];
    assert_eq!(names(&events), expected);
    let text = &events[2]["event"]["textOutput"];
    assert_eq!((&text["content"], &text["sessionId"]), (&json!("You said: one two"), &json!("s")));
    assert_eq!(text["contentId"], events[1]["event"]["contentStart"]["contentId"]);
    assert_ne!(text["contentId"], events[5]["event"]["audioOutput"]["contentId"]);
    let usage = &events[7]["event"]["usageEvent"];
    assert_eq!(usage["details"]["delta"]["input"], json!({"speechTokens": 0, "textTokens": 5}));
    assert_eq!(usage["details"]["delta"]["output"], json!({"speechTokens": 8, "textTokens": 5}));
    assert_eq!(usage["totalTokens"], 18);
}

#[test]
fn audio_is_echoed_while_it_arrives() {
    let mut session = session();
    receive(&mut session, "contentStart", content("a", "AUDIO", "USER")).unwrap();
    let first = receive(&mut session, "audioInput", input("a", "AAAA")).unwrap();
    assert_eq!(names(&first), ["completionStart", "contentStart", "audioOutput"]);
    let second = receive(&mut session, "audioInput", input("a", "AQID")).unwrap();
    assert_eq!(second[0]["event"]["audioOutput"]["content"], "AQID");
    let last = receive(&mut session, "contentEnd", end("a")).unwrap();
    let expected = ["contentEnd", "contentStart", "textOutput", "contentEnd", "usageEvent", "completionEnd"];
    assert_eq!(names(&last), expected);
    assert_eq!(last[2]["event"]["textOutput"]["content"], "You sent 6 bytes of audio.");
    assert_eq!(
        last[5]["event"]["completionEnd"]["completionId"],
        first[0]["event"]["completionStart"]["completionId"]
    );
}

#[test]
fn a_session_ends() {
    let mut session = session();
    receive(&mut session, "promptEnd", json!({"promptName": "p"})).unwrap();
    assert!(!session.is_ended());
    receive(&mut session, "sessionEnd", json!({})).unwrap();
    assert!(session.is_ended());
    assert_eq!(receive(&mut session, "sessionEnd", json!({})).unwrap_err(), "sessionEnd follows sessionEnd");
}

#[test]
fn events_out_of_order_are_errors() {
    let check = |session: &mut Session, name: &str, members: Value, expected: &str| {
        let error = receive(session, name, members).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    let first = "the first event is promptStart: it must be sessionStart";
    check(&mut Session::new("s"), "promptStart", json!({"promptName": "p"}), first);
    let mut session = session();
    check(&mut session, "sessionStart", json!({}), "already started");
    check(&mut session, "promptStart", json!({"promptName": "q"}), "the prompt \"p\" has not ended");
    check(&mut session, "promptEnd", json!({"promptName": "q"}), "the prompt is \"p\", and not \"q\"");
    check(&mut session, "textInput", input("c", "a"), "the content \"c\" has not started");
    check(&mut session, "contentEnd", end("c"), "the content \"c\" has not started");
    receive(&mut session, "contentStart", content("c", "TEXT", "USER")).unwrap();
    check(&mut session, "contentStart", content("c", "TEXT", "USER"), "has already started");
    check(&mut session, "audioInput", input("c", "AAAA"), "has another type");
    check(&mut session, "promptEnd", json!({"promptName": "p"}), "the content \"c\" has not ended");
    check(&mut session, "audioInput", input("c", "?"), "audioInput: Invalid");
    check(&mut session, "noSuchEvent", json!({}), "cannot parse the event: unknown variant `noSuchEvent`");
    check(&mut session, "contentStart", json!({"promptName": "p"}), "missing field `contentName`");
    assert!(session.receive(b"{").unwrap_err().starts_with("cannot parse the event: EOF"));
}
