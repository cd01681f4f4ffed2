//! The process of a Redis or Valkey server.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::cores::{self, Core};

const PROGRAMS: [&str; 2] = ["valkey-server", "redis-server"];

/// A running server without persistence. Dropping this value stops the server.
#[derive(Debug)]
pub(crate) struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    /// Starts the server on a free port.
    pub(crate) fn start() -> Result<Self> {
        let is_installed = |program: &&str| {
            Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        let Some(program) = PROGRAMS.into_iter().find(is_installed) else {
            return Err(format!("install one of {PROGRAMS:?}").into());
        };
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(program);
        command.args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = cores::on(Core::Server, || command.spawn())??;
        let lines = child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
        let server = Self { child, port };
        for line in lines {
            if line?.contains("Ready to accept connections") {
                return Ok(server);
            }
        }
        Err(format!("{program} ended before it was ready").into())
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Errors are ignored, because the process may already have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
