//! Setters for the transport, timeouts, retries and rate limits of calls.

use std::path::PathBuf;
use std::sync::Arc;

#[cfg(feature = "http2")]
use invoke_model_transport::HttpVersionPolicy;
use invoke_model_transport::{Proxies, Transport};

use super::ConfigBuilder;
use crate::adaptive::AdaptiveRateLimiter;
use crate::config::setting::Setting;
use crate::intercept::Intercept;
use crate::metadata::{Attempt, OnAttempt};
use crate::quota::QuotaLimiter;
use crate::retry::RetryConfig;
use crate::timeout::TimeoutConfig;

impl ConfigBuilder {
    /// Sets the HTTP transport. Pass an `Arc<dyn Transport>` to share a transport between clients. Tests can
    /// pass a mock.
    ///
    /// Default: a new [`HyperTransport`](invoke_model_transport::HyperTransport) with
    /// [`proxies`](Self::proxies), [`ca_bundle`](Self::ca_bundle) and (with the feature `http2`)
    /// `http_version_policy`. These settings do not change a transport that the program passes to this setter.
    #[doc(alias = "http_client")]
    #[doc(alias = "mock")]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the HTTP proxies of the default transport.
    ///
    /// This setter replaces the values of all proxy variables: `https_proxy`, `http_proxy`, `all_proxy` and
    /// `no_proxy`, and the same names in upper case. Default: no proxies. After [`from_env`](Self::from_env),
    /// the default proxies come from these variables. `docs/network.md` explains the rules.
    ///
    /// ```
    /// use invoke_model_client::{Config, Proxies};
    ///
    /// let proxies = Proxies::default().https("http://user:p%40ss@proxy.example:3128")?.no_proxy("localhost,10.0.0.0/8");
    /// let builder = Config::builder().proxies(proxies);
    /// # Ok::<(), invoke_model_client::ProxyError>(())
    /// ```
    #[doc(alias = "proxy")]
    #[doc(alias = "HTTPS_PROXY")]
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = Some(proxies.into());
        self
    }

    /// Sets a PEM file of root certificates. The default transport trusts these certificates instead of the
    /// root certificates of the system. The first `https` call reads the file.
    ///
    /// Default: the root certificates of the system. After [`from_env`](Self::from_env), the default is the
    /// file in `AWS_CA_BUNDLE`, otherwise `ca_bundle` of the profile, if one of them is set.
    #[doc(alias = "AWS_CA_BUNDLE")]
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_bundle = Some(path.into());
        self
    }

    /// Sets the HTTP version of the default transport. A bidirectional stream needs HTTP/2.
    ///
    /// The default credentials chain uses the same transport. With `Http2Only`, it cannot load credentials from
    /// `http` addresses such as the instance metadata. Default: HTTP/1.1.
    #[cfg(feature = "http2")]
    pub fn http_version_policy(mut self, policy: HttpVersionPolicy) -> Self {
        self.http_version_policy = Some(policy);
        self
    }

    /// Sets the timeouts of each call. [`Call::timeout_config`](crate::Call::timeout_config) overrides these
    /// timeouts for one call.
    ///
    /// No environment variable sets timeouts. Default: [`TimeoutConfig::default`]. It limits only the time
    /// that one read of a response body may wait for data.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use invoke_model_client::{Config, Credentials, TimeoutConfig};
    ///
    /// let timeouts = TimeoutConfig::default()
    ///     .first_byte(Duration::from_secs(30)) // from sending the request to the head of the response
    ///     .operation(Duration::from_secs(120)); // the entire call, including its retries
    /// let config = Config::builder()
    ///     .region("us-east-1")
    ///     .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None))
    ///     .timeout_config(timeouts)
    ///     .build()?;
    /// assert_eq!(config.timeout_config().operation, Some(Duration::from_secs(120)));
    /// # Ok::<(), invoke_model_client::ConfigError>(())
    /// ```
    #[doc(alias = "timeout")]
    #[doc(alias = "deadline")]
    pub fn timeout_config(mut self, config: TimeoutConfig) -> Self {
        self.timeout_config = config;
        self
    }

    /// Sets the retry configuration: the failures that the client retries, and the backoff before the next
    /// attempt. [`Call::retry_config`](crate::Call::retry_config) overrides this configuration for one call.
    ///
    /// Default: the standard mode with 3 attempts. After [`from_env`](Self::from_env), `AWS_MAX_ATTEMPTS`
    /// sets the maximum number of attempts, otherwise `max_attempts` of the profile. If the program calls this
    /// setter, the client ignores both.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use invoke_model_client::{Config, Credentials, RetryConfig};
    ///
    /// let retries = RetryConfig::standard().max_attempts(5).max_backoff(Duration::from_secs(10));
    /// let config = Config::builder()
    ///     .region("us-east-1")
    ///     .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None))
    ///     .retry_config(retries)
    ///     .build()?;
    /// assert_eq!(config.retry_config(), retries);
    /// # Ok::<(), invoke_model_client::ConfigError>(())
    /// ```
    #[doc(alias = "retry")]
    #[doc(alias = "backoff")]
    #[doc(alias = "max_attempts")]
    #[doc(alias = "AWS_MAX_ATTEMPTS")]
    pub fn retry_config(mut self, config: RetryConfig) -> Self {
        self.retry_config = Some(config);
        self
    }

    /// Sets the maximum size in bytes of a complete response body. If a body is longer, the client stops
    /// reading it, and the call fails with an error of kind
    /// [`BodyTooLarge`](invoke_model_transport::TransportErrorKind::BodyTooLarge). The service may already
    /// have billed the call, so the limit is a protection of the memory, and not of the account.
    ///
    /// The limit does not apply to bodies that the caller reads in parts: event streams, server-sent events,
    /// and [`send_streaming`](crate::Call::send_streaming). Of an error response, the client reads at most 1
    /// MiB.
    ///
    /// No environment variable sets the limit. Default: no limit. If a response has the content encoding
    /// gzip, the default is 128 MiB for the decoded body.
    #[doc(alias = "limit")]
    #[doc(alias = "max_body_size")]
    pub fn max_response_body_size(mut self, bytes: u64) -> Self {
        self.max_response_body_size = Some(bytes);
        self
    }

    /// Keeps a copy of the headers of each response in [`Metadata::headers`](crate::Metadata::headers) and
    /// [`Error::response_headers`](crate::Error::response_headers). Default: `false`, because the copy allocates
    /// memory in each call.
    pub fn keep_response_headers(mut self, keep: bool) -> Self {
        self.keep_response_headers = keep;
        self
    }

    /// Sets a rate limiter that delays attempts after the service has throttled earlier attempts. This is the
    /// retry mode "adaptive" of the AWS SDKs. To share the rate between several clients, pass clones of one
    /// limiter.
    ///
    /// Default: no limiter. After [`from_env`](Self::from_env), the default is a new limiter if
    /// `AWS_RETRY_MODE`, otherwise `retry_mode` of the profile, is `adaptive`.
    #[doc(alias = "rate limit")]
    #[doc(alias = "throttling")]
    #[doc(alias = "AWS_RETRY_MODE")]
    pub fn adaptive_rate_limiter(mut self, limiter: AdaptiveRateLimiter) -> Self {
        self.adaptive_rate_limiter = Some(limiter);
        self
    }

    /// Selects the retry mode "standard": no rate limiter delays the attempts, even if `AWS_RETRY_MODE` or
    /// `retry_mode` of the profile is `adaptive`, or has a value that this client does not know.
    #[doc(alias = "AWS_RETRY_MODE")]
    pub fn disable_adaptive_rate_limiter(mut self) -> Self {
        self.adaptive_rate_limiter = None;
        self.adaptive_mode = Some(Setting::in_code(Ok(false)));
        self
    }

    /// Sets a limiter that delays each attempt until the attempt fits into the quotas. Quotas limit
    /// concurrent requests, requests per minute, and tokens per minute. To share the quotas between several
    /// clients, pass clones of one limiter.
    ///
    /// No environment variable sets a quota limiter. Default: no limiter.
    #[doc(alias = "rate limit")]
    #[doc(alias = "concurrency")]
    pub fn quota_limiter(mut self, limiter: QuotaLimiter) -> Self {
        self.quota_limiter = Some(limiter);
        self
    }

    /// Adds a tag to all calls. The value identifies, for example, the tenant or the team that makes a call.
    ///
    /// The client adds the tags of a call to the member `requestMetadata`, if the operation has this member, and to
    /// the span of the call. Interceptors can read them. A
    /// [quota limiter](crate::QuotaLimiterBuilder::key_of_tag) can have limits for each value of a tag.
    ///
    /// A call has at most 16 tags. Keys and values have at most 256 characters: ASCII letters, digits, ASCII white
    /// space and `:_@$#=/+,-.`. The tags must not contain secrets.
    ///
    /// ```
    /// use invoke_model_client::Config;
    ///
    /// let config = Config::builder().region("us-east-1").tag("team", "search").tag("cost center", "4711");
    /// # config.build().unwrap();
    /// ```
    #[doc(alias("requestMetadata", "tenant", "label"))]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Adds an interceptor for all calls. It adds headers to requests, refuses requests and responses, and
    /// observes attempts: see [`Intercept`]. The interceptors run in the order in which they were added.
    ///
    /// Default: no interceptors.
    #[doc(alias("hook", "middleware"))]
    pub fn interceptor(mut self, interceptor: impl Intercept) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Sets a function that the client calls after each successful or failed attempt. The call waits for the
    /// function, so the function must return quickly. The client does not call the function if the call fails
    /// before a request is sent. Default: no function.
    pub fn on_attempt(mut self, hook: impl Fn(&Attempt) + Send + Sync + 'static) -> Self {
        self.on_attempt = Some(OnAttempt::new(hook));
        self
    }

    /// Sets the OpenTelemetry provider of the [metrics](https://github.com/invoke-model/invoke-model/blob/main/docs/metrics.md).
    ///
    /// Default: the global provider at the time at which the client is created. Therefore call
    /// `opentelemetry::global::set_meter_provider` before you create a client.
    ///
    /// Each call of this function registers a callback with the provider, which the SDK of OpenTelemetry never
    /// removes. A program that creates many clients should clone a builder, and not call this function for each
    /// client.
    ///
    /// ```
    /// use invoke_model_client::Config;
    /// use opentelemetry_sdk::metrics::SdkMeterProvider;
    ///
    /// let provider = SdkMeterProvider::builder().build();
    /// let builder = Config::builder().region("us-east-1").meter_provider(&provider);
    /// ```
    #[cfg(feature = "opentelemetry")]
    #[doc(alias = "metrics")]
    pub fn meter_provider(
        mut self,
        provider: &(impl opentelemetry::metrics::MeterProvider + ?Sized),
    ) -> Self {
        self.meter = Some(crate::metrics::ClientMeter::new(provider));
        self
    }

    /// Makes a [tag](Self::tag) of calls an attribute of the metrics. The attribute has the name
    /// `invoke_model.tag.` followed by the key, for example `invoke_model.tag.tenant`. Calls without the tag do not
    /// have the attribute.
    ///
    /// A client reports at most 100 different values of a tag. All further values become `_OTHER`, and also values that
    /// are longer than 128 bytes, contain a character other than an ASCII letter, a digit or one of `.:/_-`, or contain
    /// 12 consecutive digits. Default: no tags.
    ///
    /// ```
    /// use invoke_model_client::Config;
    ///
    /// let builder = Config::builder().region("us-east-1").tag("team", "search").metric_tag("team").metric_tag("tenant");
    /// # builder.build().unwrap();
    /// ```
    #[cfg(feature = "opentelemetry")]
    #[doc(alias("cardinality", "tenant", "label"))]
    pub fn metric_tag(mut self, key: impl Into<String>) -> Self {
        let key = key.into();
        if !self.metric_tags.contains(&key) {
            self.metric_tags.push(key);
        }
        self
    }
}
