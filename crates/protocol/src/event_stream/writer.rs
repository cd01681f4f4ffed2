//! A writer of messages. It writes the kind and the headers first. The payload completes the message.
//!
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

use bytes::Bytes;

use super::header::HeaderValue;
use super::message::{Builder, Message};
use crate::error::{ErrorMetadata, SerializeError, SerializeErrorKind};
use crate::json;

/// Builds the message of an event or an error.
#[derive(Debug)]
pub struct Writer(Builder);

impl Writer {
    /// Starts the message of an event. `content_type` is the content type of the payload.
    ///
    /// # Errors
    /// Returns an error if the name is too long for a header.
    pub fn event(name: &'static str, content_type: Option<&'static str>) -> Result<Self, SerializeError> {
        let mut writer = Self(Message::builder());
        writer.set(":message-type", HeaderValue::String("event"))?;
        writer.set(":event-type", HeaderValue::String(name))?;
        if let Some(content_type) = content_type {
            writer.set(":content-type", HeaderValue::String(content_type))?;
        }
        Ok(writer)
    }

    /// Starts the message of an error that the Smithy model defines.
    ///
    /// # Errors
    /// See [`event`](Self::event).
    pub fn exception(name: &'static str, content_type: &'static str) -> Result<Self, SerializeError> {
        let mut writer = Self(Message::builder());
        writer.set(":message-type", HeaderValue::String("exception"))?;
        writer.set(":exception-type", HeaderValue::String(name))?;
        writer.set(":content-type", HeaderValue::String(content_type))?;
        Ok(writer)
    }

    /// Returns the message of an error that the Smithy model does not define.
    ///
    /// # Errors
    /// Returns an error if the code or the message is too long for a header.
    pub fn error(metadata: &ErrorMetadata) -> Result<Message, SerializeError> {
        let mut writer = Self(Message::builder());
        writer.set(":message-type", HeaderValue::String("error"))?;
        writer.set(":error-code", HeaderValue::String(metadata.code().unwrap_or_default()))?;
        writer.set(":error-message", HeaderValue::String(metadata.message().unwrap_or_default()))?;
        Ok(writer.empty())
    }

    /// Appends the header `name` if `value` is `Some`. `write` converts the value to a header value.
    ///
    /// <https://smithy.io/2.0/spec/streaming.html#eventheader-trait>
    ///
    /// # Errors
    /// Returns an error if the value is too long for a header.
    pub fn header<T>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
        write: impl Fn(&T) -> HeaderValue<'_>,
    ) -> Result<(), SerializeError> {
        value.map_or(Ok(()), |value| self.set(name, write(value)))
    }

    /// Completes a message without a payload.
    pub fn empty(self) -> Message {
        self.payload(Bytes::new())
    }

    /// Completes a message whose payload is a blob or text.
    pub fn payload(self, payload: impl Into<Bytes>) -> Message {
        self.0.payload(payload)
    }

    /// Completes a message whose payload is JSON.
    ///
    /// # Errors
    /// Returns an error if a document is nested too deeply.
    pub fn json(self, write: impl FnOnce(&mut Vec<u8>)) -> Result<Message, SerializeError> {
        let mut payload = Vec::new();
        write(&mut payload);
        json::write::check(&payload)?;
        Ok(self.payload(payload))
    }

    fn set(&mut self, name: &'static str, value: HeaderValue<'_>) -> Result<(), SerializeError> {
        let set = self.0.header(name, value);
        set.map(|_| ())
            .map_err(|error| SerializeError::new(name, SerializeErrorKind::EventHeader(error.to_string())))
    }
}
