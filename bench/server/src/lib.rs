//! The benchmark server. It has one thread and sends constant responses.
//!
//! The operation and the model id of a call select the response: see [`Responses`](response::Responses).

mod connection;
pub mod event;
mod http2;
mod response;
mod tls;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

use response::Responses;
pub use tls::Identity;

/// Listeners of the server.
#[derive(Debug)]
pub struct Listeners {
    /// Listener without TLS.
    pub http: TcpListener,
    /// Listener with TLS and HTTP/1.1.
    pub https: TcpListener,
    /// Listener with TLS and HTTP/2.
    pub http2: TcpListener,
}

/// Serves the connections of all listeners. Delays small responses by `pause`.
///
/// # Errors
/// Returns an error if a listener cannot accept a connection.
pub async fn serve(listeners: &Listeners, identity: Identity, pause: Duration) -> io::Result<()> {
    let responses = Rc::new(Responses::new(pause));
    let over_http = each(&listeners.http, |stream| {
        let responses = Rc::clone(&responses);
        async move { connection::serve(stream, &responses).await }
    });
    let over_https = each(&listeners.https, |stream| {
        let (acceptor, responses) = (identity.http1.clone(), Rc::clone(&responses));
        async move { connection::serve(acceptor.accept(stream).await?, &responses).await }
    });
    let over_http2 = each(&listeners.http2, |stream| {
        let (acceptor, responses) = (identity.http2.clone(), Rc::clone(&responses));
        async move { http2::serve(acceptor.accept(stream).await?, responses).await }
    });
    LocalSet::new().run_until(async { tokio::try_join!(over_http, over_https, over_http2) }).await.map(|_| ())
}

/// Calls `serve` for each connection to a listener.
async fn each<S>(listener: &TcpListener, mut serve: impl FnMut(TcpStream) -> S) -> io::Result<()>
where
    S: Future<Output = io::Result<()>> + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let served = serve(stream);
        // A connection error of one client does not affect the other clients.
        spawn_local(async move { served.await.ok() });
    }
}
