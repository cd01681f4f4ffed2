//! Reads the bodies of responses within limits, and decodes their content encoding.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, Response};
use http_body::{Body, Frame};
use invoke_model_protocol::{GzipDecoder, ParseError, ParseErrorKind};
use invoke_model_transport::{ResponseBody, TransportError, TransportErrorKind};
use tokio::time::{Instant, sleep};

use super::OperationDescription;
use super::completeness::JsonDocument;
use crate::error::{ErrorKind, StreamProgress, TruncatedError, TruncationCause};

/// The maximum number of bytes of an error body that the client reads.
const MAX_ERROR_BODY: usize = 1 << 20;

/// The time that the client waits for the rest of an error body. The status and the headers already state the
/// failure, so a slow body must not delay the error.
const ERROR_BODY_TIME: Duration = Duration::from_secs(30);

/// The maximum size of a decoded body, if the configuration sets no limit. A few kilobytes of gzip can
/// contain gigabytes.
const MAX_DECODED: u64 = 128 << 20;

/// The reason why the body of an error response is incomplete. It is an extension of the response.
#[derive(Clone, Debug)]
pub(crate) enum IncompleteErrorBody {
    /// The body is longer than [`MAX_ERROR_BODY`].
    TooLong,
    /// The rest of the body did not arrive within [`ERROR_BODY_TIME`].
    TooSlow,
    /// The transport failed.
    Failed(TransportError),
}

impl fmt::Display for IncompleteErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "only the first {MAX_ERROR_BODY} bytes of the error body were read"),
            Self::TooSlow => {
                write!(f, "the error body was incomplete after {} s", ERROR_BODY_TIME.as_secs())
            }
            Self::Failed(error) => write!(f, "the error body is incomplete: {error}"),
        }
    }
}

/// Reads the body of an error response, and parses the error.
///
/// The client reads at most [`MAX_ERROR_BODY`] bytes. If the body is longer, or if it does not arrive
/// completely, the error is parsed from the received part, because the head already states the failure.
pub(super) async fn service_error(
    response: Response<ResponseBody>,
    operation: &OperationDescription,
) -> ErrorKind {
    let (head, mut body) = response.into_parts();
    let (bytes, incomplete) = read_partly(&mut body).await;
    let mut response = Response::from_parts(head, bytes);
    if let Some(reason) = incomplete {
        response.extensions_mut().insert(reason);
    }
    ErrorKind::Service { error: (operation.service_error)(&response), response: response.into() }
}

/// Reads the beginning of a body. Also returns the reason why the rest is missing, if the rest is missing.
async fn read_partly(body: &mut ResponseBody) -> (Bytes, Option<IncompleteErrorBody>) {
    let (mut bytes, mut timer) = (BytesMut::new(), None);
    let incomplete = poll_fn(|cx| {
        loop {
            match Pin::new(&mut *body).poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    let rest = MAX_ERROR_BODY - bytes.len();
                    bytes.extend_from_slice(&chunk[..chunk.len().min(rest)]);
                    if chunk.len() > rest {
                        return Poll::Ready(Some(IncompleteErrorBody::TooLong));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(IncompleteErrorBody::Failed(error)));
                }
                Poll::Ready(None) => return Poll::Ready(None),
                // The timer is created only if it is needed, because a timer requires a runtime with time.
                Poll::Pending => {
                    let timer = timer.get_or_insert_with(|| Box::pin(sleep(ERROR_BODY_TIME)));
                    let expired = timer.as_mut().poll(cx);
                    // While data arrives all the time, tokio never lets the timer become ready in this task.
                    let is_over = expired.is_ready() || Instant::now() >= timer.deadline();
                    return if is_over {
                        Poll::Ready(Some(IncompleteErrorBody::TooSlow))
                    } else {
                        Poll::Pending
                    };
                }
            }
        }
    })
    .await;
    (bytes.freeze(), incomplete)
}

