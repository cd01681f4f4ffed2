//! The upgrade of a connection from HTTP/1.1 to HTTP/2 without TLS (`Upgrade: h2c`).
//!
//! <https://www.rfc-editor.org/rfc/rfc7540#section-3.2>
//!
//! The request that asks for the upgrade becomes stream 1 of the HTTP/2 connection. hyper serves HTTP/2, but
//! it cannot open a stream that the client has not sent. Therefore [`UpgradedIo`] inserts the head of a
//! request without content into the bytes of the client. When hyper passes this placeholder to the service,
//! the service replaces it with the original request. So the original request keeps its signed headers, and
//! its body needs no flow control.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Buf, Bytes};
use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use http::request::Parts;
use http::{Response, StatusCode, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The token of HTTP/2 without TLS in the header `Upgrade`.
const H2C: &str = "h2c";

const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// The bytes with which each HTTP/2 client begins. A SETTINGS frame follows them.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The length of the head of a frame.
const FRAME_HEAD: usize = 9;

/// The type of a SETTINGS frame.
const SETTINGS: u8 = 4;

/// The length of a setting in a SETTINGS frame.
const SETTING: usize = 6;

/// The maximum length of the content of a frame, unless a peer allows longer frames.
const MAX_FRAME: usize = 16_384;

/// A HEADERS frame that opens and ends stream 1. Its three bytes of content are the indices of
/// `:method: GET`, `:scheme: http` and `:path: /` in the static table of HPACK.
const PLACEHOLDER: [u8; 12] = [0, 0, 3, 1, 0b101, 0, 0, 0, 1, 0x82, 0x86, 0x84];

/// Returns the settings of a request that asks for an upgrade to HTTP/2. Returns `None` if the request does not
/// ask for the upgrade, or if the request violates a rule of the upgrade. A server may ignore such a request.
pub(crate) fn requested_settings(request: &Parts) -> Option<Bytes> {
    let headers = &request.headers;
    let is_requested = request.version == Version::HTTP_11
        && lists(headers, &UPGRADE, H2C)
        && lists(headers, &CONNECTION, UPGRADE.as_str())
        && lists(headers, &CONNECTION, HTTP2_SETTINGS.as_str());
    let mut values = headers.get_all(HTTP2_SETTINGS).iter();
    let (value, None) = (values.next().filter(|_| is_requested)?, values.next()) else { return None };
    let settings = URL_SAFE_NO_PAD.decode(value.as_bytes()).ok()?;
    (settings.len() <= MAX_FRAME && settings.len() % SETTING == 0).then(|| settings.into())
}

/// Returns `true` if a header contains a token in its comma-separated list. Tokens are case-insensitive.
fn lists(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
}

/// Returns the response that accepts the upgrade.
pub(crate) fn switching_protocols() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static(H2C));
    response
}

/// An upgraded connection as an HTTP/2 server reads it: the bytes of the client, with the settings of the
/// header `HTTP2-Settings` and with the placeholder of stream 1.
pub(crate) struct UpgradedIo<T> {
    io: T,
    /// The bytes that the client has sent, until its first frame is complete.
    opening: Option<Opening>,
    /// Bytes that were received and not read yet.
    ready: Bytes,
}

struct Opening {
    settings: Bytes,
    received: Vec<u8>,
}

impl<T> UpgradedIo<T> {
    pub(crate) fn new(io: T, settings: Bytes) -> Self {
        let opening = Opening { settings, received: Vec::new() };
        Self { io, opening: Some(opening), ready: Bytes::new() }
    }
}

impl Opening {
    /// Returns the bytes for the server, or `None` if the first frame of the client is incomplete.
    ///
    /// # Errors
    /// Returns an error if the client does not send the preface and a SETTINGS frame. Then the connection ends,
    /// because its other bytes have no meaning: <https://www.rfc-editor.org/rfc/rfc9113#section-3.4>.
    fn convert(&self) -> io::Result<Option<Vec<u8>>> {
        let invalid = || io::Error::new(io::ErrorKind::InvalidData, "not the connection preface of HTTP/2");
        let common = self.received.len().min(PREFACE.len());
        if self.received[..common] != PREFACE[..common] {
            return Err(invalid());
        }
        let Some((head, rest)) = self.received[common..].split_first_chunk::<FRAME_HEAD>() else {
            return Ok(None);
        };
        let [a, b, c, kind, flags, stream @ ..] = *head;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if (kind, flags, stream) != (SETTINGS, 0, [0; 4]) || length > MAX_FRAME {
            return Err(invalid());
        }
        let Some((settings, rest)) = rest.split_at_checked(length) else { return Ok(None) };
        // The settings of the frame follow the settings of the header, because they take precedence. Both are in
        // one frame, because the client expects one acknowledgment.
        let of_header = Some(&self.settings[..]).filter(|settings| settings.len() + length <= MAX_FRAME);
        let of_header = of_header.unwrap_or_default();
        let [_, a, b, c] = u32::try_from(of_header.len() + length).unwrap_or_default().to_be_bytes();
        let head = [a, b, c, SETTINGS, 0, 0, 0, 0, 0];
        Ok(Some([PREFACE, &head, of_header, settings, &PLACEHOLDER, rest].concat()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for UpgradedIo<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while let Some(opening) = &mut this.opening {
            let mut bytes = [0; 1024];
            let mut chunk = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.io).poll_read(cx, &mut chunk))?;
            if chunk.filled().is_empty() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            opening.received.extend_from_slice(chunk.filled());
            if let Some(converted) = opening.convert()? {
                (this.ready, this.opening) = (converted.into(), None);
            }
        }
        if this.ready.has_remaining() {
            let length = this.ready.len().min(buf.remaining());
            buf.put_slice(&this.ready.split_to(length));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for UpgradedIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
