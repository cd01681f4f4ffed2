//! Request bodies: bytes in memory, or files.

mod error;
mod file;
mod io;
mod stream;

use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;

pub use error::BodyError;
pub(crate) use file::BodyFile;
pub(crate) use io::hash_on_other_thread;

/// The payload of a call: bytes in memory, or a file.
///
/// Every type that implements `Into<Bytes>` converts into a `Body`, for example `String`, `Vec<u8>` and
/// `&'static str`.
///
/// `Debug` does not print the content.
#[derive(Clone)]
pub struct Body(pub(crate) BodyContent);

#[derive(Clone)]
pub(crate) enum BodyContent {
    Bytes(Bytes),
    Path(PathBuf),
}

impl Body {
    /// Creates a body from a file of any length. Memory use does not depend on the length of the file.
    ///
    /// The client opens the file when the call is sent. It reads the file twice: first to compute the hash
    /// for the signature, and then to send the content. The call fails with a [`BodyError`] if the file is
    /// missing, is not a regular file, or changes between the two reads.
    ///
    /// ```no_run
    /// use invoke_model_client::{Body, Client};
    ///
    /// # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let call = client.invoke_model().model_id("amazon.titan-embed-text-v2:0").body(Body::from_path("request.json"));
    /// let output = call.send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_path(path: impl Into<PathBuf>) -> Self {
        Self(BodyContent::Path(path.into()))
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(BodyContent::Bytes(bytes.into()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            BodyContent::Bytes(bytes) => f.debug_struct("Body").field("length", &bytes.len()).finish(),
            BodyContent::Path(path) => f.debug_struct("Body").field("path", path).finish(),
        }
    }
}
