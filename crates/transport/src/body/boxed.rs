//! A body of any type.

use std::{
    error::Error,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::{TransportError, TransportErrorKind};

/// A boxed body whose errors are transport errors of one kind.
///
/// The mutex makes it `Sync` without asking that of the body inside. Polling has exclusive access and does not
/// lock; only the two questions that take `&self` do.
pub(super) struct BoxBody {
    body: Mutex<Pin<Box<dyn AnyBody>>>,
    kind: TransportErrorKind,
}

impl BoxBody {
    pub(super) fn new<B>(body: B, kind: TransportErrorKind) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Cause>,
    {
        Self { body: Mutex::new(Box::pin(body)), kind }
    }
}

type Cause = Box<dyn Error + Send + Sync>;

/// A body whose errors are of one type.
trait AnyBody: Send {
    fn poll_any_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cause>>>;

    fn is_at_end(&self) -> bool;

    fn remaining(&self) -> SizeHint;
}

impl<B: Body<Data = Bytes, Error: Into<Cause>> + Send> AnyBody for B {
    fn poll_any_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cause>>> {
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
        body.as_mut().poll_any_frame(cx).map_err(|cause| TransportError::wrap(kind, cause))
    }

    fn is_end_stream(&self) -> bool {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).is_at_end()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).remaining()
    }
}
