//! The benchmark server. It has one thread and sends constant responses.
//!
//! The operation and the model id of a call select the response: see [`Responses`](response::Responses).

mod connection;
pub mod event;
mod response;
mod tls;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

use response::Responses;
pub use tls::Identity;

/// Serves `plain` without TLS and `encrypted` with TLS. Delays small responses by `pause`.
///
/// # Errors
/// Returns an error if a listener cannot accept a connection.
pub async fn serve(
    plain: TcpListener,
    encrypted: TcpListener,
    identity: Identity,
    pause: Duration,
) -> io::Result<()> {
    let responses = Rc::new(Responses::new(pause));
    let over_http = each(&plain, |stream| {
        let responses = Rc::clone(&responses);
        async move { connection::serve(stream, &responses).await }
    });
    let over_https = each(&encrypted, |stream| {
        let (acceptor, responses) = (identity.acceptor.clone(), Rc::clone(&responses));
        async move { connection::serve(acceptor.accept(stream).await?, &responses).await }
    });
    LocalSet::new().run_until(async { tokio::try_join!(over_http, over_https) }).await.map(|_| ())
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
