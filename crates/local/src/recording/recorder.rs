//! Records the exchanges with the service.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use tokio::time::Instant;

use super::exchange::{Chunk, Exchange, RecordedRequest, RecordedResponse, path};
use super::tokens::tokens;
use crate::backend::{BoxError, Forward, ForwardedBody};
use crate::delivery::ResponseProgress;
use crate::response_body::ResponseBody;
use crate::service_error::ServiceError;

/// A recorder that forwards requests to the service and writes each exchange to a file.
#[derive(Debug)]
pub(crate) struct Recorder {
    folder: PathBuf,
    service: Arc<dyn Forward>,
    /// The number of exchanges so far.
    exchanges: AtomicU64,
}

impl Recorder {
    /// Creates the folder if it is missing. New files do not replace the files in the folder.
    pub(crate) fn new(folder: &Path, service: Arc<dyn Forward>) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let names = fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let last = names.filter_map(|name| name.split('-').next()?.parse().ok()).max().unwrap_or(0);
        Ok(Self { folder: folder.to_owned(), service, exchanges: AtomicU64::new(last) })
    }

    /// Forwards a request. When the response is complete, records the exchange, and sets the tokens of the
    /// progress.
    ///
    /// # Errors
    /// Returns `AccessDeniedException` if the request comes from a web page in a browser, and
    /// `ServiceUnavailableException` if no response arrived.
    pub(crate) async fn respond(
        &self,
        request: Request<Bytes>,
        progress: &Arc<ResponseProgress>,
    ) -> Result<Response<ResponseBody>, ServiceError> {
        // Reject requests of web pages. The default keys of the endpoint are public, so any page could use
        // them to make calls that the service bills.
        if let Some(origin) = request.headers().get(ORIGIN) {
            let message = format!(
                "--record: the request of the page {origin:?} is not forwarded; use a client outside of a \
                 browser"
            );
            return Err(ServiceError::forbidden("AccessDeniedException", message));
        }
        let recorded = RecordedRequest::new(&request);
        let file = self.next_file(request.uri().path());
        let started = Instant::now();
        let response = self.service.forward(without_connection(request)).await.map_err(|error| {
            ServiceError::unavailable(format!("--record: the service did not respond: {error}"))
        })?;
        let (mut head, body) = response.into_parts();
        let response = RecordedResponse::new(head.status.as_u16(), &head.headers);
        remove_connection_headers(&mut head.headers);
        let exchange = Exchange { request: recorded, response };
        let progress = Arc::clone(progress);
        let body = RecordingBody { body, file, exchange: Some(exchange), progress, started };
        if is_event_stream(&head.headers) {
            return Ok(Response::from_parts(head, ResponseBody::forwarded(body.boxed_unsync())));
        }
        let body = body.collect().await.map_err(|error| {
            ServiceError::unavailable(format!("--record: the response of the service is incomplete: {error}"))
        })?;
        Ok(Response::from_parts(head, body.to_bytes().into()))
    }

    /// Returns the path of the next file: a number, and the last segment of the path of the request.
    fn next_file(&self, path: &str) -> PathBuf {
        let number = self.exchanges.fetch_add(1, Ordering::Relaxed) + 1;
        let name = path.rsplit('/').next().unwrap_or_default();
        let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        self.folder.join(format!("{number:04}-{name}.json"))
    }
}

/// Removes the headers of the connection, the signature of the caller, and headers that may contain secrets.
/// The service does not use these secrets.
fn without_connection(mut request: Request<Bytes>) -> Request<Bytes> {
    let is_removed = |name: &HeaderName| {
        let name = name.as_str();
        matches!(name, "authorization" | "connection" | "content-length" | "host" | "transfer-encoding")
            || matches!(name, "x-amz-content-sha256" | "x-amz-date" | "x-amz-security-token")
            || matches!(name, "cookie" | "proxy-authorization" | "x-api-key")
    };
    // Remove the signature from the query of a presigned request.
    if let Ok(target) = path(&request).parse() {
        *request.uri_mut() = target;
    }
    let removed: Vec<_> = request.headers().keys().filter(|name| is_removed(name)).cloned().collect();
    for name in removed {
        request.headers_mut().remove(name);
    }
    request
}

fn remove_connection_headers(headers: &mut HeaderMap) {
    for name in ["connection", "content-length", "keep-alive", "transfer-encoding"] {
        headers.remove(name);
    }
}

/// Returns `true` if the response is an event stream. The endpoint forwards an event stream while it arrives.
fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type.is_some_and(|media_type| {
        media_type.starts_with("application/vnd.amazon.eventstream")
            || media_type.starts_with("text/event-stream")
    })
}

/// A body that records its chunks, and writes the file at its end. If the body is incomplete, there is no file.
struct RecordingBody {
    body: ForwardedBody,
    file: PathBuf,
    exchange: Option<Exchange>,
    progress: Arc<ResponseProgress>,
    started: Instant,
}

impl Body for RecordingBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        match (&frame, &mut this.exchange) {
            (Some(Ok(frame)), Some(exchange)) => {
                if let Some(bytes) = frame.data_ref() {
                    let at_ms = u64::try_from(this.started.elapsed().as_millis()).unwrap_or(u64::MAX);
                    exchange.response.chunks.push(Chunk::new(at_ms, bytes));
                }
            }
            (None, exchange) => {
                if let Some(exchange) = exchange.take() {
                    this.progress.set_tokens(tokens(&exchange.response));
                    if let Err(error) = write(&this.file, &exchange) {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
            _ => {}
        }
        Poll::Ready(frame)
    }
}

fn write(file: &Path, exchange: &Exchange) -> Result<(), BoxError> {
    let mut text = serde_json::to_string_pretty(exchange)?;
    text.push('\n');
    fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()).into())
}

/// Returns a status, or 502 if the number is not a status.
pub(super) fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
}
