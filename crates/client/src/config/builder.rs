//! The settings of a client, before they are checked.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use invoke_model_transport::{Proxies, Transport};

use super::ConfigError;
use super::clock::Clock;
use super::source::{Setting, SettingSource};
use super::tokens::Tokens;
#[cfg(feature = "credentials-chain")]
use crate::credentials::ChainSettings;
use crate::credentials::{CredentialsCacheConfig, Given, ProvideCredentials, Token};
use crate::metadata::{Attempt, OnAttempt};
use crate::retry::RetryConfig;
use crate::timeout::TimeoutConfig;
use crate::{AdaptiveRateLimiter, QuotaLimiter};

/// The settings of a [`Config`](crate::Config). What is set here stands above what
/// [`from_env`](crate::Config::from_env) found.
#[derive(Clone, Default)]
#[must_use]
pub struct ConfigBuilder {
    pub(crate) region: Option<Setting<String>>,
    pub(crate) credentials: Option<Setting<Result<Given, ConfigError>>>,
    pub(crate) bearer_token: Option<Setting<Token>>,
    pub(crate) endpoint_url: Option<Setting<String>>,
    pub(crate) use_fips: Option<Setting<Result<bool, ConfigError>>>,
    pub(crate) use_dual_stack: Option<Setting<Result<bool, ConfigError>>>,
    pub(crate) disable_bearer_token: bool,
    #[cfg(feature = "credentials-chain")]
    pub(crate) chain: Option<ChainSettings>,
    pub(crate) credentials_cache: CredentialsCacheConfig,
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) proxies: Option<Result<Proxies, ConfigError>>,
    pub(crate) ca_bundle: Option<PathBuf>,
    pub(crate) clock: Clock,
    pub(crate) tokens: Tokens,
    pub(crate) deadlines: TimeoutConfig,
    pub(crate) retries: Option<RetryConfig>,
    /// Of the environment: what is set in code stands above it.
    pub(crate) max_attempts: Option<Setting<Result<u32, ConfigError>>>,
    pub(crate) on_attempt: Option<OnAttempt>,
    pub(crate) admission: Option<QuotaLimiter>,
    pub(crate) adaptive_rate_limiter: Option<AdaptiveRateLimiter>,
    /// Of the environment.
    pub(crate) retry_mode: Option<Setting<Result<bool, ConfigError>>>,
}

