//! The state that an endpoint keeps between requests.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::access_policy::AccessPolicy;
use crate::async_jobs::AsyncJobs;
use crate::authentication::{Authenticator, Caller};
use crate::backend::Backend;
use crate::base_path::BasePath;
use crate::call_log::CallLog;
use crate::clock::Clock;
use crate::connections::Connections;
use crate::fault::FaultRules;
use crate::gauge::Gauge;
use crate::guardrail::Guardrails;
use crate::prompt_cache::PromptCache;
use crate::quotas::QuotaMeters;
use crate::service_error::ServiceError;
use crate::stream::PlannedStreamFault;

/// The state of an endpoint, without its socket.
#[derive(Debug)]
pub(crate) struct EndpointState {
    pub(crate) authenticator: Authenticator,
    pub(crate) policy: AccessPolicy,
    /// The prefix of the paths of all operations.
    pub(crate) base_path: BasePath,
    /// The region for requests that do not contain a region.
    pub(crate) region: String,
    pub(crate) clock: Clock,
    /// `true` if only clients on this machine can connect.
    pub(crate) is_loopback: bool,
    /// The time at which the endpoint started.
    pub(crate) started: SystemTime,
    pub(crate) log: CallLog,
    /// Errors to be returned to the next calls.
    pub(crate) next_errors: Queue<ServiceError>,
    /// Faults to be injected into the next streams.
    pub(crate) next_stream_faults: Queue<PlannedStreamFault>,
    /// Faults of connections, requests and calls.
    pub(crate) fault_rules: FaultRules,
    /// The source of the responses.
    pub(crate) backend: Backend,
    pub(crate) quotas: Arc<QuotaMeters>,
    pub(crate) guardrails: Guardrails,
    pub(crate) async_jobs: AsyncJobs,
    pub(crate) prompt_cache: PromptCache,
    /// The delay before each event of a stream.
    pub(crate) pace: Duration,
    /// Streams that are being sent.
    pub(crate) streams: Gauge,
    /// Calls whose response has not been sent yet.
    pub(crate) calls: Gauge,
    pub(crate) connections: Connections,
    /// The number of requests so far.
    pub(crate) requests: AtomicU64,
}

impl EndpointState {
    /// Returns the next request id. The id has the form of a UUID, as in the service. Unlike in the service,
    /// the ids are the same in every run.
    pub(crate) fn next_request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        format!("00000000-0000-4000-8000-{number:012x}")
    }

    /// Returns the region in the signature of the caller. If there is no signature, returns the region of the
    /// endpoint.
    pub(crate) fn region_of<'a>(&'a self, caller: &'a Caller) -> &'a str {
        match caller {
            Caller::Signed(verified) => verified.scope().region(),
            Caller::Bearer | Caller::Unverified => &self.region,
        }
    }
}

/// A first-in, first-out queue of items for later calls.
#[derive(Debug)]
pub(crate) struct Queue<T>(Mutex<VecDeque<T>>);

impl<T> Queue<T> {
    pub(crate) fn push(&self, item: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(item);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
