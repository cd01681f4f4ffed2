//! Attempts of calls that send and receive events at the same time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_core::Stream;
use http::{Request, Response};
use invoke_model_credentials::Credentials;
use invoke_model_protocol::{InputEventStream, OutputEventStream, delivery};
use invoke_model_transport::{RequestBody, ResponseBody, TransportError, TransportErrorKind};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::attempts::{Attempt, acquire_permit, corrects_clock, report_progress};
use super::output::{Delivery, EventStreamOutput, ResponseDelivery};
use super::{Call, response, span};
use crate::authorization::Authorizer;
use crate::bidirectional::{
    BidirectionalStreamOutput, EventBody, EventEncoder, EventSender, Link, ReceivingGuard, ResponseFuture,
};
use crate::call_context::CallContext;
use crate::client::Client;
use crate::error::{Error, ErrorKind, class};
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

    const RETURNS_EARLY: bool = true;

    const IS_STREAM: bool = true;

    /// Sends the head of the request. Then a background task waits for the response.
    ///
    /// If the attempt fails before the head was sent, the call can be retried, because the caller has not
    /// sent an event.
    async fn attempt(attempt: Attempt<'_>) -> Result<BidirectionalStreamOutput<O>, ErrorKind<O::Error>> {
        let Attempt { client, prepared, timer, context } = attempt;
        context.start_attempt();
        let permit = acquire_permit(prepared, timer, context).await.map_err(ErrorKind::of_operation)?;
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
                return Err(ErrorKind::of_operation(kind));
            }
        };
        let encoder = EventEncoder::new(client.clone(), prepared.event_signer(&authorization));

        let (link, cancelled) = Link::new();
        // With a capacity of one, `EventSender::send` waits until the transport has taken the previous frame.
        let (frames, receiver) = mpsc::channel(1);
        let (started, has_started) = oneshot::channel();
        let body = EventBody::new(receiver, started, cancelled, Arc::clone(&link));
        let mut request = Request::from_parts(parts, RequestBody::from_body(body));
        report_progress(&mut request, permit.as_ref());
        let span = span::attempt(client, &request, context.attempts);
        let mut sending: Sending =
            Box::pin(span.in_scope(|| timer.send(&*client.config().transport, request)));
        context.attempts += 1;
        let early = until_started(&mut sending, has_started).instrument(span.clone()).await;

        let mut exchange = Exchange {
            client: client.clone(),
            authorizer: Arc::clone(prepared.authorizer()),
            credentials: authorization.credentials,
            context: context.hand_over(),
            permit,
            span: span.clone(),
            link: Arc::clone(&link),
            started: Instant::now(),
        };
        let response = match early {
            None => {
                let waiting = exchange.wait::<O>(sending).instrument(span);
                ResponseFuture::spawn(waiting, Arc::clone(&link), context.clone())
            }
            Some(result) => {
                let received = exchange.receive::<O>(result).instrument(span).await;
                *context = exchange.context.hand_over();
                let output = received.inspect_err(|kind| exchange.settle::<O>(Some(kind)))?;
                exchange.settle::<O>(None);
                context.record_success::<O>(exchange.started);
                ResponseFuture::ready(output, context.clone())
            }
        };
        let sender = EventSender::new(frames, encoder, link, timer.deadline(), context.clone());
        Ok(BidirectionalStreamOutput { sender, response })
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

/// An attempt whose request is being sent.
struct Exchange {
    client: Client,
    authorizer: Arc<Authorizer>,
    credentials: Option<Arc<Credentials>>,
    context: CallContext,
    permit: Option<QuotaPermit>,
    span: Span,
    link: Arc<Link>,
    started: Instant,
}

impl Exchange {
    /// Waits for the response. The caller may already have sent events, so an error ends the call without a
    /// retry.
    async fn wait<O: OutputEventStream>(
        mut self,
        sending: Sending,
    ) -> Result<EventStreamOutput<O>, Error<O::Error>> {
        let result = match sending.await {
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
        };
        let kind = match self.receive::<O>(result).await {
            Ok(output) => {
                self.settle::<O>(None);
                self.context.record_success::<O>(self.started);
                return Ok(output);
            }
            Err(kind) => kind,
        };
        // The next call signs with the corrected time.
        corrects_clock(&self.client, &kind);
        self.settle::<O>(Some(&kind));
        self.context.record_failure::<O>(&kind, self.started.elapsed());
        self.context.record_error(&kind);
        let error = self.context.into_error::<O>(kind);
        self.link.fail(error.copy().map(Error::from));
        Err(error)
    }

    /// Converts the response into the output.
    async fn receive<O: OutputEventStream>(
        &mut self,
        result: Result<Response<ResponseBody>, TransportError>,
    ) -> Result<EventStreamOutput<O>, ErrorKind<O::Error>> {
        let mut response = result?;
        let head = self.context.record_response::<O, _>(&response);
        let is_encoded = head.is_encoded;
        span::record_response(&self.span, head);
        if let Some(interception) = &mut self.context.interception {
            response = interception.after_response(response)?;
        }
        if is_encoded {
            response = response::decoded(response);
        }
        if O::is_success(response.status()) {
            if is_encoded {
                response = Box::pin(response::check_encoding(response)).await?;
            }
            let (context, permit) = (&mut self.context, self.permit.take());
            let output =
                <delivery::Streaming as ResponseDelivery<O>>::deliver(response, context, permit).await?;
            self.link.head_received();
            let EventStreamOutput { output, events } = output;
            let events = events.with_link(ReceivingGuard::new(Arc::clone(&self.link)));
            return Ok(EventStreamOutput { output, events });
        }
        let kind = Box::pin(response::service_error::<O>(response)).await;
        if kind.is_expired_credentials() {
            self.authorizer.invalidate(self.credentials.as_ref());
        }
        Err(kind)
    }

    /// Reports the outcome to the rate limiter, the span and the quota limiter.
    fn settle<O: OutputEventStream>(&mut self, failure: Option<&ErrorKind<O::Error>>) {
        if let Some(rate_limiter) = &self.client.config().adaptive_rate_limiter {
            rate_limiter.record_outcome(failure.is_some_and(ErrorKind::is_throttled));
        }
        if let Some(kind) = failure {
            span::record_error(&self.span, kind);
            self.permit.take().into_iter().for_each(|permit| permit.fail(class(kind)));
        }
    }
}
