//! A decoder of server-sent events.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>
//!
//! The libraries for this format discard an incomplete event at the end of a stream. This decoder reports
//! such an event, so that the caller can detect a truncated response.

use bytes::{Buf, BytesMut};
use invoke_model_protocol::event_stream::MAX_PAYLOAD;
use serde::de::DeserializeOwned;

/// The maximum size in bytes of an event. It is the maximum size of a payload in an event stream.
pub(super) const MAX_EVENT: usize = MAX_PAYLOAD;

/// A server-sent event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerSentEvent {
    /// The type of the event. It is `message` if the event does not name its type.
    pub event: String,
    /// The data. If the data has several lines, line feeds separate them.
    pub data: String,
    /// The last id in the stream, or `None` if no event had an id.
    pub id: Option<String>,
}

impl ServerSentEvent {
    /// Parses the data as JSON.
    ///
    /// # Errors
    /// Returns an error if the data is not JSON, or if the JSON does not have the structure of `T`. For
    /// example, the OpenAI API ends a stream with the text `[DONE]`, which is not JSON.
    pub fn json<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(&self.data)
    }
}

/// Decodes the bytes of a stream, in chunks of any size.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The received bytes after the last complete line that was decoded.
    buffer: BytesMut,
    /// The number of bytes at the start of `buffer` that were already searched for the end of a line.
    scanned: usize,
    /// `true` after the first line, which can begin with a byte order mark.
    started: bool,
    /// `true` if the last line ended with CR. A following LF is then part of the same line end.
    ended_with_cr: bool,
    /// The fields of the current event.
    event: Option<String>,
    data: Option<String>,
    id: Option<String>,
    /// The number of bytes in the complete lines of the current event. It is 0 if the event has no fields
    /// yet.
    unfinished: usize,
    events: u64,
}

impl Decoder {
    /// Adds the next bytes of the stream.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next event, or `None` if more bytes are needed.
    pub(super) fn decode(&mut self) -> Option<ServerSentEvent> {
        while let Some(line) = self.line() {
            if line.is_empty() {
                if let Some(event) = self.dispatch() {
                    return Some(event);
                }
            } else {
                self.field(&line);
            }
        }
        None
    }

    /// Returns the number of bytes of an incomplete event at the end of the stream, or 0 if the last event is
    /// complete. Comments are not part of an event, even if the line of a comment has no end.
    pub(super) fn incomplete(&self) -> usize {
        match (self.unfinished, self.buffer.first()) {
            (0, Some(b':')) => 0,
            (unfinished, _) => unfinished + self.buffer.len(),
        }
    }

    /// Returns `true` if the current event is longer than an event of an event stream can be. Without this
    /// check, an event without an end would fill the memory.
    pub(super) fn is_too_long(&self) -> bool {
        self.unfinished + self.buffer.len() > MAX_EVENT
    }

    /// Returns the number of decoded events.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Removes and returns the next line without its end. A line ends with CR, LF or both.
    fn line(&mut self) -> Option<BytesMut> {
        if self.ended_with_cr && !self.buffer.is_empty() {
            self.ended_with_cr = false;
            if self.buffer[0] == b'\n' {
                self.buffer.advance(1);
            }
        }
        let rest = &self.buffer[self.scanned..];
        let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            self.scanned = self.buffer.len();
            return None;
        };
        let mut line = self.buffer.split_to(self.scanned + end);
        self.scanned = 0;
        self.ended_with_cr = self.buffer.get_u8() == b'\r';
        if !std::mem::replace(&mut self.started, true) && line.starts_with("\u{feff}".as_bytes()) {
            line.advance("\u{feff}".len());
        }
        Some(line)
    }

    fn field(&mut self, line: &[u8]) {
        let line_text = String::from_utf8_lossy(line);
        let (name, value) = line_text.split_once(':').unwrap_or((&line_text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => self.event = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            // A comment, a field for reconnections, or a field that the specification does not define.
            _ => return,
        }
        self.unfinished += line.len() + 1;
    }

    /// Ends the current event. Returns `None` if it has no data.
    fn dispatch(&mut self) -> Option<ServerSentEvent> {
        self.unfinished = 0;
        let event = self.event.take().filter(|event| !event.is_empty());
        let data = self.data.take()?;
        self.events += 1;
        let id = self.id.clone().filter(|id| !id.is_empty());
        Some(ServerSentEvent { event: event.unwrap_or_else(|| "message".to_owned()), data, id })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decodes a stream in chunks of `size` bytes. Returns the events and the number of incomplete bytes.
    fn decode(stream: &[u8], size: usize) -> (Vec<ServerSentEvent>, usize) {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        for chunk in stream.chunks(size) {
            decoder.push(chunk);
            while let Some(event) = decoder.decode() {
                events.push(event);
            }
        }
        assert_eq!(decoder.events(), events.len() as u64);
        (events, decoder.incomplete())
    }

    /// Checks type, data and id of the events of a complete stream, for chunks of all sizes.
    fn check(stream: &str, expected: &[(&str, &str, Option<&str>)]) {
        for size in 1..=stream.len() {
            let (events, incomplete) = decode(stream.as_bytes(), size);
            let found: Vec<_> = events
                .iter()
                .map(|event| (event.event.as_str(), event.data.as_str(), event.id.as_deref()))
                .collect();
            assert_eq!((found.as_slice(), incomplete), (expected, 0), "{stream:?} in chunks of {size}");
        }
    }

    #[test]
    fn decodes_fields() {
        check("data: a\n\n", &[("message", "a", None)]);
        check("data:a\n\ndata:  b\n\n", &[("message", "a", None), ("message", " b", None)]);
        check("event: ping\ndata: {}\n\n", &[("ping", "{}", None)]);
        check("data: a\ndata\ndata: b\n\n", &[("message", "a\n\nb", None)]);
        check("data\n\n", &[("message", "", None)]);
        check(
            "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            &[("message", "a", Some("1")), ("message", "b", Some("1")), ("message", "c", None)],
        );
        check("id: 1\0\ndata: a\n\n", &[("message", "a", None)]);
        check(": comment\nretry: 10\nother: x\ndata: é\n\n: end\n", &[("message", "é", None)]);
    }

    #[test]
    fn discards_events_without_data() {
        check("event: a\n\ndata: b\n\n\n\n", &[("message", "b", None)]);
    }

    #[test]
    fn accepts_all_line_ends_and_a_byte_order_mark() {
        check(
            "data: a\r\rdata: b\r\n\r\ndata: c\n\n",
            &[("message", "a", None), ("message", "b", None), ("message", "c", None)],
        );
        check("\u{feff}data: a\n\n", &[("message", "a", None)]);
    }

    #[test]
    fn counts_the_bytes_of_an_incomplete_event() {
        for (stream, incomplete) in [
            ("data: a\n\ndata: b\n", 8),
            ("data: a\n\ndata", 4),
            ("event: a\r\n", 9),
            (": comment\n", 0),
            ("data: a\n\n: comment", 0),
            ("data: a\r\n\r\n:", 0),
            ("data: a\n: comment", 17),
            ("data: a\r\n\r", 0),
            ("", 0),
        ] {
            assert_eq!(decode(stream.as_bytes(), 3).1, incomplete, "{stream:?}");
        }
    }

    proptest! {
        #[test]
        fn size_of_chunks_does_not_matter(stream in "(data|event|id|:|\r|\n|\r\n|: |é|\u{feff}|x){0,30}", size in 1_usize..9) {
            prop_assert_eq!(decode(stream.as_bytes(), size), decode(stream.as_bytes(), stream.len().max(1)));
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(stream in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&stream, 7);
        }
    }
}
