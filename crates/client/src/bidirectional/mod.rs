//! Calls that send and receive events at the same time.

mod body;
mod encoder;
mod link;
mod response;
mod sender;

pub(crate) use body::EventBody;
pub(crate) use encoder::EventEncoder;
pub(crate) use link::{Link, ReceivingGuard};
pub use response::ResponseFuture;
pub use sender::EventSender;

use invoke_model_protocol::{InputEventStream, OutputEventStream};

/// The output of an operation whose input and output are event streams. [`sender`](Self::sender) sends
/// events, and [`response`](Self::response) receives events. A program can use both at the same time, for
/// example in two tasks.
///
/// [`send`](crate::Call::send) returns this type as soon as the head of the request has been sent. It does
/// not wait for the response, because some models respond only after the first events. Therefore
/// [`response`](Self::response) returns the errors of the service, such as a missing permission.
///
/// The call needs HTTP/2. Enable the Cargo feature `http2`, and set
/// [`http_version_policy`](crate::HyperTransportBuilder) of the transport to `HttpVersionPolicy::PreferHttp2`.
/// Otherwise the call fails, and no request is sent.
///
/// | action | effect |
/// |---|---|
/// | [`EventSender::close`] | ends the input. The service can continue to respond |
/// | drop of the sender before `close` | cancels the call: resets the HTTP/2 stream |
/// | drop of the response, or of its [`EventReceiver`](crate::EventReceiver), before the end of the stream | cancels the call |
///
/// The client does not retry the call after `send` has returned this type, because the service may already
/// have executed a part of the call. All events are signed with the credentials that signed the request.
///
/// ```no_run
/// use invoke_model_client::Client;
/// use invoke_model_client::types::{
///     BidirectionalInputPayloadPart, InvokeModelWithBidirectionalStreamInputEvent as InputEvent,
///     InvokeModelWithBidirectionalStreamOutputEvent as OutputEvent,
/// };
///
/// fn event(json: &'static str) -> InputEvent {
///     let mut part = BidirectionalInputPayloadPart::default();
///     part.bytes = Some(json.into());
///     InputEvent::Chunk(part)
/// }
///
/// # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let call = client.invoke_model_with_bidirectional_stream().model_id("amazon.nova-2-sonic-v1:0").send().await?;
/// let mut sender = call.sender;
/// let sending = tokio::spawn(async move {
///     sender.send(event(r#"{"event":{"sessionStart":{}}}"#)).await?;
///     sender.send(event(r#"{"event":{"sessionEnd":{}}}"#)).await?;
///     sender.close().await
/// });
/// let mut output = call.response.await?;
/// while let Some(event) = output.events.recv().await? {
///     if let OutputEvent::Chunk(part) = event {
///         println!("{}", String::from_utf8_lossy(part.bytes.as_deref().unwrap_or_default()));
///     }
/// }
/// sending.await??;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct BidirectionalStreamOutput<O: InputEventStream + OutputEventStream> {
    /// Sends the events of the input.
    pub sender: EventSender<O>,
    /// The response. Await it to receive the head of the response and the events of the output.
    pub response: ResponseFuture<O>,
}
