//! An answer whose payload is read as it arrives.

use invoke_model_transport::ResponseBody;

/// An output without its payload, and the payload chunk by chunk.
#[derive(Debug)]
#[non_exhaustive]
pub struct StreamingBodyOutput<T> {
    /// The output; its payload is empty.
    pub output: T,
    /// The payload as it arrives: [`chunk`](ResponseBody::chunk) by chunk, or as a `Stream`. One that ends too early
    /// ends with an error.
    pub body: ResponseBody,
}
