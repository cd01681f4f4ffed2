//! The client as its users see it, over a transport that answers from a script.

mod body;
mod errors;
mod fake;
mod secrets;
mod settings;
mod wire;
