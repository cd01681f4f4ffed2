//! Assigns programs to cores. The client and the server run on different cores if the machine has at least
//! two cores.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::Result;

/// Core that a program runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Core {
    /// The first core that this process may use.
    Client,
    /// The last core that this process may use.
    Server,
}

/// Calls `work` on a core. Programs that `work` starts stay on this core.
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
