//! The process of the benchmark server.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};

use bench_workload::COUNTS;

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
    http2_url: String,
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
        let (url, tls_url, http2_url, mut certificate) = (line()?, line()?, line()?, String::new());
        while !certificate.contains(PEM_END) {
            certificate.push_str(&line()?);
            certificate.push('\n');
        }
        Ok(Self { child, url, tls_url, http2_url, certificate })
    }

    /// Returns the time that the main thread of the server has run, in seconds. This thread does all the work.
    pub(crate) fn processor_time(&self) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", self.child.id()))?;
        let nanoseconds = text.split_whitespace().next().ok_or("an empty file")?;
        Ok(nanoseconds.parse::<f64>()? / 1e9)
    }

    /// Returns the numbers of HTTP/2 connections and requests that the server has accepted.
    pub(crate) fn http2_counts(&self) -> Result<[u64; 2]> {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://"))?;
        stream.write_all(
            format!("POST /model/{COUNTS}/invoke HTTP/1.1\r\nContent-Length: 0\r\n\r\n").as_bytes(),
        )?;
        stream.shutdown(Shutdown::Write)?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        let body = response.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        let counts: Vec<u64> = body.split(' ').filter_map(|count| count.parse().ok()).collect();
        <[u64; 2]>::try_from(counts).map_err(|_| format!("the server responded with `{response}`").into())
    }

    /// Returns the URL without TLS.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL with TLS.
    pub(crate) fn tls_url(&self) -> &str {
        &self.tls_url
    }

    /// Returns the URL with TLS and HTTP/2. The server accepts no other version of HTTP there.
    pub(crate) fn http2_url(&self) -> &str {
        &self.http2_url
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
