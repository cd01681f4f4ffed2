//! Settings of a client from Python.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use invoke_model_client::{
    AdaptiveRateLimiter, ConfigBuilder, Credentials, HttpVersionPolicy, Proxies, QuotaLimiter, RetryConfig,
    TimeoutConfig,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt};

use crate::errors::{self, seconds};
use crate::hooks::{Interceptor, interceptors};
use crate::options::{CallOptions, Tags, tags};
use crate::quota::Limiter;

/// The settings of a client. `Client` of `invoke_model.client` documents them.
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
    /// The proxies of a `Config` by the scheme of the requests.
    proxies: Option<HashMap<String, String>>,
    max_concurrency: Option<u32>,
    requests_per_minute: Option<u32>,
    tokens_per_minute: Option<u64>,
    quota_limiter: Option<Arc<Limiter>>,
    interceptor_timeout: Option<f64>,
    tags: Tags,
    interceptors: Vec<Arc<Interceptor>>,
    http_version: Option<String>,
    user_agent: Option<String>,
    user_agent_extra: Option<String>,
    user_agent_appid: Option<String>,
}

/// Settings that replace single members of the configuration of retries. The environment and the profile set its other
/// members, such as the number of attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryOverrides {
    retry_ambiguous: Option<bool>,
    max_backoff: Option<Duration>,
}

impl RetryOverrides {
    pub(crate) fn apply(self, mut retries: RetryConfig) -> RetryConfig {
        if let Some(yes) = self.retry_ambiguous {
            retries = retries.retry_ambiguous(yes);
        }
        match self.max_backoff {
            Some(duration) => retries.max_backoff(duration),
            None => retries,
        }
    }
}

/// The first part of the `User-Agent` header.
const USER_AGENT: &str = concat!("invoke-model/", env!("CARGO_PKG_VERSION"));

pub(crate) const TEXT: &str = "text";
pub(crate) const SECONDS: &str = "a number of seconds";
pub(crate) const COUNT: &str = "a number of at least 1";
pub(crate) const FLAG: &str = "True or False";

/// Returns a setting, or `None` if it is unset. `place` precedes the name in errors. `expected` describes the values that
/// are allowed.
pub(crate) fn setting<'py, T>(
    settings: &Bound<'py, PyDict>,
    place: &str,
    name: &str,
    expected: &str,
) -> PyResult<Option<T>>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    let Some(value) = settings.get_item(name)?.filter(|value| !value.is_none()) else { return Ok(None) };
    let is_wrong_bool = expected != FLAG && value.is_instance_of::<PyBool>();
    if let (false, Ok(value)) = (is_wrong_bool, value.extract()) {
        return Ok(Some(value));
    }
    // A text can be a secret.
    match value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() && expected == COUNT {
        true => Err(PyValueError::new_err(format!("{place}{name}: expected {expected}, not {value}"))),
        false => {
            let found = value.get_type().name()?;
            Err(PyTypeError::new_err(format!("{place}{name}: expected {expected}, not {found}")))
        }
    }
}

/// Returns the proxies for `http` and `https` requests. `setting` is the name in errors.
pub(crate) fn proxies(setting: &str, http: Option<&str>, https: Option<&str>) -> PyResult<Proxies> {
    let invalid = |error| PyValueError::new_err(format!("{setting}: {error}"));
    let mut proxies = Proxies::default();
    if let Some(url) = http {
        proxies = proxies.http(url).map_err(invalid)?;
    }
    if let Some(url) = https {
        proxies = proxies.https(url).map_err(invalid)?;
    }
    Ok(proxies)
}

