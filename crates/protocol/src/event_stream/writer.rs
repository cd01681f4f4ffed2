//! A message, written member by member: what it is, then its own headers, then one of the payloads, which ends it.
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

use bytes::Bytes;

use super::{Builder, HeaderValue, Message};
use crate::{ErrorMetadata, SerializeError, SerializeErrorKind};

/// Writes a message.
#[derive(Debug)]
pub struct Writer(Builder);

impl Writer {
    /// An event of that name, with the content type of its payload where it has one.
    ///
    /// # Errors
    /// The name is longer than a header can be.
    pub fn event(name: &'static str, content_type: Option<&'static str>) -> Result<Self, SerializeError> {
        let mut writer = Self(Message::builder());
        writer.set(":message-type", HeaderValue::String("event"))?;
        writer.set(":event-type", HeaderValue::String(name))?;
        if let Some(content_type) = content_type {
            writer.set(":content-type", HeaderValue::String(content_type))?;
        }
        Ok(writer)
    }

    /// An error of the model.
    ///
    /// # Errors
    /// As for [`event`](Self::event).
    pub fn exception(name: &'static str, content_type: &'static str) -> Result<Self, SerializeError> {
        let mut writer = Self(Message::builder());
        writer.set(":message-type", HeaderValue::String("exception"))?;
        writer.set(":exception-type", HeaderValue::String(name))?;
        writer.set(":content-type", HeaderValue::String(content_type))?;
        Ok(writer)
    }

    /// An error that the model does not have, as a whole message.
    ///
    /// # Errors
    /// Its code or words are longer than a header can be.
    pub fn error(metadata: &ErrorMetadata) -> Result<Message, SerializeError> {
        let mut writer = Self(Message::builder());
        writer.set(":message-type", HeaderValue::String("error"))?;
        writer.set(":error-code", HeaderValue::String(metadata.code().unwrap_or_default()))?;
        writer.set(":error-message", HeaderValue::String(metadata.message().unwrap_or_default()))?;
        Ok(writer.empty())
    }

    /// A member that is a header; nothing when it is not set.
    /// <https://smithy.io/2.0/spec/streaming.html#eventheader-trait>
    ///
    /// # Errors
    /// The value is longer than a header can be.
    pub fn header<T>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
        write: impl Fn(&T) -> HeaderValue<'_>,
    ) -> Result<(), SerializeError> {
        value.map_or(Ok(()), |value| self.set(name, write(value)))
    }

    /// Ends a message that has no payload.
    pub fn empty(self) -> Message {
        self.payload(Bytes::new())
    }

    /// Ends a message whose payload is a blob or text as it is.
    pub fn payload(self, payload: impl Into<Bytes>) -> Message {
        self.0.payload(payload)
    }

    /// Ends a message whose payload is JSON.
    pub fn json(self, write: impl FnOnce(&mut Vec<u8>)) -> Message {
        let mut payload = Vec::new();
        write(&mut payload);
        self.payload(payload)
    }

    fn set(&mut self, name: &'static str, value: HeaderValue<'_>) -> Result<(), SerializeError> {
        let set = self.0.header(name, value);
        set.map(|_| ())
            .map_err(|error| SerializeError::new(name, SerializeErrorKind::EventHeader(error.to_string())))
    }
}
