//! Counts of executed instructions, by single-stepping.
//!
//! Unlike Valgrind, single-stepping supports SHA instructions. Unlike hardware counters, it works in virtual
//! machines. The counts include only instructions in user mode, and only on the thread that makes the calls.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::Result;
use crate::cores::{self, Core};
use crate::programs::program;
use crate::server::Server;

/// Returns the instructions per unit of work.
pub(crate) fn each(package: &str, server: &Server, work: &[&str], (few, more): (u64, u64)) -> Result<f64> {
    // The tracer and the client share one core, because each step switches between the two processes.
    let count = |times| cores::on(Core::Client, || count(package, server, work, times))?;
    Ok((count(more)? as f64 - count(few)? as f64) / (more - few) as f64)
}

/// Counts the instructions between the end of the warm-up and the end of the program.
fn count(package: &str, server: &Server, work: &[&str], times: u64) -> Result<u64> {
    let mut child = Command::new(program(package))
        .args(["--wait", server.url()])
        .args(work)
        .arg(times.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let (mut input, output) = input.zip(output).ok_or("the client has no pipes")?;
    let mut output = BufReader::new(output);
    let mut line = String::new();
    output.read_line(&mut line)?;
    if line.trim() != "ready" {
        return Err(format!("a client printed `{line}` instead of `ready`").into());
    }
    let pid = Pid::from_raw(child.id().try_into()?);
    ptrace::attach(pid)
        .map_err(|error| format!("ptrace: {error}; this process must be allowed to trace its children"))?;
    waitpid(pid, None)?;
    input.write_all(b"\n")?;
    let (mut steps, mut signal) = (0, None);
    loop {
        ptrace::step(pid, signal)?;
        match waitpid(pid, None)? {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => (steps, signal) = (steps + 1, None),
            WaitStatus::Stopped(_, other) => signal = Some(other),
            WaitStatus::Exited(_, 0) => return Ok(steps),
            other => return Err(format!("a client ended: {other:?}").into()),
        }
    }
}
