//! Chance, from the system.

/// Bytes that nobody can foretell.
///
/// # Panics
/// The system has none, which no supported one says once it runs.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::getrandom(&mut bytes).expect("the system has random bytes");
    bytes
}
