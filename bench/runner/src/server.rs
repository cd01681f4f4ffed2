//! The server, as long as it is needed.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::cores::{self, Core};
use crate::programs::program;

/// How long a small answer takes, in milliseconds. Where calls are counted, no answer may be there before the client has
/// looked for it once: it is not in life, and whether it is would be chance.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pause {
    /// None: where calls are timed.
    None = 0,
    /// For a client in Valgrind.
    Valgrind = 5,
    /// For a client that is stepped.
    Stepping = 100,
}

/// How the last line of a certificate begins:
/// <https://www.rfc-editor.org/rfc/rfc7468#section-2>
const PEM_END: &str = "-----END ";

/// A running server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    url: String,
    tls_url: String,
    certificate: String,
}

/// One for each way to measure.
#[derive(Debug)]
pub(crate) struct Servers {
    /// Where calls are timed.
    pub(crate) timing: Server,
    /// Where Valgrind counts.
    pub(crate) valgrind: Server,
    /// Where each instruction is a step.
    pub(crate) stepping: Server,
}

impl Servers {
    /// Starts all of them.
    pub(crate) fn start() -> Result<Self> {
        let [timing, valgrind, stepping] = [Pause::None, Pause::Valgrind, Pause::Stepping].map(Server::start);
        Ok(Self { timing: timing?, valgrind: valgrind?, stepping: stepping? })
    }
}

impl Server {
    /// Starts the server on a free port.
    pub(crate) fn start(pause: Pause) -> Result<Self> {
        let mut command = Command::new(program("bench-server"));
        command.arg((pause as u64).to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = cores::on(Core::Server, || command.spawn())??;
        let Some(output) = child.stdout.take() else { return Err("no pipe from the server".into()) };
        let mut lines = BufReader::new(output).lines();
        let mut line = || {
            lines.next().ok_or("the server ended before it said where it is")?.map_err(Box::<dyn Error>::from)
        };
        let (url, tls_url, mut certificate) = (line()?, line()?, String::new());
        while !certificate.contains(PEM_END) {
            certificate.push_str(&line()?);
            certificate.push('\n');
        }
        Ok(Self { child, url, tls_url, certificate })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it is over TLS.
    pub(crate) fn tls_url(&self) -> &str {
        &self.tls_url
    }

    /// What to trust there, in PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the clients have then shown.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
