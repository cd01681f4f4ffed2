//! Chance, for the waits.

use crate::random::random_bytes;

/// A number from 0 to below 1: as many bits as a float has, each number as likely as any other.
pub(crate) fn random() -> f64 {
    let bits = u64::from_ne_bytes(random_bytes()) >> (u64::BITS - f64::MANTISSA_DIGITS);
    bits as f64 / (1_u64 << f64::MANTISSA_DIGITS) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_below_one_and_seldom_the_same() {
        let numbers = [(); 64].map(|()| random());
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)), "{numbers:?}");
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]), "{numbers:?}");
        // All in one half: once in 2^63 runs.
        assert!(numbers.iter().any(|number| *number < 0.5) && numbers.iter().any(|number| *number >= 0.5));
    }
}
