//! A quota store in Redis or Valkey, which several processes share.

mod script;
#[cfg(test)]
mod tests;
mod worker;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use invoke_model_transport::BoxFuture;
use redis::{Client, ConnectionAddr, TlsCertificates};
use rustls::crypto::{CryptoProvider, ring};

use super::error::QuotaStoreError;
use super::store::{QuotaDecision, QuotaRequest, QuotaStore};
use super::window::WINDOW;
use script::Settings;
use worker::Worker;

/// A [`QuotaStore`] in Redis or Valkey. Processes and machines that use the same server and namespace share
/// their limits. Needs the feature `redis`.
///
/// ```
/// use std::num::NonZeroU32;
///
/// use invoke_model_client::{FallbackQuotaStore, QuotaLimiter, QuotaLimits, RedisQuotaStore};
///
/// let store = RedisQuotaStore::builder("redis://127.0.0.1:6379").namespace("eu").build()?;
/// // While the server is not available, each of 8 processes uses one eighth of the limits.
/// let store = FallbackQuotaStore::new(store, NonZeroU32::new(8).expect("8 is not zero"));
/// let limiter = QuotaLimiter::builder()
///     .store(store)
///     .key("account", QuotaLimits::default().requests_per_minute(1_000).tokens_per_minute(2_000_000))
///     .key("tenant acme", QuotaLimits::default().max_concurrency(4))
///     .build();
/// # drop(limiter);
/// # Ok::<_, invoke_model_client::QuotaStoreError>(())
/// ```
///
/// Each decision is one script on the server, and one round trip. The clock of the server decides. The end of
/// a request is a second command, for which no call waits.
///
/// A concurrent request holds a lease. The store renews the lease while the request runs. If the process is
/// killed, the lease expires.
///
/// The store has its own thread, which starts with the first request and ends when the store and all permits
/// have been dropped. Clones share the thread and its connection.
#[derive(Clone)]
pub struct RedisQuotaStore(Arc<Shared>);

struct Shared {
    client: Client,
    /// The address of the server, without credentials.
    name: String,
    settings: Settings,
    timeout: Duration,
    waits_after_start: bool,
    /// `None` before the first request.
    worker: Mutex<Option<Arc<Worker>>>,
}

/// A builder of a [`RedisQuotaStore`].
#[derive(Clone)]
#[must_use]
pub struct RedisQuotaStoreBuilder {
    url: String,
    root_certificates: Option<Vec<u8>>,
    settings: Settings,
    timeout: Duration,
    waits_after_start: bool,
}

impl RedisQuotaStore {
    /// Returns a builder. The URL has the form `redis://[user:password@]host[:port][/database]`, the same form with
    /// `rediss://` for TLS, or `redis+unix:///path`.
    pub fn builder(url: impl Into<String>) -> RedisQuotaStoreBuilder {
        let namespace = "invoke-model-quota".to_owned();
        let settings = Settings { namespace, window: WINDOW, lease: Duration::from_secs(30), now: None };
        let timeout = Duration::from_millis(500);
        RedisQuotaStoreBuilder {
            url: url.into(),
            root_certificates: None,
            settings,
            timeout,
            waits_after_start: true,
        }
    }

    /// Waits until the server knows the outcomes of all requests that have ended, or the timeout has expired.
    /// Call this function before a program exits. Otherwise, the last requests of the program keep their
    /// reserved tokens for a minute, and their leases until they expire.
    pub async fn flush(&self) {
        let worker = self.0.worker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(worker) = worker {
            worker.flush(self.0.timeout).await;
        }
    }
}

