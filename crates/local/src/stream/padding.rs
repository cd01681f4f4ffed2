//! The padding of an event: the member `p` of its payload. The Smithy model does not define this member.
//!
//! The service sends padding because the length of an encrypted frame would otherwise reveal the length of
//! its text. The SDKs ignore the padding.
//!
//! The service sends a prefix of [`ALPHABET`] with a random length. Here the length depends only on the
//! position of the event, so the same request yields the same bytes.

use invoke_model_protocol::event_stream::{HeaderError, Message};

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// The difference between the lengths of two consecutive paddings, modulo the length of the alphabet. This
/// difference is coprime to the length of the alphabet, so every length occurs once before any length
/// repeats.
const STRIDE: u64 = 37;

/// The reason why a message cannot be padded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaddingError {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("the payload is not a JSON object")]
    Payload,
}

/// The first headers of an event, in the order in which the service sends them.
const HEADER_ORDER: [&str; 3] = [":event-type", ":content-type", ":message-type"];

/// Adds padding to a message, and orders its headers. `position` is the position of the message in the
/// stream.
pub(crate) fn pad(message: &Message, position: u64) -> Result<Message, PaddingError> {
    let members = message.payload().strip_suffix(b"}").ok_or(PaddingError::Payload)?;
    let separator = if members == b"{" { "" } else { "," };
    let end = format!(r#"{separator}"p":"{}"}}"#, padding(position));
    let mut padded = Message::builder();
    let is_ordered = |name: &str| HEADER_ORDER.contains(&name);
    let ordered = HEADER_ORDER.iter().filter_map(|name| Some((*name, message.header(name)?)));
    for (name, value) in ordered.chain(message.headers().filter(|(name, _)| !is_ordered(name))) {
        padded.header(name, value)?;
    }
    Ok(padded.payload([members, end.as_bytes()].concat()))
}

pub(crate) fn padding(position: u64) -> &'static str {
    let lengths = ALPHABET.len() as u64;
    let length = 1 + (position % lengths) * STRIDE % lengths;
    usize::try_from(length).ok().and_then(|length| ALPHABET.get(..length)).unwrap_or(ALPHABET)
}
