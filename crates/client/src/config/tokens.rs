//! What makes idempotency tokens.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

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
        Self::new(|| Uuid::new_v4().to_string())
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}
