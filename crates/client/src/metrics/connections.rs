//! The metric of open connections.
//!
//! Clients can share a connection pool, and clients with different pools can have the same server. If several
//! values have the same attributes, the SDK of OpenTelemetry keeps the last one, and does not add them. A library
//! cannot find out if two meters belong to one provider. Therefore a provider reports the servers of its own
//! clients, and the value of a server is the sum over all clients of the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};

use http::Version;
use invoke_model_transport::ConnectionPool;
use opentelemetry::metrics::{AsyncInstrument, Meter, MeterProvider};
use opentelemetry::{InstrumentationScope, KeyValue, StringValue, global};

use super::definitions::{self, OPEN_CONNECTIONS};
use super::labels::OTHER;

/// The maximum number of servers in the attributes. The connections to all further servers have the address
/// `_OTHER` and no port.
const MAX_SERVERS: usize = 100;

/// The state that all clients of the process share.
static PROCESS: Mutex<Process> = Mutex::new(Process::new());

pub(super) struct Process {
    /// A value for each client whose transport has a connection pool.
    pools: Vec<Weak<ObservedPool>>,
    /// The servers that are values of attributes.
    servers: Vec<(Arc<str>, u16)>,
    /// The last global provider, and the registration of its meter.
    global: Option<(Weak<dyn MeterProvider + Send + Sync>, Arc<Once>)>,
}

/// A meter of this crate, and the registration of the metric of connections. The SDK never removes a callback,
/// so clients that share this value register one callback.
#[derive(Clone)]
pub(crate) struct ClientMeter {
    pub(super) meter: Meter,
    registration: Arc<Once>,
}

impl ClientMeter {
    /// Returns a meter of a provider.
    pub(crate) fn new(provider: &(impl MeterProvider + ?Sized)) -> Self {
        Self::with_registration(provider, Arc::new(Once::new()))
    }

    /// Returns a meter of the global provider.
    pub(super) fn global() -> Self {
        let provider = global::meter_provider();
        let registration = lock().registration(Arc::downgrade(&provider));
        Self::with_registration(&*provider, registration)
    }

    fn with_registration(provider: &(impl MeterProvider + ?Sized), registration: Arc<Once>) -> Self {
        let scope =
            InstrumentationScope::builder(env!("CARGO_PKG_NAME")).with_version(env!("CARGO_PKG_VERSION"));
        Self { meter: provider.meter_with_scope(scope.build()), registration }
    }

    /// Reports the connections of a client's pool until the returned value, or the pool, is dropped.
    pub(super) fn observe(&self, pool: &Arc<dyn ConnectionPool>) -> Arc<ObservedPool> {
        self.registration.call_once(|| {
            let registration = Arc::clone(&self.registration);
            let builder = self.meter.i64_observable_up_down_counter(OPEN_CONNECTIONS.name);
            let builder =
                builder.with_unit(OPEN_CONNECTIONS.unit).with_description(OPEN_CONNECTIONS.description);
            builder.with_callback(move |observer| report(&registration, observer)).build();
        });
        let registration = Arc::clone(&self.registration);
        let pool = Arc::new(ObservedPool { pool: Arc::downgrade(pool), registration });
        lock().add(Arc::downgrade(&pool));
        pool
    }
}

/// The pool of a client. Clients that share a pool have different values.
pub(super) struct ObservedPool {
    pool: Weak<dyn ConnectionPool>,
    registration: Arc<Once>,
}

impl Process {
    pub(super) const fn new() -> Self {
        Self { pools: Vec::new(), servers: Vec::new(), global: None }
    }

    /// Returns the registration of the meter of a global provider.
    pub(super) fn registration(&mut self, provider: Weak<dyn MeterProvider + Send + Sync>) -> Arc<Once> {
        let known = self.global.take().filter(|(known, _)| known.ptr_eq(&provider));
        let registration = known.map_or_else(|| Arc::new(Once::new()), |(_, registration)| registration);
        self.global = Some((provider, Arc::clone(&registration)));
        registration
    }

    fn add(&mut self, pool: Weak<ObservedPool>) {
        if self.pools.len() == self.pools.capacity() {
            self.pools.retain(|pool| pool.strong_count() > 0);
        }
        self.pools.push(pool);
    }

    /// Returns the values of `server.address` and `server.port`.
    pub(super) fn server(&mut self, host: &str, port: u16) -> (Arc<str>, Option<u16>) {
        let known = self.servers.iter().find(|known| (&*known.0, known.1) == (host, port));
        match known {
            Some((host, port)) => (Arc::clone(host), Some(*port)),
            None if self.servers.len() < MAX_SERVERS => {
                self.servers.push((host.into(), port));
                (host.into(), Some(port))
            }
            None => (OTHER.into(), None),
        }
    }
}

fn lock() -> MutexGuard<'static, Process> {
    PROCESS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reports the connections to the servers of the clients with this registration.
fn report(registration: &Arc<Once>, observer: &dyn AsyncInstrument<i64>) {
    // The lock is released before the code of a transport runs.
    let clients: Vec<_> = lock().pools.iter().filter_map(Weak::upgrade).collect();
    // Each pool once, and `true` if a client with this registration uses it.
    let mut pools = BTreeMap::new();
    for client in clients {
        let Some(pool) = client.pool.upgrade() else { continue };
        let (_, is_own) = pools.entry(Arc::as_ptr(&pool).cast::<()>()).or_insert((pool, false));
        *is_own |= Arc::ptr_eq(&client.registration, registration);
    }
    let mut servers = BTreeMap::<_, (usize, usize, bool)>::new();
    for (pool, is_own_pool) in pools.into_values() {
        for open in pool.open_connections() {
            let (address, port) = lock().server(&open.host, open.port);
            let (active, idle, is_own) = servers.entry((address, port, version(open.version))).or_default();
            (*active, *idle, *is_own) = (*active + open.active, *idle + open.idle, *is_own || is_own_pool);
        }
    }
    for ((address, port, version), (active, idle, _)) in servers.into_iter().filter(|(_, sums)| sums.2) {
        for (state, connections) in [("active", active), ("idle", idle)] {
            let mut attributes = vec![
                KeyValue::new(definitions::CONNECTION_STATE, state),
                KeyValue::new(definitions::PROTOCOL_VERSION, version),
                KeyValue::new(definitions::SERVER_ADDRESS, StringValue::from(Arc::clone(&address))),
            ];
            attributes.extend(port.map(|port| KeyValue::new(definitions::SERVER_PORT, i64::from(port))));
            observer.observe(connections as i64, &attributes);
        }
    }
}

/// Returns the value of `network.protocol.version`.
fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}
