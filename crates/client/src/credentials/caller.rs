//! Who calls: how a request says so, for a client or for one call.

use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use invoke_model_protocol as protocol;
use invoke_model_signing::{PayloadHash, Signer, SigningOutput, set_bearer_token};
use invoke_model_types::service::SIGNING_NAME;

use super::{CredentialsError, CredentialsSource, Identity, Loaded};
use crate::config::{AuthScheme, Authentication, Config, SettingSource};
use crate::error::ErrorKind;

/// Who calls. That of a client serves all its calls, that of a call this one alone.
pub(crate) struct Caller {
    authentication: Authentication,
    source: Option<SettingSource>,
    /// Keeps the signing key, so that each caller has its own.
    signer: Option<Signer>,
}

impl Caller {
    /// The settings say who.
    pub(crate) fn of(config: &Config) -> Self {
        Self::new(config, config.authentication.clone(), config.sources.credentials)
    }

    /// Somebody else, in the region of the settings.
    pub(crate) fn other(config: &Config, authentication: Authentication) -> Self {
        Self::new(config, authentication, Some(SettingSource::Call))
    }

    fn new(config: &Config, authentication: Authentication, source: Option<SettingSource>) -> Self {
        let signer = config.region().map(|region| Signer::new(region, SIGNING_NAME));
        Self { authentication, source, signer }
    }

    /// Says in the request who calls: a signature, or the bearer token. The first look-up of credentials is here, and
    /// there is none for a token. The time is that of the service, as far as the client knows it.
    pub(crate) async fn authorize<E>(
        &self,
        asked: protocol::Authentication,
        request: &mut Parts,
        payload: impl FnOnce() -> PayloadHash,
        now: impl FnOnce() -> SystemTime,
    ) -> Result<Authorization, ErrorKind<E>> {
        match &self.authentication {
            _ if asked == protocol::Authentication::None => Ok(Authorization::default()),
            Authentication::SigV4(Identity::None) if asked == protocol::Authentication::Optional => {
                Ok(Authorization::default())
            }
            Authentication::Bearer(token) => {
                set_bearer_token(request, token.as_str())?;
                Ok(Authorization {
                    scheme: Some(AuthScheme::Bearer),
                    source: self.source,
                    ..Default::default()
                })
            }
            Authentication::SigV4(identity) => {
                let signer = self.signer.as_ref().ok_or(CredentialsError::NoRegion)?;
                let loaded = identity.load().await.map_err(|error| self.name(error))?;
                // After the look-up, which can take seconds.
                let signed = signer.sign(request, &loaded.credentials, &payload(), now())?;
                let scheme = Some(AuthScheme::SigV4);
                Ok(Authorization { scheme, source: self.source, signed: Some(signed), loaded: Some(loaded) })
            }
        }
    }

    /// Says whose credentials are missing, where that could be in doubt.
    fn name(&self, error: CredentialsError) -> CredentialsError {
        match self.source {
            Some(SettingSource::Call) => CredentialsError::OfCall(Box::new(error)),
            _ => error,
        }
    }

    /// The service says that these credentials have expired: the next attempt loads them anew.
    pub(crate) fn expired(&self, refused: Option<&Arc<Loaded>>) {
        if let (Authentication::SigV4(identity), Some(loaded)) = (&self.authentication, refused) {
            identity.invalidate(loaded);
        }
    }

    /// Whether there is a provider that can give others.
    pub(crate) fn renews(&self) -> bool {
        matches!(self.authentication, Authentication::SigV4(Identity::Cached(_)))
    }
}

/// How a request says who calls: nothing, if the operation asks for nothing.
#[derive(Default)]
pub(crate) struct Authorization {
    pub(crate) scheme: Option<AuthScheme>,
    pub(crate) source: Option<SettingSource>,
    /// `None` with a bearer token.
    pub(crate) signed: Option<SigningOutput>,
    /// What it was signed with.
    pub(crate) loaded: Option<Arc<Loaded>>,
}

impl Authorization {
    pub(crate) fn link(&self) -> Option<CredentialsSource> {
        self.loaded.as_ref()?.credentials.source().map(CredentialsSource::new)
    }
}
