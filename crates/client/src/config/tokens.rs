//! What makes idempotency tokens.

use std::fmt;
use std::sync::Arc;

use crate::random::random_bytes;

/// A generator of tokens: random UUIDs, or the caller's.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<dyn Fn() -> String + Send + Sync>);

impl Tokens {
    pub(crate) fn new(generator: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(generator))
    }

    pub(crate) fn next(&self) -> String {
        (self.0)()
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self::new(uuid)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

/// A random UUID, of version 4: <https://www.rfc-editor.org/rfc/rfc9562#section-5.4>
fn uuid() -> String {
    let random = u128::from_be_bytes(random_bytes());
    // Bits 48 to 51 are the version, bits 64 and 65 the variant, counted from the left.
    let (version, variant) = (0xf << 76, 0b11 << 62);
    let hex = format!("{:032x}", random & !(version | variant) | 4 << 76 | 0b10 << 62);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
