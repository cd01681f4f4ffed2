//! Tests of `invoke --stream`: the printed text, the response parts that `--raw` prints, and the exit codes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread::{JoinHandle, spawn};

use invoke_model_families::ModelResponse;

use super::scripted_server::frame;
use super::{base64, check_failure, program, run, text};

const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";

/// A request body for one text model of each schema of docs/models.md, except of the gpt-oss models, whose
/// text contains their reasoning.
const BODIES: [(&str, &str); 13] = [
    (
        CLAUDE,
        r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":64,"messages":[{"role":"user","content":"hi there"}]}"#,
    ),
    ("amazon.nova-lite-v1:0", r#"{"messages":[{"role":"user","content":[{"text":"hi there"}]}]}"#),
    ("amazon.titan-text-express-v1", r#"{"inputText":"hi there"}"#),
    ("meta.llama3-8b-instruct-v1:0", r#"{"prompt":"hi there"}"#),
    ("mistral.mistral-7b-instruct-v0:2", r#"{"prompt":"hi there"}"#),
    ("mistral.mistral-large-2407-v1:0", r#"{"messages":[{"role":"user","content":"hi there"}]}"#),
    ("cohere.command-r-v1:0", r#"{"message":"hi there"}"#),
    ("anthropic.claude-v2:1", r#"{"prompt":"\n\nHuman: hi there\n\nAssistant:","max_tokens_to_sample":64}"#),
    ("deepseek.r1-v1:0", r#"{"prompt":"hi there"}"#),
    ("deepseek.v3-v1:0", r#"{"messages":[{"role":"user","content":"hi there"}]}"#),
    ("ai21.jamba-1-5-mini-v1:0", r#"{"messages":[{"role":"user","content":"hi there"}]}"#),
    ("qwen.qwen3-32b-v1:0", r#"{"messages":[{"role":"user","content":"hi there"}]}"#),
    ("writer.palmyra-x5-v1:0", r#"{"messages":[{"role":"user","content":"hi there"}]}"#),
];

fn local(model: &str, body: &str, more: &[&str]) -> Output {
    let arguments = ["invoke", "--local", "--stream", "--model-id", model, "--body", body];
    run(&[&arguments, more].concat(), None, &[])
}

#[test]
fn prints_the_text_of_every_family() {
    for (model, body) in BODIES {
        let output = local(model, body, &[]);
        assert_eq!(text(&output.stdout), "You said: hi there\n", "{model}: {}", text(&output.stderr));
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{model}");
    }
}

/// The text is the same in a response that is not streamed.
#[test]
fn whole_response_of_every_family_has_the_text() {
    for (model, body) in BODIES {
        let output = run(&["invoke", "--local", "--model-id", model, "--body", body], None, &[]);
        let response = ModelResponse::parse(&output.stdout).unwrap();
        assert_eq!(response.text(), "You said: hi there", "{model}: {}", text(&output.stdout));
    }
}

#[test]
fn reasoning_of_gpt_oss_is_part_of_the_text() {
    let output =
        local("openai.gpt-oss-20b-1:0", r#"{"messages":[{"role":"user","content":"hi there"}]}"#, &[]);
    let shown = text(&output.stdout);
    assert!(
        shown.starts_with("<reasoning>") && shown.ends_with("</reasoning>You said: hi there\n"),
        "{shown}"
    );
}

#[test]
fn raw_prints_one_part_per_line() {
    for (model, body) in BODIES {
        let output = local(model, body, &["--raw"]);
        let lines = text(&output.stdout);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{model}");
        assert!(lines.lines().count() > 2, "{lines}");
        for line in lines.lines() {
            let part: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(part.is_object(), "{line}");
        }
        assert!(lines.lines().last().unwrap().contains("amazon-bedrock-invocationMetrics"), "{lines}");
    }
}

#[test]
fn dry_run_shows_the_streaming_operation_and_its_headers() {
    let output = local(CLAUDE, "{}", &["--dry-run", "--accept", "application/json"]);
    let shown = text(&output.stdout);
    assert!(shown.contains("%3A0/invoke-with-response-stream HTTP/1.1\n"), "{shown}");
    assert!(shown.contains("\n# x-amzn-bedrock-accept: application/json\n"), "{shown}");
}

#[test]
fn error_before_the_stream_has_its_exit_code() {
    let check = |error: &str, code, words| {
        check_failure(&local("local.error-v1", &format!("{{\"error\":\"{error}\"}}"), &[]), code, words);
    };
    check("ThrottlingException", 4, "failed: ThrottlingException");
    check("ServiceUnavailableException", 5, "failed: ServiceUnavailableException");
    check_failure(&local("amazon.titan-embed-text-v2:0", "{}", &[]), 4, "ValidationException");
}

/// Returns an event frame. Its payload is a response part in the Llama format with the text `hi`.
fn part() -> Vec<u8> {
    chunk(r#"{"generation":"hi"}"#)
}

/// Returns an event frame with this part.
fn chunk(part: impl AsRef<[u8]>) -> Vec<u8> {
    let headers = [(":message-type", "event"), (":event-type", "chunk")];
    frame(&headers, &format!(r#"{{"bytes":"{}"}}"#, base64(part)))
}

/// Starts a server that reads one request. The server sends the response head of a stream, sends `frames`,
/// and calls `then` with the socket. Returns the thread of the server, and a command that calls the server.
fn serve(frames: Vec<Vec<u8>>, then: impl FnOnce(TcpStream) + Send + 'static) -> (JoinHandle<()>, Command) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n{}") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        socket.write_all(b"HTTP/1.1 200 OK\r\nx-amzn-bedrock-content-type: application/json\r\n").unwrap();
        socket.write_all(b"transfer-encoding: chunked\r\n\r\n").unwrap();
        for frame in frames {
            socket.write_all(format!("{:x}\r\n", frame.len()).as_bytes()).unwrap();
            socket.write_all(&frame).unwrap();
            socket.write_all(b"\r\n").unwrap();
        }
        then(socket);
    });
    let mut command = Command::new(program());
    command.args(["invoke", "--stream", "--model-id", CLAUDE, "--body", "{}", "--endpoint-url", &url]);
    command.env_clear().env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    (server, command)
}

fn end(mut socket: TcpStream) {
    socket.write_all(b"0\r\n\r\n").unwrap();
}

fn served(
    frames: Vec<Vec<u8>>,
    then: impl FnOnce(TcpStream) + Send + 'static,
) -> (String, Option<i32>, String) {
    let (server, mut command) = serve(frames, then);
    let output = command.output().unwrap();
    server.join().unwrap();
    (text(&output.stdout), output.status.code(), text(&output.stderr))
}

#[test]
fn truncated_stream_is_a_failure() {
    let (shown, code, error) = served(vec![part()], drop);
    assert_eq!((shown.as_str(), code), ("hi\n", Some(6)), "{error}");
    assert!(error.contains("response stream truncated after 1 event ("), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");

    let half = part()[..40].to_vec();
    let (shown, code, error) = served(vec![part(), half], end);
    assert_eq!((shown.as_str(), code), ("hi\n", Some(6)), "{error}");
    assert!(error.contains("the last frame is incomplete, 40 bytes of it were received"), "{error}");
}

#[test]
fn part_that_is_almost_json_is_printed() {
    let deep = format!(r#"{{"generation":"a","x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let parts: [(&[u8], &str); 5] = [
        (br#"{"generation":"a\ud83d"}"#, "hia\u{fffd}hi\n"),
        (br#"{"generation":"a","x":NaN}"#, "hiahi\n"),
        (br#"{"generation":"a","x":1e999}"#, "hiahi\n"),
        (b"{\"generation\":\"caf\xe9\"}", "hicaf\u{fffd}hi\n"),
        (deep.as_bytes(), "hiahi\n"),
    ];
    for (part, expected) in parts {
        let (shown, code, notes) = served(vec![self::part(), chunk(part), self::part()], end);
        assert_eq!((shown.as_str(), code), (expected, Some(0)), "{notes}");
        assert!(notes.starts_with("note: 1 of 3 parts are not valid JSON: U+FFFD replaces "), "{notes}");
    }
}

#[test]
fn part_that_is_not_json_is_a_failure_after_the_text() {
    for (text, printed) in [("paid \u{1b}text", "paid  text"), ("word", "word")] {
        let (shown, code, error) = served(vec![part(), chunk(text), part()], end);
        assert_eq!((shown.as_str(), code), ("hihi\n", Some(6)), "{error}");
        assert!(error.starts_with(&format!("note: this part is not JSON: {printed}\n")), "{error}");
        let last = "error: 1 of 3 parts of the response are not JSON, so the printed text is incomplete\n";
        assert!(error.ends_with(last), "{error}");
    }
}

#[test]
fn part_without_bytes_is_no_failure() {
    let empty = frame(&[(":message-type", "event"), (":event-type", "chunk")], "{}");
    for part_without_bytes in [chunk(""), empty] {
        let (shown, code, notes) = served(vec![part(), part_without_bytes, part()], end);
        assert_eq!((shown.as_str(), code), ("hihi\n", Some(0)), "{notes}");
        assert!(!notes.contains("JSON"), "{notes}");
    }
}

#[test]
fn error_in_a_stream_has_the_exit_code_of_its_status() {
    let exception = |name: &str| {
        let headers = [(":message-type", "exception"), (":exception-type", name)];
        frame(&headers, r#"{"message":"why"}"#)
    };
    for (name, expected) in [("throttlingException", 4), ("internalServerException", 5), ("newException", 5)]
    {
        let (shown, code, error) = served(vec![part(), exception(name)], end);
        assert_eq!((shown.as_str(), code), ("hi\n", Some(expected)), "{error}");
        assert!(error.contains("error in the response stream: "), "{error}");
    }
}

#[test]
fn unusual_complete_stream_prints_notes() {
    let unknown = frame(&[(":message-type", "event"), (":event-type", "news")], "{}");
    let (shown, code, notes) = served(vec![unknown], end);
    assert_eq!((shown.as_str(), code), ("", Some(0)), "{notes}");
    assert!(
        notes.contains("note: skipped 1 event(s) of a type that this version does not support"),
        "{notes}"
    );
    assert!(
        notes.contains("note: the stream is complete, but its last part has no `amazon-bedrock"),
        "{notes}"
    );
}

#[cfg(unix)]
#[test]
fn interrupt_closes_the_request() {
    let (server, mut command) = serve(vec![part()], |mut socket| {
        let mut rest = Vec::new();
        assert_eq!(socket.read_to_end(&mut rest).unwrap(), 0, "the client closes the connection");
    });
    let mut child = command.spawn().unwrap();
    let mut shown = [0; 2];
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_exact(&mut shown).unwrap();
    assert_eq!(&shown, b"hi", "the text is printed before the stream ends");
    super::kill(&child, rustix::process::Signal::INT);
    let mut rest = String::new();
    out.read_line(&mut rest).unwrap();
    assert_eq!(rest, "\n");
    server.join().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(text(&output.stderr).starts_with("error: interrupted after 1 event ("));
}
