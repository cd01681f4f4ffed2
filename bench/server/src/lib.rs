//! The server of every row: one thread, constant answers.
//!
//! Which answer a call gets is its model's name: see [`Answers`](answer::Answers).

mod answer;
mod connection;
pub mod event;
mod tls;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

use answer::Answers;
pub use tls::Identity;

/// Answers every call to both listeners, small ones after a pause. Those to the second shake hands first.
///
/// # Errors
/// When no further connection can be taken.
pub async fn serve(
    plain: TcpListener,
    encrypted: TcpListener,
    identity: Identity,
    pause: Duration,
) -> io::Result<()> {
    let answers = Rc::new(Answers::new(pause));
    let over_http = each(&plain, |stream| {
        let answers = Rc::clone(&answers);
        async move { connection::serve(stream, &answers).await }
    });
    let over_https = each(&encrypted, |stream| {
        let (acceptor, answers) = (identity.acceptor.clone(), Rc::clone(&answers));
        async move { connection::serve(acceptor.accept(stream).await?, &answers).await }
    });
    LocalSet::new().run_until(async { tokio::try_join!(over_http, over_https) }).await.map(|_| ())
}

/// Serves each connection to a listener.
async fn each<S>(listener: &TcpListener, mut serve: impl FnMut(TcpStream) -> S) -> io::Result<()>
where
    S: Future<Output = io::Result<()>> + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let served = serve(stream);
        // A client that goes away in the middle is no concern of the others.
        spawn_local(async move { served.await.ok() });
    }
}
