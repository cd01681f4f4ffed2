//! The clock of a client.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// The clock of a client: the system clock, or a function that the program has set.
#[derive(Clone)]
pub(crate) struct TimeSource(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl TimeSource {
    pub(crate) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0)()
    }
}

impl Default for TimeSource {
    fn default() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the only place that reads the system clock; other code takes the time as an argument"
        )]
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeSource")
    }
}
