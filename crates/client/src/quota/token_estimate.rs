//! Reads the body of a request, and estimates the number of tokens that the request may use.

use std::io::{self, BufReader, Read};

use serde_json::de::{IoRead, SliceRead};

use super::max_output::max_output_tokens;

/// The estimated number of bytes per token. With most vocabularies, English prose has about four letters per
/// token. Other text can have fewer letters per token, but the JSON syntax around the text adds bytes to the
/// estimate.
const BYTES_PER_TOKEN: u64 = 4;

/// The maximum number of bytes that count in an unbroken run of letters and digits. A picture in base64 is
/// such a run. The number of tokens of a picture depends on its size in pixels, and not on its size in bytes.
/// A Claude model uses at most about 1,600 tokens for a picture.
/// <https://platform.claude.com/docs/en/build-with-claude/vision>
const MAX_RUN: u64 = 1_600 * BYTES_PER_TOKEN;

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
    /// The estimate of the input is one token for every four bytes of the body, including its JSON syntax. An
    /// unbroken run of letters and digits, such as a picture in base64, counts as at most 1,600 tokens.
    ///
    /// The maximum number of output tokens is the limit in the body. One of these members contains the limit:
    ///
    /// | family | member |
    /// |---|---|
    /// | Claude, Mistral, Cohere Command, DeepSeek, gpt-oss, Qwen | `max_tokens`, `max_completion_tokens`, `max_tokens_to_sample` |
    /// | Nova | `inferenceConfig.maxTokens`, `inferenceConfig.max_new_tokens` |
    /// | Titan text | `textGenerationConfig.maxTokenCount` |
    /// | Llama | `max_gen_len` |
    /// | Jurassic | `maxTokens` |
    ///
    /// Reads the body twice: once to estimate the input, and once to find the output limit. A body that is
    /// not JSON has no output limit.
    pub fn from_body(body: &[u8]) -> Self {
        let mut input = InputEstimator::default();
        input.update(body);
        Self { input_tokens: input.tokens(), max_output_tokens: max_output_tokens(SliceRead::new(body)) }
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
        let max_output_tokens = max_output_tokens(IoRead::new(&mut body));
        // The parser stops at the end of the JSON value or at an error. The remaining bytes also count as
        // input.
        let rest = io::copy(&mut body, &mut io::sink());
        let EstimatingReader { estimator, error, .. } = body.into_inner();
        // Check the stored error first, because the parser may have hidden it.
        error.map_or(rest.map(drop), Err)?;
        Ok(Self { input_tokens: estimator.tokens(), max_output_tokens })
    }
}

/// Estimates input tokens from the bytes of a body. The caller can pass the body in pieces.
#[derive(Debug, Default)]
struct InputEstimator {
    /// The number of bytes that count, without the bytes of the current run.
    bytes: u64,
    /// The number of bytes in the current run.
    run: u64,
}

impl InputEstimator {
    fn update(&mut self, piece: &[u8]) {
        // A byte that ends the run follows every part except the last part.
        let mut parts = piece.split(|byte| !IS_RUN[usize::from(*byte)]).map(|part| part.len() as u64);
        self.run += parts.next().unwrap_or_default();
        for part in parts {
            self.bytes += std::mem::replace(&mut self.run, part).min(MAX_RUN) + 1;
        }
    }

    fn tokens(&self) -> u64 {
        (self.bytes + self.run.min(MAX_RUN)).div_ceil(BYTES_PER_TOKEN)
    }
}

/// A table of the bytes that can be part of a run. These bytes are both alphabets of base64, the padding of
/// base64, and the backslash. The backslash is included, because JSON can escape a slash or a line break with
/// a backslash.
static IS_RUN: [bool; 256] = {
    let mut is_run = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        is_run[byte] = matches!(byte as u8, b'+' | b'/' | b'-' | b'_' | b'=' | b'\\')
            || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    is_run
};

/// A reader that passes the bytes of another reader to an estimator.
struct EstimatingReader<R> {
    body: R,
    estimator: InputEstimator,
    /// The first error of the reader. This reader stores the error, because the parser treats an error like
    /// the end of the input.
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
