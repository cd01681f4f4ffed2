//! The checked settings of a client, and the builder of these settings.

mod authentication;
mod builder;
mod endpoint;
mod error;
mod setting;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use invoke_model_credentials::{CredentialsCache, CredentialsCacheConfig, TimeSource};
use invoke_model_transport::Transport;

pub use authentication::AuthScheme;
pub use builder::ConfigBuilder;
pub use error::ConfigError;
pub use setting::{SettingSource, SettingSources};

pub(crate) use authentication::{Authentication, BearerToken};
pub(crate) use endpoint::Endpoint;
pub(crate) use setting::region_of_arn;

use crate::adaptive::AdaptiveRateLimiter;
use crate::intercept::Intercept;
use crate::metadata::OnAttempt;
use crate::quota::QuotaLimiter;
use crate::random::IdempotencyTokenProvider;
use crate::retry::RetryConfig;
use crate::tags::Tags;
use crate::timeout::TimeoutConfig;

/// Checked settings of a [`Client`](crate::Client), including the resolved endpoint.
///
/// Create a configuration with [`Config::from_env`] or [`ConfigBuilder`]. `Debug` redacts secrets.
#[derive(Clone)]
pub struct Config {
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Endpoint,
    pub(crate) proxy_url: Option<String>,
    pub(crate) authentication: Authentication,
    pub(crate) sources: SettingSources,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) time_source: TimeSource,
    pub(crate) idempotency_token_provider: IdempotencyTokenProvider,
    pub(crate) timeout_config: TimeoutConfig,
    pub(crate) retry_config: RetryConfig,
    pub(crate) max_response_body_size: Option<u64>,
    pub(crate) keep_response_headers: bool,
    pub(crate) on_attempt: Option<OnAttempt>,
    pub(crate) interceptors: Vec<Arc<dyn Intercept>>,
    /// The meter of the metrics, or `None` for a meter of the global provider.
    #[cfg(feature = "opentelemetry")]
    pub(crate) meter: Option<crate::metrics::ClientMeter>,
    /// The keys of the tags that are attributes of the metrics.
    #[cfg(feature = "opentelemetry")]
    pub(crate) metric_tags: Vec<String>,
    pub(crate) tags: Arc<Tags>,
    pub(crate) quota_limiter: Option<QuotaLimiter>,
    pub(crate) adaptive_rate_limiter: Option<AdaptiveRateLimiter>,
    pub(crate) credentials_cache: CredentialsCacheConfig,
}

impl Config {
    /// Returns the region that requests are sent to and signed for. Returns `None` if the region is not set.
    /// In that case, a bearer token and an endpoint URL are set.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Returns the URL that requests are sent to. The URL consists of scheme, host, port (if set) and base
    /// path, without a slash at the end.
    pub fn endpoint_url(&self) -> String {
        self.endpoint.to_string()
    }

    /// Returns the URL of the proxy for the endpoint, without user and password. Returns `None` if the default
    /// transport uses no proxy for the endpoint, or if the program has set another transport.
    pub fn proxy_url(&self) -> Option<&str> {
        self.proxy_url.as_deref()
    }

    /// Returns the authentication scheme of the calls.
    pub fn auth_scheme(&self) -> AuthScheme {
        self.authentication.scheme()
    }

    /// Returns the credentials that sign the calls, for a program that signs other requests itself. Returns `None`
    /// if the calls have a bearer token, or if no credentials are configured.
    ///
    /// A client and its configuration share one cache, so the credentials are loaded once for both.
    pub fn credentials_provider(&self) -> Option<&CredentialsCache> {
        match &self.authentication {
            Authentication::SigV4(cache) => cache.as_ref(),
            Authentication::Bearer(_) => None,
        }
    }

    /// Returns the timeouts of each call.
    pub fn timeout_config(&self) -> TimeoutConfig {
        self.timeout_config
    }

    /// Returns the retry configuration of each call.
    pub fn retry_config(&self) -> RetryConfig {
        self.retry_config
    }

    /// Returns the maximum size of a complete response body, or `None` if the size is not limited.
    pub fn max_response_body_size(&self) -> Option<u64> {
        self.max_response_body_size
    }

    /// Returns the quota limiter, or `None` if the client has no quota limiter.
    pub fn quota_limiter(&self) -> Option<&QuotaLimiter> {
        self.quota_limiter.as_ref()
    }

    /// Returns the tags of each call.
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }

    /// Returns the sources of the settings.
    pub fn sources(&self) -> &SettingSources {
        &self.sources
    }
}

/// Returns the names of interceptors, for `Debug`.
fn names(interceptors: &[Arc<dyn Intercept>]) -> Vec<&str> {
    interceptors.iter().map(|interceptor| interceptor.name()).collect()
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("auth_scheme", &self.auth_scheme())
            .field("sources", &self.sources)
            .field("transport", &self.transport)
            .field("timeout_config", &self.timeout_config)
            .field("retry_config", &self.retry_config)
            .field("tags", &self.tags)
            .field("quota_limiter", &self.quota_limiter)
            .field("interceptors", &names(&self.interceptors))
            .finish_non_exhaustive()
    }
}