/// Reads a complete body of at most `limit` bytes. Without a limit, reads at most [`MAX_DECODED`] bytes,
/// because the body is encoded.
pub(crate) async fn read_limited(
    body: &mut ResponseBody,
    limit: Option<u64>,
) -> Result<Bytes, TransportError> {
    let limit = limit.unwrap_or(MAX_DECODED);
    let too_large = || {
        let message = format!("the limit is {limit} bytes; raise `ConfigBuilder::max_response_body_size`");
        TransportError::new(TransportErrorKind::BodyTooLarge, message)
    };
    if Body::size_hint(body).lower() > limit {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = body.chunk().await? {
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// Returns a response whose body is decoded while it is read, if the content encoding is gzip. Returns every
/// other response unchanged.
pub(super) fn decoded(response: Response<ResponseBody>) -> Response<ResponseBody> {
    let encodings = encodings(response.headers());
    let is_gzip =
        |encoding: &String| encoding.eq_ignore_ascii_case("gzip") || encoding.eq_ignore_ascii_case("x-gzip");
    if !matches!(&encodings[..], [encoding] if is_gzip(encoding)) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // These headers describe the encoded body.
    for name in [CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING] {
        head.headers.remove(name);
    }
    let document = body.ends_with_connection().then(JsonDocument::default);
    let body = Decoded { body, decoder: GzipDecoder::new(), document, has_ended: false };
    Response::from_parts(head, ResponseBody::from_body(body))
}

/// Returns an error if a successful response still has a content encoding. The error contains the beginning
/// of the body, because the caller has paid for the response.
pub(super) async fn check_encoding(
    response: Response<ResponseBody>,
) -> Result<Response<ResponseBody>, ErrorKind> {
    let encodings = encodings(response.headers());
    // The header of a response without a body, for example to HEAD, does not matter.
    if encodings.is_empty() || response.body().is_end_stream() {
        return Ok(response);
    }
    let problem = format!(
        "the response is encoded with `{}`, but the client supports only `gzip`: remove the compression in front of \
         the endpoint, or the header `Accept-Encoding` of the call",
        encodings.join(", ")
    );
    let error = ParseError::new("Content-Encoding", ParseErrorKind::Invalid(problem));
    Err(ErrorKind::Parse { error, response: read_beginning(response).await.into() })
}

/// Returns the error of a response that is only a part of the response of the service.
pub(super) async fn partial(response: Response<ResponseBody>) -> ErrorKind {
    let response = read_beginning(response).await;
    let received = StreamProgress { events: 0, bytes: response.body().len() as u64 };
    let (cause, response) = (TruncationCause::PartialContent, Some(response.into()));
    ErrorKind::Truncated(TruncatedError { received, cause, response })
}

/// Reads the beginning of the body of a response that the client cannot use. The error of the call contains
/// it, because the caller has paid for the response.
pub(super) async fn read_beginning(response: Response<ResponseBody>) -> Response<Bytes> {
    let (head, mut body) = response.into_parts();
    let (bytes, _) = read_partly(&mut body).await;
    Response::from_parts(head, bytes)
}

/// Returns the encodings of a body, without `identity`. They are the content encodings and the transfer
/// codings. HTTP removes only the transfer coding `chunked`.
fn encodings(headers: &HeaderMap) -> Vec<String> {
    let mut encodings = list(headers, &CONTENT_ENCODING);
    let mut codings = list(headers, &TRANSFER_ENCODING);
    // Without `chunked` as the last coding, the end of the body is unknown, and so is its form.
    if codings.pop().is_some_and(|last| last.eq_ignore_ascii_case("chunked")) {
        encodings.extend(codings);
    }
    encodings
}

/// Returns the items of a header that is a list, without `identity`.
fn list(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
    let encodings =
        texts.flat_map(|text| text.split(',').map(|one| one.trim().to_owned()).collect::<Vec<_>>());
    encodings.filter(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).collect()
}

/// A body that decodes gzip while it is read.
struct Decoded {
    body: ResponseBody,
    decoder: GzipDecoder,
    /// The scanner of the decoded content, if the body ends with its connection.
    document: Option<JsonDocument>,
    has_ended: bool,
}

impl Decoded {
    /// Returns `true` if the body has ended with its connection, and may be truncated.
    ///
    /// The end of gzip data is marked in the data. However, the data can consist of several members, and a
    /// truncation between two members looks like the end. A body that is not gzip has no mark at all.
    fn may_be_truncated(&self) -> bool {
        match self.document.as_ref().and_then(JsonDocument::missing_end) {
            None => false,
            Some(TruncationCause::UnknownEnd) => self.decoder.is_plain(),
            Some(_) => true,
        }
    }
}

impl Body for Decoded {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let failed = |error| {
            let message = format!("cannot decode the content encoding `gzip`: {error}");
            Poll::Ready(Some(Err(TransportError::new(TransportErrorKind::BodyIncomplete, message))))
        };
        loop {
            match self.decoder.decode() {
                Ok(Some(bytes)) => {
                    if let Some(document) = &mut self.document {
                        document.read(&bytes);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Ok(None) if self.has_ended => return Poll::Ready(None),
                Ok(None) => {}
                Err(error) => return failed(error),
            }
            match ready!(Pin::new(&mut self.body).poll_next(cx)) {
                Some(Ok(bytes)) => self.decoder.push(&bytes),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.has_ended = true;
                    if let Err(error) = self.decoder.finish() {
                        return failed(error);
                    }
                    if self.may_be_truncated() {
                        let message = "the response has neither chunks nor a length";
                        let error = TransportError::new(TransportErrorKind::BodyIncomplete, message);
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
        }
    }
}
