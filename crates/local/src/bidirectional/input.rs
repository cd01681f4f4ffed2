//! The events of a request.
//!
//! In a signed request, each event is the payload of an outer message with a signature. The last outer
//! message has no payload: <https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html>. In a
//! request with a bearer token, there are no outer messages.

use std::time::SystemTime;

use bytes::Bytes;
use invoke_model_protocol::event_stream::{Decoder, EventStream, HeaderValue, Message};
use invoke_model_signing::{EventVerifier, SignedEvent};
use invoke_model_types::InvokeModelWithBidirectionalStreamInputEvent as InputEvent;

use crate::service_error::ServiceError;

/// A decoder for the events of a request.
#[derive(Debug)]
pub(crate) struct EventInput {
    decoder: Decoder,
    /// The verifier of the signatures, if the request is signed.
    verifier: Option<EventVerifier>,
    /// `true` after the outer message that ends the stream.
    is_ended: bool,
}

impl EventInput {
    pub(crate) fn new(verifier: Option<EventVerifier>) -> Self {
        Self { decoder: Decoder::new(), verifier, is_ended: false }
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        self.decoder.push_bytes(bytes);
    }

    /// Returns the content of the next event. Returns `None` if more bytes are needed, or if the stream has
    /// ended.
    ///
    /// # Errors
    /// Returns an error if a message is malformed or its signature is wrong.
    pub(super) fn next(&mut self, now: SystemTime) -> Result<Option<Bytes>, ServiceError> {
        let message = match self.decoder.decode().map_err(|error| malformed(&error))? {
            Some(_) if self.is_ended => return Err(malformed(&"a message follows the end of the stream")),
            Some(message) => message,
            None => return Ok(None),
        };
        let Some(message) = self.unwrap(message, now)? else { return Ok(None) };
        match InputEvent::parse(&message).map_err(|error| malformed(&error))? {
            Ok(InputEvent::Chunk(part)) => Ok(Some(part.bytes.unwrap_or_default())),
            _ => Err(malformed(&"the event is not a chunk")),
        }
    }

    /// Checks that the stream is complete.
    pub(super) fn finish(&self) -> Result<(), ServiceError> {
        self.decoder.finish().map_err(|error| malformed(&error))?;
        if self.verifier.is_some() && !self.is_ended {
            return Err(malformed(&"a signed stream must end with a signed message without a payload"));
        }
        Ok(())
    }

    /// Verifies an outer message, and returns the inner message. Returns `None` for the message that ends the
    /// stream.
    fn unwrap(&mut self, outer: Message, now: SystemTime) -> Result<Option<Message>, ServiceError> {
        let signature = match outer.header(":chunk-signature") {
            Some(HeaderValue::ByteArray(signature)) => signature.try_into().ok(),
            _ => None,
        };
        let date = match outer.header(":date") {
            Some(HeaderValue::Timestamp(date)) => Some(date),
            _ => None,
        };
        match (&mut self.verifier, date.zip(signature)) {
            (Some(verifier), Some((date, signature))) => {
                let signed = SignedEvent { date, signature };
                verifier.verify(&signed, outer.payload(), now).map_err(|error| refused(&error))?;
            }
            (Some(_), None) => return Err(refused(&"the message has no :date or no :chunk-signature")),
            // The client has signed its events, but the endpoint does not verify the signatures of this
            // request.
            (None, Some(_)) => {}
            (None, None) => return Ok(Some(outer)),
        }
        if outer.payload().is_empty() {
            self.is_ended = true;
            return Ok(None);
        }
        let mut decoder = Decoder::new();
        decoder.push_bytes(outer.into_payload());
        let inner = decoder.decode().map(|message| (message, decoder.finish()));
        match inner.map_err(|error| malformed(&error))? {
            (Some(message), Ok(())) => Ok(Some(message)),
            _ => Err(malformed(&"the payload of a signed message must be one message")),
        }
    }
}

fn malformed(problem: &impl std::fmt::Display) -> ServiceError {
    ServiceError::validation(format!("Malformed input request: {problem}"))
}

fn refused(problem: &impl std::fmt::Display) -> ServiceError {
    ServiceError::forbidden(
        "InvalidSignatureException",
        format!("The signature of an event is wrong: {problem}"),
    )
}
