//! Writes to standard output and standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::exit::Failure;

/// Prints to standard output, and flushes it. On a terminal, replaces unsafe characters with U+FFFD. Other
/// outputs get the exact bytes.
///
/// If the write fails, for example because the disk is full, prints the text to standard error, because the
/// service also bills a response that cannot be written. If the reader has closed the pipe, it does not need
/// the text.
pub(crate) fn print_output(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let is_terminal = out.is_terminal();
    let Err(error) = write(&mut out, text, is_terminal) else { return Ok(()) };
    let failure = Failure::output(error);
    if !failure.has_message() {
        return Err(failure);
    }
    print_error(&String::from_utf8_lossy(text));
    Err(failure.with_advice("the text is on standard error"))
}

/// Prints a line to standard error. Replaces unsafe characters with spaces, as the errors of the client do.
/// Logs of a CI system are often read in a terminal, so the text does not depend on the type of standard
/// error.
///
/// Ignores a failed write, because a panic of `eprintln!` would replace the exit code.
pub(crate) fn print_error(line: &dyn Display) {
    let _ = writeln!(io::stderr(), "{}", printable(&line.to_string(), ' '));
}

/// Writes to a stream, and flushes it. For a terminal, replaces unsafe characters with U+FFFD.
pub(crate) fn write(out: &mut impl Write, text: &[u8], is_terminal: bool) -> io::Result<()> {
    match is_terminal {
        true => {
            out.write_all(printable(&String::from_utf8_lossy(text), char::REPLACEMENT_CHARACTER).as_bytes())?
        }
        false => out.write_all(text)?,
    }
    out.flush()
}

/// Replaces the characters that are not safe on a terminal. Models, services and proxies may send them. Keeps
/// line ends and tabs.
pub(crate) fn printable(text: &str, replacement: char) -> String {
    let mut characters = text.chars().peekable();
    let mut printable = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        let is_line_end = character == '\r' && characters.peek() == Some(&'\n');
        let is_kept = is_line_end || matches!(character, '\n' | '\t') || !is_unsafe(character);
        printable.push(if is_kept { character } else { replacement });
    }
    printable
}

/// Returns `true` for a character that changes more than its own place on a terminal: a control character, or
/// a control of the text direction. Escape sequences can set the clipboard, and a control of the direction
/// can show the characters of a line in another order.
///
/// The controls of the direction are the embeddings, overrides and isolates of
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>. Implicit marks are not among
/// them, because texts in Arabic and Hebrew contain them, and they affect only their neighbors.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Error of a command whose output nobody can read.
#[cfg(unix)]
#[derive(Debug, thiserror::Error)]
#[error(
    "standard output is closed; to discard the output, open /dev/null only for writing, as `> /dev/null` does"
)]
struct ClosedOutput;

/// Returns an error if standard output was closed before the command started, as with `>&-`.
///
/// A command calls this function before a call whose response it prints, because the service also bills a
/// response that cannot be printed. A write to a closed output would succeed.
#[cfg(unix)]
pub(crate) fn check_output() -> Result<(), Failure> {
    match is_closed(io::stdout()) {
        true => Err(Failure::output(io::Error::other(ClosedOutput))),
        false => Ok(()),
    }
}

#[cfg(not(unix))]
pub(crate) fn check_output() -> Result<(), Failure> {
    Ok(())
}

/// Returns `true` if the runtime of Rust has opened this stream, because the stream was closed.
///
/// The runtime opens `/dev/null` for reading and writing. Shells open `/dev/null` only for writing if the
/// output is discarded.
#[cfg(unix)]
fn is_closed(stream: impl std::os::fd::AsFd) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    use rustix::fs::{OFlags, fcntl_getfl};

    let Ok(flags) = fcntl_getfl(&stream) else { return true };
    let duplicate = stream.as_fd().try_clone_to_owned().map(std::fs::File::from);
    let (Ok(found), Ok(null)) = (duplicate.and_then(|file| file.metadata()), std::fs::metadata("/dev/null"))
    else {
        return false;
    };
    let is_null = found.file_type().is_char_device() && found.rdev() == null.rdev();
    is_null && flags & OFlags::RWMODE == OFlags::RDWR
}

#[cfg(test)]
mod tests;
