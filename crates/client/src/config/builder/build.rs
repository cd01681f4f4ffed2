//! Checks the settings and resolves the endpoint.

use std::sync::Arc;

use invoke_model_transport::{HyperTransport, Transport};
use invoke_model_types::endpoint::{Parameters, resolve};

use super::{Checked, ConfigBuilder};
use crate::adaptive::AdaptiveRateLimiter;
use crate::authorization::exposes_secrets;
use crate::config::Config;
use crate::config::authentication::Authentication;
use crate::config::endpoint::Endpoint;
use crate::config::error::ConfigError;
use crate::config::setting::{Setting, SettingSource, SettingSources};
use crate::retry::RetryConfig;
use crate::tags;

impl Config {
    /// Creates a builder with default settings. This function does not read the environment. To use settings
    /// from the environment, start with [`ConfigBuilder::from_env`].
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }
}

impl TryFrom<ConfigBuilder> for Config {
    type Error = ConfigError;

    fn try_from(builder: ConfigBuilder) -> Result<Self, ConfigError> {
        builder.build()
    }
}

impl ConfigBuilder {
    /// Checks the settings, and resolves the endpoint for all calls.
    ///
    /// This function accepts missing credentials, because a call can have its own credentials. A call without
    /// credentials fails with a [`CredentialsError`](crate::CredentialsError).
    ///
    /// # Errors
    /// Returns a [`ConfigError`] if a required setting is missing, if a setting is invalid, or if two
    /// settings contradict each other.
    pub fn build(mut self) -> Result<Config, ConfigError> {
        self.use_profile()?;
        let transport: Arc<dyn Transport> = match &self.transport {
            Some(transport) => transport.clone(),
            None => Arc::new(self.default_transport()),
        };
        let (authentication, credentials) = self.authentication(&transport)?;
        if let Some(region) = &self.region {
            check_region(region)?;
        }
        self.check_profile_support(&authentication)?;
        let (endpoint, endpoint_source) = self.endpoint()?;
        if let (Authentication::Bearer(_), Some(token)) = (&authentication, credentials) {
            check_token_is_encrypted(&endpoint, endpoint_source, token)?;
        }
        if let (Some(proxies), None) = (&self.proxies, &self.transport) {
            proxies.check(&endpoint.uri())?;
        }
        let proxy_url = match (&self.proxies, &self.transport) {
            (Some(settings), None) => settings.proxies.url_for(&endpoint.uri()),
            _ => None,
        };
        if self.region.is_none() && matches!(authentication, Authentication::SigV4(_)) {
            return Err(ConfigError::NoSigningRegion { endpoint: endpoint_source });
        }
        tags::check(&self.tags).map_err(|problem| ConfigError::Invalid {
            setting: "tags",
            origin: SettingSource::Code,
            problem,
        })?;
        #[cfg(feature = "opentelemetry")]
        tags::check_keys(&self.metric_tags).map_err(|problem| ConfigError::Invalid {
            setting: "metric tags",
            origin: SettingSource::Code,
            problem,
        })?;
        let retry_config = match (self.retry_config, self.max_attempts) {
            (Some(config), _) => config,
            (None, Some(max_attempts)) => RetryConfig::standard().max_attempts(max_attempts.value?),
            (None, None) => RetryConfig::default(),
        };
        let adaptive_rate_limiter = match (self.adaptive_rate_limiter, self.adaptive_mode) {
            (Some(limiter), _) => Some(limiter),
            (None, Some(adaptive)) => adaptive.value?.then(AdaptiveRateLimiter::new),
            (None, None) => None,
        };
        let sources = SettingSources {
            region: self.region.as_ref().map(|region| region.source),
            endpoint: endpoint_source,
            credentials,
        };
        Ok(Config {
            region: self.region.map(|region| region.value),
            proxy_url,
            endpoint,
            authentication,
            sources,
            transport,
            time_source: self.time_source,
            idempotency_token_provider: self.idempotency_token_provider,
            timeout_config: self.timeout_config,
            retry_config,
            max_response_body_size: self.max_response_body_size,
            keep_response_headers: self.keep_response_headers,
            on_attempt: self.on_attempt,
            interceptors: self.interceptors,
            #[cfg(feature = "opentelemetry")]
            meter: self.meter,
            #[cfg(feature = "opentelemetry")]
            metric_tags: self.metric_tags,
            tags: Arc::new(self.tags),
            quota_limiter: self.quota_limiter,
            adaptive_rate_limiter,
            credentials_cache: self.credentials_cache,
        })
    }

