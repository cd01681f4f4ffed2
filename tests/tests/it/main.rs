//! One binary for every test that needs more than one crate.
mod architecture;
mod end_to_end;
mod endpoint;
mod properties;
mod wire;
