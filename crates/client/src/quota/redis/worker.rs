//! The thread of a Redis quota store, with its connection and the leases of the running requests.
//!
//! The store has its own runtime for two reasons. The runtime of the caller may be blocked or not run between
//! two calls, and leases must be renewed in this time. A connection also belongs to one runtime, and a store
//! may be used by several.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisError, ServerErrorKind, cmd};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Mutex, Notify, oneshot};
use tokio::time::{Instant, timeout};

use super::Shared;
use super::script::Acquired;
use crate::quota::error::QuotaStoreError;
use crate::quota::store::{QuotaDecision, QuotaOutcome, QuotaRequest, QuotaReservation};
use crate::random::random_bytes;

/// The time after which a limiter asks again if a concurrency limit blocks its request. The server does not
/// tell when a request of another process ends.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The oldest version of the server that can run the script.
const MIN_SERVER_VERSION: u32 = 5;

/// The thread of a store.
pub(super) struct Worker {
    /// A forked process does not have the threads of its parent, so it starts another worker.
    process: u32,
    /// The first part of the ids of all requests.
    prefix: String,
    /// The id of the next request or connection.
    next_id: AtomicU64,
    handle: Handle,
    connection: Mutex<Option<Connection>>,
    /// The number of requests that wait for a decision, or whose outcome the server does not know yet, although
    /// they have ended.
    unfinished: AtomicUsize,
    all_finished: Notify,
    /// Dropping the sender ends the thread.
    _stop: oneshot::Sender<()>,
}

#[derive(Clone)]
struct Connection {
    redis: MultiplexedConnection,
    /// The number of the connection. Each connection of a worker has another number.
    number: u64,
    /// The time at which the server has been running for a minute.
    ready_at: Instant,
}

impl Worker {
    /// Returns the worker of this process. Starts it if necessary.
    pub(super) fn of(shared: &Shared) -> Result<Arc<Self>, QuotaStoreError> {
        let mut worker = shared.worker.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        if let Some(worker) = worker.as_ref().filter(|worker| worker.process == process) {
            return Ok(worker.clone());
        }
        let started = Arc::new(Self::start(process).map_err(|error| shared.unavailable(&error))?);
        // The parent of this process still uses the connection and the thread.
        std::mem::forget(worker.replace(started.clone()));
        Ok(started)
    }

    fn start(process: u32) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let (handle, (stop, stopped)) = (runtime.handle().clone(), oneshot::channel());
        let thread = std::thread::Builder::new().name("invoke-model-quota".to_owned());
        thread.spawn(move || drop(runtime.block_on(stopped)))?;
        Ok(Self {
            process,
            prefix: format!("{:016x}", u64::from_ne_bytes(random_bytes())),
            next_id: AtomicU64::new(0),
            handle,
            connection: Mutex::new(None),
            unfinished: AtomicUsize::new(0),
            all_finished: Notify::new(),
            _stop: stop,
        })
    }

    /// Decides about a request.
    pub(super) async fn acquire(
        self: Arc<Self>,
        shared: Arc<Shared>,
        request: QuotaRequest,
    ) -> Result<QuotaDecision, QuotaStoreError> {
        let (sender, decision) = oneshot::channel();
        let id = format!("{}:{:x}", self.prefix, self.next_id.fetch_add(1, Ordering::Relaxed));
        let handle = self.handle.clone();
        self.start_command();
        let reservation = Reservation { shared, worker: self, request, id };
        let name = reservation.shared.name.clone();
        handle.spawn(reservation.run(sender));
        decision.await.unwrap_or_else(|_| {
            let reason = "the thread of the store has ended".to_owned();
            Err(QuotaStoreError::Unavailable { store: name, reason })
        })
    }

    /// Waits until the server knows the outcomes of all requests that have ended. Also waits for decisions,
    /// because the server may admit a request for which no caller waits.
    pub(super) async fn flush(&self, limit: Duration) {
        let all_finished = async {
            loop {
                let notified = self.all_finished.notified();
                if self.unfinished.load(Ordering::Acquire) == 0 {
                    return;
                }
                notified.await;
            }
        };
        drop(timeout(limit, all_finished).await);
    }

    fn start_command(&self) {
        self.unfinished.fetch_add(1, Ordering::AcqRel);
    }

    fn finish_command(&self) {
        self.unfinished.fetch_sub(1, Ordering::AcqRel);
        self.all_finished.notify_waiters();
    }
}

