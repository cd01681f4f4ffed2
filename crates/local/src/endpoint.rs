//! What an endpoint knows between requests.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use invoke_model_types::InvokeModelWithResponseStreamError;
use tokio::sync::watch;

use crate::authenticate::{Authenticator, Caller};
use crate::call_log::CallLog;
use crate::connections::Connections;
use crate::fault::Script;
use crate::policy::Policy;
use crate::queue::Queue;
use crate::quotas::Meters;
use crate::stream::Planned;

/// The state of an endpoint, without its socket.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) authenticator: Authenticator,
    pub(crate) policy: Policy,
    /// The region of a caller that does not say one.
    pub(crate) region: String,
    pub(crate) clock: Clock,
    pub(crate) log: CallLog,
    /// Errors for the calls to come.
    pub(crate) raise: Queue<InvokeModelWithResponseStreamError>,
    /// Faults for the streams to come.
    pub(crate) faults: Queue<Planned>,
    /// Faults for connections, requests and calls.
    pub(crate) script: Script,
    pub(crate) meters: Meters,
    /// What lies between two events of a stream.
    pub(crate) pace: Duration,
    /// How many streams are being sent.
    pub(crate) streams: watch::Sender<usize>,
    /// How many calls are not answered yet.
    pub(crate) calls: watch::Sender<usize>,
    pub(crate) connections: Connections,
    pub(crate) requests: AtomicU64,
}

impl Endpoint {
    /// The next request's id: of the form of the service's, and the same in every run.
    pub(crate) fn next_request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        format!("00000000-0000-4000-8000-{number:012x}")
    }

    /// The region that a caller takes this endpoint for.
    pub(crate) fn region_of<'a>(&'a self, caller: &'a Caller) -> &'a str {
        match caller {
            Caller::Signed(verified) => verified.scope().region(),
            Caller::Bearer | Caller::Anybody => &self.region,
        }
    }
}

/// Says what time it is.
pub(crate) struct Clock(Box<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    pub(crate) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Box::new(now))
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0)()
    }
}

impl Default for Clock {
    #[expect(clippy::disallowed_methods, reason = "signatures expire: a served endpoint must know the time")]
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
