//! How an operation's output arrives. Who sends requests chooses by [`Operation::Delivery`](crate::Operation::Delivery)
//! what a call gives, when it is compiled.

/// In one response, head and payload: [`parse`](crate::Operation::parse) gives all of it.
#[derive(Clone, Copy, Debug)]
pub enum Whole {}

/// A head, and events behind it: the operation is an [`OutputEventStream`](crate::OutputEventStream).
#[derive(Clone, Copy, Debug)]
pub enum Streaming {}
