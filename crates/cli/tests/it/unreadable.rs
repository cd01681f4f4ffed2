//! Tests of responses that the command cannot read: it prints them, because the service also bills them.

use super::scripted_server::{ScriptedServer, events, response};
use super::{ENVIRONMENT, TITAN, run, text};

/// Runs the command with a server that sends this response. Checks the output, the exit code 6 and the error.
fn check(arguments: &[&str], response: &[u8], expected: &str, words: &str) {
    let server = ScriptedServer::start(vec![response.to_vec()]);
    let output = run(&[arguments, &["--endpoint-url", &server.url]].concat(), None, &ENVIRONMENT);
    server.requests();
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(6), expected), "{error}");
    assert!(error.contains(words), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

fn json_response(body: &str) -> Vec<u8> {
    response("200 OK\r\ncontent-type: application/json", body.as_bytes())
}

#[test]
fn unreadable_output_is_printed() {
    let body = r#"{"output":{"message":{"role":"assistant","content":[{"text":"paid \ud83d"}]}}}"#;
    let (printed, words) = (format!("{body}\n"), "cannot parse the response: ");
    let input = r#"{"modelId":"a.b","messages":[]}"#;
    check(&["call", "Converse", "--input", input], &json_response(body), &printed, words);
    check(&["chat", "--no-stream", "-m", "a.b", "hi"], &json_response(body), &printed, words);
}

/// The end of these responses is unknown, or the client cannot read them as an event stream.
#[test]
fn received_part_is_printed() {
    let invoke = ["invoke", "-m", TITAN, "--body", "{}"];
    let http_1_0 = |body: &str| format!("HTTP/1.0 200 OK\r\n\r\n{body}").into_bytes();
    check(&invoke, &http_1_0("paid text"), "paid text\n", "the received part may be complete");
    check(&invoke, &http_1_0("{\"paid\":"), "{\"paid\":\n", "response truncated after 8 bytes: ");
    let partial = response("206 Partial Content", b"{\"paid\":1}");
    check(&invoke, &partial, "{\"paid\":1}\n", "the status 206 states");
    let stream = [&invoke[..], &["--stream"]].concat();
    check(&stream, &json_response("{\"paid\":1}"), "{\"paid\":1}\n", "`Content-Type`: the text is not");
    check(
        &stream,
        &response("200 OK", b"<html>"),
        "<html>\n",
        "`contentType`: the required value is missing",
    );
}

#[test]
fn unreadable_event_is_printed_after_the_text() {
    let event = |text: &str| format!(r#"{{"contentBlockIndex":0,"delta":{{"text":"{text}"}}}}"#);
    let (good, bad) = (event("good"), event("paid \\ud83d"));
    let stream = events(&[
        ("messageStart", r#"{"role":"assistant"}"#),
        ("contentBlockDelta", &good),
        ("contentBlockDelta", &bad),
    ]);
    let words = "cannot parse an event of the response stream: ";
    check(&["chat", "-m", "a.b", "hi"], &stream, &format!("good\n{bad}\n"), words);
}

#[test]
fn unreadable_embedding_is_printed() {
    let body = r#"{"embedding":[NaN,0.5]}"#;
    let words = "error: text 1: cannot read the embedding in the response: ";
    check(&["embed", "-m", TITAN, "a"], &json_response(body), &format!("{body}\n"), words);
}
