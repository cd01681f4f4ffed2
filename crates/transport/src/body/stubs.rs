//! Placeholders for the types of disabled features. The placeholders have no values. Code that handles them
//! therefore compiles to nothing, and needs no `cfg`.

#[cfg(not(feature = "hyper"))]
pub(super) use hyper::HyperBody;
#[cfg(not(feature = "timeouts"))]
pub(super) use timeouts::BodyTimer;

#[cfg(not(feature = "hyper"))]
mod hyper {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http_body::{Body, Frame};

    use crate::error::TransportError;

    /// The body of a response from hyper.
    pub(crate) enum HyperBody {}

    impl Body for HyperBody {
        type Data = Bytes;
        type Error = TransportError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
            match *self {}
        }
    }
}

#[cfg(not(feature = "timeouts"))]
mod timeouts {
    use std::task::{Context, Poll};

    use crate::error::TransportError;

    /// The timeouts of a response body.
    pub(crate) enum BodyTimer {}

    impl BodyTimer {
        pub(crate) fn poll_expired(&mut self, _: &mut Context<'_>) -> Poll<TransportError> {
            match *self {}
        }

        pub(crate) fn data_received(&mut self) -> Result<(), TransportError> {
            match *self {}
        }
    }
}
