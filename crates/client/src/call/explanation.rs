//! What a call would send, and why.

use std::fmt;

use bytes::Bytes;
use invoke_model_signing::SigningOutput;

use crate::{AuthScheme, Config, CredentialsSource, SettingSource};

/// A call taken out before it is sent.
///
/// `Debug` shows neither the body nor the values of header fields. The request itself has them all, and the
/// signature or token too.
#[non_exhaustive]
pub struct Explanation {
    /// The operation's name in the model.
    pub operation: &'static str,
    /// The settings: the endpoint, the region, and where they came from.
    pub config: Config,
    /// How the request says who calls; `None` if the operation asks for nothing.
    pub auth_scheme: Option<AuthScheme>,
    /// Where the credentials or the bearer token came from: those of the call, if it has its own.
    pub credentials: Option<SettingSource>,
    /// Which link of the default chain gave the credentials, if it was asked.
    pub link: Option<CredentialsSource>,
    /// The request, ready to be sent.
    pub request: http::Request<Bytes>,
    /// The canonical request, the string to sign and the signature; `None` with a bearer token.
    pub signed: Option<SigningOutput>,
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.request.headers().keys().map(http::HeaderName::as_str).collect();
        f.debug_struct("Explanation")
            .field("operation", &self.operation)
            .field("config", &self.config)
            .field("auth_scheme", &self.auth_scheme)
            .field("credentials", &self.credentials)
            .field("link", &self.link)
            .field("method", self.request.method())
            .field("uri", self.request.uri())
            .field("fields", &names)
            .field("length", &self.request.body().len())
            .finish_non_exhaustive()
    }
}
