//! Runs the process `invoke-model serve`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::Failure;

/// Environment variables that the server prints to configure a client.
const SETTINGS: [&str; 5] = [
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
];

/// Name and value of the environment variable that passes a bearer token to the scripts. The server accepts
/// requests with this token, and also signed requests.
const BEARER_TOKEN: (&str, &str) = ("PEERS_BEARER_TOKEN", "the-token-of-the-peers");

/// Time limit for the start of the server.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server. Dropping this value stops the server.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    exports: Vec<(String, String)>,
}

impl Server {
    /// Starts the server on a free port, and waits until it has printed its settings.
    pub(super) fn start(program: &Path) -> Result<Self, Failure> {
        let child = Command::new(program)
            .args(["serve", "--port", "0", "--bearer-token", BEARER_TOKEN.1])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::new(format!("{}: {error}", program.display())))?;
        let (name, token) = BEARER_TOKEN;
        let mut server = Self { child, exports: vec![(name.to_owned(), token.to_owned())] };
        let lines = server.child.stdout.take().map(lines_of);
        while let Some(missing) = SETTINGS.iter().find(|name| !server.has(name)) {
            let line =
                lines.as_ref().and_then(|lines| lines.recv_timeout(START_TIMEOUT).ok()).ok_or_else(|| {
                    Failure::new(format!(
                        "`invoke-model serve` ended or timed out before it printed `export {missing}=..`"
                    ))
                })?;
            server.exports.extend(export(&line));
        }
        Ok(server)
    }

    /// Returns the environment variables that configure a client for this server.
    pub(super) fn exports(&self) -> &[(String, String)] {
        &self.exports
    }

    fn has(&self, name: &str) -> bool {
        self.exports.iter().any(|(set, _)| set == name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ignore errors, because the process may already have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a channel with the lines of the server. A thread reads all lines, so the server never blocks on a
/// full pipe.
fn lines_of(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn export(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
    Some((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::export;

    #[test]
    fn parses_export_lines_only() {
        let check = |line: &str, expected: Option<(&str, &str)>| {
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(export(line), expected, "{line}");
        };
        check("export AWS_REGION=us-east-1", Some(("AWS_REGION", "us-east-1")));
        check("export AWS_SECRET_ACCESS_KEY=a=b/c+", Some(("AWS_SECRET_ACCESS_KEY", "a=b/c+")));
        check("listening on 127.0.0.1", None);
        check("export AWS_REGION", None);
    }
}
