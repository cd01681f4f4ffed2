//! One binary for every test that needs more than one crate.
mod architecture;
mod endpoint;
mod wire;
mod properties;
