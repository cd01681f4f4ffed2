//! The way to the service and back.

use bytes::Bytes;
use http::Response;
use http::response::Parts;
use invoke_model_protocol::{ErrorMetadata, Operation, PayloadOutput};
use invoke_model_transport::{ResponseBody, TransportError};
use tracing::{Instrument, Span, field};

use super::answer::{Answer, Deliver};
use super::trail::Trail;
use super::{Call, Chunked};
use crate::{Error, ErrorKind};

impl<O: Operation> Call<O> {
    /// Sends the call once and gives its output, or [`Streamed`](crate::Streamed) if the operation answers with events.
    /// Dropping the future gives the call up.
    ///
    /// # Errors
    /// See [`ErrorKind`]. An answer that cannot be parsed is in the error, whole.
    pub async fn send(self) -> Result<Answer<O>, Error<O::Error>>
    where
        O::Delivery: Deliver<O>,
    {
        let mut trail = Trail::new(self.client.clone());
        let span = self.span();
        let way = async {
            let response = self.response(&mut trail).await?;
            O::Delivery::deliver(response, &trail).await
        };
        way.instrument(span).await.map_err(|kind| trail.error::<O>(kind))
    }

    /// Sends the call once and gives its output as soon as the head of the answer is there, the payload
    /// chunk by chunk.
    ///
    /// # Errors
    /// As [`send`](Self::send), but an answer that ends too early is an error of the last chunk.
    pub async fn send_chunked(self) -> Result<Chunked<O::Output>, Error<O::Error>>
    where
        O: PayloadOutput,
    {
        let mut trail = Trail::new(self.client.clone());
        let span = self.span();
        let way = async {
            let (head, body) = self.response(&mut trail).await?.into_parts();
            let output = parse_head::<O>(head)?;
            Ok(Chunked { output, body })
        };
        way.instrument(span).await.map_err(|kind| trail.error::<O>(kind))
    }

    /// A successful answer, its body still on the way.
    async fn response(self, trail: &mut Trail) -> Result<Response<ResponseBody>, ErrorKind<O::Error>> {
        let (client, running) = (self.client.clone(), self.deadlines.start());
        let request = self.authorized(trail).await?.into_request();
        trail.attempts += 1;
        let response = running.send(&*client.config().transport, request).await?;
        trail.answered(&response);
        if O::is_success(response.status()) {
            return Ok(response);
        }
        Err(refusal::<O>(whole(response).await?))
    }

    fn span(&self) -> Span {
        let config = self.client.config();
        tracing::info_span!(
            "call",
            operation = O::NAME,
            region = config.region(),
            endpoint = %config.endpoint,
            status = field::Empty,
            request_id = field::Empty,
        )
    }
}

pub(super) async fn whole(response: Response<ResponseBody>) -> Result<Response<Bytes>, TransportError> {
    let (parts, body) = response.into_parts();
    Ok(Response::from_parts(parts, body.collect().await?))
}

/// The answer is kept until it is parsed: the work behind it is paid for.
pub(super) fn parse<O: Operation>(response: Response<Bytes>) -> Result<O::Output, ErrorKind<O::Error>> {
    O::parse(response.clone()).map_err(|error| ErrorKind::Parse { error, response: response.into() })
}

/// All but the payload, which is still on its way.
pub(super) fn parse_head<O: Operation>(head: Parts) -> Result<O::Output, ErrorKind<O::Error>> {
    parse::<O>(Response::from_parts(head, Bytes::new()))
}

/// The service's error: the modelled one, or what the answer said if its members cannot be read.
fn refusal<O: Operation>(response: Response<Bytes>) -> ErrorKind<O::Error> {
    let metadata = ErrorMetadata::from_response(&response);
    let error = O::parse_error(metadata.clone(), &response).unwrap_or_else(|_| metadata.into());
    ErrorKind::Service { error, response: response.into() }
}
