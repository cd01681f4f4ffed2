//! `invoke-model serve`, called.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ends the command when the test is over.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the pace is one of real time")]
fn serve_streams_at_its_pace() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_invoke-model"));
    command.args(["serve", "--no-verify", "--pace", "20"]).env_clear().stdout(Stdio::piped());
    let mut served = Served(command.spawn().unwrap());
    let mut announced = String::new();
    let mut stdout = BufReader::new(served.0.stdout.take().unwrap());
    stdout.read_line(&mut announced).unwrap();
    let address = announced.trim_end().rsplit_once("http://").unwrap().1;

    let start = Instant::now();
    let mut stream = TcpStream::connect(address).unwrap();
    let body = r#"{"prompt":"hello"}"#;
    let request = format!(
        "POST /model/meta.llama3-8b-instruct-v1%3A0/invoke-with-response-stream HTTP/1.1\r\nhost: {address}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(answer.matches("\x0b:event-type").count(), 5, "{answer}");
    assert!(start.elapsed() >= Duration::from_millis(5 * 20));
}
