//! Tests of `invoke-model serve`.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// A running `invoke-model serve`, killed on drop.
pub(super) struct Served {
    pub(super) command: Child,
    /// Keeps the pipe open, because the command fails if it cannot print the `export` commands.
    _stdout: BufReader<ChildStdout>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.command.kill();
        let _ = self.command.wait();
    }
}

/// Starts the command with these arguments. Returns the running command and the address that it prints.
pub(super) fn serve(arguments: &[&str]) -> (Served, String) {
    serve_with(&[&["serve", "--no-verify"][..], arguments].concat(), &[])
}

/// Starts the command with these arguments and environment variables.
pub(super) fn serve_with(arguments: &[&str], environment: &[(&str, String)]) -> (Served, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_invoke-model"));
    command.args(arguments).env_clear().envs(environment.iter().cloned());
    command.stderr(Stdio::null());
    start(command)
}

/// Starts a command. Returns the running command and the address that it prints.
fn start(mut command: Command) -> (Served, String) {
    command.stdout(Stdio::piped());
    let mut command = command.spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(command.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let address = line.trim_end().rsplit_once("http://").unwrap().1.to_owned();
    (Served { command, _stdout: stdout }, address)
}

pub(super) fn post(address: &str, model_id: &str, operation: &str, body: &str) -> std::io::Result<String> {
    post_to(address, &format!("/model/{model_id}/{operation}"), body)
}

/// Sends a request, and reads until the server closes the connection. Returns the response as text.
///
/// # Errors
/// Returns an error if the connection is reset.
fn post_to(address: &str, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    Ok(String::from_utf8_lossy(&response).into_owned())
}

fn post_stream(address: &str) -> std::io::Result<String> {
    let body = r#"{"prompt":"hello"}"#;
    post(address, "meta.llama3-8b-instruct-v1%3A0", "invoke-with-response-stream", body)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the command waits in real time")]
fn pace_delays_each_event() {
    let (_served, address) = serve(&["--pace", "20"]);
    let start = Instant::now();
    let response = post_stream(&address).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(response.matches("\x0b:event-type").count(), 5, "{response}");
    assert!(start.elapsed() >= Duration::from_millis(5 * 20));
}

/// Serves the example of docs/faults.md.
#[test]
fn faults_are_read_from_a_file() {
    let page = include_str!("../../../../docs/faults.md");
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.json");
    std::fs::write(&path, example).unwrap();
    let (_served, address) = serve(&["--faults", path.to_str().unwrap()]);

    let call = || post(&address, super::TITAN, "invoke", r#"{"inputText":"in"}"#);
    for _ in 0..2 {
        let response = call().unwrap().to_ascii_lowercase();
        assert!(response.starts_with("http/1.1 429 "), "{response}");
        assert!(response.contains("\r\nretry-after: 1\r\n"), "{response}");
        assert!(response.ends_with(r#"{"message":"too many requests"}"#), "{response}");
    }
    assert_eq!(call().unwrap_err().kind(), ErrorKind::ConnectionReset);
    let response = call().unwrap();
    assert!(response.starts_with("HTTP/1.1 503 ") && response.ends_with("<html>Down</html>"), "{response}");
    let response = post_stream(&address).unwrap();
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
    let page = include_str!("../../../../docs/guardrails.md");
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guardrails.json");
    std::fs::write(&path, example).unwrap();
    let (_served, address) = serve(&["--guardrails", path.to_str().unwrap()]);
    let body = r#"{"source":"INPUT","content":[{"text":{"text":"write to a@b.de"}}]}"#;
    let response = post_to(&address, "/guardrail/abc123/version/1/apply", body).unwrap();
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
        let mut command = Command::new(env!("CARGO_BIN_EXE_invoke-model"));
        command.args(["serve", "--log", format]).env_clear().stderr(Stdio::piped());
        let (mut served, address) = start(command);
        let log = BufReader::new(served.command.stderr.take().unwrap());
        let target = "/unknown?X-Amz-Security-Token=secret-1&X-Amz-Signature=secret-2";
        let response = post_to(&address, target, "").unwrap();
        assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
        let line = log.lines().map(Result::unwrap).find(|line| line.contains("404")).unwrap();
        assert!(line.contains("UnknownOperationException") && !line.contains("secret"), "{line}");
    }
}
