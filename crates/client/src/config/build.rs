//! From settings to a configuration: checked, the endpoint resolved.

use std::path::PathBuf;
use std::sync::Arc;

use invoke_model_transport::{HyperTransport, Proxies, Transport};
use invoke_model_types::endpoint::{Parameters, resolve};

use super::endpoint::Endpoint;
use super::source::{Setting, SettingSource, SettingSources};
use super::{Authentication, Config, ConfigBuilder, ConfigError};
use crate::AdaptiveRateLimiter;
use crate::retry::RetryConfig;

impl ConfigBuilder {
    /// Checks the settings and resolves the endpoint, once for all calls.
    ///
    /// That there are no credentials is not an error here but of each call: see
    /// [`CredentialsError`](crate::CredentialsError).
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn build(mut self) -> Result<Config, ConfigError> {
        self.take_region_of_profile();
        let transport: Arc<dyn Transport> = match &self.transport {
            Some(transport) => transport.clone(),
            None => Arc::new(default_transport(self.proxies.clone(), self.ca_bundle.clone())?),
        };
        let (authentication, credentials) = self.authentication(&transport)?;
        if let Some(region) = &self.region {
            check_region(region)?;
        }
        let (endpoint, endpoint_source) = self.endpoint()?;
        if self.region.is_none() && matches!(authentication, Authentication::SigV4(_)) {
            return Err(ConfigError::NoSigningRegion { endpoint: endpoint_source });
        }
        let retries = match (self.retries, self.max_attempts) {
            (Some(retries), _) => retries,
            (None, Some(attempts)) => RetryConfig::standard().max_attempts(attempts.value?),
            (None, None) => RetryConfig::default(),
        };
        let adaptive_rate_limiter = match (self.adaptive_rate_limiter, self.retry_mode) {
            (Some(rate), _) => Some(rate),
            (None, Some(mode)) => mode.value?.then(AdaptiveRateLimiter::new),
            (None, None) => None,
        };
        let sources = SettingSources {
            region: self.region.as_ref().map(|region| region.source),
            endpoint: endpoint_source,
            credentials,
        };
        Ok(Config {
            region: self.region.map(|region| region.value),
            endpoint,
            authentication,
            sources,
            transport,
            clock: self.clock,
            tokens: self.tokens,
            deadlines: self.deadlines,
            retries,
            on_attempt: self.on_attempt,
            admission: self.admission,
            adaptive_rate_limiter,
            credentials_cache: self.credentials_cache,
        })
    }

    fn endpoint(&self) -> Result<(Endpoint, SettingSource), ConfigError> {
        let flag = |flag: &Option<Setting<Result<bool, ConfigError>>>| match flag {
            Some(setting) => setting.value.clone(),
            None => Ok(false),
        };
        let parameters = Parameters {
            region: self.region.as_ref().map(|region| region.value.as_str()),
            use_fips: flag(&self.use_fips)?,
            use_dual_stack: flag(&self.use_dual_stack)?,
            endpoint: self.endpoint_url.as_ref().map(|url| url.value.as_str()),
        };
        if parameters.region.is_none() && parameters.endpoint.is_none() {
            return Err(ConfigError::NoRegion);
        }
        let url = resolve(&parameters)
            .map_err(|error| ConfigError::Endpoint { error, settings: self.endpoint_settings() })?;
        let source = self.endpoint_url.as_ref().map_or(SettingSource::EndpointRules, |url| url.source);
        let invalid = |problem| ConfigError::Invalid { setting: "endpoint URL", origin: source, problem };
        Ok((Endpoint::parse(&url).map_err(invalid)?, source))
    }

    /// The settings that an endpoint comes from, each with its source.
    fn endpoint_settings(&self) -> String {
        let yes = |flag: &Option<Setting<Result<bool, ConfigError>>>| {
            flag.as_ref().filter(|flag| flag.value == Ok(true)).map(|flag| flag.source)
        };
        let settings = [
            ("region", self.region.as_ref().map(|region| region.source)),
            ("endpoint URL", self.endpoint_url.as_ref().map(|url| url.source)),
            ("FIPS", yes(&self.use_fips)),
            ("dual-stack", yes(&self.use_dual_stack)),
        ];
        let given = settings.iter().filter_map(|(name, source)| Some(format!("{name}: {}", (*source)?)));
        given.collect::<Vec<_>>().join(", ")
    }
}

fn default_transport(
    proxies: Option<Result<Proxies, ConfigError>>,
    ca_bundle: Option<PathBuf>,
) -> Result<HyperTransport, ConfigError> {
    let mut settings = HyperTransport::builder();
    if let Some(proxies) = proxies {
        settings = settings.proxies(proxies?);
    }
    if let Some(path) = ca_bundle {
        settings = settings.root_certificates_file(path);
    }
    Ok(settings.build())
}

/// The region becomes a part of a host name, so that anything else in it could change the host.
fn check_region(region: &Setting<String>) -> Result<(), ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !region.value.is_empty() && region.value.bytes().all(plain) {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        setting: "region",
        origin: region.source,
        problem: format!(
            "is `{}`: a region has letters, digits and hyphens only, such as us-east-1",
            region.value.escape_debug()
        ),
    })
}
