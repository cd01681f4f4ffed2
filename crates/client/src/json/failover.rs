//! Sends calls by name to the targets of a failover.

use invoke_model_protocol::json::Value;
use invoke_model_protocol::{InputEventStream, Operation, OutputEventStream, delivery};
use invoke_model_transport::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::JsonCall;
use super::bidirectional::JsonBidirectionalStreamOutput;
use super::error::JsonCallError;
use super::events::JsonEventStreamOutput;
use super::operation::{Input, call, to_value};
use crate::call::Call;
use crate::error::Error;
use crate::failover::{Failover, FailoverOutput};
use crate::raw::RawRequest;
use crate::visitor::{OperationVisitor, visit_operation};

impl Failover {
    /// Sends a call by name, like [`send`](Self::send).
    ///
    /// ```no_run
    /// use invoke_model_client::{Error, Failover};
    /// use serde_json::json;
    ///
    /// # async fn run(failover: Failover) -> Result<(), Error> {
    /// let messages = json!([{"role": "user", "content": [{"text": "hi"}]}]);
    /// let input = json!({"modelId": "us.amazon.nova-lite-v1:0", "messages": messages});
    /// let answer = failover.send_json(failover.client().operation("Converse")?.json(input)).await?;
    /// println!("{}: {}", answer.target, answer.output["output"]["message"]["content"][0]["text"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`ErrorKind::Json`](crate::ErrorKind::Json) if the input does not match the model, or if the
    /// operation has an event stream. Returns the errors of [`send`](Self::send) otherwise.
    // With `#[inline]`, only crates that call this function compile it and the code of all operations.
    #[inline]
    pub async fn send_json(&self, call: JsonCall) -> Result<FailoverOutput<Value>, Error> {
        match visit_operation(call.name(), FailoverVisitor) {
            Some(Send::Output(send)) => call.send_through(self, send).await,
            Some(Send::Events(_)) => Err(call.error(JsonCallError::HasEventStream)),
            _ => Err(call.error(JsonCallError::HasInputEvents)),
        }
    }

    /// Sends a call by name whose operation has an event stream, like [`send`](Self::send).
    ///
    /// # Errors
    /// Returns [`ErrorKind::Json`](crate::ErrorKind::Json) if the input does not match the model, or if the
    /// operation has no event stream. Returns the errors of [`send`](Self::send) otherwise.
    #[inline]
    pub async fn send_json_stream(
        &self,
        call: JsonCall,
    ) -> Result<FailoverOutput<JsonEventStreamOutput>, Error> {
        match visit_operation(call.name(), FailoverVisitor) {
            Some(Send::Events(send)) => call.send_through(self, send).await,
            Some(Send::Output(_)) => Err(call.error(JsonCallError::HasNoEventStream)),
            _ => Err(call.error(JsonCallError::HasInputEvents)),
        }
    }

    /// Sends a call by name whose operation receives and returns events, like [`send`](Self::send).
    ///
    /// # Errors
    /// Returns [`ErrorKind::Json`](crate::ErrorKind::Json) if the input does not match the model, or if the
    /// operation does not receive events. Returns the errors of [`send`](Self::send) otherwise.
    #[inline]
    pub async fn send_json_bidirectional(
        &self,
        call: JsonCall,
    ) -> Result<FailoverOutput<JsonBidirectionalStreamOutput>, Error> {
        match visit_operation(call.name(), FailoverVisitor) {
            Some(Send::Bidirectional(send)) => call.send_through(self, send).await,
            _ => Err(call.error(JsonCallError::HasNoInputEvents)),
        }
    }
}

impl JsonCall {
    async fn send_through<T>(
        self,
        failover: &Failover,
        send: Function<T>,
    ) -> Result<FailoverOutput<T>, Error> {
        send(failover.clone(), self.settings, self.input).await
    }
}

/// A function that sends a call with these settings and this input.
type Function<T> = fn(Failover, Call<RawRequest>, Input) -> BoxFuture<Result<FailoverOutput<T>, Error>>;

/// The function that sends a call of an operation.
enum Send {
    Output(Function<Value>),
    Events(Function<JsonEventStreamOutput>),
    Bidirectional(Function<JsonBidirectionalStreamOutput>),
}

/// The visitor that returns the function of an operation.
struct FailoverVisitor;

impl OperationVisitor for FailoverVisitor {
    type Output = Send;

    fn visit_output<O>(self) -> Send
    where
        O: Operation<Delivery = delivery::Buffered>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize,
    {
        Send::Output(|failover, settings, input| {
            Box::pin(async move {
                let call = call::<O>(settings, input)?;
                Ok(failover.send(call).await?.map(|output| to_value(&output)))
            })
        })
    }

    fn visit_event_stream<O>(self) -> Send
    where
        O: OutputEventStream<Delivery = delivery::Streaming>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize + std::marker::Send,
        O::Events: Serialize,
    {
        Send::Events(|failover, settings, input| {
            Box::pin(async move {
                let answer = failover.send(call::<O>(settings, input)?).await?;
                Ok(answer
                    .map(|response| JsonEventStreamOutput::new(to_value(&response.output), response.events)))
            })
        })
    }

    fn visit_bidirectional<O>(self) -> Send
    where
        O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
        O::Input: DeserializeOwned + Clone,
        O::Output: Serialize + std::marker::Send,
        <O as InputEventStream>::Events: DeserializeOwned + std::marker::Send,
        <O as OutputEventStream>::Events: Serialize,
    {
        Send::Bidirectional(|failover, settings, input| {
            Box::pin(async move {
                let call = call::<O>(settings, input)?;
                Ok(failover.send(call).await?.map(JsonBidirectionalStreamOutput::new))
            })
        })
    }
}
