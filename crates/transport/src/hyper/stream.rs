//! What carries a connection's bytes.

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// TCP, or TLS over it, or either through a proxy's tunnel: nobody above has to tell them apart.
pub(super) type Io = TokioIo<Box<dyn Stream>>;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}
