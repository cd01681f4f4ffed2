//! The settings of a client before they are checked.

mod authentication;
mod build;
mod call;
#[cfg(feature = "credentials-chain")]
mod chain;
mod credentials;
mod from_env;
mod profile;
mod proxies;
#[cfg(feature = "aws-config")]
mod sdk_config;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use invoke_model_credentials::{CredentialsCacheConfig, SharedCredentialsProvider, TimeSource};
use invoke_model_transport::Transport;

#[cfg(feature = "credentials-chain")]
use self::chain::ChainSettings;
use self::proxies::ProxySettings;
use super::authentication::BearerToken;
use super::error::ConfigError;
use super::names;
use super::setting::{Setting, SettingSource, region_of_arn};
use crate::adaptive::AdaptiveRateLimiter;
use crate::intercept::Intercept;
use crate::metadata::OnAttempt;
use crate::quota::QuotaLimiter;
use crate::random::IdempotencyTokenProvider;
use crate::retry::RetryConfig;
use crate::tags::Tags;
use crate::timeout::TimeoutConfig;

/// A setting whose value may come from an invalid environment variable. `build` returns the error only if it
/// needs the value. For example, it does not need `AWS_MAX_ATTEMPTS` if `retry_config` is set.
type Checked<T> = Setting<Result<T, ConfigError>>;

/// A builder of a [`Config`](crate::Config).
///
/// Values from setters take precedence over the environment. [`build`](Self::build) checks the values.
///
/// ```
/// use invoke_model_client::{Config, Credentials};
///
/// let config = Config::builder()
///     .region("us-east-1")
///     .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None))
///     .build()?;
/// assert_eq!(config.endpoint_url(), "https://bedrock-runtime.us-east-1.amazonaws.com");
/// # Ok::<(), invoke_model_client::ConfigError>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct ConfigBuilder {
    region: Option<Setting<String>>,
    credentials: Option<Checked<SharedCredentialsProvider>>,
    bearer_token: Option<Setting<BearerToken>>,
    endpoint_url: Option<Setting<String>>,
    /// `true` if an endpoint URL from the environment or a profile is ignored.
    ignore_endpoint_urls: Option<Checked<bool>>,
    use_fips: Option<Checked<bool>>,
    use_dual_stack: Option<Checked<bool>>,
    disable_bearer_token: bool,
    #[cfg(feature = "credentials-chain")]
    chain: Option<ChainSettings>,
    credentials_cache: CredentialsCacheConfig,
    transport: Option<Arc<dyn Transport>>,
    proxies: Option<ProxySettings>,
    ca_bundle: Option<PathBuf>,
    #[cfg(feature = "http2")]
    http_version_policy: Option<invoke_model_transport::HttpVersionPolicy>,
    time_source: TimeSource,
    idempotency_token_provider: IdempotencyTokenProvider,
    timeout_config: TimeoutConfig,
    retry_config: Option<RetryConfig>,
    /// `AWS_MAX_ATTEMPTS`, or `max_attempts` of the profile. Unused if `retry_config` is set.
    max_attempts: Option<Checked<u32>>,
    max_response_body_size: Option<u64>,
    keep_response_headers: bool,
    on_attempt: Option<OnAttempt>,
    interceptors: Vec<Arc<dyn Intercept>>,
    #[cfg(feature = "opentelemetry")]
    meter: Option<crate::metrics::ClientMeter>,
    #[cfg(feature = "opentelemetry")]
    metric_tags: Vec<String>,
    tags: Tags,
    quota_limiter: Option<QuotaLimiter>,
    adaptive_rate_limiter: Option<AdaptiveRateLimiter>,
    /// `true` if `AWS_RETRY_MODE`, or `retry_mode` of the profile, is `adaptive`. Unused if
    /// `adaptive_rate_limiter` is set.
    adaptive_mode: Option<Checked<bool>>,
    /// The variable with a profile that the program cannot read, because the feature is disabled.
    #[cfg(not(feature = "credentials-chain"))]
    unread_profile: Option<&'static str>,
}

