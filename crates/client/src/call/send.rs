//! Sending a call, and what is got for it.

use std::pin::pin;

use bytes::Bytes;
use http::Response;
use http::response::Parts;
use invoke_model_protocol::{Operation, PayloadOutput};
use tracing::Instrument;

use super::output::{CallOutput, Chunks, Deliver};
use super::{Call, StreamingBodyOutput, Trail, span};
use crate::{Error, ErrorKind, Metadata};

impl<O: Operation> Call<O> {
    /// Sends the call and gives its output, or [`EventStreamOutput`](crate::EventStreamOutput) if the operation answers with events. It
    /// is sent again as [`RetryConfig`](crate::RetryConfig) say. Dropping the future gives the call up.
    ///
    /// # Errors
    /// See [`ErrorKind`]. An answer that cannot be parsed is in the error, whole.
    pub async fn send(self) -> Result<CallOutput<O>, Error<O::Error>>
    where
        O::Delivery: Deliver<O>,
    {
        self.deliver::<O::Delivery>().await.map(|(answer, _)| answer)
    }

    /// As [`send`](Self::send), and what is known of the call beside: what it counted, how long the model took, what
    /// went wrong before.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_with_metadata(self) -> Result<(CallOutput<O>, Metadata), Error<O::Error>>
    where
        O::Delivery: Deliver<O>,
    {
        self.deliver::<O::Delivery>().await.map(|(answer, trail)| (answer, trail.into_metadata()))
    }

    /// Sends the call and gives its output as soon as the head of the answer is there, the payload chunk by chunk.
    ///
    /// # Errors
    /// As [`send`](Self::send), but an answer that ends too early is an error of the last chunk.
    pub async fn send_streaming(self) -> Result<StreamingBodyOutput<O::Output>, Error<O::Error>>
    where
        O: PayloadOutput,
    {
        self.deliver::<Chunks>().await.map(|(answer, _)| answer)
    }

    async fn deliver<D: Deliver<O>>(self) -> Result<(D::Output, Trail), Error<O::Error>> {
        let mut trail = Trail::new(self.0.client.clone());
        let span = span::call::<O>(&self.0.client);
        // Pinned here, for it is large, and wrapping it would move it.
        let answer = pin!(self.attempts::<D>(&mut trail, &span)).instrument(span.clone()).await;
        match answer {
            Ok(answer) => Ok((answer, trail)),
            Err(kind) => {
                span::failed(&span, &kind);
                Err(trail.error::<O>(kind))
            }
        }
    }
}

/// The answer is kept until it is parsed: the work behind it is paid for.
pub(super) fn parse<O: Operation>(response: Response<Bytes>) -> Result<O::Output, ErrorKind<O::Error>> {
    O::parse(&response).map_err(|error| ErrorKind::Parse { error, response: response.into() })
}

/// All but the payload, which is still on its way.
pub(super) fn parse_head<O: Operation>(head: Parts) -> Result<O::Output, ErrorKind<O::Error>> {
    parse::<O>(Response::from_parts(head, Bytes::new()))
}
