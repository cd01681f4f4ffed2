//! The server, as long as it is needed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::cores::{self, Core};
use crate::programs::program;

/// A running server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts the server on a free port.
    pub(crate) fn start() -> Result<Self> {
        let mut command = Command::new(program("bench-server"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = cores::on(Core::Server, || command.spawn())??;
        let mut url = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut url)?;
        }
        let server = Self { child, url: url.trim().to_owned() };
        if server.url.is_empty() {
            Err("the server ended before it said where it is".into())
        } else {
            Ok(server)
        }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the clients have then shown.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
