//! A boxed body of any type.

use std::error::Error;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::error::{TransportError, TransportErrorKind};

/// A boxed body. Its errors become transport errors of one kind.
///
/// The mutex makes `BoxBody` `Sync`, even if the boxed body is not `Sync`. `poll_frame` has exclusive access
/// and does not lock the mutex. Only the two methods that take `&self` lock it.
pub(super) struct BoxBody {
    body: Mutex<Pin<Box<dyn AnyBody>>>,
    kind: TransportErrorKind,
}

impl BoxBody {
    pub(super) fn new<B>(body: B, kind: TransportErrorKind) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self { body: Mutex::new(Box::pin(body)), kind }
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

/// A body with a fixed error type. Trait objects need the fixed type.
trait AnyBody: Send {
    fn poll_any_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>>;

    fn is_at_end(&self) -> bool;

    fn remaining(&self) -> SizeHint;
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Send> AnyBody for B {
    fn poll_any_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.poll_frame(cx).map_err(Into::into)
    }

    fn is_at_end(&self) -> bool {
        self.is_end_stream()
    }

    fn remaining(&self) -> SizeHint {
        self.size_hint()
    }
}

impl Body for BoxBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let kind = self.kind;
        let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner);
        body.as_mut().poll_any_frame(cx).map_err(|error| TransportError::wrap(kind, error))
    }

    fn is_end_stream(&self) -> bool {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).is_at_end()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).remaining()
    }
}
