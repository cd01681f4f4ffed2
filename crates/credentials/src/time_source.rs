//! The clock that determines the expiry of credentials and the time in signatures.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// A clock: the system clock, or a function that the program passes instead.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use invoke_model_credentials::TimeSource;
///
/// let fixed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
/// assert_eq!(TimeSource::new(move || fixed).now(), fixed);
/// ```
#[derive(Clone)]
pub struct TimeSource(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl TimeSource {
    /// Creates a clock from a function that returns the current time.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the current time.
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }
}

impl Default for TimeSource {
    /// Returns the system clock.
    fn default() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the only place in the client that reads the system clock; its other code takes the time as an argument"
        )]
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeSource")
    }
}
