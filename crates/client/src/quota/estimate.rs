//! How many tokens a body may be, before anybody has counted them.

/// English prose has about four letters to a token, with most vocabularies; the members and quotes of JSON make up for
/// text that has fewer.
const BYTES_PER_TOKEN: u64 = 4;
/// A picture costs by its size in pixels and not in bytes: with Claude models about 1,600 tokens for the largest that
/// is not scaled down. <https://platform.claude.com/docs/en/build-with-claude/vision>
const MOST_OF_A_RUN: u64 = 1_600 * BYTES_PER_TOKEN;

/// Counts bytes, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Estimate {
    bytes: u64,
    /// Bytes of the run that is not over yet.
    run: u64,
}

impl Estimate {
    pub(super) fn read(&mut self, piece: &[u8]) {
        // Each part but the last ends before a byte that ends the run.
        let mut parts = piece.split(|byte| !RUNS[usize::from(*byte)]).map(|part| part.len() as u64);
        self.run += parts.next().unwrap_or_default();
        for part in parts {
            self.bytes += std::mem::replace(&mut self.run, part).min(MOST_OF_A_RUN) + 1;
        }
    }

    pub(super) fn tokens(&self) -> u64 {
        (self.bytes + self.run.min(MOST_OF_A_RUN)).div_ceil(BYTES_PER_TOKEN)
    }
}

/// The bytes that go on a run: both alphabets of base64, its padding, and the backslash, which JSON may put before
/// a slash or a line end.
static RUNS: [bool; 256] = {
    let mut runs = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        runs[byte] = matches!(byte as u8, b'+' | b'/' | b'-' | b'_' | b'=' | b'\\')
            || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    runs
};
