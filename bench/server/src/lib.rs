//! The server of every row: one thread, constant answers.
//!
//! Which answer a call gets is its model's name: see [`Answers`](answer::Answers).

mod answer;
mod connection;
pub mod event;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_local};

use answer::Answers;

/// Answers every call to that listener, small ones after a pause.
///
/// # Errors
/// When no further connection can be taken.
pub async fn serve(listener: TcpListener, pause: Duration) -> io::Result<()> {
    let answers = Rc::new(Answers::new(pause));
    let connections = async move {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answers = Rc::clone(&answers);
            // A client that goes away in the middle is no concern of the others.
            spawn_local(async move { connection::serve(stream, &answers).await.ok() });
        }
    };
    LocalSet::new().run_until(connections).await
}
