//! A call that somebody else makes than its client.

use std::sync::Arc;

use invoke_model_protocol::Operation;

use super::Call;
use crate::authorization::Authorizer;
use crate::config::{Authentication, BearerToken};
use crate::credentials::{CredentialsProvider, CredentialsResolver, ProvideCredentials};

impl<O: Operation> Call<O> {
    /// Signs this call with credentials of its own, in place of the client's credentials or bearer token.
    ///
    /// There is no way back: if the provider gives nothing the call fails and says so, and nobody else's credentials
    /// are looked for. The provider is asked once for the call, in the time of the client's
    /// [`CredentialsCacheConfig`](crate::CredentialsCacheConfig), and again only if they are refused as expired; one that is
    /// used for many calls keeps what it has itself. What it gives is not kept by the client.
    #[must_use]
    pub fn credentials_provider(self, provider: impl ProvideCredentials) -> Self {
        let config = self.0.client.config();
        let provider = CredentialsProvider::new(provider);
        let time_source = config.time_source.clone();
        let resolver = CredentialsResolver::new(provider, config.credentials_cache, time_source);
        self.by(Authentication::SigV4(resolver))
    }

    /// Sends this call with a bearer token of its own, in place of the client's credentials or bearer token. No
    /// credentials are looked for.
    ///
    /// A token that cannot stand in a header field, an empty one for instance, makes the call end with a
    /// [`SignError`](crate::SignError).
    #[must_use]
    pub fn bearer_token(self, token: impl Into<String>) -> Self {
        self.by(Authentication::Bearer(BearerToken::new(token)))
    }

    fn by(mut self, authentication: Authentication) -> Self {
        self.0.authorizer = Arc::new(Authorizer::for_call(self.0.client.config(), authentication));
        self
    }
}
