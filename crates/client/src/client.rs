//! The client.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::authorization::Authorizer;
use crate::config::{Config, ConfigError};
use crate::retry::{ClockSkew, RetryTokenBucket};

/// A client for Amazon Bedrock Runtime.
///
/// A client is cheap to clone. Clones share connections, credentials and the signing key. Create one client
/// and use it for all calls.
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

    /// Returns the authorizer of calls that use the credentials or the token of the client.
    pub(crate) fn authorizer(&self) -> &Arc<Authorizer> {
        &self.0.authorizer
    }
}

impl From<Config> for Client {
    fn from(config: Config) -> Self {
        let authorizer = Arc::new(Authorizer::for_client(&config));
        let (retry_tokens, clock_skew) = Default::default();
        Self(Arc::new(Inner { config, authorizer, retry_tokens, clock_skew }))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", self.config()).finish_non_exhaustive()
    }
}
