//! Attempts of calls that send and receive events at the same time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use invoke_model_protocol::{InputEventStream, OutputEventStream, delivery};
use invoke_model_transport::{Deadline, RequestBody, ResponseBody, TransportError, TransportErrorKind};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::Instrument;

use super::Call;
use super::attempts::{Attempt, AttemptOutput, SentAttempt, acquire_permit, corrects_clock};
use super::output::{BodyMode, Delivery, EventStreamOutput, OutputParser, Received, parser};
use crate::bidirectional::{
    BidirectionalStreamOutput, EventBody, EventEncoder, EventSender, Link, ReceivingGuard, ResponseFuture,
};
use crate::call_context::CallContext;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::quota::QuotaPermit;

impl<O> Call<O>
where
    O: InputEventStream + OutputEventStream<Delivery = delivery::Bidirectional>,
{
    /// Sends the call with the events of a stream, and closes the input after the last event. Returns when
    /// the head of the response arrives.
    ///
    /// A background task reads the stream while the caller receives events. The task ends when the stream or
    /// the call ends. Dropping the output cancels the call.
    ///
    /// # Errors
    /// Returns the errors of [`send`](Self::send) and of the [response](ResponseFuture). If an event of the
    /// stream cannot be sent, the call is cancelled, and the response returns an error.
    ///
    /// ```no_run
    /// use futures_core::Stream;
    /// use invoke_model_client::Client;
    /// use invoke_model_client::types::InvokeModelWithBidirectionalStreamInputEvent as InputEvent;
    ///
    /// # async fn run(client: Client, events: impl Stream<Item = InputEvent> + Send + 'static)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let call = client.invoke_model_with_bidirectional_stream().model_id("amazon.nova-2-sonic-v1:0");
    /// let mut output = call.send_events(events).await?;
    /// while let Some(event) = output.events.recv().await? {
    ///     println!("{event:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_events<S>(self, events: S) -> Result<EventStreamOutput<O>, Error<O::Error>>
    where
        S: Stream<Item = <O as InputEventStream>::Events> + Send + 'static,
    {
        let BidirectionalStreamOutput { sender, response } = self.send().await?;
        tokio::spawn(async move {
            // Ignore the error here, because the response returns the error of the call.
            let _ = sender.send_all(events).await;
        });
        response.await
    }
}

impl<O: InputEventStream + OutputEventStream> Delivery<O> for delivery::Bidirectional {
    type Output = BidirectionalStreamOutput<O>;
    type Received = StartedExchange;

    const BODY_MODE: BodyMode = BodyMode::EventStream;

    fn output(
        parsed: Option<O::Output>,
        started: StartedExchange,
        context: &mut CallContext,
    ) -> BidirectionalStreamOutput<O> {
        let StartedExchange { frames, encoder, deadline, link, response } = started;
        let response = match response {
            StartedResponse::Received(received) => {
                let output = linked_output(parsed, *received, context, &link);
                ResponseFuture::ready(output, context.clone())
            }
            StartedResponse::Pending(exchange) => {
                let waiting = receive(exchange, Arc::clone(&link));
                ResponseFuture::spawn(waiting, Arc::clone(&link), context.clone())
            }
        };
        let sender = EventSender::new(frames, encoder, link, deadline, context.clone());
        BidirectionalStreamOutput { sender, response }
    }
}

/// Waits for the response, and converts it into the output.
async fn receive<O: OutputEventStream>(
    exchange: Box<Exchange>,
    link: Arc<Link>,
) -> Result<EventStreamOutput<O>, Error<O::Error>> {
    let mut parsed = None;
    let mut parse = parser::<O>(&mut parsed);
    let result = exchange.wait(&mut parse).await;
    drop(parse);
    let (received, mut context) = result.map_err(Error::of_operation)?;
    Ok(linked_output(parsed, received, &mut context, &link))
}

/// Returns the output of a call whose events are linked to the event sender.
fn linked_output<O: OutputEventStream>(
    parsed: Option<O::Output>,
    received: Received,
    context: &mut CallContext,
    link: &Arc<Link>,
) -> EventStreamOutput<O> {
    link.head_received();
    let output = <delivery::Streaming as Delivery<O>>::output(parsed, received, context);
    let events = output.events.with_link(ReceivingGuard::new(Arc::clone(link)));
    EventStreamOutput { output: output.output, events }
}

/// An exchange of events whose request has started.
#[expect(missing_debug_implementations, reason = "the type is not exported")]
pub struct StartedExchange {
    frames: mpsc::Sender<Bytes>,
    encoder: EventEncoder,
    deadline: Option<Deadline>,
    link: Arc<Link>,
    response: StartedResponse,
}

enum StartedResponse {
    /// The response arrived before the head of the request was sent.
    Received(Box<Received>),
    Pending(Box<Exchange>),
}

impl AttemptOutput for StartedExchange {
    const RETURNS_EARLY: bool = true;