/// A request from its decision until its end.
struct Reservation {
    shared: Arc<Shared>,
    worker: Arc<Worker>,
    request: QuotaRequest,
    id: String,
}

impl Reservation {
    /// Decides about the request, renews its leases, and ends it. The caller has called
    /// [`Worker::start_command`] for the decision.
    async fn run(self, decision: oneshot::Sender<Result<QuotaDecision, QuotaStoreError>>) {
        match self.within_timeout(self.decide()).await {
            Ok(None) => {}
            Ok(Some(blocked)) => {
                drop(decision.send(Ok(blocked)));
                self.worker.finish_command();
                return;
            }
            Err(error) => {
                let may_be_admitted = matches!(error, QuotaStoreError::TimedOut { .. });
                drop(decision.send(Err(error)));
                match may_be_admitted {
                    true => self.end(QuotaOutcome::NotSent).await,
                    false => self.worker.finish_command(),
                }
                return;
            }
        }
        let (sender, mut ended) = oneshot::channel();
        let worker = self.worker.clone();
        let end = move |outcome| {
            worker.start_command();
            if sender.send(outcome).is_err() {
                worker.finish_command();
            }
        };
        // If the caller no longer waits, the reservation is dropped, which ends the request.
        drop(decision.send(Ok(QuotaDecision::Admitted(QuotaReservation::new(end)))));
        self.worker.finish_command();
        let has_leases = self.request.keys.iter().any(|key| key.limits.max_concurrency.is_some());
        let interval = self.shared.settings.lease / 3;
        let outcome = loop {
            if !has_leases {
                break ended.await;
            }
            match timeout(interval, &mut ended).await {
                Ok(outcome) => break outcome,
                Err(_) => self.renew().await,
            }
        };
        if let Ok(outcome) = outcome {
            self.end(outcome).await;
        }
    }

    /// Returns `None` if the request is admitted.
    async fn decide(&self) -> Result<Option<QuotaDecision>, QuotaStoreError> {
        let (settings, mut closed) = (&self.shared.settings, None);
        let acquired = loop {
            let Connection { mut redis, number, ready_at } = self.connection(closed).await?;
            let remaining = ready_at.saturating_duration_since(Instant::now());
            if !remaining.is_zero() {
                return Err(QuotaStoreError::Restarted { store: self.shared.name.clone(), remaining });
            }
            if closed.is_some() {
                // The server may have admitted the request before it closed the connection.
                let ended = settings.end(&mut redis, &self.id, &self.request, QuotaOutcome::NotSent).await;
                ended.map_err(|error| self.shared.failed(&error))?;
            }
            match settings.acquire(&mut redis, &self.id, &self.request).await {
                Err(error) if closed.is_none() && error.is_connection_dropped() => closed = Some(number),
                acquired => break acquired.map_err(|error| self.shared.failed(&error))?,
            }
        };
        match acquired {
            Acquired::Admitted => Ok(None),
            Acquired::Blocked { key, limit, wait } => {
                let retry_after = wait.unwrap_or(POLL_INTERVAL);
                Ok(Some(QuotaDecision::Blocked { key, limit, retry_after }))
            }
            Acquired::OverBudget { key, used } => Ok(Some(QuotaDecision::OverBudget { key, used })),
            Acquired::Version { key, found, expected } => Err(QuotaStoreError::Version {
                store: self.shared.name.clone(),
                key: self.request.keys.get(key).map(|key| key.name.clone()).unwrap_or_default(),
                found,
                expected,
            }),
            Acquired::Unexpected(result) => Err(QuotaStoreError::Failed {
                store: self.shared.name.clone(),
                reason: format!("unexpected result of the script: {result:?}"),
            }),
        }
    }

    async fn renew(&self) {
        let renewed = async {
            let mut connection = self.connection(None).await?;
            let renewed = self.shared.settings.renew(&mut connection.redis, &self.id, &self.request).await;
            renewed.map_err(|error| self.shared.failed(&error))
        };
        if let Err(error) = self.within_timeout(renewed).await {
            tracing::debug!(%error, "the lease of a request was not renewed");
        }
    }

    /// Tells the server the outcome of the request. The caller has called [`Worker::start_command`].
    async fn end(&self, outcome: QuotaOutcome) {
        let ended = async {
            let (settings, mut closed) = (&self.shared.settings, None);
            loop {
                let Connection { mut redis, number, .. } = self.connection(closed).await?;
                match settings.end(&mut redis, &self.id, &self.request, outcome).await {
                    Err(error) if closed.is_none() && error.is_connection_dropped() => closed = Some(number),
                    ended => return ended.map_err(|error| self.shared.failed(&error)),
                }
            }
        };
        if let Err(error) = self.within_timeout(ended).await {
            tracing::debug!(%error, "the outcome of a request was not stored");
        }
        self.worker.finish_command();
    }

