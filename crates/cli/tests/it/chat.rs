//! Tests of `invoke-model chat`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::scripted_server::{ScriptedServer, events, response};
use super::{ENVIRONMENT, check_failure, program, run, text};

fn chat(server: &ScriptedServer, arguments: &[&str], input: &str) -> Output {
    let chat = ["chat", "-m", "us.amazon.nova-lite-v1:0", "--endpoint-url", &server.url];
    run(&[&chat[..], arguments].concat(), Some(input), &ENVIRONMENT)
}

/// Returns a response stream with two text deltas, `one` and `two`.
fn stream(one: &str, two: &str, stop_reason: &str) -> Vec<u8> {
    let delta =
        |text: &str| json!({ "contentBlockIndex": 0, "delta": { "text": text }, "p": "ab" }).to_string();
    let stop = json!({ "stopReason": stop_reason }).to_string();
    events(&[
        ("messageStart", r#"{"role":"assistant"}"#),
        ("contentBlockDelta", &delta(one)),
        ("contentBlockDelta", &delta(two)),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        ("messageStop", &stop),
        (
            "metadata",
            r#"{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5},"metrics":{"latencyMs":7}}"#,
        ),
    ])
}

fn user(text: &str) -> Value {
    json!({ "role": "user", "content": [{ "text": text }] })
}

fn assistant(text: &str) -> Value {
    json!({ "role": "assistant", "content": [{ "text": text }] })
}

#[test]
fn prints_the_streamed_text_and_the_usage() {
    let server = ScriptedServer::start(vec![stream("Sat", "urn", "end_turn")]);
    let more = ["--system", "Be brief.", "--max-tokens", "9", "--temperature", "0.5", "-v"];
    let output = chat(&server, &[&["Which planet?"], &more[..]].concat(), "context\n");
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "Saturn\n"));
    assert_eq!(
        text(&output.stderr),
        "us.amazon.nova-lite-v1:0, 3 input tokens, 2 output tokens, 7 ms, end_turn, request id r-1\n"
    );
    let request = server.requests().remove(0);
    assert_eq!(request.target, "POST /model/us.amazon.nova-lite-v1%3A0/converse-stream");
    let expected = json!({
        "system": [{ "text": "Be brief." }],
        "inferenceConfig": { "maxTokens": 9, "temperature": 0.5 },
        "messages": [user("Which planet?\n\ncontext")],
    });
    assert_eq!(request.body, expected);
}

#[test]
fn no_stream_calls_converse() {
    let body = json!({
        "output": { "message": { "role": "assistant", "content": [{ "text": "one " }, { "text": "two" }] } },
        "stopReason": "max_tokens",
        "usage": { "inputTokens": 3, "outputTokens": 2, "totalTokens": 5 },
        "metrics": { "latencyMs": 7 },
    });
    let body = response("200 OK\r\ncontent-type: application/json", body.to_string().as_bytes());
    let server = ScriptedServer::start(vec![body]);
    let output = chat(&server, &["--no-stream", "--prompt", "hi"], "");
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "one two\n"));
    let note = "note: the response is incomplete, because it reached the limit of --max-tokens\n";
    assert_eq!(text(&output.stderr), note);
    assert_eq!(server.requests()[0].target, "POST /model/us.amazon.nova-lite-v1%3A0/converse");
}

#[test]
fn conversation_keeps_its_messages() {
    let error = response("429 Too Many\r\nx-amzn-errortype: ThrottlingException", br#"{"message":"slow"}"#);
    let server = ScriptedServer::start(vec![
        stream("o", "ne", "end_turn"),
        error,
        stream("t", "wo", "end_turn"),
        stream("th", "ree", "end_turn"),
    ]);
    let input = "first\n\nfails\n/no\nsecond\n/clear\nthird\n/exit\nnot asked\n";
    let output = chat(&server, &["--interactive"], input);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "one\ntwo\nthree\n"));
    let notes = text(&output.stderr);
    let lines: Vec<&str> = notes.lines().collect();
    assert_eq!(lines.len(), 2, "{notes}");
    assert!(
        lines[0].starts_with("error: ConverseStream: request failed: ThrottlingException: slow"),
        "{notes}"
    );
    assert!(lines[1].starts_with("note: `/no` is not a command: "), "{notes}");
    let requests = server.requests();
    let messages = |index: usize| requests[index].body["messages"].clone();
    assert_eq!(messages(0), json!([user("first")]));
    assert_eq!(messages(1), json!([user("first"), assistant("one"), user("fails")]));
    assert_eq!(messages(2), json!([user("first"), assistant("one"), user("second")]));
    assert_eq!(messages(3), json!([user("third")]));
}