    /// Sends the head of the request. Then a background task waits for the response.
    ///
    /// If the attempt fails before the head was sent, the call can be retried, because the caller has not
    /// sent an event.
    async fn attempt(attempt: Attempt<'_>) -> Result<Self, ErrorKind> {
        let Attempt { client, prepared, timer, body_mode, context, parse } = attempt;
        context.start_attempt();
        let permit = acquire_permit(prepared, timer, context).await?;
        let authorized = async {
            if let Some(rate_limiter) = &client.config().adaptive_rate_limiter {
                timer.bound(rate_limiter.ready()).await?;
            }
            let (parts, authorization) = prepared.authorized(timer, context).await?;
            if let Some(interception) = &mut context.interception {
                Box::pin(interception.before_send(&parts, timer)).await?;
            }
            Ok((parts, authorization))
        };
        let (parts, authorization) = match authorized.await {
            Ok(authorized) => authorized,
            Err(kind) => {
                permit.into_iter().for_each(QuotaPermit::release);
                return Err(kind);
            }
        };
        let encoder = EventEncoder::new(client.clone(), prepared.event_signer(&authorization));

        let (link, cancelled) = Link::new();
        // With a capacity of one, `EventSender::send` waits until the transport has taken the previous frame.
        let (frames, receiver) = mpsc::channel(1);
        let (started, has_started) = oneshot::channel();
        let body = EventBody::new(receiver, started, cancelled, Arc::clone(&link));
        let mut request = Request::from_parts(parts, RequestBody::from_body(body));
        let credentials = authorization.credentials;
        let mut attempt = SentAttempt::new(prepared, &mut request, credentials, permit, context, body_mode);
        let span = attempt.span.clone();
        let mut sending: Sending =
            Box::pin(span.in_scope(|| timer.send(&*client.config().transport, request)));
        context.attempts += 1;
        let early = until_started(&mut sending, has_started).instrument(span.clone()).await;

        let started = Instant::now();
        let response = match early {
            None => StartedResponse::Pending(Box::new(Exchange {
                client: client.clone(),
                attempt,
                sending,
                context: context.hand_over(),
                link: Arc::clone(&link),
                started,
            })),
            Some(result) => {
                let received = async { attempt.receive(result?, context, parse).await };
                let received = received.instrument(span).await;
                attempt.settle(client, received.as_ref().err());
                let received = received?;
                context.record_success(started);
                StartedResponse::Received(Box::new(received))
            }
        };
        Ok(Self { frames, encoder, deadline: timer.deadline(), link, response })
    }
}

type Sending = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, TransportError>> + Send>>;

/// Waits until the transport has sent the head of the request. Returns the response if it arrives earlier.
async fn until_started(
    sending: &mut Sending,
    mut has_started: oneshot::Receiver<()>,
) -> Option<Result<Response<ResponseBody>, TransportError>> {
    poll_fn(|cx| match sending.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        // `has_started` fails if the transport has dropped the body without reading it. Then no event can be
        // sent, so the call only waits for the response.
        Poll::Pending => Pin::new(&mut has_started).poll(cx).map(|_| None),
    })
    .await
}

/// An attempt whose request is being sent, while the caller sends events.
struct Exchange {
    client: Client,
    attempt: SentAttempt,
    sending: Sending,
    context: CallContext,
    link: Arc<Link>,
    started: Instant,
}

type ExchangeFuture<'a> = Pin<Box<dyn Future<Output = Result<(Received, CallContext), Error>> + Send + 'a>>;

impl Exchange {
    /// Waits for the response. The caller may already have sent events, so an error ends the call without a
    /// retry.
    fn wait<'a>(mut self: Box<Self>, parse: &'a mut OutputParser<'a>) -> ExchangeFuture<'a> {
        let span = self.attempt.span.clone();
        let waiting = async move {
            let received = match self.response().await {
                Ok(response) => self.attempt.receive(response, &mut self.context, parse).await,
                Err(error) => Err(error.into()),
            };
            self.attempt.settle(&self.client, received.as_ref().err());
            let kind = match received {
                Ok(received) => {
                    self.context.record_success(self.started);
                    return Ok((received, self.context));
                }
                Err(kind) => kind,
            };
            // The next call signs with the corrected time.
            corrects_clock(&self.client, &kind);
            self.context.record_failure(&kind, self.started.elapsed());
            let error = self.context.fail(kind);
            self.link.fail(error.copy());
            Err(error)
        };
        Box::pin(waiting.instrument(span))
    }

    /// Waits for the head of the response.
    async fn response(&mut self) -> Result<Response<ResponseBody>, TransportError> {
        match self.sending.as_mut().await {
            // The kind `RequestBody` means that the request was not sent. Here the service may have processed
            // the events that it received, so return `RequestBodyIncomplete` instead.
            Err(error) if error.kind() == TransportErrorKind::RequestBody => {
                let kind = TransportErrorKind::RequestBodyIncomplete;
                Err(match self.link.cancel_reason() {
                    Some(reason) => TransportError::new(kind, reason),
                    None => TransportError::new(kind, error),
                })
            }
            result => result,
        }
    }
}