impl RedisQuotaStoreBuilder {
    /// Sets the namespace of the keys. Processes with different namespaces do not share limits. Default:
    /// `invoke-model-quota`.
    ///
    /// All keys begin with the namespace in braces. Therefore a Redis Cluster stores all keys of a namespace
    /// on one node. The store does not follow the redirects of a cluster: use the URL of this node.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.settings.namespace = namespace.into();
        self
    }

    /// Sets the root certificates that are trusted with `rediss://`, instead of the system's root certificates. `pem`
    /// contains one or more certificates in PEM format.
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// Sets the maximum time for a decision, including a new connection. Default: 500 milliseconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time after which the concurrent requests of a killed process no longer count. The store
    /// renews the lease of a request three times in this time. Default: 30 seconds.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease;
        self
    }

    /// Sets the behavior in the first 61 seconds after the start of the server. Default: `true`.
    ///
    /// A server that has just started may have lost the requests of the last minute. Therefore the store
    /// admits no request in this minute, and decisions fail with [`QuotaStoreError::Restarted`] after
    /// [`max_wait`](super::QuotaLimiterBuilder::max_wait). Set `false` if a higher usage is harmless, for
    /// example in tests.
    pub fn wait_after_server_start(mut self, wait: bool) -> Self {
        self.waits_after_start = wait;
        self
    }

    /// Sets the time for which a request counts, so that tests do not take minutes.
    #[doc(hidden)]
    pub fn window(mut self, window: Duration) -> Self {
        self.settings.window = window;
        self
    }

    /// Builds the store. Does not connect.
    ///
    /// # Errors
    /// Returns an error if the URL, a root certificate or the namespace is invalid, or a time is zero.
    pub fn build(self) -> Result<RedisQuotaStore, QuotaStoreError> {
        let Self { url, root_certificates, settings, timeout, waits_after_start } = self;
        let invalid = |reason: &str| {
            Err(QuotaStoreError::Failed { store: "redis".to_owned(), reason: reason.to_owned() })
        };
        if settings.namespace.is_empty() || settings.namespace.contains(['{', '}']) {
            return invalid("namespace: must not be empty or contain braces");
        }
        if timeout.is_zero() || settings.lease.as_millis() == 0 {
            return invalid("timeout, lease: must not be zero");
        }
        // The error of the library can contain the URL, and the URL can contain a password.
        let Ok(mut client) = Client::open(&*url) else {
            return invalid("url: expected `redis://[user:password@]host[:port][/database]`");
        };
        if let Some(pem) = root_certificates {
            let is_certificate = String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----");
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
            let with_roots = Client::build_with_tls(&*url, certificates).ok().filter(|_| is_certificate);
            let Some(with_roots) = with_roots else {
                return invalid(
                    "root_certificates_pem: needs a `rediss://` URL, and certificates in PEM format",
                );
            };
            client = with_roots;
        }
        if matches!(client.get_connection_info().addr(), ConnectionAddr::TcpTls { .. }) {
            install_crypto_provider();
        }
        let name = match client.get_connection_info().addr() {
            ConnectionAddr::Unix(path) => path.display().to_string(),
            address => address.to_string(),
        };
        let worker = Mutex::new(None);
        Ok(RedisQuotaStore(Arc::new(Shared { client, name, settings, timeout, waits_after_start, worker })))
    }
}

/// Makes *ring* the cryptography of rustls in this process, if the program has not chosen another one. The library
/// `redis` uses the choice of the process, and rustls panics if there is no choice and several are compiled in.
fn install_crypto_provider() {
    if CryptoProvider::get_default().is_none() {
        // An error means that another thread has just chosen.
        drop(ring::default_provider().install_default());
    }
}

impl QuotaStore for RedisQuotaStore {
    fn acquire(&self, request: QuotaRequest) -> BoxFuture<Result<QuotaDecision, QuotaStoreError>> {
        let shared = self.0.clone();
        Box::pin(async move { Worker::of(&shared)?.acquire(shared, request).await })
    }
}

impl fmt::Debug for RedisQuotaStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisQuotaStore")
            .field("server", &self.0.name)
            .field("settings", &self.0.settings)
            .field("timeout", &self.0.timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RedisQuotaStoreBuilder {
    /// Does not write the URL, which can contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisQuotaStoreBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Compiles and runs the examples in `docs/quotas.md`.
#[cfg(doctest)]
#[doc = include_str!("../../../../../docs/quotas.md")]
struct QuotasPage;
