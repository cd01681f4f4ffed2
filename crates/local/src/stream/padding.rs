//! The padding of a part: a member `p` beside its `bytes`, which no model has.
//!
//! The service sends it so that the length of a frame does not tell that of its text to who sees no more of it; every SDK
//! passes it over. Of the service it is a start of [`ALPHABET`], of any length. Here the length depends on the place of
//! the part alone, so that the same request is answered with the same bytes.

use invoke_model_protocol::event_stream::{HeaderError, Message};
use serde_json::{Map, Value};

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Walks through all lengths before one comes again: it shares no divisor with the length of the alphabet.
const STRIDE: u64 = 37;

/// Why a message cannot be padded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Payload(#[from] serde_json::Error),
}

/// The message with padding for its place in the stream.
pub(super) fn pad(message: &Message, place: u64) -> Result<Message, Error> {
    let mut members: Map<String, Value> = serde_json::from_slice(message.payload())?;
    members.insert("p".to_owned(), padding(place).into());
    let mut padded = Message::builder();
    for (name, value) in message.headers() {
        padded.header(name, value)?;
    }
    Ok(padded.payload(serde_json::to_vec(&members)?))
}

fn padding(place: u64) -> &'static str {
    let lengths = ALPHABET.len() as u64;
    let length = 1 + (place % lengths) * STRIDE % lengths;
    usize::try_from(length).ok().and_then(|length| ALPHABET.get(..length)).unwrap_or(ALPHABET)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_length_comes_before_one_comes_again() {
        let lengths: BTreeSet<_> = (0..62).map(|place| padding(place).len()).collect();
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), (1..=62).collect::<Vec<_>>());
        assert_eq!(padding(62), padding(0));
        assert_eq!(padding(u64::MAX).len(), padding(u64::MAX % 62).len());
    }
}
