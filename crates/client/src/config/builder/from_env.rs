//! Settings from environment variables.

use invoke_model_credentials::{Credentials, Environment, SharedCredentialsProvider};

#[cfg(feature = "credentials-chain")]
use super::chain::ChainSettings;
use super::proxies::ProxySettings;
use super::{Checked, ConfigBuilder};
use crate::config::Config;
use crate::config::authentication::BearerToken;
use crate::config::error::ConfigError;
use crate::config::setting::{Setting, SettingSource};
use crate::env::{self, Variable};

impl Config {
    /// Creates a configuration from the environment. To change some of its settings in code, start with
    /// [`ConfigBuilder::from_env`].
    ///
    /// # Errors
    /// Returns a [`ConfigError`] if a required setting is missing or a setting is invalid.
    pub fn from_env() -> Result<Self, ConfigError> {
        ConfigBuilder::from_env().build()
    }
}

impl ConfigBuilder {
    /// Creates a builder with settings from the environment.
    ///
    /// An empty variable counts as unset. [`build`](Self::build) checks the values. It does not check a value
    /// that a setter has replaced.
    ///
    /// | setting | variable |
    /// |---|---|
    /// | region | `AWS_REGION`, otherwise `AWS_DEFAULT_REGION`, otherwise (with the feature `credentials-chain`) `region` of the profile |
    /// | bearer token | `AWS_BEARER_TOKEN_BEDROCK`. If this variable is set, the client does not use credentials. The AWS SDKs do the same |
    /// | credentials | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and `AWS_SESSION_TOKEN` (otherwise `AWS_SECURITY_TOKEN`) for temporary credentials; otherwise (with the feature `credentials-chain`) the default chain |
    /// | endpoint URL | `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`, otherwise `AWS_ENDPOINT_URL`. Both are ignored if `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true` |
    /// | FIPS | `AWS_USE_FIPS_ENDPOINT`: `true` or `false` |
    /// | dual stack | `AWS_USE_DUALSTACK_ENDPOINT`: `true` or `false` |
    /// | maximum attempts | `AWS_MAX_ATTEMPTS`: at least 1 |
    /// | retry mode | `AWS_RETRY_MODE`: `adaptive` sets an adaptive rate limiter, `standard` does not set a limiter. `legacy` causes an error |
    /// | proxies | `https_proxy` and `http_proxy`, otherwise `all_proxy`. `no_proxy` lists hosts without a proxy. Names in upper case work too, but names in lower case take precedence. `HTTP_PROXY` is ignored if `REQUEST_METHOD` is set |
    /// | CA bundle | `AWS_CA_BUNDLE`: a PEM file of root certificates |
    ///
    /// With the feature `credentials-chain`, `build` also reads the profile that `profile_name` or `AWS_PROFILE`
    /// selects, otherwise the profile `default`. Its keys `region`, `endpoint_url`, `services`,
    /// `ignore_configured_endpoint_urls`, `use_fips_endpoint`, `use_dualstack_endpoint`, `max_attempts`,
    /// `retry_mode` and `ca_bundle` replace variables that are unset. `docs/credentials.md` describes these keys.
    /// Without this feature, `AWS_PROFILE` causes an error if the region or the credentials are missing.
    pub fn from_env() -> Self {
        Self::from_environment(Environment::process())
    }

    /// Creates a builder with settings from a function instead of the environment of the process. `variable`
    /// returns the value of the environment variable with the given name.
    ///
    /// With the feature `credentials-chain`, the client also calls `variable` when it loads credentials.
    ///
    /// ```
    /// use invoke_model_client::ConfigBuilder;
    ///
    /// let builder = ConfigBuilder::from_env_with(|name| match name {
    ///     "AWS_REGION" => Some("eu-west-1".to_owned()),
    ///     _ => None,
    /// });
    /// assert_eq!(builder.build()?.region(), Some("eu-west-1"));
    /// # Ok::<(), invoke_model_client::ConfigError>(())
    /// ```
    pub fn from_env_with(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::from_environment(Environment::new(variable))
    }

