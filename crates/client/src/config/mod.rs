//! The settings of a client, checked.

mod authentication;
mod build;
mod builder;
mod clock;
mod endpoint;
mod error;
mod source;
mod tokens;

use std::fmt;
use std::sync::Arc;

use invoke_model_transport::Transport;

pub use builder::ConfigBuilder;
pub use error::ConfigError;
pub use source::{SettingSource, SettingSources};

pub(crate) use authentication::Authentication;
pub(crate) use clock::Clock;
pub(crate) use endpoint::Endpoint;
pub(crate) use source::Setting;
pub(crate) use tokens::Tokens;

use crate::credentials::CredentialsCacheConfig;
use crate::env::{self, Environment};
use crate::metadata::OnAttempt;
use crate::retry::RetryConfig;
use crate::timeout::TimeoutConfig;
use crate::{AdaptiveRateLimiter, QuotaLimiter};

/// The settings of a [`Client`](crate::Client), checked, with the endpoint resolved. `Debug` shows no secret.
#[derive(Clone)]
pub struct Config {
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Endpoint,
    pub(crate) authentication: Authentication,
    pub(crate) sources: SettingSources,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Clock,
    pub(crate) tokens: Tokens,
    pub(crate) deadlines: TimeoutConfig,
    pub(crate) retries: RetryConfig,
    pub(crate) on_attempt: Option<OnAttempt>,
    pub(crate) admission: Option<QuotaLimiter>,
    pub(crate) adaptive_rate_limiter: Option<AdaptiveRateLimiter>,
    pub(crate) credentials_cache: CredentialsCacheConfig,
}

/// How a call says who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthScheme {
    /// AWS Signature Version 4, with credentials.
    SigV4,
    /// `Authorization: Bearer`, with an Amazon Bedrock API key.
    Bearer,
}

impl fmt::Display for AuthScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SigV4 => "SigV4",
            Self::Bearer => "bearer token",
        })
    }
}

impl Config {
    /// Settings in code alone: the environment is not read.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }

    /// Settings of the environment. To change some of them, see [`ConfigBuilder::from_env`].
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn from_env() -> Result<Self, ConfigError> {
        ConfigBuilder::from_env().build()
    }

    /// The region that is called and signed for. With a bearer token and an endpoint URL there may be none.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The URL that calls go to, without a slash at its end: scheme, host, port if there is one, base path.
    pub fn endpoint_url(&self) -> String {
        self.endpoint.to_string()
    }

    /// Whether calls are signed, or carry a bearer token.
    pub fn auth_scheme(&self) -> AuthScheme {
        match self.authentication {
            Authentication::SigV4(_) => AuthScheme::SigV4,
            Authentication::Bearer(_) => AuthScheme::Bearer,
        }
    }

    /// The limits on the time of each call.
    pub fn timeout_config(&self) -> TimeoutConfig {
        self.deadlines
    }

    /// When a call that failed is sent again.
    pub fn retry_config(&self) -> RetryConfig {
        self.retries
    }

    /// The limits that attempts wait for, if there are any.
    pub fn quota_limiter(&self) -> Option<&QuotaLimiter> {
        self.admission.as_ref()
    }

    /// Where the settings came from.
    pub fn sources(&self) -> &SettingSources {
        &self.sources
    }
}

impl TryFrom<ConfigBuilder> for Config {
    type Error = ConfigError;

    fn try_from(builder: ConfigBuilder) -> Result<Self, ConfigError> {
        builder.build()
    }
}

impl ConfigBuilder {
    /// The settings of the environment, to be changed. An empty variable counts as not set. Nothing is checked
    /// before [`build`](Self::build), so that what is set in code takes the place of what cannot be used.
    ///
    /// | setting | variable |
    /// |---|---|
    /// | region | `AWS_REGION`, else `AWS_DEFAULT_REGION`; else, with the feature `credentials-chain`, `region` of the profile |
    /// | bearer token | `AWS_BEARER_TOKEN_BEDROCK`; if set, it is used and the next are not, as in the AWS SDKs |
    /// | credentials | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and `AWS_SESSION_TOKEN` for temporary ones; else, with the feature `credentials-chain`, the default chain |
    /// | endpoint URL | `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`, else `AWS_ENDPOINT_URL`; neither if `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true` |
    /// | FIPS | `AWS_USE_FIPS_ENDPOINT`: `true` or `false` |
    /// | dual stack | `AWS_USE_DUALSTACK_ENDPOINT`: `true` or `false` |
    /// | attempts | `AWS_MAX_ATTEMPTS`: at least 1 |
    /// | adaptive rate | `AWS_RETRY_MODE`: `adaptive`, or `standard` for none |
    /// | proxies | `https_proxy`, `http_proxy`, else `all_proxy`, and `no_proxy`, or in upper case; lower case first; `HTTP_PROXY` not where `REQUEST_METHOD` is set |
    /// | CA bundle | `AWS_CA_BUNDLE`: a file of root certificates, PEM |
    pub fn from_env() -> Self {
        env::builder(Environment::process())
    }

    /// The same of another environment than the process's: what gives a variable by its name, now and, with the feature
    /// `credentials-chain`, when credentials are loaded.
    pub fn from_env_with(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        env::builder(Environment::new(variable))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("auth_scheme", &self.auth_scheme())
            .field("sources", &self.sources)
            .field("transport", &self.transport)
            .field("deadlines", &self.deadlines)
            .field("retries", &self.retries)
            .field("admission", &self.admission)
            .finish_non_exhaustive()
    }
}
