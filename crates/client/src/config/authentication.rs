//! Authentication schemes and the bearer token.

use std::fmt;

use invoke_model_credentials::CredentialsCache;
use zeroize::Zeroizing;

/// The authentication scheme of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthScheme {
    /// AWS Signature Version 4. Requires credentials.
    SigV4,
    /// The header `Authorization: Bearer` with an Amazon Bedrock API key.
    Bearer,
}

impl fmt::Display for AuthScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SigV4 => "SigV4",
            Self::Bearer => "bearer token",
        })
    }
}

/// An authentication scheme, and its credentials or token.
#[derive(Clone)]
pub(crate) enum Authentication {
    /// A signature made with credentials. `None` means that no credentials are configured. Each call that
    /// must be signed then fails with an error that lists the possible settings.
    SigV4(Option<CredentialsCache>),
    /// A bearer token. The client does not load credentials.
    Bearer(BearerToken),
}

impl Authentication {
    /// Returns `true` if both certainly authenticate the same caller.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::SigV4(Some(cache)), Self::SigV4(Some(other))) => cache.is_same(other),
            (Self::SigV4(None), Self::SigV4(None)) => true,
            (Self::Bearer(token), Self::Bearer(other)) => token.as_str() == other.as_str(),
            _ => false,
        }
    }

    pub(crate) fn scheme(&self) -> AuthScheme {
        match self {
            Self::SigV4(_) => AuthScheme::SigV4,
            Self::Bearer(_) => AuthScheme::Bearer,
        }
    }
}

/// An Amazon Bedrock API key. `Debug` redacts the key. Dropping this value wipes the key from memory. Copies in
/// the buffers of the transport are not wiped.
#[derive(Clone)]
pub(crate) struct BearerToken(Zeroizing<String>);

impl BearerToken {
    pub(crate) fn new(token: impl Into<String>) -> Self {
        Self(Zeroizing::new(token.into()))
    }

    /// Returns the secret token. Do not print it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken([redacted])")
    }
}
