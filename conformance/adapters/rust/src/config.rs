//! Conversion of the settings of a scenario to the configuration of the client.

use std::time::Duration;

use invoke_model_client::{
    AdaptiveRateLimiter, ConfigBuilder, Credentials, HttpVersionPolicy, Proxies, RetryConfig, TimeoutConfig,
};
use serde_json::Value;

/// Returns the configuration with the settings of a scenario. The error names a setting that the client does not have.
pub(crate) fn of(settings: &Value) -> Result<ConfigBuilder, String> {
    let mut config = ConfigBuilder::from_env().http_version_policy(HttpVersionPolicy::PreferHttp2);
    let mut retries = RetryConfig::standard();
    for (name, value) in settings.as_object().into_iter().flatten() {
        let text = || value.as_str().unwrap_or_default();
        config = match (name.as_str(), text()) {
            ("endpoint_url", url) => config.endpoint_url(url),
            ("region", region) => config.region(region),
            ("credentials", _) => {
                let text = |name: &str| value[name].as_str().map(str::to_owned);
                let [id, secret] =
                    ["access_key_id", "secret_access_key"].map(|name| text(name).unwrap_or_default());
                config.credentials_provider(Credentials::new(id, secret, text("session_token")))
            }
            ("bearer_token", token) => config.bearer_token(token),
            ("max_attempts", _) => {
                let attempts = value.as_u64().and_then(|attempts| u32::try_from(attempts).ok());
                retries = retries.max_attempts(attempts.unwrap_or_default());
                config
            }
            ("max_backoff_ms", _) => {
                retries = retries.max_backoff(milliseconds(value));
                config
            }
            ("retry_mode", "standard") => config,
            ("retry_mode", "adaptive") => config.adaptive_rate_limiter(AdaptiveRateLimiter::new()),
            ("timeouts_ms", _) => config.timeout_config(timeouts(value)?),
            ("proxy_url", url) => config.proxies(proxies(url)?),
            ("ca_file", path) => config.ca_bundle(path),
            ("use_fips", _) => config.use_fips(value == true),
            ("use_dual_stack", _) => config.use_dual_stack(value == true),
            ("http_version", "1.1") => config.http_version_policy(HttpVersionPolicy::Http1Only),
            _ => return Err(format!("this client has no setting {name}: {value}")),
        };
    }
    Ok(config.retry_config(retries))
}

fn timeouts(settings: &Value) -> Result<TimeoutConfig, String> {
    let settings = settings.as_object().into_iter().flatten();
    settings.into_iter().try_fold(TimeoutConfig::default(), |timeouts, (name, value)| match name.as_str() {
        "connect" => Ok(timeouts.connect(milliseconds(value))),
        "read" => Ok(timeouts.first_byte(milliseconds(value)).idle(milliseconds(value))),
        "operation" => Ok(timeouts.operation(milliseconds(value))),
        _ => Err(format!("this client has no timeout {name}")),
    })
}

fn proxies(url: &str) -> Result<Proxies, String> {
    Proxies::default().http(url).and_then(|proxies| proxies.https(url)).map_err(|error| error.to_string())
}

fn milliseconds(value: &Value) -> Duration {
    Duration::from_millis(value.as_u64().unwrap_or_default())
}

/// Replaces tagged values with the text that the client accepts: base64 and RFC 3339.
pub(crate) fn without_tags(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_tags).collect(),
        Value::Object(members) => match members.iter().next() {
            Some((tag, text)) if tag == "$bytes" || tag == "$time" => text.clone(),
            _ => members.iter().map(|(name, value)| (name.clone(), without_tags(value))).collect(),
        },
        other => other.clone(),
    }
}
