//! Random bytes, numbers and idempotency tokens.

use std::fmt;
use std::sync::Arc;

/// Returns random bytes from the operating system.
///
/// # Panics
/// Panics if the operating system has no source of random bytes. Supported systems always have such a source.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::getrandom(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

/// Returns a uniformly distributed random number in `0.0..1.0` with the full precision of `f64`.
pub(crate) fn random_fraction() -> f64 {
    let bits = u64::from_ne_bytes(random_bytes()) >> (u64::BITS - f64::MANTISSA_DIGITS);
    bits as f64 / (1_u64 << f64::MANTISSA_DIGITS) as f64
}

/// A generator of idempotency tokens. By default, the tokens are random UUIDs. The program can set another
/// generator.
#[derive(Clone)]
pub(crate) struct IdempotencyTokenProvider(Arc<dyn Fn() -> String + Send + Sync>);

impl IdempotencyTokenProvider {
    pub(crate) fn new(generator: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(generator))
    }

    pub(crate) fn next(&self) -> String {
        (self.0)()
    }
}

impl Default for IdempotencyTokenProvider {
    fn default() -> Self {
        Self::new(random_uuid)
    }
}

impl fmt::Debug for IdempotencyTokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyTokenProvider")
    }
}

/// Returns a random UUID, version 4: <https://www.rfc-editor.org/rfc/rfc9562#section-5.4>
fn random_uuid() -> String {
    let random = u128::from_be_bytes(random_bytes());
    // Bit 0 is the most significant bit. Bits 48 to 51 are the version, and bits 64 and 65 are the variant.
    let (version, variant) = (0xf << 76, 0b11 << 62);
    let hex = format!("{:032x}", random & !(version | variant) | 4 << 76 | 0b10 << 62);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_are_uniform_enough() {
        let numbers = [(); 64].map(|()| random_fraction());
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)), "{numbers:?}");
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]), "{numbers:?}");
        // The probability that all numbers are below 0.5, or that all are at least 0.5, is 1 in 2^63.
        assert!(numbers.iter().any(|number| *number < 0.5) && numbers.iter().any(|number| *number >= 0.5));
    }
}
