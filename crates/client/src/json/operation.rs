//! The functions that send the call of one operation with JSON.

use invoke_model_protocol::json::Value;
use invoke_model_protocol::json::strict::{InputError, from_value, value_from_text};
use invoke_model_protocol::{InputEventStream, Operation, OutputEventStream, delivery};
use invoke_model_transport::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bidirectional::JsonBidirectionalStreamOutput;
use super::error::JsonCallError;
use super::events::JsonEventStreamOutput;
use crate::call::{Call, Explanation};
use crate::error::{Error, ErrorKind};
use crate::metadata::Metadata;
use crate::raw::RawRequest;
use crate::visitor::OperationVisitor;

pub(super) type Input = Result<Value, InputError>;

/// A function that sends a call with these settings and this input.
type Function<T> = fn(Call<RawRequest>, Input) -> BoxFuture<Result<T, Error>>;

/// The functions of an operation, with JSON instead of the types of the operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedOperation {
    /// The name in the model.
    pub(super) name: &'static str,
    pub(super) send: Send,
    pub(super) explain: Function<Explanation>,
}

/// The function that sends a call of an operation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Send {
    /// The operation returns an output without events.
    Output(Function<(Value, Metadata)>),
    /// The operation returns an event stream.
    Events(Function<JsonEventStreamOutput>),
    /// The operation receives and returns an event stream.
    Bidirectional(Function<JsonBidirectionalStreamOutput>),
}

/// The visitor that returns the functions of an operation.
pub(super) struct NamedOperationVisitor;

impl OperationVisitor for NamedOperationVisitor {
    type Output = NamedOperation;

    fn visit_output<O>(self) -> NamedOperation
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        NamedOperation { name: O::NAME, send: Send::Output(send::<O>), explain: explain::<O> }
    }

    fn visit_event_stream<O>(self) -> NamedOperation
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + std::marker::Send,
        O::Events: Serialize,
    {
        NamedOperation { name: O::NAME, send: Send::Events(send_stream::<O>), explain: explain::<O> }
    }

    fn visit_bidirectional<O>(self) -> NamedOperation
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + std::marker::Send,
        <O as InputEventStream>::Events: DeserializeOwned + std::marker::Send,
        <O as OutputEventStream>::Events: Serialize,
    {
        NamedOperation {
            name: O::NAME,
            send: Send::Bidirectional(send_bidirectional::<O>),
            explain: explain::<O>,
        }
    }
}

fn send<O>(settings: Call<RawRequest>, input: Input) -> BoxFuture<Result<(Value, Metadata), Error>>
where
    O: Operation<Delivery = delivery::Buffered>,
    O::Input: DeserializeOwned,
    O::Output: Serialize,
{
    Box::pin(async move {
        let (output, context) = call::<O>(settings, input)?.deliver::<delivery::Buffered>().await?;
        Ok((to_value(&output), context.into_metadata()))
    })
}

fn send_stream<O>(settings: Call<RawRequest>, input: Input) -> BoxFuture<Result<JsonEventStreamOutput, Error>>
where
    O: OutputEventStream<Delivery = delivery::Streaming>,
    O::Input: DeserializeOwned,
    O::Output: Serialize,
    O::Events: Serialize,
{
    Box::pin(async move {
        let (response, _) = call::<O>(settings, input)?.deliver::<delivery::Streaming>().await?;
        Ok(JsonEventStreamOutput::new(to_value(&response.output), response.events))
    })
}

fn send_bidirectional<O>(
    settings: Call<RawRequest>,
    input: Input,
) -> BoxFuture<Result<JsonBidirectionalStreamOutput, Error>>
where
    O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
    O::Input: DeserializeOwned,
    O::Output: Serialize + std::marker::Send,
    <O as InputEventStream>::Events: DeserializeOwned + std::marker::Send,
    <O as OutputEventStream>::Events: Serialize,
{
    Box::pin(async move {
        let (output, _) = call::<O>(settings, input)?.deliver::<delivery::Bidirectional>().await?;
        Ok(JsonBidirectionalStreamOutput::new(output))
    })
}

fn explain<O>(settings: Call<RawRequest>, input: Input) -> BoxFuture<Result<Explanation, Error>>
where
    O: Operation,
    O::Input: DeserializeOwned,
{
    Box::pin(async move { Ok(call::<O>(settings, input)?.explain().await?) })
}

/// Creates the call with the types of the operation.
pub(super) fn call<O>(settings: Call<RawRequest>, input: Input) -> Result<Call<O>, Error>
where
    O: Operation,
    O::Input: DeserializeOwned,
{
    match input.and_then(from_value) {
        Ok(input) => Ok(settings.with_input(input)),
        Err(error) => {
            let kind = ErrorKind::Json(JsonCallError::Input(error));
            Err(Error::not_sent(O::NAME, kind, settings.client().config()))
        }
    }
}

/// Converts an output or an event into JSON. This conversion cannot fail, because the keys of all maps in
/// generated types are strings.
///
/// The conversion takes the text of a float, because [`Value`] contains doubles. `serde_json::to_value` would
/// convert the float 0.1 to the double 0.10000000149011612.
pub(super) fn to_value(value: &impl Serialize) -> Value {
    let text = serde_json::to_vec(value).unwrap_or_default();
    value_from_text(&text).unwrap_or_default()
}
