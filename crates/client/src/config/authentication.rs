//! Which of the settings says who calls.

use std::sync::Arc;

#[cfg(feature = "credentials-chain")]
use invoke_model_transport::HyperTransport;
use invoke_model_transport::Transport;

use super::source::{Setting, SettingSource};
use super::{ConfigBuilder, ConfigError};
#[cfg(feature = "credentials-chain")]
use crate::credentials::{Chain, Given};
use crate::credentials::{Identity, Token};

/// How a call says who calls.
#[derive(Clone)]
pub(crate) enum Authentication {
    /// A signature, with these credentials.
    SigV4(Identity),
    /// A token, without any look-up of credentials.
    Bearer(Token),
}

impl ConfigBuilder {
    /// What was set in code stands above the environment: a variable forgotten in a shell must not take the place of
    /// credentials that a program chose. Among what has the same source, the token goes first, then credentials, then
    /// the default chain.
    pub(super) fn authentication(
        &self,
        transport: &Arc<dyn Transport>,
    ) -> Result<(Authentication, Option<SettingSource>), ConfigError> {
        let chosen = |source: SettingSource| matches!(source, SettingSource::Code | SettingSource::SdkConfig);
        let credentials_chosen = self.credentials.as_ref().is_some_and(|given| chosen(given.source));
        let profile_chosen = self.profile_chosen();
        let bearer = self.bearer_token.as_ref().filter(|token| {
            !self.disable_bearer_token && (chosen(token.source) || !(credentials_chosen || profile_chosen))
        });
        if let Some(Setting { value, source }) = bearer {
            check_token(value, *source)?;
            return Ok((Authentication::Bearer(value.clone()), Some(*source)));
        }
        let credentials = self.credentials.as_ref().filter(|_| credentials_chosen || !profile_chosen);
        let (identity, source) = match credentials {
            Some(Setting { value, source }) => {
                let given = value.clone()?;
                (Identity::new(given, self.credentials_cache, self.clock.clone()), Some(*source))
            }
            None => self.chained(transport),
        };
        Ok((Authentication::SigV4(identity), source))
    }
}

#[cfg(feature = "credentials-chain")]
impl ConfigBuilder {
    fn profile_chosen(&self) -> bool {
        self.chain.as_ref().is_some_and(|chain| chain.profile.is_some())
    }

    fn chained(&self, transport: &Arc<dyn Transport>) -> (Identity, Option<SettingSource>) {
        let Some(settings) = &self.chain else { return (Identity::None, None) };
        // Without a region the settings are refused, later and in better words.
        let region = self.region.as_ref().map(|region| region.value.clone()).unwrap_or_default();
        // The agent of a container and the metadata of an instance stand behind no proxy.
        let direct: Arc<dyn Transport> = match (&self.transport, &self.proxies) {
            (None, Some(_)) => Arc::new(HyperTransport::new()),
            _ => transport.clone(),
        };
        let chain = Chain::new(settings.clone(), region, transport.clone(), direct, self.clock.clone());
        let given = Given::Provider(Arc::new(chain));
        (Identity::new(given, self.credentials_cache, self.clock.clone()), Some(SettingSource::DefaultChain))
    }

    /// A region that nobody set is that of the profile.
    pub(super) fn take_region_of_profile(&mut self) {
        if let (None, Some(chain)) = (&self.region, &self.chain) {
            self.region = chain.region().map(|region| Setting::new(region, SettingSource::Profile));
        }
    }
}

#[cfg(not(feature = "credentials-chain"))]
impl ConfigBuilder {
    fn profile_chosen(&self) -> bool {
        false
    }

    fn chained(&self, _: &Arc<dyn Transport>) -> (Identity, Option<SettingSource>) {
        (Identity::None, None)
    }

    pub(super) fn take_region_of_profile(&mut self) {}
}

fn check_token(token: &Token, source: SettingSource) -> Result<(), ConfigError> {
    let token = token.as_str();
    if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        setting: "bearer token",
        origin: source,
        problem: "is empty, or has a blank, a line end or another character that no token has".into(),
    })
}
