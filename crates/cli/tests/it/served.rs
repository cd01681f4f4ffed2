//! A running `invoke-model serve`, and requests to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};

use super::program;

/// A running `invoke-model serve` with piped output, killed on drop.
pub(crate) struct Served {
    pub(crate) child: Child,
    stderr: BufReader<ChildStderr>,
    /// The lines that set variables.
    pub(crate) exports: Vec<String>,
    pub(crate) unset: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// Starts the command with these arguments after `serve`, and only these environment variables. Reads its
    /// standard output to the end. If the test closed the pipe earlier, the command would fail.
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program());
        command.arg("serve").args(arguments).env_clear().envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut exports = Vec::new();
        let unset = loop {
            let line = lines.next().unwrap();
            match line.strip_prefix("export ") {
                Some(export) => exports.push(export.to_owned()),
                None => break line,
            }
        };
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, exports, unset }
    }

    /// Starts the command with these arguments. The endpoint accepts requests without a signature.
    pub(crate) fn unverified(arguments: &[&str]) -> Self {
        Self::start(&[&["--no-verify"], arguments].concat(), &[])
    }

    /// Returns the names and values of the variables. The values must not need quotes.
    pub(crate) fn variables(&self) -> Vec<(&str, &str)> {
        self.exports.iter().map(|export| export.split_once('=').unwrap()).collect()
    }

    pub(crate) fn variable(&self, name: &str) -> &str {
        let value = self.exports.iter().find_map(|export| export.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_else(|| panic!("{name} is not in {:?}", self.exports))
    }

    pub(crate) fn address(&self) -> &str {
        self.variable("AWS_ENDPOINT_URL_BEDROCK_RUNTIME").rsplit_once('/').unwrap().1
    }

    /// Reads the next line of standard error.
    pub(crate) fn log(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    /// Sends the body to an operation of a model.
    pub(crate) fn post(&self, model_id: &str, operation: &str, body: &str) -> std::io::Result<String> {
        self.send("POST", &format!("/model/{model_id}/{operation}"), body)
    }

    /// Sends a request, and reads until the server closes the connection. Returns the response as text.
    ///
    /// # Errors
    /// Returns an error if the connection is reset.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> std::io::Result<String> {
        let address = self.address();
        let mut stream = TcpStream::connect(address)?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response)?;
        Ok(String::from_utf8_lossy(&response).into_owned())
    }
}
