//! What the generator emits for each tiny model of `models/`, compiled.

/// The README's Rust, compiled and run by the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
