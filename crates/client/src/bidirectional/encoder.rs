//! Encodes events as frames, and signs the frames.

use bytes::Bytes;
use invoke_model_protocol::event_stream::{EncodeError, HeaderValue, MAX_PAYLOAD, Message};
use invoke_model_protocol::{SerializeError, SerializeErrorKind};
use invoke_model_signing::EventSigner;

use crate::client::Client;
use crate::error::ErrorKind;

/// Encodes the events of one stream, in order.
pub(crate) struct EventEncoder {
    client: Client,
    /// The signer. It is `None` if the request has a bearer token, because the frames are not signed in this
    /// case.
    signer: Option<EventSigner>,
}

impl EventEncoder {
    pub(crate) fn new(client: Client, signer: Option<EventSigner>) -> Self {
        Self { client, signer }
    }

    /// Encodes an event as a frame. If there is a signer, returns an outer frame: its payload is the frame of
    /// the event, and its headers contain the signature.
    ///
    /// <https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html>
    pub(super) fn encode(&mut self, message: &Message) -> Result<Bytes, ErrorKind> {
        let mut frame = Vec::new();
        message.encode(&mut frame).map_err(too_long)?;
        // The frame of the event becomes the payload of the outer frame. Check the length of this payload
        // before signing, because each signature covers the previous signature. If the client signed a frame
        // and did not send it, the service would reject the signature of the next frame.
        if self.signer.is_some() && frame.len() > MAX_PAYLOAD {
            return Err(too_long(EncodeError { headers: 0, payload: frame.len() }));
        }
        self.sign(frame)
    }

    /// Returns `true` if the frames are signed. Then [`end`](Self::end) returns the last frame of the stream.
    /// Otherwise the end of the request body ends the stream.
    pub(super) fn is_signing(&self) -> bool {
        self.signer.is_some()
    }

    /// Returns the frame that ends a signed stream. Its payload is empty.
    pub(super) fn end(&mut self) -> Result<Bytes, ErrorKind> {
        self.sign(Vec::new())
    }

    fn sign(&mut self, payload: Vec<u8>) -> Result<Bytes, ErrorKind> {
        let Some(signer) = &mut self.signer else { return Ok(payload.into()) };
        let signed = signer.sign(&payload, self.client.now())?;
        let mut message = Message::builder();
        let mut set = |name, value| {
            let set = message.header(name, value).map(drop);
            set.map_err(|error| {
                let kind = SerializeErrorKind::EventHeader(error.to_string());
                ErrorKind::SerializeEvent(SerializeError::new(name, kind))
            })
        };
        set(":date", HeaderValue::Timestamp(signed.date))?;
        set(":chunk-signature", HeaderValue::ByteArray(&signed.signature))?;
        let mut frame = Vec::new();
        message.payload(payload).encode(&mut frame).map_err(too_long)?;
        Ok(frame.into())
    }
}

fn too_long(error: EncodeError) -> ErrorKind {
    let kind = SerializeErrorKind::EventLength(error.to_string());
    ErrorKind::SerializeEvent(SerializeError::new("the event", kind))
}
