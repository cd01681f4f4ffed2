//! `invoke-model serve`, called.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Ends the command when the test is over.
struct Served {
    command: Child,
    /// Open, so that the command can announce all that it has to.
    _stdout: BufReader<ChildStdout>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.command.kill();
        let _ = self.command.wait();
    }
}

/// Serves with these arguments: the command, and the address that it has announced.
fn serve(arguments: &[&str]) -> (Served, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_invoke-model"));
    command.args(["serve", "--no-verify"]).args(arguments).env_clear().stdout(Stdio::piped());
    let mut command = command.spawn().unwrap();
    let mut announced = String::new();
    let mut stdout = BufReader::new(command.stdout.take().unwrap());
    stdout.read_line(&mut announced).unwrap();
    let address = announced.trim_end().rsplit_once("http://").unwrap().1.to_owned();
    (Served { command, _stdout: stdout }, address)
}

/// What comes back until the connection ends, as text; an error where it does not end well.
fn post(address: &str, model_id: &str, operation: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let request = format!(
        "POST /model/{model_id}/{operation} HTTP/1.1\r\nhost: {address}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn post_stream(address: &str) -> std::io::Result<String> {
    let body = r#"{"prompt":"hello"}"#;
    post(address, "meta.llama3-8b-instruct-v1%3A0", "invoke-with-response-stream", body)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the pace is one of real time")]
fn serve_streams_at_its_pace() {
    let (_served, address) = serve(&["--pace", "20"]);
    let start = Instant::now();
    let answer = post_stream(&address).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(answer.matches("\x0b:event-type").count(), 5, "{answer}");
    assert!(start.elapsed() >= Duration::from_millis(5 * 20));
}

/// The example of the documentation, served as it stands there.
#[test]
fn serve_goes_wrong_as_a_file_says() {
    let page = include_str!("../../../../docs/faults.md");
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.json");
    std::fs::write(&path, example).unwrap();
    let (_served, address) = serve(&["--faults", path.to_str().unwrap()]);

    let call = || post(&address, super::TITAN, "invoke", r#"{"inputText":"in"}"#);
    for _ in 0..2 {
        let answer = call().unwrap().to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 429 "), "{answer}");
        assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
        assert!(answer.ends_with(r#"{"message":"too many requests"}"#), "{answer}");
    }
    assert_eq!(call().unwrap_err().kind(), ErrorKind::ConnectionReset);
    let answer = call().unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("<html>Down</html>"), "{answer}");
    let answer = post_stream(&address).unwrap();
    assert_eq!(answer.matches("\x0b:event-type").count(), 2, "{answer}");
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
    assert!(call().unwrap().starts_with("HTTP/1.1 200 "), "the sixth connection is good");
    // A connection that is closed at once may be found closed by who writes or by who reads.
    assert_eq!(call().unwrap_or_default(), "");
    assert!(call().unwrap().starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_file_of_faults_that_is_of_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.json");
    let name = path.to_str().unwrap();
    let check = |words: &str| {
        let output = super::run(&["serve", "--faults", name], None, &[]);
        super::check_failure(&output, 3, words);
    };
    check(&format!("--faults {name}: cannot be read: "));
    std::fs::write(&path, "{\n\"rules\": [\n{\"status\": 500},\n{\"first\": 0}\n]}").unwrap();
    check(&format!("--faults {name}: rule 2: `first` and `every` must be 1 or more at line 4 column "));
}
