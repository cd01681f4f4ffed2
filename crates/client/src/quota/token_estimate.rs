//! The tokens that a request may use, estimated from its body.

use std::io::{self, BufReader, Read};

use serde_json::de::{IoRead, SliceRead};

use super::max_output::max_output_tokens;

/// English prose has about four letters per token with most vocabularies. The JSON around it makes up for
/// text that has fewer.
const BYTES_PER_TOKEN: u64 = 4;

/// A picture costs tokens by its size in pixels, not in bytes: with Claude models at most about 1,600 tokens.
/// <https://platform.claude.com/docs/en/build-with-claude/vision>
const MAX_RUN: u64 = 1_600 * BYTES_PER_TOKEN;

/// The tokens that a request may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenEstimate {
    /// Estimated input tokens.
    pub input_tokens: u64,
    /// Maximum output tokens, if the body limits them.
    pub max_output_tokens: Option<u64>,
}

impl TokenEstimate {
    /// Estimates the tokens of a body in the schema of any model family.
    ///
    /// Input: one token for every four bytes of the body, including its JSON, and at most 1,600 tokens for an
    /// unbroken run of letters and digits, such as a picture in base64. Output: the limit in the body:
    ///
    /// | family | member |
    /// |---|---|
    /// | Claude, Mistral, Cohere Command, DeepSeek, gpt-oss, Qwen | `max_tokens`, `max_completion_tokens`; `max_tokens_to_sample` |
    /// | Nova | `inferenceConfig.maxTokens`, `inferenceConfig.max_new_tokens` |
    /// | Titan text | `textGenerationConfig.maxTokenCount` |
    /// | Llama | `max_gen_len` |
    /// | Jurassic | `maxTokens` |
    ///
    /// Reads the body once for each of the two. A body that is not JSON has no output limit.
    pub fn from_body(body: &[u8]) -> Self {
        let mut input = InputEstimator::default();
        input.update(body);
        Self { input_tokens: input.tokens(), max_output_tokens: max_output_tokens(SliceRead::new(body)) }
    }

    /// Estimates the tokens of a body that is not in memory, such as a file, in constant memory. Blocks while
    /// it reads.
    ///
    /// # Errors
    /// Returns the first error of the reader.
    pub fn from_reader(mut body: impl Read) -> io::Result<Self> {
        Self::from_dyn_reader(&mut body)
    }

    /// Not generic, so that the parser is compiled once.
    fn from_dyn_reader(body: &mut dyn Read) -> io::Result<Self> {
        let mut body =
            BufReader::new(EstimatingReader { body, estimator: InputEstimator::default(), error: None });
        let max_output_tokens = max_output_tokens(IoRead::new(&mut body));
        // The parser stops at the end of the value, or at an error; the rest is input, too.
        let rest = io::copy(&mut body, &mut io::sink());
        let EstimatingReader { estimator, error, .. } = body.into_inner();
        // The first error may have been hidden by the parser.
        error.map_or(rest.map(drop), Err)?;
        Ok(Self { input_tokens: estimator.tokens(), max_output_tokens })
    }
}

/// Estimates input tokens from the bytes of a body, which may come in pieces.
#[derive(Debug, Default)]
struct InputEstimator {
    /// Bytes that count, without those of the current run.
    bytes: u64,
    /// Bytes of the current run.
    run: u64,
}

impl InputEstimator {
    fn update(&mut self, piece: &[u8]) {
        // Each part except the last is followed by a byte that ends the run.
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

/// The bytes of a run: both alphabets of base64, its padding, and the backslash, which JSON may put before a
/// slash or a line break.
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

/// Estimates the tokens of the bytes that are read through it.
struct EstimatingReader<R> {
    body: R,
    estimator: InputEstimator,
    /// Kept, because the parser treats an error like the end of the input.
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
