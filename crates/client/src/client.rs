//! The client.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::authorization::Authorizer;
use crate::config::{Config, ConfigError};
use crate::metrics::ClientMetrics;
use crate::retry::{ClockSkew, RetryTokenBucket};

/// A client for Amazon Bedrock Runtime.
///
/// A client is cheap to clone. Clones share connections, credentials and the signing key. Create one client
/// and use it for all calls.
///
/// # Runtimes
///
/// Calls need a tokio runtime with IO and time. The first call in a runtime creates what it needs, so a client
/// can be created outside of a runtime, and can be used in several runtimes, also at the same time. For
/// example, a program may create a runtime for each thread or for each call. The runtimes share the client's
/// limits, retry tokens and credentials, with these rules:
///
/// * A connection belongs to the runtime in which it was opened. Only calls in this runtime use it, and it is
///   closed when this runtime is shut down. Therefore a runtime per call opens a connection per call.
/// * If no valid credentials are cached, the first call loads them in its runtime. A call in another runtime
///   waits for at most a second, and then loads the credentials itself, because the first runtime may not be
///   polled. The load timeout and the operation timeout of a call use the clock of its own runtime.
/// * Read a response or its events in the runtime in which the call was sent. In another runtime, the read
///   makes progress only while the first runtime is polled, and fails after the first runtime was shut down.
///   The timeouts of the read apply in every runtime.
/// * A call that is not polled keeps its connection and its place in the queues of the
///   [`QuotaLimiter`](crate::QuotaLimiter), of the [`AdaptiveRateLimiter`](crate::AdaptiveRateLimiter) and of
///   the [limit of connections](crate::HyperTransportBuilder::max_connections_per_host). Dropping the call or
///   its runtime releases them.
///
/// These rules apply to the default transport. With another [`Transport`](crate::Transport), calls follow the
/// rules of that transport.
///
/// With a paused clock (`tokio::time::pause`), timeouts expire as soon as the runtime is idle, also while it
/// waits for a socket. Use a paused clock only with a transport that does not wait for sockets, or with a server in the same runtime.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    config: Config,
    /// The authorizer that all calls share. It caches the credentials and the signing key.
    authorizer: Arc<Authorizer>,
    /// The retry tokens that all calls share.
    retry_tokens: RetryTokenBucket,
    /// The difference between the clock of the server and the local clock.
    clock_skew: ClockSkew,
    metrics: ClientMetrics,
}

impl Client {
    /// Creates a client from a [`Config`], a [`ConfigBuilder`](crate::ConfigBuilder) or, with the feature
    /// `aws-config`, a `&SdkConfig`.
    ///
    /// # Errors
    /// Returns a [`ConfigError`] if a setting is missing or invalid. `new` never fails for a [`Config`],
    /// because the settings in a `Config` are already checked.
    pub fn new<C: TryInto<Config>>(config: C) -> Result<Self, ConfigError>
    where
        ConfigError: From<C::Error>,
    {
        Ok(Self::from(config.try_into()?))
    }

    /// Creates a client with settings from the environment.
    /// [`ConfigBuilder::from_env`](crate::ConfigBuilder::from_env) lists the variables.
    ///
    /// # Errors
    /// Returns a [`ConfigError`] if a setting is missing or invalid.
    pub fn from_env() -> Result<Self, ConfigError> {
        Config::from_env().map(Self::from)
    }

    /// Returns the settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Returns an estimate of the server's time: the local time plus the clock skew.
    pub(crate) fn now(&self) -> SystemTime {
        self.0.clock_skew.correct(self.config().time_source.now())
    }

    pub(crate) fn retry_tokens(&self) -> &RetryTokenBucket {
        &self.0.retry_tokens
    }

    pub(crate) fn clock_skew(&self) -> &ClockSkew {
        &self.0.clock_skew
    }

    pub(crate) fn metrics(&self) -> &ClientMetrics {
        &self.0.metrics
    }

    /// Returns the authorizer of calls that use the credentials or the token of the client.
    pub(crate) fn authorizer(&self) -> &Arc<Authorizer> {
        &self.0.authorizer
    }
}

impl From<Config> for Client {
    fn from(config: Config) -> Self {
        let authorizer = Arc::new(Authorizer::for_client(&config));
        let metrics = ClientMetrics::new(&config);
        let (retry_tokens, clock_skew) = Default::default();
        Self(Arc::new(Inner { config, authorizer, retry_tokens, clock_skew, metrics }))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", self.config()).finish_non_exhaustive()
    }
}
