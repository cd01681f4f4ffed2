//! A body of any type.

use std::{
    error::Error,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};

use crate::{TransportError, TransportErrorKind};

/// A boxed body whose errors are transport errors of one kind.
///
/// The mutex makes it `Sync` without asking that of the body inside. Polling has exclusive access and does not
/// lock; only the two questions that take `&self` do.
pub(super) struct BoxBody(Mutex<UnsyncBoxBody<Bytes, TransportError>>);

impl BoxBody {
    pub(super) fn new<B>(body: B, kind: TransportErrorKind) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self(Mutex::new(body.map_err(move |error| TransportError::wrap(kind, error.into())).boxed_unsync()))
    }
}

impl Body for BoxBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        Pin::new(self.0.get_mut().unwrap_or_else(PoisonError::into_inner)).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}
