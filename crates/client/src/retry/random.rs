//! Chance, for the waits.

/// A number from 0 to 1, good enough to keep clients apart.
pub(crate) fn random() -> f64 {
    fastrand::f64()
}
