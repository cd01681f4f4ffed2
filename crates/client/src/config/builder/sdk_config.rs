//! Settings from an `SdkConfig` of the `aws-config` crate.

use aws_config::SdkConfig;
use invoke_model_credentials::{AwsProvider, SharedCredentialsProvider};
use invoke_model_transport::SmithyTransport;

use super::ConfigBuilder;
use crate::config::Config;
use crate::config::error::ConfigError;
use crate::config::setting::{Setting, SettingSource};

/// Copies the region, the credentials provider, the endpoint URL, the FIPS and dual-stack flags and the HTTP
/// client, if they are set.
///
/// Does not copy retries, timeouts, service-specific endpoint URLs or tokens. Does not read the environment.
/// To use a bearer token, call [`ConfigBuilder::bearer_token`].
///
/// ```no_run
/// use invoke_model_client::{Client, ConfigBuilder, RetryConfig};
///
/// # async fn run() -> Result<(), invoke_model_client::ConfigError> {
/// let sdk_config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
/// let builder = ConfigBuilder::from(&sdk_config).retry_config(RetryConfig::standard().max_attempts(5));
/// let client = Client::new(builder)?;
/// # Ok(())
/// # }
/// ```
impl From<&SdkConfig> for ConfigBuilder {
    fn from(sdk: &SdkConfig) -> Self {
        fn setting<T>(value: T) -> Setting<T> {
            Setting::new(value, SettingSource::SdkConfig)
        }
        let provider = sdk.credentials_provider().map(AwsProvider);
        let builder = Self {
            region: sdk.region().map(|region| setting(region.to_string())),
            credentials: provider.map(|provider| setting(Ok(SharedCredentialsProvider::new(provider)))),
            endpoint_url: sdk.endpoint_url().map(|url| setting(url.to_owned())),
            use_fips: sdk.use_fips().map(|use_fips| setting(Ok(use_fips))),
            use_dual_stack: sdk.use_dual_stack().map(|use_dual_stack| setting(Ok(use_dual_stack))),
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
