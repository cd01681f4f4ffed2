//! Selects the bearer token or the credentials that a client uses.

use std::sync::Arc;

use invoke_model_credentials::CredentialsCache;
#[cfg(feature = "credentials-chain")]
use invoke_model_transport::HyperTransport;
use invoke_model_transport::Transport;

use super::ConfigBuilder;
use crate::config::authentication::{Authentication, BearerToken};
use crate::config::error::ConfigError;
use crate::config::setting::{Setting, SettingSource};

impl ConfigBuilder {
    /// Selects the authentication, and returns it with the source of the setting.
    ///
    /// Settings in code take precedence over the environment, because a forgotten variable in a shell must
    /// not replace credentials that the program has set. Within the same source, a bearer token takes
    /// precedence over credentials, and credentials take precedence over the default chain.
    pub(super) fn authentication(
        &self,
        transport: &Arc<dyn Transport>,
    ) -> Result<(Authentication, Option<SettingSource>), ConfigError> {
        let in_code =
            |source: SettingSource| matches!(source, SettingSource::Code | SettingSource::SdkConfig);
        let credentials_in_code = self.credentials.as_ref().is_some_and(|setting| in_code(setting.source));
        let profile_in_code = self.has_profile_name();
        let bearer_token = self.bearer_token.as_ref().filter(|token| {
            !self.disable_bearer_token && (in_code(token.source) || !(credentials_in_code || profile_in_code))
        });
        if let Some(Setting { value, source }) = bearer_token {
            check_token(value, *source)?;
            return Ok((Authentication::Bearer(value.clone()), Some(*source)));
        }
        let credentials = self.credentials.as_ref().filter(|_| credentials_in_code || !profile_in_code);
        let (cache, source) = match credentials {
            Some(Setting { value, source }) => {
                let (provider, time_source) = (value.clone()?, self.time_source.clone());
                let cache = CredentialsCache::with_config(provider, self.credentials_cache, time_source);
                (Some(cache), Some(*source))
            }
            None => self.default_chain(transport),
        };
        Ok((Authentication::SigV4(cache), source))
    }
}

#[cfg(feature = "credentials-chain")]
impl ConfigBuilder {
    fn has_profile_name(&self) -> bool {
        self.chain.as_ref().is_some_and(|chain| chain.profile_name.is_some())
    }

    fn default_chain(
        &self,
        transport: &Arc<dyn Transport>,
    ) -> (Option<CredentialsCache>, Option<SettingSource>) {
        let Some(settings) = &self.chain else { return (None, None) };
        // If the region is not set, use an empty text here. `build` then returns an error that names the
        // settings to change.
        let region = self.region.as_ref().map(|region| region.value.clone()).unwrap_or_default();
        // The container agent and instance metadata cannot be reached through a proxy. If the default
        // transport has proxies, requests to them use a separate transport without proxies.
        let direct: Arc<dyn Transport> = match (&self.transport, &self.proxies) {
            (None, Some(_)) => Arc::new(HyperTransport::new()),
            _ => transport.clone(),
        };
        let time_source = self.time_source.clone();
        let mut chain =
            settings.builder().region(region).transport(transport.clone()).metadata_transport(direct);
        // `build` has already returned the error of an invalid flag.
        if let Some(Setting { value: Ok(use_fips), .. }) = self.use_fips {
            chain = chain.use_fips(use_fips);
        }
        if let Some(Setting { value: Ok(use_dual_stack), .. }) = self.use_dual_stack {
            chain = chain.use_dual_stack(use_dual_stack);
        }
        let chain = chain.time_source(time_source.clone()).build();
        let cache = CredentialsCache::with_config(chain, self.credentials_cache, time_source);
        (Some(cache), Some(SettingSource::DefaultChain))
    }
}

#[cfg(not(feature = "credentials-chain"))]
impl ConfigBuilder {
    fn has_profile_name(&self) -> bool {
        false
    }

    fn default_chain(&self, _: &Arc<dyn Transport>) -> (Option<CredentialsCache>, Option<SettingSource>) {
        (None, None)
    }
}

fn check_token(token: &BearerToken, origin: SettingSource) -> Result<(), ConfigError> {
    let token = token.as_str();
    if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let problem = "the token is empty or contains a character that is not visible ASCII, such as a space or a line break; \
                   copy the API key again";
    Err(ConfigError::Invalid { setting: "bearer token", origin, problem: problem.into() })
}
