//! Settings of a client from Python.

use invoke_model_client::{
    AdaptiveRateLimiter, ConfigBuilder, Credentials, HttpVersionPolicy, Proxies, QuotaLimiter, RetryConfig,
    TimeoutConfig,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{self, seconds};

/// The settings of a client. `Client` of `invoke_model.client` documents them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    region_name: Option<String>,
    endpoint_url: Option<String>,
    aws_access_key_id: Option<String>,
    aws_secret_access_key: Option<String>,
    aws_session_token: Option<String>,
    profile_name: Option<String>,
    bearer_token: Option<String>,
    connect_timeout: Option<f64>,
    read_timeout: Option<f64>,
    first_byte_timeout: Option<f64>,
    idle_timeout: Option<f64>,
    timeout: Option<f64>,
    max_attempts: Option<u32>,
    retry_mode: Option<String>,
    retry_ambiguous: Option<bool>,
    max_backoff: Option<f64>,
    use_fips_endpoint: Option<bool>,
    use_dualstack_endpoint: Option<bool>,
    ca_bundle: Option<String>,
    proxy: Option<String>,
    max_concurrency: Option<u32>,
    requests_per_minute: Option<u32>,
    tokens_per_minute: Option<u64>,
    http_version: Option<String>,
}

impl Settings {
    /// Reads the settings from a dictionary that has all keys.
    pub(crate) fn read(settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        settings.extract().map_err(|error: PyErr| {
            let py = settings.py();
            let cause = error
                .cause(py)
                .map_or_else(|| error.value(py).to_string(), |cause| cause.value(py).to_string());
            PyTypeError::new_err(format!("{}: {cause}", error.value(py)))
        })
    }

    /// Returns `true` if the client can send events, which needs HTTP/2.
    pub(crate) fn uses_http2(&self) -> bool {
        self.http_version.as_deref() == Some("2")
    }

    /// Returns the builder of the client, with settings from the environment as defaults.
    pub(crate) fn builder(self, py: Python<'_>) -> PyResult<ConfigBuilder> {
        let mut builder = ConfigBuilder::from_env().default_credentials_chain().keep_response_headers(true);
        if let Some(name) = &self.profile_name {
            builder = builder.profile_name(name);
        }
        if let Some(region) = &self.region_name {
            builder = builder.region(region);
        }
        if let Some(url) = &self.endpoint_url {
            builder = builder.endpoint_url(url);
        }
        if let Some(token) = &self.bearer_token {
            builder = builder.bearer_token(token);
        }
        builder = match self.credentials(py)? {
            Some(credentials) => builder.credentials_provider(credentials),
            None => builder,
        };
        if let Some(mode) = self.retry_mode.as_deref() {
            builder = match mode {
                // A `Config` of botocore can contain "legacy". This client has no such mode.
                "standard" | "legacy" => builder,
                "adaptive" => builder.adaptive_rate_limiter(AdaptiveRateLimiter::new()),
                other => {
                    let text =
                        format!("retry_mode: `{other}` is not a mode: use \"standard\" or \"adaptive\"");
                    return Err(PyValueError::new_err(text));
                }
            };
        }
        if self.max_attempts.is_some() || self.retry_ambiguous.is_some() || self.max_backoff.is_some() {
            builder = builder.retry_config(self.retries()?);
        }
        builder = builder.timeout_config(self.timeouts()?);
        if let Some(yes) = self.use_fips_endpoint {
            builder = builder.use_fips(yes);
        }
        if let Some(yes) = self.use_dualstack_endpoint {
            builder = builder.use_dual_stack(yes);
        }
        if let Some(path) = &self.ca_bundle {
            builder = builder.ca_bundle(path);
        }
        if let Some(url) = &self.proxy {
            let proxies = Proxies::default().http(url).and_then(|proxies| proxies.https(url));
            let proxies = proxies.map_err(|error| PyValueError::new_err(format!("proxy: {error}")))?;
            builder = builder.proxies(proxies);
        }
        if let Some(version) = self.http_version.as_deref() {
            builder = builder.http_version_policy(http_version(version)?);
        }
        Ok(match self.quotas() {
            Some(limiter) => builder.quota_limiter(limiter),
            None => builder,
        })
    }

    fn credentials(&self, py: Python<'_>) -> PyResult<Option<Credentials>> {
        match (&self.aws_access_key_id, &self.aws_secret_access_key) {
            (Some(id), Some(secret)) => {
                Ok(Some(Credentials::new(id.as_str(), secret.as_str(), self.aws_session_token.clone())))
            }
            (None, None) if self.aws_session_token.is_none() => Ok(None),
            (id, _) => {
                let missing = if id.is_none() { "aws_access_key_id" } else { "aws_secret_access_key" };
                Err(errors::partial_credentials(py, missing))
            }
        }
    }

    fn retries(&self) -> PyResult<RetryConfig> {
        let mut retries = RetryConfig::standard();
        match self.max_attempts {
            Some(0) => {
                return Err(PyValueError::new_err(
                    "max_attempts: at least 1, because it includes the first attempt",
                ));
            }
            Some(attempts) => retries = retries.max_attempts(attempts),
            None => {}
        }
        if let Some(value) = self.max_backoff {
            retries = retries.max_backoff(seconds("max_backoff", value)?);
        }
        Ok(retries.retry_ambiguous(self.retry_ambiguous.unwrap_or_default()))
    }

    fn timeouts(&self) -> PyResult<TimeoutConfig> {
        let read = |name: &str, value: Option<f64>| value.map(|value| seconds(name, value)).transpose();
        let mut timeouts = TimeoutConfig::default();
        if let Some(timeout) = read("read_timeout", self.read_timeout)? {
            timeouts = timeouts.first_byte(timeout).idle(timeout);
        }
        if let Some(timeout) = read("connect_timeout", self.connect_timeout)? {
            timeouts = timeouts.connect(timeout);
        }
        if let Some(timeout) = read("first_byte_timeout", self.first_byte_timeout)? {
            timeouts = timeouts.first_byte(timeout);
        }
        if let Some(timeout) = read("idle_timeout", self.idle_timeout)? {
            timeouts = timeouts.idle(timeout);
        }
        if let Some(timeout) = read("timeout", self.timeout)? {
            timeouts = timeouts.operation(timeout);
        }
        Ok(timeouts)
    }

    fn quotas(&self) -> Option<QuotaLimiter> {
        let (concurrency, requests, tokens) =
            (self.max_concurrency, self.requests_per_minute, self.tokens_per_minute);
        if concurrency.is_none() && requests.is_none() && tokens.is_none() {
            return None;
        }
        let mut builder = QuotaLimiter::builder();
        if let Some(number) = concurrency {
            builder = builder.max_concurrency(number);
        }
        if let Some(number) = requests {
            builder = builder.requests_per_minute(number);
        }
        if let Some(number) = tokens {
            builder = builder.tokens_per_minute(number);
        }
        Some(builder.build())
    }
}

/// Returns the policy for a version of HTTP.
pub(crate) fn http_version(version: &str) -> PyResult<HttpVersionPolicy> {
    match version {
        "1.1" => Ok(HttpVersionPolicy::Http1Only),
        "2" => Ok(HttpVersionPolicy::Http2Only),
        other => {
            let text = format!("http_version: `{other}` is not a version: use \"1.1\" or \"2\"");
            Err(PyValueError::new_err(text))
        }
    }
}