    /// Returns the endpoint URL that is set, or `None` if the client must use the endpoint of the region.
    fn custom_endpoint_url(&self) -> Result<Option<&Setting<String>>, ConfigError> {
        let Some(url) = &self.endpoint_url else { return Ok(None) };
        let is_configured = matches!(url.source, SettingSource::Environment(_) | SettingSource::Profile);
        match &self.ignore_endpoint_urls {
            Some(ignored) if is_configured => Ok((!ignored.value.clone()?).then_some(url)),
            _ => Ok(Some(url)),
        }
    }

    fn endpoint(&self) -> Result<(Endpoint, SettingSource), ConfigError> {
        let endpoint_url = self.custom_endpoint_url()?;
        let flag = |flag: &Option<Checked<bool>>| match flag {
            Some(setting) => setting.value.clone(),
            None => Ok(false),
        };
        let parameters = Parameters {
            region: self.region.as_ref().map(|region| region.value.as_str()),
            use_fips: flag(&self.use_fips)?,
            use_dual_stack: flag(&self.use_dual_stack)?,
            endpoint: endpoint_url.map(|url| url.value.as_str()),
        };
        if parameters.region.is_none() && parameters.endpoint.is_none() {
            return Err(ConfigError::NoRegion);
        }
        let url = resolve(&parameters)
            .map_err(|error| ConfigError::Endpoint { error, settings: self.endpoint_settings() })?;
        let source = endpoint_url.map_or(SettingSource::EndpointRules, |url| url.source);
        let invalid = |problem| ConfigError::Invalid { setting: "endpoint URL", origin: source, problem };
        Ok((Endpoint::parse(&url).map_err(invalid)?, source))
    }

    /// Lists the settings that determine the endpoint, and the source of each setting. Error texts contain
    /// this list.
    fn endpoint_settings(&self) -> String {
        let enabled = |flag: &Option<Checked<bool>>| {
            flag.as_ref().filter(|flag| flag.value == Ok(true)).map(|flag| flag.source)
        };
        let settings = [
            ("region", self.region.as_ref().map(|region| region.source)),
            ("endpoint URL", self.endpoint_url.as_ref().map(|url| url.source)),
            ("FIPS", enabled(&self.use_fips)),
            ("dual-stack", enabled(&self.use_dual_stack)),
        ];
        let set = settings.iter().filter_map(|(name, source)| Some(format!("{name}: {}", (*source)?)));
        set.collect::<Vec<_>>().join(", ")
    }

    fn default_transport(&self) -> HyperTransport {
        let mut builder = HyperTransport::builder();
        if let Some(settings) = &self.proxies {
            builder = builder.proxies(settings.proxies.clone());
        }
        if let Some(path) = &self.ca_bundle {
            builder = builder.root_certificates_file(path);
        }
        #[cfg(feature = "http2")]
        if let Some(policy) = self.http_version_policy {
            builder = builder.http_version_policy(policy);
        }
        builder.build()
    }
}

/// Checks that the bearer token of the client is sent over TLS, or to this machine.
fn check_token_is_encrypted(
    endpoint: &Endpoint,
    origin: SettingSource,
    token: SettingSource,
) -> Result<(), ConfigError> {
    if !exposes_secrets(&endpoint.uri()) {
        return Ok(());
    }
    let problem = format!(
        "the URL is an http URL, so the bearer token ({token}) would be sent unencrypted; use an https URL, or \
         credentials instead of the token"
    );
    Err(ConfigError::Invalid { setting: "endpoint URL", origin, problem })
}

/// Checks that the region consists of letters, digits and hyphens. The region becomes part of the host name,
/// and other characters could redirect the request to another host.
///
/// Also rejects the names that older tools use for FIPS endpoints, such as `fips-us-east-1`. No region has such a
/// name, so a request would be signed for a region that does not exist.
fn check_region(region: &Setting<String>) -> Result<(), ConfigError> {
    let name = region.value.as_str();
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let problem = if name.is_empty() || !name.bytes().all(is_allowed) {
        let name = name.escape_debug();
        format!("`{name}` is not a region name; use letters, digits and hyphens only, such as us-east-1")
    } else if let Some(region) = name.strip_prefix("fips-").or_else(|| name.strip_suffix("-fips")) {
        format!(
            "`{name}` is not a region name; use the region {region}, and select its FIPS endpoint with \
             AWS_USE_FIPS_ENDPOINT=true"
        )
    } else {
        return Ok(());
    };
    Err(ConfigError::Invalid { setting: "region", origin: region.source, problem })
}
