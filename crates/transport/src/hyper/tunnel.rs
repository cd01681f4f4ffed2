//! Tunnels through an HTTP proxy.
//!
//! This module replaces hyper-util's `Tunnel`. `Tunnel` accepts only the status 200 instead of all 2xx
//! statuses, and its error reports no status except 407. With `Tunnel`, the caller could not distinguish two
//! failures: the proxy temporarily cannot reach the host (502), or the proxy denies the request (403). A
//! retry can succeed only after the first failure.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use http::Request;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::uri::Authority;
use hyper::client::conn::http1::handshake;

use super::stream::{Connecting, Io, Stream};
use crate::body::RequestBody;
use crate::error::{TransportError, TransportErrorKind};
use crate::proxies::Proxy;

/// Opens a tunnel to a host through a proxy
/// ([RFC 9110, 9.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)). `stream` is a connection to the
/// proxy.
pub(super) fn connect<'a>(
    stream: Box<dyn Stream>,
    proxy: &'a Proxy,
    authority: &'a Authority,
) -> Connecting<'a, Box<dyn Stream>> {
    Box::pin(open(stream, proxy, authority))
}

async fn open(
    stream: Box<dyn Stream>,
    proxy: &Proxy,
    authority: &Authority,
) -> Result<Box<dyn Stream>, TransportError> {
    let (mut sender, connection) = handshake(Io::new(stream)).await.map_err(failed)?;
    let request = request(proxy, authority)
        .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error))?;
    let mut response = pin!(sender.send_request(request));
    let mut connection = pin!(connection.without_shutdown());
    let mut parts = None;
    let head = poll_fn(|cx| {
        if parts.is_none() {
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                parts = Some(ended);
            }
        }
        response.as_mut().poll(cx)
    })
    .await
    .map_err(failed)?;
    // "Any 2xx (Successful) response indicates that the sender (and all inbound proxies) will switch to
    // tunnel mode"
    if !head.status().is_success() {
        return Err(proxy.rejected("CONNECT", head.status()));
    }
    let parts = match parts {
        Some(parts) => parts,
        None => connection.await,
    };
    let parts = parts.map_err(failed)?;
    // In TLS, the client sends the first message. Data that arrives before this message is therefore not from
    // the host.
    if !parts.read_buf.is_empty() {
        let message = "the proxy sent unexpected data after its response to CONNECT";
        return Err(TransportError::new(TransportErrorKind::Proxy, message));
    }
    Ok(parts.io.into_inner())
}

fn request(proxy: &Proxy, authority: &Authority) -> http::Result<Request<RequestBody>> {
    // "There is no default port": https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6-3
    let target = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(443));
    let mut request = Request::connect(&target).header(HOST, &target);
    if let Some(authorization) = proxy.authorization() {
        request = request.header(PROXY_AUTHORIZATION, authorization);
    }
    request.body(RequestBody::default())
}

fn failed(error: hyper::Error) -> TransportError {
    let kind = if error.is_parse() { TransportErrorKind::Proxy } else { TransportErrorKind::Connect };
    TransportError::new(kind, error)
}
