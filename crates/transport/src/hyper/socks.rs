//! Connections through SOCKS proxies. hyper-util implements the handshakes.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5};
use tower_service::Service;

use super::stream::{Connecting, Io, Stream};
use super::tcp;
use crate::error::{TransportError, TransportErrorKind};
use crate::proxies::{Proxy, ProxyProtocol};

/// Opens a connection to `host` through a SOCKS proxy. `stream` is a connection to the proxy, and `host` has
/// the syntax of a host in a URI.
pub(super) fn connect<'a>(
    stream: Box<dyn Stream>,
    proxy: &'a Proxy,
    host: &'a str,
    port: u16,
) -> Connecting<'a, Box<dyn Stream>> {
    Box::pin(async move {
        let destination = destination(proxy.protocol(), host, port).await?;
        let opened = Opened(Some(Io::new(stream)));
        // The URL of the proxy is not needed, because the connection to the proxy is already open.
        let io = match proxy.protocol() {
            ProxyProtocol::Socks4 | ProxyProtocol::Socks4a => SocksV4::new(Uri::default(), opened)
                .call(destination)
                .await
                .map_err(|error| failed(proxy, &error.to_string()))?,
            _ => {
                let mut socks = SocksV5::new(Uri::default(), opened);
                if let Some((user, password)) = proxy.socks_credentials() {
                    socks = socks.with_auth(user.to_owned(), password.to_owned());
                }
                socks.call(destination).await.map_err(|error| failed(proxy, &error.to_string()))?
            }
        };
        Ok(io.into_inner())
    })
}

/// Returns the URI of the destination. For `socks4` and `socks5`, this function resolves the host name, as
/// curl does. hyper-util could also resolve the name, but would block the thread.
async fn destination(protocol: ProxyProtocol, host: &str, port: u16) -> Result<Uri, TransportError> {
    let authority = match protocol {
        ProxyProtocol::Socks4 => {
            let addresses = tcp::resolve(host, port).await?;
            let address = addresses.into_iter().find(SocketAddr::is_ipv4).ok_or_else(|| {
                let message = "`socks4` requires an IPv4 address, but the host has none; use `socks5`";
                TransportError::new(TransportErrorKind::Resolve, message)
            })?;
            address.to_string()
        }
        ProxyProtocol::Socks5 => tcp::resolve(host, port).await?[0].to_string(),
        _ => format!("{host}:{port}"),
    };
    let uri = Uri::builder().scheme("http").authority(authority).path_and_query("/").build();
    uri.map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error))
}

/// Classifies an error of a handshake by its message, because hyper-util does not export the type of the
/// error.
fn failed(proxy: &Proxy, message: &str) -> TransportError {
    let rejected =
        ["authentication", "credentials", "not allowed", "not supported", "ident service", "parsing"];
    let kind = match rejected.iter().any(|words| message.contains(words)) {
        true => TransportErrorKind::Proxy,
        // The connection to the proxy was lost, or the proxy cannot reach the host. A retry may succeed.
        false => TransportErrorKind::Connect,
    };
    if message.contains("authentication") && proxy.socks_credentials().is_none() {
        let advice = "the proxy requires authentication; add a user name and password to the proxy URL";
        return TransportError::new(kind, advice);
    }
    TransportError::new(kind, message)
}

/// A connector for hyper-util that returns a connection that is already open.
struct Opened(Option<Io>);

impl Service<Uri> for Opened {
    type Response = Io;
    type Error = Infallible;
    type Future = Ready<Result<Io, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(Ok(self.0.take().expect("a handshake connects once")))
    }
}
