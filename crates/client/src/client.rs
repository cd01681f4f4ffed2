//! The client: its settings, who calls, and a call of any operation.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use invoke_model_protocol::Operation;

use crate::credentials::Caller;
use crate::retry::{Bucket, Skew};
use crate::{Call, Config, ConfigError};

/// Calls Amazon Bedrock Runtime. Cheap to clone; clones share connections, credentials and the signing key.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    config: Config,
    /// One for all calls, because it keeps the credentials and the signing key.
    caller: Arc<Caller>,
    /// What retries are paid from.
    bucket: Bucket,
    /// How far the service's clock is ahead.
    skew: Skew,
}

impl Client {
    /// A client with these settings: a [`Config`], a [`ConfigBuilder`](crate::ConfigBuilder), or with the feature
    /// `aws-config` a `&SdkConfig`.
    ///
    /// # Errors
    /// Settings that are not checked yet can be wrong: see [`ConfigError`]. From a [`Config`], never.
    pub fn new<C: TryInto<Config>>(config: C) -> Result<Self, ConfigError>
    where
        ConfigError: From<C::Error>,
    {
        Ok(Self::from(config.try_into()?))
    }

    /// A client with the settings of the environment: see
    /// [`ConfigBuilder::from_env`](crate::ConfigBuilder::from_env).
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn from_env() -> Result<Self, ConfigError> {
        Config::from_env().map(Self::from)
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// A call of any operation with a complete input. Operations also have a method of their own, with a setter for
    /// each member of the input.
    pub fn call<O: Operation>(&self, input: O::Input) -> Call<O> {
        Call::filled(self, input)
    }

    /// The time as the service has it, as far as it is known.
    pub(crate) fn now(&self) -> SystemTime {
        self.0.skew.correct(self.config().clock.now())
    }

    pub(crate) fn bucket(&self) -> &Bucket {
        &self.0.bucket
    }

    pub(crate) fn skew(&self) -> &Skew {
        &self.0.skew
    }

    /// Who calls, unless a call says otherwise.
    pub(crate) fn caller(&self) -> &Arc<Caller> {
        &self.0.caller
    }
}

impl From<Config> for Client {
    fn from(config: Config) -> Self {
        let caller = Arc::new(Caller::of(&config));
        Self(Arc::new(Inner { config, caller, bucket: Bucket::default(), skew: Skew::default() }))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", self.config()).finish_non_exhaustive()
    }
}
