//! Reads the body of a request, and estimates the number of tokens that the request may use.

use std::io::{self, BufReader, Read};

use serde_json::de::IoRead;

use crate::input_tokens::{InputEstimator, estimate_input_tokens};
use crate::max_output::{max_output_tokens, read_max_output_tokens};

/// The number of tokens that a request may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenEstimate {
    /// Estimated input tokens.
    pub input_tokens: u64,
    /// Maximum number of output tokens, or `None` if the body does not limit the output.
    pub max_output_tokens: Option<u64>,
}

impl TokenEstimate {
    /// Estimates the tokens for a body in the schema of any model family.
    ///
    /// [`estimate_input_tokens`] estimates the input, and [`max_output_tokens`] finds the limit of the
    /// output.
    ///
    /// Reads the body twice: once to estimate the input, and once to find the output limit. A body that is
    /// not JSON has no output limit.
    pub fn from_body(body: &[u8]) -> Self {
        Self { input_tokens: estimate_input_tokens(body), max_output_tokens: max_output_tokens(body) }
    }

    /// Estimates the tokens for a body that is not in memory, such as a file. Uses constant memory, and
    /// blocks while it reads.
    ///
    /// # Errors
    /// Returns the first error of the reader.
    pub fn from_reader(mut body: impl Read) -> io::Result<Self> {
        Self::from_dyn_reader(&mut body)
    }

    /// Implements [`from_reader`](Self::from_reader) without generics, so that the parser is compiled only
    /// once.
    fn from_dyn_reader(body: &mut dyn Read) -> io::Result<Self> {
        let mut body =
            BufReader::new(EstimatingReader { body, estimator: InputEstimator::default(), error: None });
        let max_output_tokens = read_max_output_tokens(IoRead::new(&mut body));
        // The parser stops at the end of the JSON value or at an error. The remaining bytes also count as
        // input.
        let rest = io::copy(&mut body, &mut io::sink());
        let EstimatingReader { estimator, error, .. } = body.into_inner();
        // Check the stored error first, because the parser may have hidden it.
        error.map_or(rest.map(drop), Err)?;
        Ok(Self { input_tokens: estimator.tokens(), max_output_tokens })
    }
}

/// A reader that passes the bytes of another reader to an estimator.
struct EstimatingReader<R> {
    body: R,
    estimator: InputEstimator,
    /// The first error of `body`. It is stored here, because the parser treats an error like the end of the
    /// input.
    error: Option<io::Error>,
}

impl<R: Read> Read for EstimatingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.body.read(buffer) {
            Ok(read) => {
                self.estimator.update(&buffer[..read]);
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.error = Some(error);
                Err(kind.into())
            }
        }
    }
}
