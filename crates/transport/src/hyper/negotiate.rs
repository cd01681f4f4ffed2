//! Connections to hosts that may support HTTP/2.

use std::sync::Arc;

use super::body::Connection;
use super::host::Host;
use super::http2::{Http2, HttpVersionPolicy};
use super::pool::Lease;
use super::route::Route;
use super::stream::Connecting;
use super::{Inner, classify};
use crate::error::{TransportError, TransportErrorKind};

/// Returns the HTTP/2 connection of the host, or an HTTP/1.1 connection if the host does not support HTTP/2.
/// The second value is `true` if the connection is new.
pub(super) fn connection<'a>(
    transport: &'a Inner,
    route: &'a Route<'a>,
    host: &'a Arc<Host>,
) -> Connecting<'a, (Connection, bool)> {
    Box::pin(async move {
        host.http2.poll_unused().await;
        if let Some(shared) = host.http2.current() {
            return Ok((Connection::Http2(shared), false));
        }
        // Concurrent calls wait until the first call has opened its connection, because all calls may share
        // that connection.
        let _turn = host.http2.turn(route.connect_timeout).await;
        if let Some(shared) = host.http2.current() {
            return Ok((Connection::Http2(shared), false));
        }
        let permit = host.permit().await;
        if let Some(connection) = host.idle().await.filter(|_| !route.needs_http2) {
            return Ok((Connection::Http1(Lease::new(connection, Arc::clone(host), permit)), false));
        }
        transport.pool.make_room(host);
        let (io, negotiated) = transport.connector.connect(route).await?;
        let settings = transport.settings.http2;
        let is_required = settings.policy == HttpVersionPolicy::Http2Only;
        let is_http2 = negotiated.unwrap_or(is_required);
        if (is_required || route.needs_http2) && !is_http2 {
            let message = match is_required {
                true => "the server did not negotiate HTTP/2; `HttpVersionPolicy::Http2Only` requires HTTP/2",
                false => "the server did not negotiate HTTP/2, and the request needs HTTP/2",
            };
            return Err(TransportError::new(TransportErrorKind::Tls, message));
        }
        host.http2.set_negotiated(is_http2);
        if !is_http2 {
            return Ok((Connection::Http1(Lease::open(io, host, permit).await?), true));
        }
        let connection = Http2::new(io, settings).await.map_err(classify::not_sent)?;
        Ok((Connection::Http2(host.http2.share(connection)), true))
    })
}
