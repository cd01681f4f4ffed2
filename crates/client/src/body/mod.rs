//! Request bodies: bytes in memory, files, or readers.

mod error;
mod file;
mod io;
mod source;
mod stream;

use std::fmt;
use std::io::{Read, Result as IoResult};
use std::path::PathBuf;

use bytes::Bytes;

pub use error::BodyError;
pub(crate) use file::BodyFile;
pub(crate) use io::hash_on_other_thread;
pub(crate) use source::BodySource;

/// The payload of a call: bytes in memory, a file, or a reader.
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
    Source(BodySource),
}

impl Body {
    /// Creates a body from a file of any length. Memory use does not depend on the length of the file.
    ///
    /// The client opens the file when the call is sent. It reads the file once to compute the hash for the
    /// signature, and once for each attempt. The call fails with a [`BodyError`] if the file is missing, is not
    /// a regular file, or changes between these reads.
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
        Self(BodyContent::Source(BodySource::file(path.into())))
    }

    /// Creates a body from a reader that can be opened several times, for example an entry of an archive. Memory
    /// use does not depend on the length of the content.
    ///
    /// The client calls `open` to hash the content, and again for each attempt. A quota limiter can need one more
    /// call, to estimate the tokens. Each call of `open` must return a reader at the start of the same content. As
    /// with [`from_path`](Self::from_path), the call fails with a [`BodyError`] if the content changes. The client
    /// runs `open` and the reader on the thread pool of tokio for blocking work, and reads chunks of 64 KiB. A
    /// [`BodyError`] contains `name` as the path.
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use std::io::{Seek, SeekFrom};
    ///
    /// use invoke_model_client::Body;
    ///
    /// // Skips the first 512 bytes of the file.
    /// let body = Body::from_reader("request.tar", || {
    ///     let mut file = File::open("request.tar")?;
    ///     file.seek(SeekFrom::Start(512))?;
    ///     Ok(file)
    /// });
    /// ```
    #[doc(alias("retryable", "stream"))]
    pub fn from_reader<R: Read + Send + 'static>(
        name: impl Into<PathBuf>,
        open: impl Fn() -> IoResult<R> + Send + Sync + 'static,
    ) -> Self {
        Self(BodyContent::Source(BodySource::reader(name.into(), move || Ok(Box::new(open()?)))))
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
            BodyContent::Source(source) => f.debug_struct("Body").field("path", source).finish(),
        }
    }
}
