//! Lines of limited size.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// The maximum size of a line of an adapter in bytes.
pub(super) const MAX_LINE: usize = 64_000_000;

/// The result of reading a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The line is complete. It does not contain the line break.
    Complete,
    /// The line is longer than the maximum. Its first bytes were read.
    TooLong,
    /// The input has ended, and there is no line.
    End,
}

/// Reads a line and appends it to `line`, to which the last call may have appended the start of the line. If the caller
/// stops waiting, the next call continues the line. The last line of the input can lack a line break.
pub(super) async fn read(
    input: &mut (impl AsyncBufRead + Unpin + ?Sized),
    line: &mut Vec<u8>,
    max: usize,
) -> io::Result<Line> {
    loop {
        let bytes = input.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(if line.is_empty() { Line::End } else { Line::Complete });
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        if part.len() > max - line.len() {
            let length = max - line.len();
            line.extend_from_slice(&part[..length]);
            input.consume(length);
            return Ok(Line::TooLong);
        }
        line.extend_from_slice(part);
        let length = part.len() + usize::from(end.is_some());
        input.consume(length);
        if end.is_some() {
            return Ok(Line::Complete);
        }
    }
}

/// Skips the rest of a line.
pub(super) async fn skip(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<()> {
    loop {
        let bytes = input.fill_buf().await?;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(bytes.len(), |end| end + 1);
        let is_end = bytes.is_empty() || end.is_some();
        input.consume(length);
        if is_end {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(mut input: &[u8], expected: &[(&str, Line)]) {
        for (text, line) in expected {
            let mut bytes = Vec::new();
            assert_eq!(read(&mut input, &mut bytes, 3).await.unwrap(), *line);
            assert_eq!(String::from_utf8(bytes).unwrap(), *text);
            if *line == Line::TooLong {
                skip(&mut input).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn reads_lines_up_to_the_maximum() {
        use Line::{Complete, End, TooLong};
        check(b"", &[("", End)]).await;
        check(b"abc\n\nd", &[("abc", Complete), ("", Complete), ("d", Complete), ("", End)]).await;
        check(b"abcd\ne\n", &[("abc", TooLong), ("e", Complete), ("", End)]).await;
        check(b"abcdefgh", &[("abc", TooLong), ("", End)]).await;
    }
}
