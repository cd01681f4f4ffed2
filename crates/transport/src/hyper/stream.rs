//! Byte streams of connections, and the futures that open them.

use std::future::Future;
use std::pin::Pin;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::head_limit::HeadLimit;
use crate::error::TransportError;

/// A byte stream in the form that hyper requires.
pub(super) type Io = TokioIo<Box<dyn Stream>>;

/// A TCP or TLS stream, direct or through a proxy. The layers above use it as a trait object, so they do not
/// depend on its type.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {
    /// Returns the limit of the bytes that are read from this stream.
    fn head_limit(&self) -> &HeadLimit;
}

/// A step of opening a connection.
///
/// The future is boxed, because it is large and rarely needed. Otherwise, the future of every request would
/// reserve space for it. In addition, the drop code of a handshake would be compiled into every function that
/// can drop a request.
pub(super) type Connecting<'a, T> = Pin<Box<dyn Future<Output = Result<T, TransportError>> + Send + 'a>>;
