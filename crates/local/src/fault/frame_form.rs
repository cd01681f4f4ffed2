//! Frames of event streams in the format of fault files. `docs/faults.md` describes each member.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use invoke_model_protocol::event_stream::Message;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::header_form::{FrameHeader, Headers};
use crate::json_form::{Base64, object_form, present};
use crate::numbered_list::numbered_list;

/// The length of the prelude of a frame, and the position of its checksum, in bytes.
const PRELUDE: usize = 12;
const PRELUDE_CHECKSUM: usize = 8;

/// A frame of a fault file. The frame is encoded during deserialization, so errors contain a line and a column.
#[derive(Clone)]
pub(super) struct EncodedFrame {
    pub(super) bytes: Bytes,
    source: Value,
}

/// The JSON form of a frame.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameForm {
    event: Option<String>,
    exception: Option<String>,
    error: Option<ErrorHeaders>,
    #[serde(default)]
    initial_response: bool,
    #[serde(default)]
    headers: Headers<FrameHeader>,
    #[serde(default, deserialize_with = "present")]
    payload: Option<Value>,
    payload_text: Option<String>,
    payload_base64: Option<Base64>,
    #[serde(default, deserialize_with = "present")]
    chunk: Option<Value>,
    corrupt: Option<Corruption>,
    keep_bytes: Option<usize>,
    drop_bytes: Option<usize>,
    raw_base64: Option<Base64>,
}

/// The headers of an error that the Smithy model does not define.
#[derive(serde::Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
struct ErrorHeaders {
    code: String,
    message: Option<String>,
}

object_form!(ErrorHeaders, "an object with `code` and `message`");

/// The part of a frame that is wrong. All other parts of the frame are consistent with each other.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Corruption {
    PreludeChecksum,
    MessageChecksum,
    /// The total length is one byte too short.
    TotalLength,
    /// The length of the headers is one byte too long.
    HeadersLength,
}

impl<'de> Deserialize<'de> for EncodedFrame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Frame;

        impl<'de> Visitor<'de> for Frame {
            type Value = EncodedFrame;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object that describes a frame")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<EncodedFrame, A::Error> {
                let source = Value::deserialize(MapAccessDeserializer::new(members))?;
                let form = FrameForm::deserialize(&source).map_err(A::Error::custom)?;
                let bytes = form.encode().map_err(A::Error::custom)?;
                Ok(EncodedFrame { bytes: bytes.into(), source })
            }
        }

        deserializer.deserialize_map(Frame)
    }
}

impl Serialize for EncodedFrame {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.source.serialize(serializer)
    }
}

/// Deserializes a list of frames. Errors contain the number of the invalid frame.
pub(super) fn frames<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<EncodedFrame>>, D::Error> {
    numbered_list(deserializer, "frame").map(Some)
}

impl FrameForm {
    /// Returns the bytes that the endpoint sends.
    fn encode(mut self) -> Result<Vec<u8>, String> {
        let mut frame = match self.raw_base64.take() {
            Some(Base64(bytes)) if self.describes_message() => {
                let length = bytes.len();
                return Err(format!(
                    "`raw_base64` ({length} bytes) replaces the frame: remove all members except `raw_base64`, \
                     `keep_bytes` and `drop_bytes`"
                ));
            }
            Some(Base64(bytes)) => bytes.into(),
            None => self.message()?,
        };
        match (self.keep_bytes, self.drop_bytes) {
            (None, None) => {}
            (Some(_), Some(_)) => {
                return Err("`keep_bytes` and `drop_bytes` exclude each other: remove one of them".to_owned());
            }
            (Some(bytes), None) => {
                check_length("keep_bytes", bytes, frame.len())?;
                frame.truncate(bytes);
            }
            (None, Some(bytes)) => {
                check_length("drop_bytes", bytes, frame.len())?;
                frame.truncate(frame.len() - bytes);
            }
        }
        Ok(frame)
    }

    /// Returns `true` if the form has a member that describes a message.
    fn describes_message(&self) -> bool {
        !self.headers.is_empty()
            || self.initial_response
            || self.event.is_some()
            || self.exception.is_some()
            || self.error.is_some()
            || self.payload.is_some()
            || self.payload_text.is_some()
            || self.payload_base64.is_some()
            || self.chunk.is_some()
            || self.corrupt.is_some()
    }

    /// Returns the encoded message.
    fn message(&mut self) -> Result<Vec<u8>, String> {
        let mut message = Message::builder();
        for (name, value) in self.all_headers()? {
            message.header(&name, value.value()).map_err(|error| format!("the header {name:?}: {error}"))?;
        }
        let mut frame = Vec::new();
        let message = message.payload(self.payload_bytes()?);
        message.encode(&mut frame).map_err(|error| error.to_string())?;
        if let Some(corruption) = self.corrupt {
            corrupt(&mut frame, corruption)?;
        }
        Ok(frame)
    }