#[cfg(unix)]
#[test]
fn interrupt_stops_a_response_but_not_the_conversation() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut command = Command::new(program());
    command.args(["chat", "-i", "-m", "amazon.nova-lite-v1:0", "--endpoint-url", &url]);
    command.env_clear().envs(ENVIRONMENT);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"hi\n").unwrap();
    // The server accepts the request, but does not respond.
    let (socket, _) = listener.accept().unwrap();
    super::kill(&child, rustix::process::Signal::INT);
    let mut error = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut error).unwrap();
    assert_eq!(error, "error: interrupted after 0 events: the response is incomplete\n");
    drop(socket);
    input.write_all(b"/exit\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn images_and_documents_precede_the_question() {
    let folder = tempfile::tempdir().unwrap();
    let (image, document) = (folder.path().join("a.JPG"), folder.path().join("my_notes.md"));
    std::fs::write(&image, [0xff, 0xd8]).unwrap();
    std::fs::write(&document, "# hi").unwrap();
    let server = ScriptedServer::start(vec![stream("a", "b", "end_turn")]);
    let files = ["--image", image.to_str().unwrap(), "--document", document.to_str().unwrap()];
    let output = chat(&server, &[&files[..], &["what?"]].concat(), "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let expected = json!([
        { "image": { "format": "jpeg", "source": { "bytes": "/9g=" } } },
        { "document": { "format": "md", "name": "my notes 1", "source": { "bytes": "IyBoaQ==" } } },
        { "text": "what?" },
    ]);
    assert_eq!(server.requests()[0].body["messages"][0]["content"], expected);
}

#[test]
fn incomplete_stream_is_a_failure_after_its_text() {
    let complete = stream("Sat", "urn", "end_turn");
    let truncated = complete[..complete.len() - 150].to_vec();
    let server = ScriptedServer::start(vec![truncated]);
    let output = chat(&server, &["hi"], "");
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(6), "Saturn\n"), "{error}");
    assert!(error.starts_with("error: ConverseStream: response stream truncated after "), "{error}");
}

#[test]
fn dry_run_prints_the_request() {
    let arguments = ["chat", "--dry-run", "-m", "us.amazon.nova-lite-v1:0", "it's"];
    let output = run(&arguments, None, &ENVIRONMENT);
    let shown = text(&output.stdout);
    assert!(
        shown.contains(r#"--data-raw '{"messages":[{"role":"user","content":[{"text":"it'\''s"}]}]}'"#),
        "{shown}"
    );
    assert!(shown.ends_with("/model/us.amazon.nova-lite-v1%3A0/converse-stream'\n"), "{shown}");
}

#[test]
fn missing_input_is_an_error() {
    let check = |arguments: &[&str], words: &str| {
        check_failure(&run(&[&["chat", "--local"], arguments].concat(), Some("\n"), &[]), 3, words);
    };
    check(&["-m", "m.n"], "no question: pass it as an argument, with --prompt, or on standard input");
    check(&["hi"], "no model: set --model-id, or `model` in INVOKE_MODEL_CONFIG");
    check(&["-m", "m.n", "hi", "--image", "a.bmp"], "--image: a.bmp has no supported extension: use png, ");
    check(&["-m", "m.n", "hi", "--system", "@/no/such"], "--system: cannot read /no/such: ");
}
