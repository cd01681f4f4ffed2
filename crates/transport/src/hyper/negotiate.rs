//! A connection where HTTP/2 may be spoken.

use std::sync::Arc;

use super::{
    HttpVersionPolicy, Inner, classify,
    http2::Http2,
    pool::{Host, Lease},
    send::{Connection, Route},
};
use crate::{TransportError, TransportErrorKind};

impl Inner {
    /// The host's one connection of HTTP/2, or one of HTTP/1.1 if that is what it speaks; and whether nothing was ever
    /// sent on it.
    pub(super) async fn negotiated(
        &self,
        route: &Route<'_>,
        host: &Arc<Host>,
    ) -> Result<(Connection, bool), TransportError> {
        if let Some(shared) = host.shared.current() {
            return Ok((Connection::Http2(shared), false));
        }
        // Calls that come at once wait for the first one's connection, which may serve them all.
        let _turn = host.shared.turn(route.connect_timeout).await;
        if let Some(shared) = host.shared.current() {
            return Ok((Connection::Http2(shared), false));
        }
        let permit = host.permit().await;
        if let Some(connection) = host.idle() {
            return Ok((Connection::Http1(Lease::new(connection, Arc::clone(host), permit)), false));
        }
        let opened = self.connector.connect(route).await?;
        let only = self.settings.versions == HttpVersionPolicy::Http2;
        let agreed = opened.http2.unwrap_or(only);
        if only && !agreed {
            let words = "the peer did not agree to HTTP/2, and nothing else is to be spoken";
            return Err(TransportError::new(TransportErrorKind::Tls, words));
        }
        host.shared.found(agreed);
        if !agreed {
            return self.first_use(opened.io, host, permit).await;
        }
        let connection = Http2::new(opened.io, self.settings.ping).await.map_err(classify::unsent)?;
        Ok((Connection::Http2(host.shared.share(connection)), true))
    }
}
