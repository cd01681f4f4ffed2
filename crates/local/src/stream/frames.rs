//! The frames of a stream, each made when it is asked for.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html>

use std::iter::Peekable;
use std::time::{Duration, SystemTime};

use invoke_model_protocol::SerializeError;
use invoke_model_protocol::event_stream::{EncodeError, EventStream, Message};
use invoke_model_types::{PayloadPart, ResponseStream};
use serde_json::{Value, json};

use super::fault::{Planned, StreamFault};
use super::padding;
use super::progress::StreamEnd;
use crate::families::Chunks;

/// What Bedrock adds to the last chunk, whatever the vendor.
const METRICS: &str = "amazon-bedrock-invocationMetrics";

/// The frames of a stream.
pub(crate) struct Frames {
    input_tokens: u64,
    output_tokens: u64,
    chunks: Peekable<Chunks>,
    made: u64,
    /// When the request had arrived, and when the first chunk was made.
    arrived: SystemTime,
    first: Option<SystemTime>,
    fault: Option<Planned>,
    /// How many bytes are still sent before the connection is cut.
    left: Option<usize>,
    failed: bool,
}

/// Why the connection is closed in the midst of a stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the stream is cut, as was asked for")]
    Cut,
    #[error(transparent)]
    Serialize(#[from] SerializeError),
    #[error(transparent)]
    Padding(#[from] padding::Error),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Frames {
    pub(crate) fn new(chunks: Chunks, arrived: SystemTime, fault: Option<Planned>) -> Self {
        Self {
            input_tokens: chunks.input_tokens,
            output_tokens: chunks.output_tokens,
            chunks: chunks.peekable(),
            made: 0,
            arrived,
            first: None,
            fault,
            left: None,
            failed: false,
        }
    }

    /// The next frame; none when the stream is over.
    pub(crate) fn next(&mut self, now: SystemTime) -> Result<Option<Vec<u8>>, Broken> {
        let frame = self.whole(now)?;
        self.made += 1;
        match (self.left, frame) {
            (None, frame) => Ok(frame),
            (Some(0), _) | (Some(_), None) => Err(Broken::Cut),
            (Some(left), Some(mut frame)) => {
                frame.truncate(left);
                self.left = Some(left - frame.len());
                Ok(Some(frame))
            }
        }
    }

    /// Whether nothing more comes, not even a fault.
    pub(crate) fn is_over(&mut self) -> bool {
        self.failed || (self.chunks.peek().is_none() && self.fault.is_none() && self.left.is_none())
    }

    /// How the stream has ended, once it is over.
    pub(crate) fn end(&self) -> StreamEnd {
        if self.failed { StreamEnd::Broken } else { StreamEnd::Finished }
    }

    fn whole(&mut self, now: SystemTime) -> Result<Option<Vec<u8>>, Broken> {
        let message = match self.due() {
            Some(StreamFault::Error(error)) => {
                self.failed = true;
                return encode(&ResponseStream::exception(&error)?).map(Some);
            }
            Some(StreamFault::Message(message)) => Some(message),
            Some(StreamFault::WrongChecksum) => {
                let mut frame = self.chunk(now)?.map(|message| encode(&message)).transpose()?;
                if let Some(last) = frame.as_mut().and_then(|frame| frame.last_mut()) {
                    *last = !*last;
                }
                return Ok(frame);
            }
            Some(StreamFault::Cut { bytes }) => {
                self.left = Some(bytes);
                self.chunk(now)?
            }
            None => self.chunk(now)?,
        };
        message.map(|message| encode(&message)).transpose()
    }

    /// The fault whose place is here.
    fn due(&mut self) -> Option<StreamFault> {
        let is_last_chance = self.chunks.peek().is_none();
        let planned = self.fault.take_if(|planned| planned.after_events <= self.made || is_last_chance)?;
        Some(planned.fault)
    }

    /// The next chunk as an event.
    fn chunk(&mut self, now: SystemTime) -> Result<Option<Message>, Broken> {
        if self.failed {
            return Ok(None);
        }
        let Some(mut chunk) = self.chunks.next() else { return Ok(None) };
        let first = *self.first.get_or_insert(now);
        if self.chunks.peek().is_none() {
            chunk[METRICS] = self.metrics(first, now);
        }
        let mut part = PayloadPart::default();
        part.bytes = Some(chunk.to_string().into());
        let event = ResponseStream::Chunk(part).event()?;
        Ok(Some(padding::pad(&event, self.made)?))
    }

    fn metrics(&self, first: SystemTime, last: SystemTime) -> Value {
        let milliseconds = |until: SystemTime| {
            let elapsed = until.duration_since(self.arrived).unwrap_or(Duration::ZERO);
            u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
        };
        json!({
            "inputTokenCount": self.input_tokens,
            "outputTokenCount": self.output_tokens,
            "invocationLatency": milliseconds(last),
            "firstByteLatency": milliseconds(first),
        })
    }
}

fn encode(message: &Message) -> Result<Vec<u8>, Broken> {
    let mut frame = Vec::new();
    message.encode(&mut frame)?;
    Ok(frame)
}