impl ConfigBuilder {
    /// The region that is called and signed for, such as `us-east-1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(Setting::in_code(region.into()));
        self
    }

    /// The region that an ARN names, such as a model id, where nothing else does: not the program, nor the environment. An
    /// id that is no ARN, or an ARN without a region, changes nothing.
    ///
    /// What an ARN stands for is only in its own region. Where another region is set it is called all the same, and the
    /// error says that the two differ.
    pub fn region_from_arn(mut self, model_id: &str) -> Self {
        // arn:partition:service:region:account:resource
        let region = model_id.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
        if let (None, Some(region)) = (&self.region, region.filter(|region| !region.is_empty())) {
            self.region = Some(Setting::new(region.to_owned(), SettingSource::Arn));
        }
        self
    }

    /// Where the credentials of each call come from: fixed
    /// [`Credentials`](crate::Credentials), or any provider, which is asked once for all calls, and again before what it
    /// gave expires: see [`credentials_cache`](Self::credentials_cache). Those of the AWS crates are providers with
    /// the feature `aws-credential-types`, as `AwsProvider`.
    ///
    /// They stand above a bearer token of the environment, but not above one set with
    /// [`bearer_token`](Self::bearer_token). The whole order is in `docs/credentials.md`.
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials) -> Self {
        self.credentials = Some(Setting::in_code(Ok(Given::new(provider))));
        self
    }

    /// The default chain of credentials, with that profile of the shared files `config` and `credentials` in place of
    /// `AWS_PROFILE`. Chosen in code, it stands above the bearer token and the keys of the environment; the region, if
    /// none is set, is the profile's. The files are read when credentials are loaded; for the region, when the settings
    /// are [built](Self::build).
    #[cfg(feature = "credentials-chain")]
    pub fn profile_name(mut self, name: impl Into<String>) -> Self {
        let chain = self.chain.get_or_insert_with(ChainSettings::of_process);
        chain.profile = Some(name.into());
        self
    }

    /// The default chain of credentials, where neither a bearer token nor credentials are set: the profile of
    /// `AWS_PROFILE` or `default`, web identity, containers, instance metadata. [`from_env`](Self::from_env) has it
    /// anyway.
    #[cfg(feature = "credentials-chain")]
    pub fn default_credentials_chain(mut self) -> Self {
        self.chain.get_or_insert_with(ChainSettings::of_process);
        self
    }

    /// An Amazon Bedrock API key. With it no credentials are looked up and nothing is signed.
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.bearer_token = Some(Setting::in_code(Token::new(token)));
        self
    }

    /// Uses credentials and a signature even where there is a bearer token: the off switch for a variable that a shell
    /// still has.
    pub fn disable_bearer_token(mut self) -> Self {
        self.disable_bearer_token = true;
        self
    }

    /// When the credentials of a provider are loaded anew, and how long that may take. Default: see
    /// [`CredentialsCacheConfig`].
    pub fn credentials_cache(mut self, refresh: CredentialsCacheConfig) -> Self {
        self.credentials_cache = refresh;
        self
    }

    /// An absolute `http` or `https` URL in place of the endpoint that the rules make from the region. A path in it
    /// is put before the path of every request; a query is refused.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint_url = Some(Setting::in_code(url.into()));
        self
    }

    /// Whether to call the host whose cryptography is validated under FIPS 140. Default: no.
    pub fn use_fips(mut self, yes: bool) -> Self {
        self.use_fips = Some(Setting::in_code(Ok(yes)));
        self
    }

    /// Whether to call the host that has both IPv4 and IPv6 addresses. Default: no.
    pub fn use_dual_stack(mut self, yes: bool) -> Self {
        self.use_dual_stack = Some(Setting::in_code(Ok(yes)));
        self
    }

    /// The proxies of the default transport. Default: none, or those of the [environment](Self::from_env).
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = Some(Ok(proxies));
        self
    }

    /// A file of root certificates, PEM, that the default transport trusts instead of the system's. Default: none, or
    /// that of the [environment](Self::from_env). It is read on the first `https` call.
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_bundle = Some(path.into());
        self
    }

    /// What sends the requests; an `Arc<dyn Transport>` is one too. Default: a
    /// [`HyperTransport`](invoke_model_transport::HyperTransport) of its own, with
    /// [`proxies`](Self::proxies) and [`ca_bundle`](Self::ca_bundle); a transport that is given has settings of its own.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The limits on the time of each call, unless the call has [its own](crate::Call::timeout_config). Default: those of
    /// [`TimeoutConfig`], which end no healthy inference.
    pub fn timeout_config(mut self, deadlines: TimeoutConfig) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// When a call that failed is sent again, unless the call has [its own](crate::Call::retry_config).
    pub fn retry_config(mut self, retries: RetryConfig) -> Self {
        self.retries = Some(retries);
        self
    }

    /// Is shown each attempt of each call when it has ended, well or not. It must not wait: the call does.
    pub fn on_attempt(mut self, hook: impl Fn(&Attempt) + Send + Sync + 'static) -> Self {
        self.on_attempt = Some(OnAttempt::new(hook));
        self
    }

    /// A rate that attempts keep to once the service has throttled some: the adaptive retry mode. Clones share the rate,
    /// so that several clients can have one. Default: none, unless `AWS_RETRY_MODE` is `adaptive`.
    pub fn adaptive_rate_limiter(mut self, rate: AdaptiveRateLimiter) -> Self {
        self.adaptive_rate_limiter = Some(rate);
        self
    }

    /// Limits that each attempt waits for before it is sent. Clones of an [`QuotaLimiter`] share their limits, so that
    /// several clients can have one. Default: none.
    pub fn quota_limiter(mut self, admission: QuotaLimiter) -> Self {
        self.admission = Some(admission);
        self
    }

    /// What tells the time, for signatures and for the expiry of credentials. Default: the system's clock.
    pub fn time_source(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    /// What makes the idempotency tokens that a caller leaves out, one for each call. Default: random UUIDs.
    pub fn idempotency_tokens(mut self, generator: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.tokens = Tokens::new(generator);
        self
    }
}

impl fmt::Debug for ConfigBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source =
            |source: Option<SettingSource>| source.map_or("not set".to_owned(), |source| source.to_string());
        f.debug_struct("ConfigBuilder")
            .field("region", &self.region)
            .field("credentials", &source(self.credentials.as_ref().map(|given| given.source)))
            .field("bearer_token", &source(self.bearer_token.as_ref().map(|given| given.source)))
            // It can hold a password until it is checked.
            .field("endpoint_url", &source(self.endpoint_url.as_ref().map(|given| given.source)))
            .field("use_fips", &self.use_fips)
            .field("use_dual_stack", &self.use_dual_stack)
            .field("disable_bearer_token", &self.disable_bearer_token)
            .field("proxies", &self.proxies)
            .field("ca_bundle", &self.ca_bundle)
            .field("credentials_cache", &self.credentials_cache)
            .field("transport", &self.transport)
            .field("deadlines", &self.deadlines)
            .field("retries", &self.retries)
            .field("admission", &self.admission)
            .finish_non_exhaustive()
    }
}
