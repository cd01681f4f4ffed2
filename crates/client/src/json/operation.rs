//! The functions that send the call of one operation with JSON. Generated code selects them by the name of the
//! operation.

use invoke_model_protocol::json::Value;
use invoke_model_protocol::json::strict::{InputError, from_value};
use invoke_model_protocol::{Operation, OutputEventStream, delivery};
use invoke_model_transport::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::JsonCallError;
use super::events::JsonEventStreamOutput;
use crate::call::{Call, Explanation};
use crate::error::{Error, ErrorKind};
use crate::metadata::Metadata;
use crate::raw::RawRequest;

type Input = Result<Value, InputError>;

/// A function that sends a call with these settings and this input.
type Function<T> = fn(Call<RawRequest>, Input) -> BoxFuture<Result<T, Error>>;

/// The functions of an operation, with JSON instead of the types of the operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamedOperation {
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
    /// The input contains an event stream.
    Unsupported,
}

impl NamedOperation {
    /// Returns an operation without event streams.
    pub(crate) fn with_output<O>() -> Self
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned,
        O::Output: Serialize,
    {
        Self { name: O::NAME, send: Send::Output(send::<O>), explain: explain::<O> }
    }

    /// Returns an operation whose output contains an event stream.
    pub(crate) fn with_output_events<O>() -> Self
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned,
        O::Output: Serialize + std::marker::Send,
        O::Events: Serialize,
    {
        Self { name: O::NAME, send: Send::Events(send_stream::<O>), explain: explain::<O> }
    }

    /// Returns an operation whose input contains an event stream. Calls by name cannot send such an
    /// operation.
    pub(crate) fn with_input_events<O: Operation>() -> Self
    where
        O::Input: DeserializeOwned,
    {
        Self { name: O::NAME, send: Send::Unsupported, explain: explain::<O> }
    }
}

fn send<O>(settings: Call<RawRequest>, input: Input) -> BoxFuture<Result<(Value, Metadata), Error>>
where
    O: Operation<Delivery = delivery::Buffered>,
    O::Input: DeserializeOwned,
    O::Output: Serialize,
{
    Box::pin(async move {
        let (output, metadata) = call::<O>(settings, input)?.send_with_metadata().await?;
        Ok((to_value(&output), metadata))
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
        let response = call::<O>(settings, input)?.send().await?;
        Ok(JsonEventStreamOutput::new(to_value(&response.output), response.events))
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
fn call<O>(settings: Call<RawRequest>, input: Input) -> Result<Call<O>, Error>
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
pub(super) fn to_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