impl Settings {
    /// Reads the settings from a dictionary.
    ///
    /// # Errors
    /// Returns a `TypeError` or a `ValueError` that names the setting.
    pub(crate) fn read(settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        Ok(Self {
            region_name: setting(settings, "", "region_name", TEXT)?,
            endpoint_url: setting(settings, "", "endpoint_url", TEXT)?,
            aws_access_key_id: setting(settings, "", "aws_access_key_id", TEXT)?,
            aws_secret_access_key: setting(settings, "", "aws_secret_access_key", TEXT)?,
            aws_session_token: setting(settings, "", "aws_session_token", TEXT)?,
            profile_name: setting(settings, "", "profile_name", TEXT)?,
            bearer_token: setting(settings, "", "bearer_token", TEXT)?,
            connect_timeout: setting(settings, "", "connect_timeout", SECONDS)?,
            read_timeout: setting(settings, "", "read_timeout", SECONDS)?,
            first_byte_timeout: setting(settings, "", "first_byte_timeout", SECONDS)?,
            idle_timeout: setting(settings, "", "idle_timeout", SECONDS)?,
            timeout: setting(settings, "", "timeout", SECONDS)?,
            max_attempts: setting(settings, "", "max_attempts", COUNT)?,
            retry_mode: setting(settings, "", "retry_mode", TEXT)?,
            retry_ambiguous: setting(settings, "", "retry_ambiguous", FLAG)?,
            max_backoff: setting(settings, "", "max_backoff", SECONDS)?,
            use_fips_endpoint: setting(settings, "", "use_fips_endpoint", FLAG)?,
            use_dualstack_endpoint: setting(settings, "", "use_dualstack_endpoint", FLAG)?,
            ca_bundle: setting(settings, "", "ca_bundle", TEXT)?,
            proxy: setting(settings, "", "proxy", TEXT)?,
            proxies: setting(settings, "config: ", "proxies", "URLs of proxies by scheme")?,
            max_concurrency: setting(settings, "", "max_concurrency", COUNT)?,
            requests_per_minute: setting(settings, "", "requests_per_minute", COUNT)?,
            tokens_per_minute: setting(settings, "", "tokens_per_minute", COUNT)?,
            quota_limiter: quota_limiter(settings)?,
            interceptor_timeout: setting(settings, "", "interceptor_timeout", SECONDS)?,
            tags: setting(settings, "", "tags", "a dict")?.map_or(Ok(Tags::new()), |found| tags(&found))?,
            interceptors: interceptors(setting(settings, "", "interceptors", "a list")?.unwrap_or_default()),
            http_version: setting(settings, "", "http_version", TEXT)?,
            user_agent: setting(settings, "", "user_agent", TEXT)?,
            user_agent_extra: setting(settings, "", "user_agent_extra", TEXT)?,
            user_agent_appid: setting(settings, "", "user_agent_appid", TEXT)?,
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
                "standard" | "legacy" => builder.disable_adaptive_rate_limiter(),
                "adaptive" => builder.adaptive_rate_limiter(AdaptiveRateLimiter::new()),
                other => {
                    let text =
                        format!("retry_mode: `{other}` is not a mode: use \"standard\" or \"adaptive\"");
                    return Err(PyValueError::new_err(text));
                }
            };
        }
        if let Some(attempts) = self.max_attempts {
            builder = builder.retry_config(RetryConfig::standard().max_attempts(attempts));
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
        if let Some(proxies) = self.proxies()? {
            builder = builder.proxies(proxies);
        }
        if let Some(version) = self.http_version.as_deref() {
            builder = builder.http_version_policy(http_version(version)?);
        }
        for (key, value) in &self.tags {
            builder = builder.tag(key, value);
        }
        Ok(builder)
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

    /// Returns the `User-Agent` header, or `None` for the default header. Its parts are in the order of botocore.
    pub(crate) fn user_agent(&self) -> PyResult<Option<String>> {
        let check = |name: &str, value: &Option<String>| match value {
            Some(text) if HeaderValue::from_str(text).is_err() => {
                Err(PyValueError::new_err(format!("{name}: expected visible ASCII characters")))
            }
            _ => Ok(()),
        };
        check("user_agent", &self.user_agent)?;
        check("user_agent_extra", &self.user_agent_extra)?;
        check("user_agent_appid", &self.user_agent_appid)?;
        let app = self.user_agent_appid.as_ref().map(|id| format!("app/{id}"));
        let added: Vec<_> =
            [&app, &self.user_agent_extra].into_iter().flatten().map(String::as_str).collect();
        if self.user_agent.is_none() && added.is_empty() {
            return Ok(None);
        }
        let first = self.user_agent.as_deref().unwrap_or(USER_AGENT);
        Ok(Some([&[first], &added[..]].concat().join(" ")))
    }

    /// Checks the settings that replace single members of the configuration of retries.
    pub(crate) fn retry_overrides(&self) -> PyResult<RetryOverrides> {
        if self.max_attempts == Some(0) {
            let text = "max_attempts: at least 1, because it includes the first attempt";
            return Err(PyValueError::new_err(text));
        }
        let max_backoff = self.max_backoff.map(|value| seconds("max_backoff", value)).transpose()?;
        Ok(RetryOverrides { retry_ambiguous: self.retry_ambiguous, max_backoff })
    }

    /// Returns the proxies. Without these settings, the variables of the environment select them.
    fn proxies(&self) -> PyResult<Option<Proxies>> {
        if let Some(url) = &self.proxy {
            return proxies("proxy", Some(url), Some(url)).map(Some);
        }
        let of_scheme = |given: &HashMap<String, String>| {
            let [http, https] = ["http", "https"].map(|scheme| given.get(scheme).map(String::as_str));
            proxies("config: proxies", http, https)
        };
        self.proxies.as_ref().map(of_scheme).transpose()
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
        if let Some(timeout) = read("interceptor_timeout", self.interceptor_timeout)? {
            timeouts = timeouts.interceptor(timeout);
        }
        Ok(timeouts)
    }

    /// Returns the quota limiter.
    pub(crate) fn quotas(&self) -> PyResult<Option<Arc<Limiter>>> {
        let (concurrency, requests, tokens) =
            (self.max_concurrency, self.requests_per_minute, self.tokens_per_minute);
        if concurrency.is_none() && requests.is_none() && tokens.is_none() {
            return Ok(self.quota_limiter.clone());
        }
        if self.quota_limiter.is_some() {
            let text = "quota_limiter: pass max_concurrency, requests_per_minute and tokens_per_minute to the \
                        QuotaLimiter, and not to the client";
            return Err(PyValueError::new_err(text));
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
        Ok(Some(Arc::new(Limiter::new(builder))))
    }

    /// Returns the tags and the interceptors of all calls.
    pub(crate) fn call_options(&self) -> CallOptions {
        CallOptions { tags: self.tags.clone(), interceptors: self.interceptors.clone() }
    }
}

fn quota_limiter(settings: &Bound<'_, PyDict>) -> PyResult<Option<Arc<Limiter>>> {
    let found: Option<Bound<'_, crate::quota::QuotaLimiter>> =
        setting(settings, "", "quota_limiter", "a QuotaLimiter")?;
    Ok(found.map(|found| found.get().limiter()))
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
