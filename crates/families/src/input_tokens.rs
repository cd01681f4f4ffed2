//! Estimates the number of input tokens of a request body.

/// The estimated number of bytes per token. With most vocabularies, English prose has about four letters per
/// token. For text with fewer letters per token, the estimate is too low. The JSON syntax around the text
/// partly compensates for this error, because its bytes also count.
const BYTES_PER_TOKEN: u64 = 4;

/// The maximum number of bytes that count in an unbroken run of letters and digits. A picture in base64 is
/// such a run. The number of tokens of a picture depends on its size in pixels, and not on its size in bytes.
/// A Claude model uses at most about 1,600 tokens for a picture.
/// <https://platform.claude.com/docs/en/build-with-claude/vision>
const MAX_RUN: u64 = 1_600 * BYTES_PER_TOKEN;

/// Returns the estimated number of input tokens of a request body of any model family.
///
/// The estimate is one token for every four bytes of the body, including its JSON syntax. An unbroken run of
/// letters and digits, such as a picture in base64, counts as at most 1,600 tokens.
///
/// ```
/// use invoke_model_families::estimate_input_tokens;
///
/// assert_eq!(estimate_input_tokens(br#"{"prompt":"How many tokens is this?"}"#), 10);
/// ```
#[must_use]
pub fn estimate_input_tokens(body: &[u8]) -> u64 {
    let mut estimator = InputEstimator::default();
    estimator.update(body);
    estimator.tokens()
}

/// Estimates input tokens from the bytes of a body. The caller can pass the body in pieces.
#[derive(Debug, Default)]
pub(crate) struct InputEstimator {
    /// The number of bytes that count, without the bytes of the current run.
    bytes: u64,
    /// The number of bytes in the current run.
    run: u64,
}

impl InputEstimator {
    pub(crate) fn update(&mut self, piece: &[u8]) {
        // `split` splits the piece at each byte that ends a run. Therefore each part is followed by such a
        // byte, except the last part.
        let mut parts = piece.split(|byte| !IS_RUN[usize::from(*byte)]).map(|part| part.len() as u64);
        self.run += parts.next().unwrap_or_default();
        for part in parts {
            self.bytes += std::mem::replace(&mut self.run, part).min(MAX_RUN) + 1;
        }
    }

    pub(crate) fn tokens(&self) -> u64 {
        (self.bytes + self.run.min(MAX_RUN)).div_ceil(BYTES_PER_TOKEN)
    }
}

/// A table of the bytes that can be part of a run. These bytes are the characters of the standard and of the
/// URL-safe base64 alphabet, the padding character `=`, and the backslash. The backslash is included, because
/// JSON can escape a slash or a line break with a backslash.
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
