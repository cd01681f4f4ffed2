//! Sockets that can be closed in every way that a fault can specify.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::fault::ConnectionEnd;

/// A socket that supports every [`ConnectionEnd`].
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// `true` if the connection uses TLS.
    const IS_TLS: bool = false;

    /// Makes the socket send RST instead of FIN when it is closed.
    fn reset_on_close(&self) -> io::Result<()>;

    /// Discards the bytes that have arrived, without waiting. A socket that is closed while it has unread
    /// bytes sends RST.
    fn discard_received(&self);

    /// Waits until the peer closes the connection, without reading.
    fn wait_for_close(&self) -> impl Future<Output = ()> + Send;
}

impl Socket for TcpStream {
    fn reset_on_close(&self) -> io::Result<()> {
        self.set_zero_linger()
    }

    fn discard_received(&self) {
        let mut discarded = [0; 4096];
        while let Ok(1..) = self.try_read(&mut discarded) {}
    }

    async fn wait_for_close(&self) {
        while let Ok(ready) = self.ready(Interest::READABLE).await {
            if ready.is_read_closed() {
                return;
            }
            // Clears the readiness. Therefore the next wait returns only after a new event.
            let would_block = || io::Result::<()>::Err(io::ErrorKind::WouldBlock.into());
            let _ = self.try_io(Interest::READABLE, would_block);
        }
    }
}

impl ConnectionEnd {
    /// Ends the connection of a socket. `HalfClose` and `Stall` wait until the client closes the connection
    /// or the endpoint stops.
    pub(crate) async fn apply(self, mut socket: impl Socket, stopped: &mut watch::Receiver<()>) {
        let ended = async {
            match self {
                Self::Close => {
                    socket.shutdown().await?;
                    socket.discard_received();
                }
                Self::Reset => socket.reset_on_close()?,
                Self::HalfClose => {
                    socket.shutdown().await?;
                    let mut discarded = [0; 4096];
                    while socket.read(&mut discarded).await? > 0 {}
                }
                Self::Stall => socket.wait_for_close().await,
            }
            io::Result::Ok(())
        };
        tokio::select! {
            // An error means that the client has closed the connection already.
            _ = ended => {}
            _ = stopped.changed() => {}
        }
    }
}

#[cfg(test)]
impl Socket for tokio::io::DuplexStream {
    fn reset_on_close(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn discard_received(&self) {}

    async fn wait_for_close(&self) {
        std::future::pending().await
    }
}
