//! The proxies of the default transport.

use http::Uri;
use invoke_model_credentials::Environment;
use invoke_model_transport::{Proxies, ProxyError};

use crate::config::error::ConfigError;
use crate::config::setting::SettingSource;
use crate::env::{self, Variable};

/// The proxies, and the errors of invalid variables. An invalid variable is an error only if calls need its
/// proxy. For example, a shell can set `all_proxy` for other programs.
#[derive(Clone, Debug, Default)]
pub(super) struct ProxySettings {
    pub(super) proxies: Proxies,
    http_error: Option<ConfigError>,
    https_error: Option<ConfigError>,
}

impl ProxySettings {
    /// Returns the proxies that the environment sets, or `None` if it sets no proxy.
    pub(super) fn from_env(environment: &Environment) -> Option<Self> {
        let (http, https) = (env::http_proxy(environment), env::https_proxy(environment));
        if http.is_none() && https.is_none() {
            return None;
        }
        let mut settings = Self::default();
        if let Some(list) = env::no_proxy(environment) {
            settings.proxies = settings.proxies.no_proxy(&list.value);
        }
        if let Some(error) = settings.set(http, Proxies::http) {
            settings.proxies = settings.proxies.invalid_http(error.to_string());
            settings.http_error = Some(error);
        }
        if let Some(error) = settings.set(https, Proxies::https) {
            settings.proxies = settings.proxies.invalid_https(error.to_string());
            settings.https_error = Some(error);
        }
        Some(settings)
    }

    /// Returns an error if requests to `endpoint` need a proxy whose variable is invalid.
    pub(super) fn check(&self, endpoint: &Uri) -> Result<(), ConfigError> {
        let error = match endpoint.scheme_str() {
            Some("https") => &self.https_error,
            _ => &self.http_error,
        };
        match error {
            Some(error) if self.proxies.is_invalid_for(endpoint) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Sets a proxy. Returns the error if the variable is invalid.
    fn set(
        &mut self,
        url: Option<Variable>,
        setter: fn(Proxies, &str) -> Result<Proxies, ProxyError>,
    ) -> Option<ConfigError> {
        let Variable { name, value } = url?;
        match setter(self.proxies.clone(), &value) {
            Ok(proxies) => {
                self.proxies = proxies;
                None
            }
            Err(error) => Some(ConfigError::Invalid {
                setting: "proxy",
                origin: SettingSource::Environment(name),
                problem: error.to_string(),
            }),
        }
    }
}

impl From<Proxies> for ProxySettings {
    fn from(proxies: Proxies) -> Self {
        Self { proxies, ..Self::default() }
    }
}
