//! Tests of the text that reaches a terminal.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;

use super::scripted_server::{ScriptedServer, events, frame, response};
use super::{ENVIRONMENT, base64, program, text};

/// Text of a model that sets the clipboard, clears the screen, overwrites its line and reverses its
/// characters.
const TEXT: &str = "a\u{1b}]52;c;YQ==\u{7}\u{1b}[2J\rb\u{202e}c\u{9b}d é\n";
/// The same text on a terminal. The terminal itself adds the carriage return at the end.
const SHOWN: &str = "a\u{fffd}]52;c;YQ==\u{fffd}\u{fffd}[2J\u{fffd}b\u{fffd}c\u{fffd}d é\r\n";

/// Runs the command with a terminal as standard output and standard error. Returns the output.
fn on_terminal(arguments: &[&str]) -> String {
    let mut terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).map(File::from).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let path = ptsname(&terminal, Vec::new()).unwrap();
    let side = OpenOptions::new().read(true).write(true).open(path.to_str().unwrap()).unwrap();
    let mut command = Command::new(program());
    command.args(arguments).env_clear().envs(ENVIRONMENT).stdin(Stdio::null());
    let mut child = command.stdout(side.try_clone().unwrap()).stderr(side).spawn().unwrap();
    // The command keeps copies of the terminal, and a read would wait for its end.
    drop(command);
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    // Linux reports an error instead of the end of the file when the child closes the terminal.
    while let Ok(length @ 1..) = terminal.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..length]);
    }
    child.wait().unwrap();
    text(&shown)
}

/// Runs the command with pipes. Returns the standard output.
fn piped(arguments: &[&str]) -> String {
    text(&super::run(arguments, None, &ENVIRONMENT).stdout)
}

/// Runs the command on a terminal and with pipes, each with one response of a server.
fn check(arguments: &[&str], response: &[u8], on_a_terminal: &str, in_a_pipe: &str) {
    let run = |run: &dyn Fn(&[&str]) -> String| {
        let server = ScriptedServer::start(vec![response.to_vec()]);
        let shown = run(&[arguments, &["--endpoint-url", &server.url]].concat());
        server.requests();
        shown
    };
    assert_eq!(run(&on_terminal), on_a_terminal, "{arguments:?}");
    assert_eq!(run(&piped), in_a_pipe, "{arguments:?}");
}

fn json_response(body: &str) -> Vec<u8> {
    response("200 OK\r\ncontent-type: application/json", body.as_bytes())
}

#[test]
fn text_of_a_stream_is_printable() {
    let part = json!({ "generation": TEXT, "amazon-bedrock-invocationMetrics": {} }).to_string();
    let chunk = json!({ "bytes": base64(&part) }).to_string();
    let chunk = frame(&[(":message-type", "event"), (":event-type", "chunk")], &chunk);
    let stream = response("200 OK\r\nx-amzn-bedrock-content-type: application/json", &chunk);
    let arguments = ["invoke", "--stream", "-m", "meta.llama3-8b-instruct-v1:0", "--body", "{}"];
    check(&arguments, &stream, SHOWN, TEXT);
}

#[test]
fn body_of_a_response_is_printable() {
    let arguments = ["invoke", "-m", "a.b", "--body", "{}"];
    check(&arguments, &json_response(TEXT), SHOWN, TEXT);
    // The file is the terminal.
    let server = ScriptedServer::start(vec![json_response(TEXT)]);
    let shown = on_terminal(&[&arguments[..], &["--endpoint-url", &server.url, "/dev/stdout"]].concat());
    server.requests();
    assert_eq!(shown, format!("{SHOWN}{{\r\n  \"contentType\": \"application/json\"\r\n}}\r\n"));
}

#[test]
fn text_of_a_chat_is_printable() {
    let delta = json!({ "contentBlockIndex": 0, "delta": { "text": TEXT } }).to_string();
    let stream = events(&[
        ("messageStart", r#"{"role":"assistant"}"#),
        ("contentBlockDelta", &delta),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
    ]);
    check(&["chat", "-m", "a.b", "hi"], &stream, SHOWN, TEXT);
    let output = json!({
        "output": { "message": { "role": "assistant", "content": [{ "text": TEXT }] } },
        "stopReason": "end_turn",
        "usage": { "inputTokens": 3, "outputTokens": 2, "totalTokens": 5 },
        "metrics": { "latencyMs": 7 },
    });
    check(&["chat", "--no-stream", "-m", "a.b", "hi"], &json_response(&output.to_string()), SHOWN, TEXT);
}

#[test]
fn json_is_printable() {
    let output = r#"{"inputTokens":1,"x":"y"}"#;
    let call = ["call", "CountTokens", "-m", "a.b", "--input", r#"{"input":{"invokeModel":{"body":""}}}"#];
    check(&call, &json_response(output), "{\r\n  \"inputTokens\": 1\r\n}\r\n", "{\"inputTokens\":1}\n");
    let guardrail = json!({ "action": "a\u{9b}b\u{202e}c", "outputs": [], "assessments": [], "usage": {} });
    let input = r#"{"guardrailIdentifier":"a","guardrailVersion":"1","source":"INPUT","content":[]}"#;
    let server = ScriptedServer::start(vec![json_response(&guardrail.to_string())]);
    let shown = on_terminal(&["call", "ApplyGuardrail", "--input", input, "--endpoint-url", &server.url]);
    server.requests();
    assert!(shown.contains("\"action\": \"a\u{fffd}b\u{fffd}c\""), "{shown}");
    let embed = ["embed", "-m", "amazon.titan-embed-text-v2:0", "a\u{9b}b\u{202e}"];
    let vector = json_response(r#"{"embedding":[1]}"#);
    check(
        &embed,
        &vector,
        "{\"text\":\"a\u{fffd}b\u{fffd}\",\"embedding\":[1]}\r\n",
        "{\"text\":\"a\u{9b}b\u{202e}\",\"embedding\":[1]}\n",
    );
}

#[test]
fn error_of_the_service_is_printable() {
    let body = json!({ "message": "no\u{1b}]0;title\u{7}\u{202e}\u{9b}31m" }).to_string();
    let response = response("400 Bad\r\nx-amzn-errortype: ValidationException", body.as_bytes());
    let server = ScriptedServer::start(vec![response]);
    let shown = on_terminal(&["invoke", "-m", "a.b", "--body", "{}", "--endpoint-url", &server.url]);
    server.requests();
    assert!(shown.starts_with("error: InvokeModel: request failed: ValidationException: no"), "{shown}");
    let is_unsafe = |c: char| (c.is_control() && !matches!(c, '\r' | '\n')) || c == '\u{202e}';
    assert!(!shown.contains(is_unsafe), "{shown:?}");
}
