//! Settings from the `aws-config` crate.

use aws_config::SdkConfig;
use invoke_model_transport::SmithyTransport;

use crate::config::{Setting, SettingSource};
use crate::credentials::{AwsProvider, Given};
use crate::{Config, ConfigBuilder, ConfigError};

/// Takes region, credentials provider, endpoint URL, FIPS, dual stack and, if one was set, the HTTP client. The
/// rest (retries, timeouts, the service's own endpoint URL, tokens) is not taken, and the environment is not read:
/// for a bearer token see [`ConfigBuilder::bearer_token`].
impl From<&SdkConfig> for ConfigBuilder {
    fn from(sdk: &SdkConfig) -> Self {
        fn setting<T>(value: T) -> Setting<T> {
            Setting::new(value, SettingSource::SdkConfig)
        }
        let builder = Self {
            region: sdk.region().map(|region| setting(region.to_string())),
            credentials: sdk
                .credentials_provider()
                .map(|provider| setting(Ok(Given::new(AwsProvider(provider))))),
            endpoint_url: sdk.endpoint_url().map(|url| setting(url.to_owned())),
            use_fips: sdk.use_fips().map(|yes| setting(Ok(yes))),
            use_dual_stack: sdk.use_dual_stack().map(|yes| setting(Ok(yes))),
            ..Self::default()
        };
        match sdk.http_client() {
            Some(client) => builder.transport(SmithyTransport::new(client)),
            None => builder,
        }
    }
}

impl TryFrom<&SdkConfig> for Config {
    type Error = ConfigError;

    fn try_from(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        ConfigBuilder::from(sdk).build()
    }
}
