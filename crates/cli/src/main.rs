//! The `invoke-model` command.
fn main() {}
