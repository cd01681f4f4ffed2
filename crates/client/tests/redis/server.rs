//! A Redis or Valkey server for tests.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server on a free port of this machine, without persistence. Dropping this value kills the server.
#[derive(Debug)]
pub(crate) struct Server {
    program: &'static str,
    arguments: Vec<String>,
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Server {
    /// Starts a server, and waits until it is ready. Returns `None`, and writes a line that names the test,
    /// if no server is installed.
    ///
    /// # Panics
    /// Panics if no server is installed and the variable `REDIS_TESTS` is `required`.
    pub(crate) fn start(test: &str) -> Option<Self> {
        Self::start_with(test, |_, _| Vec::new())
    }

    /// Starts a server like [`start`](Self::start), with more arguments. The function gets the port and the folder of
    /// the server.
    #[expect(clippy::disallowed_methods, reason = "only continuous integration requires a server")]
    pub(crate) fn start_with(test: &str, arguments: impl FnOnce(u16, &Path) -> Vec<String>) -> Option<Self> {
        let is_installed = |program: &&&str| {
            Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        let Some(program) = ["valkey-server", "redis-server"].iter().find(is_installed) else {
            let required = std::env::var("REDIS_TESTS").is_ok_and(|value| value == "required");
            assert!(!required, "install valkey-server or redis-server");
            // The test harness would capture the output of `eprintln`.
            let line = format!("skipped: {test}: neither valkey-server nor redis-server is installed\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        };
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let arguments = arguments(port, folder.path());
        let child = spawn(program, port, &folder, &arguments);
        Some(Self { program, arguments, child, folder, port })
    }

    #[allow(dead_code, reason = "only some of the programs that include this file use the port")]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the value of an argument with which the server was started.
    #[allow(dead_code, reason = "only some of the programs that include this file start a cluster")]
    pub(crate) fn argument(&self, name: &str) -> &str {
        let position = self.arguments.iter().position(|argument| argument == name);
        &self.arguments[position.unwrap() + 1]
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn client(&self) -> redis::Client {
        redis::Client::open(self.url()).unwrap()
    }

    /// Kills the server. All its data is lost.
    #[allow(dead_code, reason = "only some of the programs that include this file kill the server")]
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the killed server again on the same port.
    #[allow(dead_code, reason = "only some of the programs that include this file kill the server")]
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.program, self.port, &self.folder, &self.arguments);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns a free port of this machine.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(program: &str, port: u16, folder: &tempfile::TempDir, arguments: &[String]) -> Child {
    let mut command = Command::new(program);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
    command.arg("--dir").arg(folder.path()).args(arguments).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.any(|line| line.unwrap().contains("Ready to accept connections"));
    assert!(ready, "{program} did not start on port {port}");
    // The server must always be able to write its log.
    std::thread::spawn(move || lines.for_each(drop));
    child
}
