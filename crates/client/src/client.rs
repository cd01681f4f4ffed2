//! The client: its settings, its signer, and a call of any operation.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use invoke_model_protocol::{self as protocol, Operation};
use invoke_model_signing::{PayloadHash, Signed, Signer, bearer};
use invoke_model_types::service::SIGNING_NAME;

use crate::config::Authentication;
use crate::error::ErrorKind;
use crate::retry::{Bucket, Skew};
use crate::{Call, Config, ConfigError, credentials};

/// Calls Amazon Bedrock Runtime. Cheap to clone; clones share connections and the signing key.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    config: Config,
    /// One for all calls, because it keeps the signing key. Without a region it is not used: settings that ask for
    /// a signature have one.
    signer: Signer,
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
    fn now(&self) -> SystemTime {
        self.0.skew.correct(self.config().clock.now())
    }

    pub(crate) fn bucket(&self) -> &Bucket {
        &self.0.bucket
    }

    pub(crate) fn skew(&self) -> &Skew {
        &self.0.skew
    }

    /// Says in the request who calls: a signature, or the bearer token. The first look-up of credentials is here,
    /// and there is none for a token. `None` if the request is not signed: there is a token, or the operation asks for
    /// nothing.
    pub(crate) async fn authorize<E>(
        &self,
        asked: protocol::Authentication,
        request: &mut Parts,
        payload: impl FnOnce() -> PayloadHash,
    ) -> Result<Option<Signed>, ErrorKind<E>> {
        match &self.config().authentication {
            _ if asked == protocol::Authentication::None => Ok(None),
            Authentication::SigV4(None) if asked == protocol::Authentication::Optional => Ok(None),
            Authentication::Bearer(token) => {
                bearer(request, token.token())?;
                Ok(None)
            }
            Authentication::SigV4(provider) => {
                let provided = credentials::load(provider.as_ref()).await?;
                // After the look-up, which can take seconds.
                let now = self.now();
                let credentials = credentials::current(&provided, now)?;
                Ok(Some(self.0.signer.sign(request, &credentials, &payload(), now)?))
            }
        }
    }
}

impl From<Config> for Client {
    fn from(config: Config) -> Self {
        let signer = Signer::new(config.region().unwrap_or_default(), SIGNING_NAME);
        Self(Arc::new(Inner { config, signer, bucket: Bucket::default(), skew: Skew::default() }))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", self.config()).finish_non_exhaustive()
    }
}
