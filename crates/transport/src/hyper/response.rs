//! A response, and the connection that its body comes over.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Response, header::TRANSFER_ENCODING};
use http_body::{Frame, SizeHint};
use hyper::body::{Body, Incoming};

use super::pool::Lease;
#[cfg(feature = "http2")]
use super::shared::Use;
use crate::ResponseBody;

/// A body that drives its connection, and gives it back at its end.
pub(crate) struct Http1Body {
    // Before the connection: what nobody reads any more closes it.
    body: Incoming,
    /// `None` once it was given back.
    lease: Option<Lease>,
}

/// The response with the body that callers read.
pub(super) fn over_http1(response: Response<Incoming>, lease: Lease) -> Response<ResponseBody> {
    let (head, body) = response.into_parts();
    let ends_with_connection = body.size_hint().exact().is_none() && !is_chunked(&head.headers);
    let mut body = Http1Body { body, lease: Some(lease) };
    body.give_back_at_end();
    Response::from_parts(head, ResponseBody::from_http1(body, ends_with_connection))
}

/// A body on a stream of an HTTP/2 connection. Dropping it resets the stream, if it was not read to its end, and leaves
/// the connection as it is.
#[cfg(feature = "http2")]
pub(crate) struct Http2Body {
    // Before the use of the connection, which it ends.
    body: Incoming,
    _use: Use,
}

/// The response with the body that callers read. Its frames say when it is whole.
#[cfg(feature = "http2")]
pub(super) fn over_http2(response: Response<Incoming>, shared: Use) -> Response<ResponseBody> {
    response.map(|body| ResponseBody::from_http2(Http2Body { body, _use: shared }))
}

#[cfg(feature = "http2")]
impl Body for Http2Body {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Http1Body {
    /// Some callers know the length, and never ask for what comes after the last byte.
    fn give_back_at_end(&mut self) {
        if self.body.is_end_stream() {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

impl Body for Http1Body {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Self { body, lease } = &mut *self;
        let polled = match lease {
            Some(lease) => lease.connection.poll(cx, |cx| Pin::new(&mut *body).poll_frame(cx)),
            None => Pin::new(body).poll_frame(cx),
        };
        match &polled {
            Poll::Ready(None) => self.give_back(),
            Poll::Ready(Some(Ok(_))) => self.give_back_at_end(),
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whether the last transfer coding is `chunked`, whose last chunk says that the body is whole.
/// <https://www.rfc-editor.org/rfc/rfc9112#section-6.3-2.4>
fn is_chunked(headers: &HeaderMap) -> bool {
    let last = headers.get_all(TRANSFER_ENCODING).iter().next_back();
    let last = last.and_then(|value| value.to_str().ok()).and_then(|codings| codings.rsplit(',').next());
    last.is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codings: &[&'static str], expected: bool) {
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(TRANSFER_ENCODING, http::HeaderValue::from_static(coding));
        }
        assert_eq!(is_chunked(&headers), expected, "{codings:?}");
    }

    #[test]
    fn the_last_coding_decides() {
        check(&[], false);
        check(&["chunked"], true);
        check(&["gzip, Chunked "], true);
        check(&["gzip", "chunked"], true);
        check(&["chunked, gzip"], false);
    }
}
