//! The frames of a stream, each generated on demand.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use invoke_model_protocol::SerializeError;
use invoke_model_protocol::event_stream::{EncodeError, Message};

use super::events::{Events, Latency};
use super::fault::{PlannedStreamFault, StreamFault};
use super::padding::{self, PaddingError};
use super::progress::StreamEnd;
use crate::backend::BoxError;

/// The frames of a stream.
pub(crate) struct Frames {
    source: FrameSource,
    /// The number of frames generated so far.
    generated: u64,
    request_time: SystemTime,
    first_event_time: Option<SystemTime>,
    fault: Option<PlannedStreamFault>,
    /// The number of bytes to send before a fault closes the connection, or `None` before such a fault.
    remaining: Option<usize>,
    failed: bool,
}

/// The origin of the frames.
pub(crate) enum FrameSource {
    /// Events that are encoded when they are sent.
    Events(Events),
    /// Frames that are sent as they are.
    Encoded(VecDeque<Bytes>),
}

/// The reason why the connection closes before the end of a body.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("injected fault: the body is truncated")]
    Truncated,
    #[error(transparent)]
    Forwarded(BoxError),
    #[error(transparent)]
    Serialize(#[from] SerializeError),
    #[error(transparent)]
    Padding(#[from] PaddingError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Frames {
    pub(crate) fn new(
        source: FrameSource,
        request_time: SystemTime,
        fault: Option<PlannedStreamFault>,
    ) -> Self {
        Self {
            source,
            generated: 0,
            request_time,
            first_event_time: None,
            fault,
            remaining: None,
            failed: false,
        }
    }

    /// Waits until the next event or the end of the stream is known. Call this function before
    /// [`next`](Self::next) and [`is_over`](Self::is_over).
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.source {
            FrameSource::Events(events) => events.poll_ready(cx),
            FrameSource::Encoded(_) => Poll::Ready(()),
        }
    }

    /// Returns the next frame, or `None` at the end of the stream.
    pub(crate) fn next(&mut self, now: SystemTime) -> Result<Option<Vec<u8>>, BodyError> {
        let frame = self.complete_frame(now)?;
        self.generated += 1;
        match (self.remaining, frame) {
            (None, frame) => Ok(frame),
            (Some(0), _) | (Some(_), None) => Err(BodyError::Truncated),
            (Some(remaining), Some(mut frame)) => {
                frame.truncate(remaining);
                self.remaining = Some(remaining - frame.len());
                Ok(Some(frame))
            }
        }
    }

    /// Returns `true` if no more frames or faults follow.
    pub(crate) fn is_over(&self) -> bool {
        self.failed || (self.source.is_over() && self.fault.is_none() && self.remaining.is_none())
    }

    /// Returns the way in which the stream ended. Call this only after the end of the stream.
    pub(crate) fn end(&self) -> StreamEnd {
        if self.failed { StreamEnd::Broken } else { StreamEnd::Finished }
    }

    fn complete_frame(&mut self, now: SystemTime) -> Result<Option<Vec<u8>>, BodyError> {
        match self.take_due_fault() {
            Some(StreamFault::Error(error)) => {
                self.failed = true;
                encode(&error.to_frame()?).map(Some)
            }
            Some(StreamFault::Message(message)) => encode(&message).map(Some),
            Some(StreamFault::WrongChecksum) => {
                let mut frame = self.next_frame(now)?;
                if let Some(last) = frame.as_mut().and_then(|frame| frame.last_mut()) {
                    *last = !*last;
                }
                Ok(frame)
            }
            Some(StreamFault::Truncate { bytes }) => {
                self.remaining = Some(bytes);
                self.next_frame(now)
            }
            None => self.next_frame(now),
        }
    }

    /// Takes the fault if the stream has reached the position of the fault.
    fn take_due_fault(&mut self) -> Option<StreamFault> {
        let is_last_chance = self.source.is_over();
        let planned =
            self.fault.take_if(|planned| planned.after_events <= self.generated || is_last_chance)?;
        Some(planned.fault)
    }

    /// Returns the next frame. An event gets padding.
    fn next_frame(&mut self, now: SystemTime) -> Result<Option<Vec<u8>>, BodyError> {
        if self.failed {
            return Ok(None);
        }
        let event = match &mut self.source {
            FrameSource::Encoded(frames) => return Ok(frames.pop_front().map(Into::into)),
            FrameSource::Events(events) => events.next(),
        };
        let event = match event {
            None => return Ok(None),
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                self.failed = true;
                return encode(&error.to_frame()?).map(Some);
            }
        };
        let first = *self.first_event_time.get_or_insert(now);
        let latency = Latency { first_event: self.milliseconds(first), this_event: self.milliseconds(now) };
        encode(&padding::pad(&event(latency)?, self.generated)?).map(Some)
    }

    /// Returns the milliseconds from the request until `time`.
    fn milliseconds(&self, time: SystemTime) -> u64 {
        let elapsed = time.duration_since(self.request_time).unwrap_or(Duration::ZERO);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }
}

impl FrameSource {
    /// Returns `true` if no frame follows. Call [`Frames::poll_ready`] first.
    fn is_over(&self) -> bool {
        match self {
            Self::Events(events) => events.is_over(),
            Self::Encoded(frames) => frames.is_empty(),
        }
    }
}

/// Encodes a message as a frame.
pub(crate) fn encode(message: &Message) -> Result<Vec<u8>, BodyError> {
    let mut frame = Vec::new();
    message.encode(&mut frame)?;
    Ok(frame)
}