    /// Returns the connection. Connects if there is no connection, or if it has the number `closed`. The server
    /// closes a connection that is idle for too long, and the client notices this only at the next command.
    async fn connection(&self, closed: Option<u64>) -> Result<Connection, QuotaStoreError> {
        let mut current = self.worker.connection.lock().await;
        if let Some(connection) = current.as_ref().filter(|connection| Some(connection.number) != closed) {
            return Ok(connection.clone());
        }
        *current = None;
        let number = self.worker.next_id.fetch_add(1, Ordering::Relaxed);
        let connected = self.shared.connect(number).await?;
        Ok(current.insert(connected).clone())
    }

    /// Runs a command. Closes the connection after an error, because a response may be lost.
    async fn within_timeout<T>(
        &self,
        command: impl Future<Output = Result<T, QuotaStoreError>>,
    ) -> Result<T, QuotaStoreError> {
        let limit = self.shared.timeout;
        let result = timeout(limit, command).await.unwrap_or_else(|_| {
            Err(QuotaStoreError::TimedOut { store: self.shared.name.clone(), timeout: limit })
        });
        let keeps_connection = match &result {
            Ok(_) => true,
            Err(error) => {
                matches!(error, QuotaStoreError::Version { .. } | QuotaStoreError::Restarted { .. })
            }
        };
        if !keeps_connection {
            // If another request connects at the moment, there is no connection to close.
            if let Ok(mut connection) = self.worker.connection.try_lock() {
                *connection = None;
            }
        }
        result
    }
}

impl Shared {
    async fn connect(&self, number: u64) -> Result<Connection, QuotaStoreError> {
        let failed = |error: RedisError| self.failed(&error);
        // `Reservation::within_timeout` limits the time of all commands.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let redis = self.client.get_multiplexed_async_connection_with_config(&config);
        let mut redis = redis.await.map_err(failed)?;
        let info: String = cmd("INFO").arg("server").query_async(&mut redis).await.map_err(failed)?;
        let field = |name: &str| {
            info.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .unwrap_or_default()
                .trim()
        };
        let version = field("redis_version");
        let major: Option<u32> = version.split('.').next().and_then(|major| major.parse().ok());
        if major.is_none_or(|major| major < MIN_SERVER_VERSION) {
            let reason = format!(
                "the server has version `{version}`, but version {MIN_SERVER_VERSION} or later is required"
            );
            return Err(QuotaStoreError::Failed { store: self.name.clone(), reason });
        }
        let uptime = field("uptime_in_seconds").parse().unwrap_or_default();
        let wait = match self.waits_after_start {
            true => wait_after_start(self.settings.window, uptime),
            false => Duration::ZERO,
        };
        Ok(Connection { redis, number, ready_at: Instant::now() + wait })
    }

    fn failed(&self, error: &RedisError) -> QuotaStoreError {
        let server_is_busy = |kind| {
            use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain};
            matches!(kind, BusyLoading | ClusterDown | MasterDown | ReadOnly | TryAgain)
        };
        let is_temporary = match error.kind() {
            ErrorKind::Io => true,
            ErrorKind::Server(kind) => server_is_busy(kind),
            _ => matches!(error.code(), Some("BUSY" | "OOM" | "MISCONF")),
        };
        if is_temporary {
            return self.unavailable(error);
        }
        let reason = match error.redirect_node() {
            Some((node, _)) => format!(
                "the server is a node of a cluster, and the keys of the namespace are on the node {node}: use the URL of \
                 that node, or a server without cluster mode"
            ),
            None => error.to_string(),
        };
        QuotaStoreError::Failed { store: self.name.clone(), reason }
    }

    fn unavailable(&self, error: &dyn std::fmt::Display) -> QuotaStoreError {
        QuotaStoreError::Unavailable { store: self.name.clone(), reason: error.to_string() }
    }
}

/// Returns the time until a server has been running for `window`. The uptime of the server is the difference of two
/// times in whole seconds, so it can be up to a second too long.
pub(super) fn wait_after_start(window: Duration, uptime_in_seconds: u64) -> Duration {
    window.saturating_sub(Duration::from_secs(uptime_in_seconds.saturating_sub(1)))
}
