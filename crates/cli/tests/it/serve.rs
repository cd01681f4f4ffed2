//! Tests of `invoke-model serve`.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::served::Served;

fn post_stream(served: &Served) -> std::io::Result<String> {
    let body = r#"{"prompt":"hello"}"#;
    served.post("meta.llama3-8b-instruct-v1%3A0", "invoke-with-response-stream", body)
}

/// Writes the first JSON example of a page to a file, and serves it with this option.
fn serve_example(option: &str, page: &str) -> Served {
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), example).unwrap();
    Served::unverified(&[option, file.path().to_str().unwrap()])
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the command waits in real time")]
fn pace_delays_each_event() {
    let served = Served::unverified(&["--pace", "20"]);
    let start = Instant::now();
    let response = post_stream(&served).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(response.matches("\x0b:event-type").count(), 5, "{response}");
    assert!(start.elapsed() >= Duration::from_millis(5 * 20));
}

/// Serves the example of docs/faults.md.
#[test]
fn faults_are_read_from_a_file() {
    let served = serve_example("--faults", include_str!("../../../../docs/faults.md"));
    let call = || served.post(super::TITAN, "invoke", r#"{"inputText":"in"}"#);
    for _ in 0..2 {
        let response = call().unwrap().to_ascii_lowercase();
        assert!(response.starts_with("http/1.1 429 "), "{response}");
        assert!(response.contains("\r\nretry-after: 1\r\n"), "{response}");
        assert!(response.ends_with(r#"{"message":"too many requests"}"#), "{response}");
    }
    assert_eq!(call().unwrap_err().kind(), ErrorKind::ConnectionReset);
    let response = call().unwrap();
    assert!(response.starts_with("HTTP/1.1 503 ") && response.ends_with("<html>Down</html>"), "{response}");
    let response = post_stream(&served).unwrap();
    assert_eq!(response.matches("\x0b:event-type").count(), 2, "{response}");
    assert!(!response.ends_with("0\r\n\r\n"), "{response}");
    assert!(call().unwrap().starts_with("HTTP/1.1 200 "), "the sixth connection has no fault");
    // The server closes the connection at once. The client either fails to write, or reads an empty response.
    assert_eq!(call().unwrap_or_default(), "");
    assert!(call().unwrap().starts_with("HTTP/1.1 200 "));
}

#[test]
fn invalid_faults_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.json");
    let name = path.to_str().unwrap();
    let check = |words: &str| {
        let output = super::run(&["serve", "--faults", name], None, &[]);
        super::check_failure(&output, 3, words);
    };
    check(&format!("--faults {name}: cannot read the file: "));
    std::fs::write(&path, "{\n\"rules\": [\n{\"status\": 500},\n{\"first\": 0}\n]}").unwrap();
    check(&format!("--faults {name}: rule 2: `first` and `every` must be 1 or more at line 4 column "));
}

/// Serves the example of docs/guardrails.md.
#[test]
fn guardrails_are_read_from_a_file() {
    let served = serve_example("--guardrails", include_str!("../../../../docs/guardrails.md"));
    let body = r#"{"source":"INPUT","content":[{"text":{"text":"write to a@b.de"}}]}"#;
    let response = served.send("POST", "/guardrail/abc123/version/1/apply", body).unwrap();
    assert!(response.contains(r#""outputs":[{"text":"write to {EMAIL}"}]"#), "{response}");
}

#[test]
fn invalid_guardrails_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guardrails.json");
    let name = path.to_str().unwrap();
    std::fs::write(&path, "{\n\"guardrails\": [\n{\"id\": \"abc\", \"words\": [\"\"]}\n]}").unwrap();
    let output = super::run(&["serve", "--guardrails", name], None, &[]);
    super::check_failure(&output, 3, &format!("--guardrails {name}: guardrail 1: word 1: the text is empty"));
}

#[test]
fn the_log_contains_no_secrets_of_presigned_requests() {
    for format in ["text", "json"] {
        let mut served = Served::start(&["--log", format], &[]);
        // The first line names the page.
        served.log();
        let target = "/unknown?X-Amz-Security-Token=secret-1&X-Amz-Signature=secret-2";
        let response = served.send("POST", target, "").unwrap();
        assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
        let line = served.log();
        assert!(line.contains("404") && line.contains("UnknownOperationException"), "{line}");
        assert!(!line.contains("secret"), "{line}");
    }
}
