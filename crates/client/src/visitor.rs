//! Selects an operation by its name, and passes its type to a visitor.

use invoke_model_protocol::{InputEventStream, Operation, OutputEventStream, PayloadOutput, delivery};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::generated::by_name;

/// Code that is generic over the operations of the model. [`visit_operation`] selects the operation by its name,
/// and calls the method for the kind of its output.
///
/// With a visitor, bindings for other languages need no code for a single operation. The inputs and outputs
/// implement `serde`, and the constants of [`Operation`] and its sub-traits contain the other facts.
pub trait OperationVisitor: Sized {
    /// Result of the visitor.
    type Output;

    /// Visits an operation that returns a single output.
    fn visit_output<O>(self) -> Self::Output
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize;

    /// Visits an operation whose output has a blob as payload. By default, calls
    /// [`visit_output`](Self::visit_output).
    fn visit_payload<O>(self) -> Self::Output
    where
        O: PayloadOutput<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize,
    {
        self.visit_output::<O>()
    }

    /// Visits an operation whose output contains an event stream.
    fn visit_event_stream<O>(self) -> Self::Output
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize + Send,
        O::Events: Serialize;

    /// Visits an operation whose input and output contain event streams.
    fn visit_bidirectional<O>(self) -> Self::Output
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize + Send,
        <O as InputEventStream>::Events: DeserializeOwned + Send,
        <O as OutputEventStream>::Events: Serialize;
}

/// Calls the visitor with the type of the operation that has this name in the model, such as `Converse`. Returns
/// `None` if the model has no such operation. [`Client::operation_names`](crate::Client::operation_names) returns
/// all names.
///
/// A program that calls this function contains the code of the visitor for all operations.
// With `#[inline]`, only crates that call this function compile the code of all operations.
#[inline]
pub fn visit_operation<V: OperationVisitor>(name: &str, visitor: V) -> Option<V::Output> {
    by_name::visit(name, visitor)
}