    /// Returns the headers of this kind of frame, changed as `headers` states.
    fn all_headers(&mut self) -> Result<Vec<(String, FrameHeader)>, String> {
        let json = (":content-type", "application/json".to_owned());
        let kind = |kind: &str| (":message-type", kind.to_owned());
        let is_initial = self.initial_response;
        let standard = match (self.event.take(), self.exception.take(), self.error.take(), is_initial) {
            (None, None, None, false) => vec![],
            (Some(name), None, None, false) => vec![(":event-type", name), json, kind("event")],
            (None, None, None, true) => {
                vec![(":event-type", "initial-response".to_owned()), json, kind("event")]
            }
            (None, Some(name), None, false) => vec![(":exception-type", name), json, kind("exception")],
            (None, None, Some(ErrorHeaders { code, message }), false) => {
                let message = message.map(|message| (":error-message", message));
                [(":error-code", code)].into_iter().chain(message).chain([kind("error")]).collect()
            }
            _ => {
                return Err(
                    "`event`, `exception`, `error` and `initial_response` exclude each other: keep one of them"
                        .to_owned(),
                );
            }
        };
        let standard = standard.into_iter().map(|(name, text)| (name.to_owned(), FrameHeader::String(text)));
        let mut headers: Vec<_> = standard.collect();
        for (name, value) in std::mem::take(&mut self.headers).0 {
            let position = headers.iter().position(|(known, _)| *known == name);
            match (position, value) {
                (Some(position), Some(value)) => headers[position].1 = value,
                (Some(position), None) => _ = headers.remove(position),
                (None, Some(value)) => headers.push((name, value)),
                (None, None) => return Err(format!("`headers`: the frame has no header {name:?} to remove")),
            }
        }
        Ok(headers)
    }

    fn payload_bytes(&mut self) -> Result<Vec<u8>, String> {
        let json = self.payload.take().map(|value| value.to_string().into());
        let text = self.payload_text.take().map(String::into_bytes);
        let bytes = self.payload_base64.take().map(|Base64(bytes)| bytes.into());
        let chunk = self
            .chunk
            .take()
            .map(|value| json!({"bytes": STANDARD.encode(value.to_string())}).to_string().into());
        let mut payloads = [json, text, bytes, chunk].into_iter().flatten();
        match (payloads.next(), payloads.next()) {
            (payload, None) => Ok(payload.unwrap_or_default()),
            _ => Err("`payload`, `payload_text`, `payload_base64` and `chunk` exclude each other: keep one of them"
                .to_owned()),
        }
    }
}

/// Makes one part of a frame wrong.
fn corrupt(frame: &mut [u8], corruption: Corruption) -> Result<(), String> {
    let too_short = || "the frame is too short to be corrupted".to_owned();
    let (prelude, rest) = frame.split_first_chunk_mut::<PRELUDE>().ok_or_else(too_short)?;
    let [t0, t1, t2, t3, h0, h1, h2, h3, ..] = *prelude;
    let (total, headers) = (u32::from_be_bytes([t0, t1, t2, t3]), u32::from_be_bytes([h0, h1, h2, h3]));
    match corruption {
        Corruption::PreludeChecksum => prelude[PRELUDE_CHECKSUM] = !prelude[PRELUDE_CHECKSUM],
        Corruption::TotalLength => {
            prelude[..4].copy_from_slice(&(total - 1).to_be_bytes());
        }
        Corruption::HeadersLength => {
            prelude[4..PRELUDE_CHECKSUM].copy_from_slice(&(headers + 1).to_be_bytes());
        }
        Corruption::MessageChecksum => {
            if let Some(last) = rest.last_mut() {
                *last = !*last;
            }
            return Ok(());
        }
    }
    if !matches!(corruption, Corruption::PreludeChecksum) {
        let checksum = crc32fast::hash(&prelude[..PRELUDE_CHECKSUM]);
        prelude[PRELUDE_CHECKSUM..].copy_from_slice(&checksum.to_be_bytes());
    }
    let (message, checksum) = frame.split_last_chunk_mut::<4>().ok_or_else(too_short)?;
    *checksum = crc32fast::hash(message).to_be_bytes();
    Ok(())
}

fn check_length(member: &str, bytes: usize, length: usize) -> Result<(), String> {
    match bytes <= length {
        true => Ok(()),
        false => Err(format!("`{member}` is {bytes}, but the frame has only {length} bytes")),
    }
}
