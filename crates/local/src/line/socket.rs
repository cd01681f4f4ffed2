//! What a connection needs of its socket beside bytes in and out.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::fault::ConnectionEnd;

/// A socket that can end in every way.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {
    /// Closes with RST where it would close with FIN.
    fn reset_on_close(&self) -> io::Result<()>;

    /// Takes what has arrived, without waiting for more: a socket that is closed over unread bytes answers them with RST.
    fn discard_arrived(&self);

    /// Waits until the other side closes, and reads nothing.
    fn closed(&self) -> impl Future<Output = ()> + Send;
}

impl Socket for TcpStream {
    fn reset_on_close(&self) -> io::Result<()> {
        self.set_zero_linger()
    }

    fn discard_arrived(&self) {
        let mut discarded = [0; 4096];
        while let Ok(1..) = self.try_read(&mut discarded) {}
    }

    async fn closed(&self) {
        while let Ok(ready) = self.ready(Interest::READABLE).await {
            if ready.is_read_closed() {
                return;
            }
            // Says that there is nothing to read, so that only what is new wakes.
            let nothing = || io::Result::<()>::Err(io::ErrorKind::WouldBlock.into());
            let _ = self.try_io(Interest::READABLE, nothing);
        }
    }
}

impl ConnectionEnd {
    /// Ends the connection of a socket. Where that depends on the client, waits for it, or until the endpoint stops.
    pub(crate) async fn of(self, mut socket: impl Socket, stopped: &mut watch::Receiver<()>) {
        let ended = async {
            match self {
                Self::Close => {
                    socket.shutdown().await?;
                    socket.discard_arrived();
                }
                Self::Reset => socket.reset_on_close()?,
                Self::HalfClose => {
                    socket.shutdown().await?;
                    let mut discarded = [0; 4096];
                    while socket.read(&mut discarded).await? > 0 {}
                }
                Self::Stall => socket.closed().await,
            }
            io::Result::Ok(())
        };
        tokio::select! {
            // A socket that the client has closed already has ended.
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

    fn discard_arrived(&self) {}

    async fn closed(&self) {
        std::future::pending().await
    }
}
