//! The process of the benchmark server.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::cores::{self, Core};
use crate::programs::program;

/// Delay of a small response, in milliseconds.
///
/// Over a real network, a response always arrives after the client first polls for it. On loopback, a
/// response without a delay sometimes arrives before the first poll. Runs that count instructions therefore
/// need a delay.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pause {
    /// No delay, for measurements of time.
    None = 0,
    /// Delay for a client that runs in Valgrind.
    Valgrind = 5,
    /// Delay for a client that is single-stepped.
    Stepping = 100,
}

/// Start of the last line of a PEM certificate: <https://www.rfc-editor.org/rfc/rfc7468#section-2>
const PEM_END: &str = "-----END ";

/// A running server. Dropping this value stops the server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    url: String,
    tls_url: String,
    certificate: String,
}

/// One server for each kind of measurement.
#[derive(Debug)]
pub(crate) struct Servers {
    /// Server for measurements of time.
    pub(crate) timing: Server,
    /// Server for counts by Valgrind.
    pub(crate) valgrind: Server,
    /// Server for single-stepping.
    pub(crate) stepping: Server,
}

impl Servers {
    /// Starts all servers.
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
        let Some(output) = child.stdout.take() else {
            return Err("the standard output of the server is not a pipe".into());
        };
        let mut lines = BufReader::new(output).lines();
        let mut line = || {
            lines.next().ok_or("the server ended before it printed its URL")?.map_err(Box::<dyn Error>::from)
        };
        let (url, tls_url, mut certificate) = (line()?, line()?, String::new());
        while !certificate.contains(PEM_END) {
            certificate.push_str(&line()?);
            certificate.push('\n');
        }
        Ok(Self { child, url, tls_url, certificate })
    }

    /// Returns the id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the URL without TLS.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL with TLS.
    pub(crate) fn tls_url(&self) -> &str {
        &self.tls_url
    }

    /// Returns the certificate of the server, in PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors are ignored, because the process may already have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