    fn from_environment(environment: Environment) -> Self {
        let variable = |name| env::variable(&environment, name).map(Setting::from);
        Self {
            region: env::region(&environment).map(Setting::from),
            endpoint_url: env::endpoint_url(&environment).map(Setting::from),
            ignore_endpoint_urls: ignore_endpoint_urls(&environment),
            bearer_token: variable(env::BEARER_TOKEN)
                .map(|token| token.map(|token, _| BearerToken::new(token))),
            credentials: access_keys(&environment),
            max_attempts: variable(env::MAX_ATTEMPTS).map(|value| value.map(parse_max_attempts)),
            adaptive_mode: variable(env::RETRY_MODE).map(|value| value.map(parse_retry_mode)),
            use_fips: variable(env::USE_FIPS)
                .map(|value| value.map(|text, source| parse_bool("FIPS flag", text, source))),
            use_dual_stack: variable(env::USE_DUAL_STACK)
                .map(|value| value.map(|text, source| parse_bool("dual-stack flag", text, source))),
            proxies: ProxySettings::from_env(&environment),
            ca_bundle: environment.read(env::CA_BUNDLE).map(Into::into),
            #[cfg(feature = "credentials-chain")]
            chain: Some(ChainSettings { environment: environment.clone(), profile_name: None }),
            #[cfg(not(feature = "credentials-chain"))]
            unread_profile: env::PROFILES.into_iter().find(|name| environment.read(name).is_some()),
            ..Self::default()
        }
    }
}

impl From<Variable> for Setting<String> {
    fn from(variable: Variable) -> Self {
        Self::new(variable.value, SettingSource::Environment(variable.name))
    }
}

fn access_keys(environment: &Environment) -> Option<Checked<SharedCredentialsProvider>> {
    let incomplete = |set, missing| Err(ConfigError::IncompleteCredentials { set, missing });
    let keys = (environment.read(env::ACCESS_KEY_ID), environment.read(env::SECRET_ACCESS_KEY));
    let value = match keys {
        (None, None) => return None,
        (Some(_), None) => incomplete(env::ACCESS_KEY_ID, env::SECRET_ACCESS_KEY),
        (None, Some(_)) => incomplete(env::SECRET_ACCESS_KEY, env::ACCESS_KEY_ID),
        (Some(id), Some(secret)) => {
            let token =
                environment.read(env::SESSION_TOKEN).or_else(|| environment.read(env::SECURITY_TOKEN));
            let credentials = Credentials::new(id, secret, token);
            Ok(SharedCredentialsProvider::new(credentials))
        }
    };
    Some(Setting::new(value, SettingSource::Environment(env::ACCESS_KEY_ID)))
}

pub(super) fn ignore_endpoint_urls(environment: &Environment) -> Option<Checked<bool>> {
    let variable = env::variable(environment, env::IGNORE_ENDPOINT_URLS).map(Setting::from)?;
    Some(variable.map(|text, source| parse_bool("flag to ignore endpoint URLs", text, source)))
}

pub(super) fn parse_max_attempts(text: String, origin: SettingSource) -> Result<u32, ConfigError> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| invalid("maximum number of attempts", origin, &text, "use a number of at least 1"))
}

/// Returns `true` for `adaptive`, and `false` for `standard`. `legacy` is an older mode of some AWS SDKs, which
/// this client does not have.
pub(super) fn parse_retry_mode(text: String, origin: SettingSource) -> Result<bool, ConfigError> {
    match text.to_ascii_lowercase().as_str() {
        "adaptive" => Ok(true),
        "standard" => Ok(false),
        _ => Err(invalid("retry mode", origin, &text, "use `standard` or `adaptive`")),
    }
}

pub(super) fn parse_bool(
    setting: &'static str,
    text: String,
    origin: SettingSource,
) -> Result<bool, ConfigError> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid(setting, origin, &text, "use `true` or `false`")),
    }
}

fn invalid(setting: &'static str, origin: SettingSource, text: &str, advice: &str) -> ConfigError {
    ConfigError::Invalid {
        setting,
        origin,
        problem: format!("`{}` is not valid; {advice}", text.escape_debug()),
    }
}
