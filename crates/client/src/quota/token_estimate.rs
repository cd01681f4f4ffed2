//! What a request may use, told from its body.

use std::io::{self, BufReader, Read};

use serde_json::de::{IoRead, SliceRead};

use super::estimate::Estimate;
use super::stated;

/// The tokens that a request may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenEstimate {
    /// Tokens of input.
    pub input_tokens: u64,
    /// The most tokens of output, if the body states it.
    pub max_output_tokens: Option<u64>,
}

impl TokenEstimate {
    /// Of a body in the schema of any family.
    ///
    /// The input is estimated: a token for each four bytes of the body, its JSON included, and at most 1,600 for a run
    /// of letters and digits without a break, such as a picture in base64. The most output is what the body states:
    ///
    /// | family | member |
    /// |---|---|
    /// | Claude, Mistral, Cohere Command, DeepSeek, gpt-oss, Qwen | `max_tokens`, `max_completion_tokens`; `max_tokens_to_sample` |
    /// | Nova | `inferenceConfig.maxTokens`, `inferenceConfig.max_new_tokens` |
    /// | Titan text | `textGenerationConfig.maxTokenCount` |
    /// | Llama | `max_gen_len` |
    /// | Jurassic | `maxTokens` |
    ///
    /// The body is read once for each of the two, and nothing of it is kept. What is no JSON states nothing.
    pub fn of_body(body: &[u8]) -> Self {
        let mut estimate = Estimate::default();
        estimate.read(body);
        Self { input_tokens: estimate.tokens(), max_output_tokens: stated::max_output(SliceRead::new(body)) }
    }

    /// Of a body that is not in memory, such as a file, in constant memory. It blocks while it reads.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn of_reader(mut body: impl Read) -> io::Result<Self> {
        Self::of_any_reader(&mut body)
    }

    /// One parser for all readers: each would be compiled anew.
    fn of_any_reader(body: &mut dyn Read) -> io::Result<Self> {
        let mut body = BufReader::new(Estimating { body, estimate: Estimate::default(), error: None });
        let max_output_tokens = stated::max_output(IoRead::new(&mut body));
        // What follows the value, or what could not be read as one, is a part of the input too.
        let rest = io::copy(&mut body, &mut io::sink());
        let Estimating { estimate, error, .. } = body.into_inner();
        // The first error, which the parser may have met.
        error.map_or(rest.map(drop), Err)?;
        Ok(Self { input_tokens: estimate.tokens(), max_output_tokens })
    }
}

/// Estimates what is read through it.
struct Estimating<R> {
    body: R,
    estimate: Estimate,
    /// The parser takes it for the end of what there is to read.
    error: Option<io::Error>,
}

impl<R: Read> Read for Estimating<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.body.read(buffer) {
            Ok(read) => {
                self.estimate.read(&buffer[..read]);
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
