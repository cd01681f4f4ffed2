//! Derivation and caching of signing keys.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::hex::HexDigest;
use crate::scope::CredentialScope;

/// An HMAC that is initialized with the signing key.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Derives the signing key of a credential scope.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#calculate-signature>
    fn derive(secret: &str, scope: &CredentialScope) -> Self {
        let secret = Zeroizing::new(format!("AWS4{secret}"));
        Self(
            scope.parts().iter().fold(keyed(secret.as_bytes()), |key, part| {
                keyed(key.chain_update(part).finalize().as_bytes())
            }),
        )
    }

    /// Calculates the signature.
    pub(crate) fn sign(self, string_to_sign: &str) -> [u8; 32] {
        self.0.chain_update(string_to_sign).finalize().into_bytes().into()
    }
}

/// Signs the SigV4 string to sign. Returns the signature as 64 lower-case hex digits.
///
/// Each call derives the signing key again. [`Signer`](crate::Signer) and [`Verifier`](crate::Verifier) cache
/// the signing key.
pub fn calculate_signature(
    credentials: &Credentials,
    scope: &CredentialScope,
    string_to_sign: &str,
) -> String {
    let key = SigningKey::derive(credentials.secret_access_key(), scope);
    HexDigest::encode(key.sign(string_to_sign)).as_str().to_owned()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC accepts keys of any length")
}

/// A cache for the signing key of the most recent secret access key and credential scope.
///
/// One entry is enough, because a signer has one region and one service. The key of a signer changes only
/// once a day, or when the credentials are renewed.
#[derive(Default)]
pub(crate) struct SigningKeyCache(Mutex<Option<CachedKey>>);

struct CachedKey {
    secret: Zeroizing<String>,
    scope: CredentialScope,
    key: SigningKey,
}

impl SigningKeyCache {
    /// Returns the cached key if it belongs to `secret` and `scope`. Otherwise derives and caches a new key.
    pub(crate) fn key(&self, secret: &str, scope: &CredentialScope) -> SigningKey {
        // A poisoned lock is harmless, because each write replaces the complete entry.
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = cached.as_ref().filter(|cached| cached.matches(secret, scope)) {
            return cached.key.clone();
        }
        let key = SigningKey::derive(secret, scope);
        *cached = Some(CachedKey {
            secret: Zeroizing::new(secret.to_owned()),
            scope: scope.clone(),
            key: key.clone(),
        });
        key
    }
}

impl CachedKey {
    fn matches(&self, secret: &str, scope: &CredentialScope) -> bool {
        self.scope == *scope && bool::from(self.secret.as_bytes().ct_eq(secret.as_bytes()))
    }
}

impl fmt::Debug for SigningKeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeyCache([redacted])")
    }
}
