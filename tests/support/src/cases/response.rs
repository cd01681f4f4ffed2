//! Parses the responses of test cases as outputs, errors and events, and compares serialized responses with the
//! responses of test cases.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use invoke_model_protocol::event_stream::{Decoder, EventStream, FrameError, IncompleteFrame};
use invoke_model_protocol::server::{self, Violations};
use invoke_model_protocol::{ErrorMetadata, Operation, OutputEventStream, ParseError, ServerOperation};

use super::{Content, Request};

/// The response of a case.
#[derive(Clone, Copy, Debug, Default)]
pub struct Response<'a> {
    /// Status code.
    pub code: u16,
    /// Headers and body.
    pub content: Content<'a>,
}

/// Failure of an event stream.
#[derive(Debug)]
pub enum Failure<E, S> {
    /// The service returned an error instead of a stream.
    Refused(E),
    /// The head of the message, which contains all members except for the events, cannot be parsed.
    Head(ParseError),
    /// The head of a request lacks required members.
    Incomplete(Box<Violations>),
    /// A frame is invalid.
    Frame(FrameError),
    /// The last frame is incomplete.
    Truncated(IncompleteFrame),
    /// A message cannot be parsed as an event.
    Message(ParseError),
    /// The sender ended the stream with an error.
    Ended(S),
}

/// The members of a message `M` and the events `E` of its stream, or the failure of the stream.
pub type StreamResult<O, M, E> =
    Result<(M, Vec<E>), Failure<<O as Operation>::Error, <E as EventStream>::Error>>;

impl Response<'_> {
    /// Parses the output.
    ///
    /// # Errors
    /// Returns an error if the response cannot be parsed.
    ///
    /// # Panics
    /// Panics if the status is not a success status of the operation.
    #[track_caller]
    pub fn output<O: Operation>(&self) -> Result<O::Output, ParseError> {
        let response = self.http();
        assert!(O::is_success(response.status()), "{} is not a success", response.status());
        O::parse(&response)
    }

    /// Parses the error.
    ///
    /// # Panics
    /// Panics if the status is a success status of the operation, or if the error cannot be parsed.
    #[track_caller]
    pub fn error<O: Operation>(&self) -> O::Error {
        let response = self.http();
        assert!(!O::is_success(response.status()), "{} is a success", response.status());
        let metadata = ErrorMetadata::from_response(&response);
        O::parse_error(metadata, &response).unwrap_or_else(|error| panic!("cannot parse the error: {error}"))
    }

    /// Parses the output, and the events in `frames`. The frames are encoded in base64.
    ///
    /// # Errors
    /// Returns a [`Failure`] if the response, a frame or an event cannot be parsed, or if the service returns
    /// an error.
    ///
    /// # Panics
    /// Panics if a frame is not base64.
    pub fn events<O: OutputEventStream>(&self, frames: &[&str]) -> StreamResult<O, O::Output, O::Events> {
        if !O::is_success(self.http().status()) {
            return Err(Failure::Refused(self.error::<O>()));
        }
        let output = O::parse(&self.http()).map_err(Failure::Head)?;
        Ok((output, read_events(frames)?))
    }

    /// Serializes an output and compares the response with this case.
    ///
    /// # Panics
    /// Panics if the response differs from the case.
    #[track_caller]
    pub fn check_output<O: ServerOperation>(&self, output: O::Output) {
        let response = O::serialize_response(output);
        self.check(&response.unwrap_or_else(|error| panic!("cannot serialize the output: {error}")));
    }

    /// Serializes an error and compares the response with this case.
    ///
    /// # Panics
    /// Panics if the response differs from the case.
    #[track_caller]
    pub fn check_error<O: ServerOperation>(&self, error: &O::Error) {
        let response = O::serialize_error(error);
        let response = response.unwrap_or_else(|error| panic!("cannot serialize the error: {error}"));
        self.check(&response.unwrap_or_else(|| panic!("the model has no such error")));
    }

    /// Checks that a server rejects a request in the words of the server frameworks of Smithy, and compares the
    /// response with this case.
    ///
    /// # Panics
    /// Panics if the server accepts the request, or if the response differs from the case.
    #[track_caller]
    pub fn check_rejection<O: ServerOperation>(&self, request: &Request<'_>) {
        match server::parse::<O>(&request.http()) {
            Ok(_) => panic!("the server accepts the request"),
            Err(rejection) => self.check(&rejection.response()),
        }
    }

    #[track_caller]
    fn check(&self, response: &invoke_model_protocol::Response) {
        let found = response.status();
        assert!(found == self.code, "expected the status {}, found {found}", self.code);
        self.content.check(response.headers(), response.body());
    }

    fn http(&self) -> invoke_model_protocol::Response {
        let mut response = http::Response::builder().status(self.code);
        for (name, value) in self.content.headers {
            response = response.header(*name, *value);
        }
        let body = Bytes::copy_from_slice(self.content.body.unwrap_or_default().as_bytes());
        response.body(body).unwrap_or_else(|error| panic!("the case is not a valid response: {error}"))
    }
}

/// Decodes frames that are encoded in base64, and parses them as events.
pub(super) fn read_events<R, E: EventStream>(frames: &[&str]) -> Result<Vec<E>, Failure<R, E::Error>> {
    let (mut decoder, mut events) = (Decoder::new(), Vec::new());
    for frame in frames {
        let bytes = STANDARD.decode(frame);
        let bytes = bytes.unwrap_or_else(|error| panic!("the frame of the case is not base64: {error}"));
        decoder.push(&bytes);
        while let Some(message) = decoder.decode().map_err(Failure::Frame)? {
            let event = E::parse(&message).map_err(Failure::Message)?;
            events.push(event.map_err(Failure::Ended)?);
        }
    }
    decoder.finish().map_err(Failure::Truncated)?;
    Ok(events)
}