impl ConfigBuilder {
    /// Sets the AWS region, such as `us-east-1`. The client sends requests to this region, and signs the
    /// requests for this region.
    ///
    /// Settings take precedence in this order: this setter, `AWS_REGION`, `AWS_DEFAULT_REGION`,
    /// [`region_from_arn`](Self::region_from_arn), and (with the feature `credentials-chain`) `region` of the
    /// profile. There is no default. If no region is set, [`build`](Self::build) succeeds only if a bearer
    /// token and an endpoint URL are set.
    #[doc(alias = "AWS_REGION")]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(Setting::in_code(region.into()));
        self
    }

    /// Sets the region to the region of the ARN `model_id`. This setter has no effect if another setter or
    /// the environment has already set a region, if `model_id` is not an ARN, or if the ARN contains no
    /// region.
    ///
    /// A resource exists only in the region of its ARN. If the client has another region, a call with the
    /// ARN fails before it is sent. With a custom endpoint URL, the call is sent. If the service then returns
    /// an error, the error text contains a hint that the two regions differ.
    pub fn region_from_arn(mut self, model_id: &str) -> Self {
        if let (None, Some(region)) = (&self.region, region_of_arn(model_id)) {
            self.region = Some(Setting::new(region.to_owned(), SettingSource::Arn));
        }
        self
    }

    /// Sets the URL that the client sends requests to. This URL replaces the endpoint that the rules of the
    /// service derive from the region.
    ///
    /// The URL must be an absolute `http` or `https` URL. Its path is prepended to the path of every request.
    /// [`build`](Self::build) returns an error if the URL contains a query, a fragment, a user or a password.
    ///
    /// Settings take precedence in this order: this setter, `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`,
    /// `AWS_ENDPOINT_URL`, and (with the feature `credentials-chain`) the profile: `endpoint_url` of
    /// `bedrock_runtime` in its `services` section, otherwise its `endpoint_url`. All except this setter are ignored
    /// if `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, otherwise `ignore_configured_endpoint_urls` of the profile, is
    /// `true`.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint_url = Some(Setting::in_code(url.into()));
        self
    }

    /// Sends requests to the FIPS endpoint if `use_fips` is `true`. The cryptography of this endpoint is
    /// validated under FIPS 140.
    ///
    /// Default: `AWS_USE_FIPS_ENDPOINT` (`true` or `false`), otherwise (with the feature `credentials-chain`)
    /// `use_fips_endpoint` of the profile, otherwise `false`. A FIPS endpoint cannot be combined with an endpoint
    /// URL. The default credentials chain also uses the FIPS endpoints of STS and SSO.
    pub fn use_fips(mut self, use_fips: bool) -> Self {
        self.use_fips = Some(Setting::in_code(Ok(use_fips)));
        self
    }

    /// Sends requests to the dual-stack endpoint if `use_dual_stack` is `true`. This endpoint has both IPv4
    /// and IPv6 addresses.
    ///
    /// Default: `AWS_USE_DUALSTACK_ENDPOINT` (`true` or `false`), otherwise (with the feature `credentials-chain`)
    /// `use_dualstack_endpoint` of the profile, otherwise `false`. A dual-stack endpoint cannot be combined with an
    /// endpoint URL. The default credentials chain also uses the dual-stack endpoints of STS and SSO.
    #[doc(alias = "ipv6")]
    pub fn use_dual_stack(mut self, use_dual_stack: bool) -> Self {
        self.use_dual_stack = Some(Setting::in_code(Ok(use_dual_stack)));
        self
    }

    /// Sets the clock for the time in signatures and for the expiry of credentials. Default: the system
    /// clock.
    ///
    /// Timeouts and backoff do not use this clock. They use the clock of tokio.
    #[doc(alias = "clock")]
    pub fn time_source(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.time_source = TimeSource::new(now);
        self
    }

    /// Sets the function that generates idempotency tokens. The client calls this function for each
    /// idempotency token that the caller has not set in the input. All attempts of a call send the same
    /// token. Default: random UUIDs.
    pub fn idempotency_token_provider(
        mut self,
        generator: impl Fn() -> String + Send + Sync + 'static,
    ) -> Self {
        self.idempotency_token_provider = IdempotencyTokenProvider::new(generator);
        self
    }
}

impl fmt::Debug for ConfigBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn source<T>(setting: Option<&Setting<T>>) -> String {
            setting.map_or_else(|| "not set".to_owned(), |setting| setting.source.to_string())
        }
        f.debug_struct("ConfigBuilder")
            .field("region", &self.region)
            .field("credentials", &source(self.credentials.as_ref()))
            .field("bearer_token", &source(self.bearer_token.as_ref()))
            // Show only the source, because the URL is not checked yet and may contain a password.
            .field("endpoint_url", &source(self.endpoint_url.as_ref()))
            .field("use_fips", &self.use_fips)
            .field("use_dual_stack", &self.use_dual_stack)
            .field("disable_bearer_token", &self.disable_bearer_token)
            .field("proxies", &self.proxies.as_ref().map(|settings| &settings.proxies))
            .field("ca_bundle", &self.ca_bundle)
            .field("credentials_cache", &self.credentials_cache)
            .field("transport", &self.transport)
            .field("timeout_config", &self.timeout_config)
            .field("retry_config", &self.retry_config)
            .field("tags", &self.tags)
            .field("quota_limiter", &self.quota_limiter)
            .field("interceptors", &names(&self.interceptors))
            .finish_non_exhaustive()
    }
}
