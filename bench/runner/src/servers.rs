//! Other local servers beside the local endpoint: their speed, and the requests that they reject.

use std::collections::HashMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::document::{self, Part};
use crate::figures::number;
use crate::programs::{build, program, workspace};
use crate::{Result, machine};

/// Reply of aimock to all calls.
const REPLY: &str =
    r#"{"fixtures": [{"match": {}, "response": {"content": "The Danube is the longest river."}}]}"#;

const PACKAGE: &str = "bench-endpoint";

/// Longest time in which a server must accept connections after its start.
const STARTUP: Duration = Duration::from_secs(60);

/// Number of calls of the load, of connections, and the longest time in seconds.
const LOAD: [&str; 3] = ["100000", "64", "60"];

/// Columns of the probes: name in the output of the program, and heading.
const PROBES: [(&str, &str); 8] = [
    ("unsigned", "no signature"),
    ("secret", "wrong secret"),
    ("expired", "expired signature"),
    ("json", "body is not JSON"),
    ("member", "body lacks `messages`"),
    ("messages", "`Converse` without messages"),
    ("model", "unknown model"),
    ("operation", "unknown operation"),
];

/// A published server, with a pinned version.
struct Server {
    name: &'static str,
    version: &'static str,
    /// Installs the server into a folder.
    install: fn(&Server, &Path) -> Vec<Command>,
    /// Starts the server from this folder, on this port.
    start: fn(&Path, u16) -> Command,
}

const SERVERS: [Server; 3] = [
    Server {
        name: "moto",
        version: "5.2.5",
        install: |server, folder| pip(folder, &format!("moto[server]=={}", server.version)),
        start: |folder, port| {
            command(&folder.join("bin/moto_server"), &["-H", "127.0.0.1", "-p", &port.to_string()])
        },
    },
    Server {
        name: "ministack",
        version: "1.5.33",
        install: |server, folder| pip(folder, &format!("ministack=={}", server.version)),
        start: |folder, port| {
            let mut command = command(&folder.join("bin/ministack"), &[]);
            command.env("GATEWAY_PORT", port.to_string());
            command
        },
    },
    Server {
        name: "@copilotkit/aimock",
        version: "1.43.0",
        install: |server, folder| {
            let package = format!("{}@{}", server.name, server.version);
            let mut install =
                command(Path::new("npm"), &["install", "--silent", "--no-audit", &package, "--prefix"]);
            install.arg(folder);
            vec![install]
        },
        start: |folder, port| {
            let reply = folder.join("reply.json");
            let mut command = command(Path::new("node"), &[]);
            command.arg(folder.join("node_modules/.bin/llmock"));
            command.args(["--log-level", "silent", "--port", &port.to_string(), "--fixtures"]).arg(&reply);
            // A failure appears as a server that does not start.
            let _ = fs::write(&reply, REPLY);
            command
        },
    },
];

/// Measures and prints the servers. Writes their part of the page if `docs` is set.
pub(crate) fn run(docs: bool) -> Result<()> {
    build(&[PACKAGE])?;
    let headings: Vec<_> = PROBES.iter().map(|(_, heading)| *heading).collect();
    let columns = "---:|".repeat(PROBES.len() + 5);
    let mut table = format!(
        "| server | calls per second | calls of the run | memory before, MiB | memory after, MiB | {} | frames of a stream |\n|---|{columns}\n",
        headings.join(" | ")
    );
    table.push_str(&line("invoke-model", |port| {
        let mut command = Command::new(program(PACKAGE));
        command.args(["-", "serve", &port.to_string()]).stdin(Stdio::piped());
        command
    })?);
    for server in &SERVERS {
        let name = format!("{} {}", server.name, server.version);
        eprintln!("{name}");
        let result = server.installed().and_then(|folder| line(&name, |port| (server.start)(&folder, port)));
        match result {
            Ok(line) => table.push_str(&line),
            Err(error) => eprintln!("{name}: left out: {error}"),
        }
    }
    let text = format!("{}\n\n{table}", machine::description()?);
    println!("{text}");
    if docs { document::write(&[(Part::Servers, &text)]) } else { Ok(()) }
}

impl Server {
    /// Installs the server below `target` once, and returns its folder.
    fn installed(&self) -> Result<PathBuf> {
        let name = format!("{}-{}", self.name.replace('/', "-"), self.version);
        let folder = workspace().join("target/servers").join(name);
        let complete = folder.join("installed");
        if !complete.exists() {
            fs::create_dir_all(&folder)?;
            for mut command in (self.install)(self, &folder) {
                let output = command.output()?;
                if !output.status.success() {
                    let stderr = String::from_utf8_lossy(&output.stderr);
                    return Err(format!(
                        "installation failed: {}",
                        stderr.lines().last().unwrap_or_default()
                    )
                    .into());
                }
            }
            fs::write(complete, "")?;
        }
        Ok(folder)
    }
}

fn command(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command
}

fn pip(folder: &Path, requirement: &str) -> Vec<Command> {
    let mut environment = command(Path::new("python3"), &["-m", "venv"]);
    environment.arg(folder);
    vec![environment, command(&folder.join("bin/pip"), &["install", "--quiet", requirement])]
}

/// Starts a server, probes it, loads it, and returns its line of the table.
fn line(name: &str, start: impl FnOnce(u16) -> Command) -> Result<String> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = start(port);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running(command.spawn()?);
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if started.elapsed() > STARTUP || running.0.try_wait()?.is_some() {
            return Err("the server does not accept connections".into());
        }
        sleep(Duration::from_millis(50));
    }
    let url = format!("http://127.0.0.1:{port}");
    let output = client(&url, &["probe"])?;
    let probes: HashMap<_, _> = output.lines().filter_map(|line| line.split_once(' ')).collect();
    let before = running.memory()?;
    // A server that rejects the valid call, or closes its connections, has no rate.
    let load = client(&url, &[&["load"], &LOAD[..]].concat()).unwrap_or_default();
    let (calls, rate) = load.trim().split_once(' ').unwrap_or(("-", "-"));
    let figure = |text: &str| text.parse().map_or("-".to_owned(), |value| number(value, 0));
    let mut cells =
        vec![name.to_owned(), figure(rate), figure(calls), number(before, 0), number(running.memory()?, 0)];
    cells.extend(PROBES.iter().map(|(probe, _)| (*probes.get(probe).unwrap_or(&"-")).to_owned()));
    let (status, frames) =
        probes.get("events").and_then(|events| events.split_once(' ')).unwrap_or(("-", "-"));
    cells.push(if status == "200" { frames.to_owned() } else { format!("status {status}") });
    Ok(format!("| {} |\n", cells.join(" | ")))
}

/// Runs the client program, and returns its output.
fn client(url: &str, work: &[&str]) -> Result<String> {
    let output = Command::new(program(PACKAGE)).arg(url).args(work).output()?;
    if !output.status.success() {
        return Err(format!("{PACKAGE} {}: {}", work.join(" "), output.status).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A running server. Dropping this value stops it.
struct Running(Child);

impl Running {
    /// Returns the resident memory, in MiB.
    fn memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the server has ended")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Errors are ignored, because the process may already have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
