//! The command of `serve -- COMMAND`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::ExitStatus;

use tokio::process::{Child, Command};

use super::environment::ClientEnvironment;
use crate::exit::Failure;
use crate::output::print_error;
use crate::signals::{Signals, StopSignal};

/// The exit code of `env` and of shells for a command that cannot be executed.
const NOT_EXECUTABLE: u8 = 126;
/// The exit code of `env` and of shells for a command that does not exist.
const NOT_FOUND: u8 = 127;

/// Runs a command with the variables of the endpoint. Returns the exit code of the command.
///
/// When the user presses Ctrl-C, the terminal sends SIGINT to this process and to the command. Therefore this
/// function passes only SIGTERM and SIGHUP to the command. A second signal kills the command.
pub(super) async fn run(
    program: &OsStr,
    arguments: &[OsString],
    environment: &ClientEnvironment,
    signals: &mut Signals,
) -> Result<u8, Failure> {
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    environment.apply(command.as_std_mut());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            print_error(&format_args!("error: cannot run `{}`: {error}", program.to_string_lossy()));
            return Ok(if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE });
        }
    };
    let mut signaled = false;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(exit_code(status.map_err(Failure::input)?)),
            signal = signals.next() => {
                if std::mem::replace(&mut signaled, true) {
                    // An error means that the command has ended already.
                    let _ = child.start_kill();
                    return Ok(signal.exit_code());
                }
                forward(signal, &child);
            }
        }
    }
}

/// Passes SIGTERM or SIGHUP to the command.
#[cfg(unix)]
fn forward(signal: StopSignal, child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};

    let signal = match signal {
        StopSignal::Interrupt => return,
        StopSignal::Terminate => Signal::TERM,
        StopSignal::HangUp => Signal::HUP,
    };
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
        // An error means that the command has ended already.
        let _ = kill_process(pid, signal);
    }
}

#[cfg(not(unix))]
fn forward(_: StopSignal, _: &Child) {}

/// Returns the exit code that a shell reports.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(1);
    }
    status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1))
}
