//! Receives the server-sent events of the response to a raw request.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::{FusedStream, Stream};
use http::Response;
use http::header::CONTENT_TYPE;
use invoke_model_families::{INVOCATION_METRICS, StreamPart, Usage};
use invoke_model_protocol::{ParseError, ParseErrorKind};
use invoke_model_transport::{ResponseBody, TransportError, TransportErrorKind};
use invoke_model_types::InvokeModelError;

use super::RawRequest;
use super::event_stream::{Decoder, MAX_EVENT, ServerSentEvent};
use crate::call::{BodyMode, Call, Delivery, Received, output_of, read_limited};
use crate::call_context::CallContext;
use crate::error::{Error, ErrorKind, StreamProgress, TruncatedError, TruncationCause};
use crate::metadata::Metadata;
use crate::quota::QuotaPermit;

/// The media type of server-sent events.
const EVENT_STREAM: &str = "text/event-stream";

/// The output of a raw request whose response contains server-sent events. [`Call::send_events`] returns this
/// type.
#[derive(Debug)]
#[non_exhaustive]
pub struct ServerSentEventOutput {
    /// The status and the headers of the response.
    pub response: Response<()>,
    /// The events. Dropping the receiver closes the connection.
    pub events: ServerSentEventReceiver,
}

impl Call<RawRequest> {
    /// Sends the request, and returns the server-sent events of the response as soon as its head arrives.
    ///
    /// ```no_run
    /// use http::Method;
    /// use invoke_model_client::{Client, Error};
    /// use serde_json::{Value, json};
    ///
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let request = client.request(Method::POST, "/openai/v1/chat/completions").json(&json!({
    ///     "model": "openai.gpt-oss-20b-1:0",
    ///     "messages": [{"role": "user", "content": "hi"}],
    ///     "stream": true,
    /// }));
    /// let mut response = request.send_events().await?;
    /// while let Some(event) = response.events.recv().await? {
    ///     // The last event of this API is the text `[DONE]`.
    ///     if let Ok(part) = event.json::<Value>() {
    ///         print!("{}", part["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
    ///     }
    /// }
    /// assert!(response.events.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`send`](Self::send). If the content type of the response is not
    /// `text/event-stream`, returns [`ErrorKind::Parse`] with the complete response. A likely cause is that the
    /// request does not ask for a stream.
    pub async fn send_events(self) -> Result<ServerSentEventOutput, Error<InvokeModelError>> {
        self.deliver::<ServerSentEvents>().await.map(|(output, _)| output).map_err(Error::of_operation)
    }
}

/// Delivers server-sent events.
#[derive(Debug)]
enum ServerSentEvents {}

impl Delivery<RawRequest> for ServerSentEvents {
    type Output = ServerSentEventOutput;
    type Received = Received;

    const BODY_MODE: BodyMode = BodyMode::ServerSentEvents;

    fn output(
        parsed: Option<Response<Bytes>>,
        received: Received,
        context: &mut CallContext,
    ) -> ServerSentEventOutput {
        let events = ServerSentEventReceiver {
            body: received.body,
            decoder: Decoder::default(),
            bytes: 0,
            end: None,
            usage: context.usage(),
            context: context.hand_over(),
            permit: received.permit,
        };
        ServerSentEventOutput { response: output_of(parsed).map(|_| ()), events }
    }
}

/// Returns an error if the content of a response is not a stream of server-sent events. The error contains the
/// complete response.
pub(crate) async fn check_server_sent_events(
    mut response: Response<ResponseBody>,
    context: &CallContext,
) -> Result<Response<ResponseBody>, ErrorKind> {
    if is_event_stream(&response) {
        return Ok(response);
    }
    let body = match context.limits_body() {
        false => response.body_mut().read_to_end().await?,
        true => read_limited(response.body_mut(), context.max_body_size()).await?,
    };
    let found = response.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let problem = format!(
        "the response is `{}` and not `{EVENT_STREAM}`: ask for a stream in the body of the request, or call `send`",
        found.as_deref().unwrap_or_default()
    );
    let error = ParseError::new("Content-Type", ParseErrorKind::Invalid(problem));
    Err(ErrorKind::Parse { error, response: response.map(|_| body).into() })
}

fn is_event_stream<B>(response: &Response<B>) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(EVENT_STREAM.as_bytes())
}

/// Receives server-sent events, one by one with [`recv`](Self::recv) or as a [`Stream`](futures_core::Stream).
///
/// The stream is complete if `recv` returns `None` and has not returned an error before. Then
/// [`is_complete`](Self::is_complete) returns `true`. If the stream ends early, the error is
/// [`ErrorKind::Truncated`]. A stream ends early if HTTP does not mark the end of the body, or if the last
/// event is incomplete.
///
/// The client interprets only the token counts in events. Some APIs report an error as an event.
///
/// The receiver reads from the connection only while the caller waits for an event. Dropping the receiver closes
/// the connection. `recv` is cancel safe.
pub struct ServerSentEventReceiver {
    body: ResponseBody,
    decoder: Decoder,
    bytes: u64,
    end: Option<StreamEnd>,
    context: CallContext,
    /// The token counts that were received.
    usage: Usage,
    /// The quota permit. The receiver keeps the permit until the stream ends.
    permit: Option<QuotaPermit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamEnd {
    Complete,
    Failed,
}

impl ServerSentEventReceiver {
    /// Receives the next event. Returns `None` after the last event, and after an error.
    ///
    /// # Errors
    /// Returns an error if the stream fails before it is complete.
    pub async fn recv(&mut self) -> Result<Option<ServerSentEvent>, Error<InvokeModelError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    /// Returns `true` if the stream has ended without an error.
    pub fn is_complete(&self) -> bool {
        self.end == Some(StreamEnd::Complete)
    }

    /// Returns the number of events and bytes that were received.
    pub fn received(&self) -> StreamProgress {
        StreamProgress { events: self.decoder.events(), bytes: self.bytes }
    }

    /// Returns the request id that the service assigned, if the response has one.
    pub fn request_id(&self) -> Option<&str> {
        self.context.request_id()
    }

    /// Returns the metadata of the call. It contains the token counts of the headers. If the events are in a
    /// schema of [`families`](crate::families), it also contains the token counts of the received events. The
    /// OpenAI APIs and the Messages API of Anthropic use such schemas. The counts are complete after the last
    /// event.
    pub fn metadata(&self) -> Metadata {
        Metadata { usage: self.usage, ..self.context.clone().into_metadata() }
    }

    /// Reads the token counts in an event. The counts are totals since the start of the stream.
    fn read_usage(&mut self, event: &ServerSentEvent) {
        if event.data.contains("\"usage\"") || event.data.contains(INVOCATION_METRICS) {
            let part = StreamPart::parse(event.data.as_bytes()).unwrap_or_default();
            self.usage.update(part.usage().unwrap_or_default());
        }
    }

    /// Handles the end of the body.
    fn finish(&mut self) -> Result<(), Error<InvokeModelError>> {
        match self.decoder.incomplete() {
            0 if self.body.ends_with_connection() => Err(self.truncated(TruncationCause::CloseDelimited)),
            0 => {
                self.end = Some(StreamEnd::Complete);
                self.permit.take().into_iter().for_each(|permit| permit.complete(self.usage));
                self.context.record_metrics(self.usage);
                self.context.call_metrics.succeed();
                Ok(())
            }
            received => Err(self.truncated(TruncationCause::IncompleteEvent { received })),
        }
    }

    fn transport_failed(&mut self, error: TransportError) -> Error<InvokeModelError> {
        match error.kind() {
            TransportErrorKind::BodyIncomplete => self.truncated(TruncationCause::Connection(error)),
            _ => self.fail(ErrorKind::Transport(error)),
        }
    }

    fn truncated(&mut self, cause: TruncationCause) -> Error<InvokeModelError> {
        let received = self.received();
        self.fail(ErrorKind::Truncated(TruncatedError::of_stream(received, cause)))
    }

    /// Ends the stream with an error, and closes the connection.
    fn fail(&mut self, kind: ErrorKind<InvokeModelError>) -> Error<InvokeModelError> {
        self.end = Some(StreamEnd::Failed);
        self.permit = None;
        self.body = Bytes::new().into();
        self.context.record_stream_error(&kind, self.usage);
        self.context.stream_error(kind, self.received())
    }
}

impl Stream for ServerSentEventReceiver {
    type Item = Result<ServerSentEvent, Error<InvokeModelError>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.end.is_none() {
            if let Some(event) = this.decoder.decode() {
                this.context.call_metrics.event();
                this.read_usage(&event);
                return Poll::Ready(Some(Ok(event)));
            }
            if this.decoder.is_too_long() {
                let message = format!("a server-sent event is longer than {MAX_EVENT} bytes");
                let error = TransportError::new(TransportErrorKind::BodyTooLarge, message);
                return Poll::Ready(Some(Err(this.fail(ErrorKind::Transport(error)))));
            }
            match ready!(Pin::new(&mut this.body).poll_next(cx)) {
                Some(Ok(bytes)) => {
                    this.bytes += bytes.len() as u64;
                    this.decoder.push(&bytes);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(this.transport_failed(error)))),
                None => {
                    if let Err(error) = this.finish() {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
        }
        Poll::Ready(None)
    }
}

impl FusedStream for ServerSentEventReceiver {
    fn is_terminated(&self) -> bool {
        self.end.is_some()
    }
}

impl Drop for ServerSentEventReceiver {
    /// Records the token counts that arrived before the caller dropped the stream.
    fn drop(&mut self) {
        if self.end.is_none() {
            self.context.record_metrics(self.usage);
        }
    }
}

impl fmt::Debug for ServerSentEventReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSentEventReceiver")
            .field("received", &self.received())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
