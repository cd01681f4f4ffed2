//! The developer commands: codegen, model diff, peers, ci
fn main() {}
