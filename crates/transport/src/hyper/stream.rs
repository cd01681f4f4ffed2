//! Byte streams that carry a connection, and the futures that open them.

use std::future::Future;
use std::pin::Pin;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::TransportError;

/// A stream for hyper.
pub(super) type Io = TokioIo<Box<dyn Stream>>;

/// TCP, TLS over TCP, or either of them through a proxy. Boxed, so that the layers above do not depend on
/// which it is.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// A step of opening a connection.
///
/// It is boxed, because it is rare and large: otherwise the future of every request would reserve space for
/// it, and every place that can drop such a future would contain the code that drops a handshake.
pub(super) type Connecting<'a, T> = Pin<Box<dyn Future<Output = Result<T, TransportError>> + Send + 'a>>;
