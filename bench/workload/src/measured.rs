//! Measurements that a client program prints on one line.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike;

/// Cost of the work, without the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Elapsed time.
    pub wall: Duration,
    /// Processor time, in user and kernel mode.
    pub cpu: Duration,
    /// Resident memory before the work, in bytes.
    pub before: u64,
    /// Resident memory after the work, in bytes.
    pub after: u64,
    /// Peak of the resident memory, in bytes.
    pub peak: u64,
}

/// State before the work.
#[derive(Debug)]
pub(crate) struct Start {
    wall: Instant,
    cpu: Duration,
    resident: u64,
}

impl Start {
    pub(crate) fn now() -> Self {
        Self { resident: memory("VmRSS:"), cpu: cpu(), wall: Instant::now() }
    }

    pub(crate) fn end(self) -> Measured {
        let wall = self.wall.elapsed();
        Measured {
            wall,
            cpu: cpu() - self.cpu,
            before: self.resident,
            after: memory("VmRSS:"),
            peak: memory("VmHWM:"),
        }
    }
}

fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("getrusage of this process");
    let spent = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(spent.unsigned_abs())
}

/// Raises the limit of open files of this process to the hard limit. A connection needs one open file on each side.
pub fn raise_file_limit() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit of open files");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("a limit of open files");
}

/// Returns the value of the line `name` in `/proc/self/status`, in bytes.
///
/// # Panics
/// Panics if the file has no such line.
pub fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux: /proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of this name");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    kibibytes * 1024
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wall, cpu, before, after, peak } = self;
        write!(f, "{} {} {before} {after} {peak}", wall.as_nanos(), cpu.as_nanos())
    }
}

impl FromStr for Measured {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let numbers: Result<Vec<u64>, _> = line.split_whitespace().map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[wall, cpu, before, after, peak]) => Ok(Self {
                wall: Duration::from_nanos(wall),
                cpu: Duration::from_nanos(cpu),
                before,
                after,
                peak,
            }),
            _ => Err(format!("`{line}` is not the output of a client program")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_round_trip() {
        let measured = Start::now().end();
        assert_eq!(measured.to_string().parse(), Ok(measured));
        assert!(measured.before > 0 && measured.peak >= measured.before);
        assert!("1 2 3".parse::<Measured>().is_err());
    }
}
