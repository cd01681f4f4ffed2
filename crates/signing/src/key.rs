//! The signing key, and the last one kept.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::ascii::Hex;
use crate::credentials::Credentials;
use crate::scope::CredentialScope;

/// An HMAC that has taken its key and waits for the string to sign.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#calculate-signature>
    fn derive(secret: &str, scope: &CredentialScope) -> Self {
        let secret = Zeroizing::new(format!("AWS4{secret}"));
        Self(
            scope.parts().iter().fold(keyed(secret.as_bytes()), |key, part| {
                keyed(key.chain_update(part).finalize().as_bytes())
            }),
        )
    }

    /// The signature.
    pub(crate) fn sign(self, string_to_sign: &str) -> [u8; 32] {
        self.0.chain_update(string_to_sign).finalize().into_bytes().into()
    }
}

/// The signature of a string to sign, 64 lower-case hex digits, with a signing key derived for this call alone.
pub fn calculate_signature(
    credentials: &Credentials,
    scope: &CredentialScope,
    string_to_sign: &str,
) -> String {
    let key = SigningKey::derive(credentials.secret_access_key(), scope);
    Hex::of(key.sign(string_to_sign)).as_str().to_owned()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

/// Derives a key once per (secret, day, region, service). Holds the last one only, so it never grows.
#[derive(Default)]
pub(crate) struct KeyCache(Mutex<Option<CachedKey>>);

struct CachedKey {
    secret: Zeroizing<String>,
    scope: CredentialScope,
    key: SigningKey,
}

impl KeyCache {
    pub(crate) fn key(&self, secret: &str, scope: &CredentialScope) -> SigningKey {
        // A panic elsewhere cannot leave a half-written key behind: it is replaced whole.
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = cached.as_ref().filter(|cached| cached.is_for(secret, scope)) {
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
    fn is_for(&self, secret: &str, scope: &CredentialScope) -> bool {
        self.scope == *scope && bool::from(self.secret.as_bytes().ct_eq(secret.as_bytes()))
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCache([redacted])")
    }
}
