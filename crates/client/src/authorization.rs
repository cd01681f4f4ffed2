//! Authorizes requests with a signature or a bearer token.

use std::sync::Arc;
use std::time::SystemTime;

use http::Uri;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::Scheme;
use invoke_model_credentials::{Credentials, CredentialsError, CredentialsSource, is_loopback_host};
use invoke_model_protocol as protocol;
use invoke_model_signing::{EventSigner, PayloadHash, Signer, SigningOutput, set_bearer_token};
use invoke_model_types::service::SIGNING_NAME;

use crate::config::{AuthScheme, Authentication, Config, SettingSource};
use crate::error::ErrorKind;

const X_AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Authorizes the requests of a client, or the requests of one call that has its own credentials or token.
pub(crate) struct Authorizer {
    authentication: Authentication,
    source: Option<SettingSource>,
    /// The signer, or `None` if no region is set. Each authorizer has a separate signer, because a signer
    /// caches the signing key.
    signer: Option<Signer>,
}

impl Authorizer {
    /// Creates the authorizer of a client.
    pub(crate) fn for_client(config: &Config) -> Self {
        Self::new(config, config.authentication.clone(), config.sources.credentials)
    }

    /// Creates the authorizer of a call that has its own credentials or token. The region is the region of
    /// the client.
    pub(crate) fn for_call(config: &Config, authentication: Authentication) -> Self {
        Self::new(config, authentication, Some(SettingSource::Call))
    }

    /// Creates the authorizer of a copy of a call that has its own credentials or token, for another client.
    pub(crate) fn for_other_client(&self, config: &Config) -> Self {
        Self::for_call(config, self.authentication.clone())
    }

    fn new(config: &Config, authentication: Authentication, source: Option<SettingSource>) -> Self {
        let signer = config.region().map(|region| Signer::new(region, SIGNING_NAME));
        Self { authentication, source, signer }
    }

    /// Signs a request, or sets its bearer token.
    ///
    /// Loads credentials only if the request must be signed. `now` returns the client's estimate of the
    /// server's time.
    pub(crate) async fn authorize(
        &self,
        required: protocol::Authentication,
        request: &mut Parts,
        payload: impl FnOnce() -> PayloadHash,
        now: impl FnOnce() -> SystemTime,
    ) -> Result<Authorization, ErrorKind> {
        match &self.authentication {
            _ if required == protocol::Authentication::None => Ok(Authorization::default()),
            Authentication::SigV4(None) if required == protocol::Authentication::Optional => {
                Ok(Authorization::default())
            }
            Authentication::Bearer(token) => {
                if exposes_secrets(&request.uri) {
                    return Err(CredentialsError::WithoutTls.into());
                }
                set_bearer_token(request, token.as_str())?;
                Ok(Authorization {
                    scheme: Some(AuthScheme::Bearer),
                    source: self.source,
                    ..Default::default()
                })
            }
            Authentication::SigV4(cache) => {
                let signer = self.signer.as_ref().ok_or(CredentialsError::NoRegion)?;
                let cache = cache.as_ref().ok_or(CredentialsError::NotConfigured)?;
                let credentials = cache.credentials().await.map_err(|error| self.add_source(error))?;
                let payload = payload();
                if payload == PayloadHash::streaming_events() {
                    // The service expects the constant for streaming events in this header. The signer sets
                    // the value only if the request already has the header.
                    request.headers.insert(X_AMZ_CONTENT_SHA256, HeaderValue::from_static(""));
                }
                // Read the time after loading, because loading can take seconds.
                let signed = signer.sign(request, &credentials, &payload, now())?;
                Ok(Authorization {
                    scheme: Some(AuthScheme::SigV4),
                    source: self.source,
                    signed: Some(signed),
                    credentials: Some(credentials),
                })
            }
        }
    }

    /// Returns `true` if [`authorize`](Self::authorize) needs the hash of the body.
    pub(crate) fn signs(&self, required: protocol::Authentication) -> bool {
        let has_credentials = matches!(self.authentication, Authentication::SigV4(Some(_)));
        has_credentials && required != protocol::Authentication::None
    }

    /// Creates the signer for the events of a signed request. Returns `None` if the request is not signed.
    pub(crate) fn event_signer(&self, authorization: &Authorization) -> Option<EventSigner> {
        let Authorization { signed: Some(signed), credentials: Some(credentials), .. } = authorization else {
            return None;
        };
        Some(self.signer.as_ref()?.event_signer(credentials, signed))
    }

    /// Marks an error of a provider that is set on one call. Without this mark, the user may look for the
    /// cause in the client's provider.
    fn add_source(&self, error: CredentialsError) -> CredentialsError {
        match self.source {
            Some(SettingSource::Call) => CredentialsError::CallProvider(Box::new(error)),
            _ => error,
        }
    }

    /// Discards credentials that the service rejected as expired. The next attempt then loads new
    /// credentials.
    pub(crate) fn invalidate(&self, rejected: Option<&Arc<Credentials>>) {
        if let (Authentication::SigV4(Some(cache)), Some(rejected)) = (&self.authentication, rejected) {
            cache.invalidate(rejected);
        }
    }

    /// Returns `true` if the credentials come from a provider that can be called again.
    pub(crate) fn can_reload(&self) -> bool {
        matches!(&self.authentication, Authentication::SigV4(Some(cache)) if !cache.is_static())
    }
}

/// Returns `true` if a request to this URL is sent without TLS to another machine. A signature is safe in such
/// a request, but a bearer token is not: <https://www.rfc-editor.org/rfc/rfc6750#section-5.3>
pub(crate) fn exposes_secrets(url: &Uri) -> bool {
    url.scheme() == Some(&Scheme::HTTP) && !url.host().is_some_and(is_loopback_host)
}

/// The authorization of one request. If the request is sent without authentication, all fields are `None`.
#[derive(Default)]
pub(crate) struct Authorization {
    pub(crate) scheme: Option<AuthScheme>,
    pub(crate) source: Option<SettingSource>,
    /// The output of the signer, or `None` if the request has a bearer token.
    pub(crate) signed: Option<SigningOutput>,
    /// The credentials that signed the request.
    pub(crate) credentials: Option<Arc<Credentials>>,
}

impl Authorization {
    /// Returns the source that the credentials provider has named, for example a profile.
    pub(crate) fn credentials_source(&self) -> Option<CredentialsSource> {
        self.credentials.as_ref()?.source().map(CredentialsSource::new)
    }
}
