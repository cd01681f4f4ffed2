//! Conversion of the settings of a scenario to a client.

use std::fs::read;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::retry::{RetryConfig, RetryMode};
use aws_sdk_bedrockruntime::config::{Credentials, SharedHttpClient, Token};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use serde_json::Value;

use crate::Supported;
use crate::inputs::{object, string};

/// Returns a client with the settings of a scenario.
pub(crate) async fn load(settings: &Value) -> Supported<Client> {
    let text = |name: &str| settings[name].as_str().map(str::to_owned);
    let mut retries = RetryConfig::standard();
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    for (name, value) in object(settings) {
        loader = match name.as_str() {
            "endpoint_url" => loader.endpoint_url(string(value)),
            "region" => loader.region(Region::new(string(value))),
            "credentials" => {
                let (id, secret) = (string(&value["access_key_id"]), string(&value["secret_access_key"]));
                let token = value["session_token"].as_str().map(str::to_owned);
                loader.credentials_provider(Credentials::new(id, secret, token, None, "kit"))
            }
            "bearer_token" => loader
                .token_provider(Token::new(string(value), None))
                .auth_scheme_preference(["httpBearerAuth".into()]),
            "use_fips" => loader.use_fips(value == true),
            "use_dual_stack" => loader.use_dual_stack(value == true),
            "timeouts_ms" => loader.timeout_config(timeouts(value)?),
            "proxy_url" | "ca_file" => loader, // `http` uses these settings.
            "http_version" if settings["ca_file"].is_null() => loader, // Without TLS, the client uses HTTP/1.1.
            "retry_mode" if value == "standard" => loader,
            "retry_mode" if value == "adaptive" => {
                retries = retries.with_retry_mode(RetryMode::Adaptive);
                loader
            }
            "max_backoff_ms" => {
                retries = retries.with_max_backoff(milliseconds(value));
                loader
            }
            "max_attempts" => {
                retries = retries.with_max_attempts(value.as_u64().unwrap_or_default() as u32);
                loader
            }
            _ => return Err(format!("this client has no setting {name}: {value}")),
        };
    }
    let loader = loader.retry_config(retries).http_client(http(text("proxy_url"), text("ca_file"))?);
    Ok(Client::new(&loader.load().await))
}

fn timeouts(settings: &Value) -> Supported<TimeoutConfig> {
    let mut timeouts = TimeoutConfig::builder();
    for (name, value) in object(settings) {
        let limit = milliseconds(value);
        timeouts = match name.as_str() {
            "connect" => timeouts.connect_timeout(limit),
            "read" => timeouts.read_timeout(limit),
            "operation" => timeouts.operation_timeout(limit),
            _ => return Err(format!("this client has no timeout {name}")),
        };
    }
    Ok(timeouts.build())
}

/// Returns an HTTP client that uses `ring` instead of the default TLS provider of the crate.
fn http(proxy_url: Option<String>, ca_file: Option<String>) -> Supported<SharedHttpClient> {
    let proxy = match proxy_url {
        Some(url) => ProxyConfig::all(url).map_err(|error| error.to_string())?,
        None => ProxyConfig::disabled(),
    };
    let trust = match ca_file {
        Some(file) => {
            TrustStore::empty().with_pem_certificate(read(file).map_err(|error| error.to_string())?)
        }
        None => TrustStore::default(),
    };
    let tls = TlsContext::builder().with_trust_store(trust).build().map_err(|error| error.to_string())?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        let connector = connector.proxy_config(proxy.clone());
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls.clone()).build()
    }))
}

fn milliseconds(value: &Value) -> Duration {
    Duration::from_millis(value.as_u64().unwrap_or_default())
}
