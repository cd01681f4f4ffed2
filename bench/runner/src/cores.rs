//! Which core a program runs on: the client on one, the server on another, where there are two.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::Result;

/// Who runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Core {
    /// The first core that this process may use.
    Client,
    /// The last.
    Server,
}

/// Does something on that core; programs that it starts stay there.
pub(crate) fn on<T>(core: Core, work: impl FnOnce() -> T) -> Result<T> {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this)?;
    let mut cores = (0..CpuSet::count()).filter(|&core| allowed.is_set(core).unwrap_or(false));
    let chosen = if core == Core::Client { cores.next() } else { cores.next_back() };
    let mut one = CpuSet::new();
    one.set(chosen.ok_or("no core to run on")?)?;
    sched_setaffinity(this, &one)?;
    let done = work();
    sched_setaffinity(this, &allowed)?;
    Ok(done)
}
