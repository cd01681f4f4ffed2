//! A response, and the output, error or events that it makes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use invoke_model_protocol::event_stream::{Decoder, EventStream, FrameError, Truncated};
use invoke_model_protocol::{ErrorMetadata, Operation, OutputEventStream, ParseError};

use super::Content;

/// What a case states of a response.
#[derive(Clone, Copy, Debug, Default)]
pub struct Response<'a> {
    /// Its status.
    pub code: u16,
    /// Its fields and body.
    pub content: Content<'a>,
}

/// How a stream of events fails.
#[derive(Debug)]
pub enum Failure<E, S> {
    /// The service refuses.
    Refused(E),
    /// The head of the answer lacks what it must have.
    Head(ParseError),
    /// Bytes are no frame.
    Frame(FrameError),
    /// The bytes end in the midst of a frame.
    Truncated(Truncated),
    /// A message is none of the stream's.
    Message(ParseError),
    /// The service ends the stream with an error.
    Ended(S),
}

/// What a stream of events gives: the output and the events, or how it fails.
pub type Events<O> = Result<
    (<O as Operation>::Output, Vec<<O as OutputEventStream>::Events>),
    Failure<<O as Operation>::Error, <<O as OutputEventStream>::Events as EventStream>::Error>,
>;

impl Response<'_> {
    /// The output.
    ///
    /// # Errors
    /// The response makes none.
    ///
    /// # Panics
    /// The status is not one of success.
    #[track_caller]
    pub fn output<O: Operation>(&self) -> Result<O::Output, ParseError> {
        let response = self.http();
        assert!(O::is_success(response.status()), "{} is not taken for success", response.status());
        O::parse(&response)
    }

    /// The error.
    ///
    /// # Panics
    /// The status is one of success, or the error cannot be parsed.
    #[track_caller]
    pub fn error<O: Operation>(&self) -> O::Error {
        let response = self.http();
        assert!(!O::is_success(response.status()), "{} is taken for success", response.status());
        let metadata = ErrorMetadata::from_response(&response);
        O::parse_error(metadata, &response).unwrap_or_else(|error| panic!("no error: {error}"))
    }

    /// The output, and the events of the frames (in base64) behind it.
    ///
    /// # Errors
    /// See [`Failure`].
    ///
    /// # Panics
    /// A frame is no base64.
    pub fn events<O: OutputEventStream>(&self, frames: &[&str]) -> Events<O> {
        if !O::is_success(self.http().status()) {
            return Err(Failure::Refused(self.error::<O>()));
        }
        let output = O::parse(&self.http()).map_err(Failure::Head)?;
        let (mut decoder, mut events) = (Decoder::new(), Vec::new());
        for frame in frames {
            let bytes =
                STANDARD.decode(frame).unwrap_or_else(|error| panic!("the case states no base64: {error}"));
            decoder.push(&bytes);
            while let Some(message) = decoder.decode().map_err(Failure::Frame)? {
                let event = O::Events::parse(&message).map_err(Failure::Message)?;
                events.push(event.map_err(Failure::Ended)?);
            }
        }
        decoder.finish().map_err(Failure::Truncated)?;
        Ok((output, events))
    }

    fn http(&self) -> invoke_model_protocol::Response {
        let mut response = http::Response::builder().status(self.code);
        for (name, value) in self.content.headers {
            response = response.header(*name, *value);
        }
        let body = Bytes::copy_from_slice(self.content.body.unwrap_or_default().as_bytes());
        response.body(body).unwrap_or_else(|error| panic!("the case states no response: {error}"))
    }
}
