//! A way through a proxy that it does not look into.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use http::{
    Request,
    header::{HOST, PROXY_AUTHORIZATION},
    uri::Authority,
};
use hyper::client::conn::http1::handshake;

use super::{
    connect::Step,
    stream::{Io, Stream},
};
use crate::{RequestBody, TransportError, TransportErrorKind, proxies::Proxy};

/// Asks `proxy`, at the other end of `stream`, for a connection to a host, and gives it:
/// <https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6>.
pub(super) fn dig<'a>(
    stream: Box<dyn Stream>,
    proxy: &'a Proxy,
    authority: &'a Authority,
) -> Step<'a, Box<dyn Stream>> {
    Box::pin(dug(stream, proxy, authority))
}

async fn dug(
    stream: Box<dyn Stream>,
    proxy: &Proxy,
    authority: &Authority,
) -> Result<Box<dyn Stream>, TransportError> {
    let (mut sender, connection) = handshake(Io::new(stream)).await.map_err(failed)?;
    let request = connect(proxy, authority)
        .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error))?;
    let mut response = pin!(sender.send_request(request));
    let mut connection = pin!(connection.without_shutdown());
    let mut left = None;
    let head = poll_fn(|cx| {
        if left.is_none() {
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                left = Some(ended);
            }
        }
        response.as_mut().poll(cx)
    })
    .await
    .map_err(failed)?;
    // "Any 2xx (Successful) response indicates that the sender (and all inbound proxies) will switch to tunnel mode"
    if !head.status().is_success() {
        return Err(proxy.refused("CONNECT", head.status()));
    }
    let left = match left {
        Some(left) => left,
        None => connection.await,
    };
    let left = left.map_err(failed)?;
    // The host speaks second in TLS.
    if !left.read_buf.is_empty() {
        return Err(TransportError::new(
            TransportErrorKind::Proxy,
            "it sent bytes of its own into the tunnel",
        ));
    }
    Ok(left.io.into_inner())
}

fn connect(proxy: &Proxy, authority: &Authority) -> http::Result<Request<RequestBody>> {
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
