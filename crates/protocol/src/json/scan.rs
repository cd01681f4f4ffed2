//! A parser that converts JSON text to a list of nodes. It does not recurse, so deep text cannot overflow the
//! stack.

use super::MAX_DEPTH;
use crate::error::{ParseError, ParseErrorKind};

/// A node of parsed JSON text. The nodes of an array or object follow its own node. Each member of an object
/// has a node for its name, followed by the nodes of its value.
#[derive(Clone, Copy)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    /// The text of a number.
    Number(&'a str),
    /// A string without escape sequences, without its quotes.
    Plain(&'a str),
    /// A string with escape sequences, with its quotes.
    Escaped(&'a str),
    /// The number of nodes in an array, without the node of the array.
    Array(usize),
    /// The number of nodes in an object, without the node of the object.
    Object(usize),
}

/// Parses a body. Returns the nodes of the value.
///
/// # Errors
/// Returns an error if the body is not JSON, or if it is nested too deeply.
pub(super) fn nodes(body: &[u8]) -> Result<Vec<Node<'_>>, ParseError> {
    // Checks the complete body at once, because this is faster than a check of each string.
    let text = std::str::from_utf8(body).map_err(|error| not_json(body, error.valid_up_to()))?;
    // The bodies of most events have fewer nodes. The vector grows for larger bodies.
    let nodes = Vec::with_capacity(16);
    let mut scanner = Scanner { text, at: 0, nodes, parent: None, depth: 0 };
    match scanner.value() {
        Some(()) => Ok(scanner.nodes),
        None if scanner.depth > MAX_DEPTH => Err(ParseErrorKind::TooDeep.into()),
        None => Err(not_json(body, scanner.at)),
    }
}

/// Returns the error for a body that is not JSON from the byte `at` on.
fn not_json(body: &[u8], at: usize) -> ParseError {
    let read = &body[..body.len().min(at + 1)];
    let line = 1 + read.iter().filter(|byte| **byte == b'\n').count();
    let column = read.iter().rev().take_while(|byte| **byte != b'\n').count();
    ParseErrorKind::NotJson { line, column }.into()
}

struct Scanner<'a> {
    text: &'a str,
    /// The index of the next byte.
    at: usize,
    nodes: Vec<Node<'a>>,
    /// The index of the innermost open array or object. While an array or object is open, its node contains
    /// the index of its own parent, plus one, or 0.
    parent: Option<usize>,
    depth: usize,
}

/// Each method returns `None` if the text is not JSON.
impl<'a> Scanner<'a> {
    /// Parses the complete text as one value.
    fn value(&mut self) -> Option<()> {
        loop {
            let is_open = match self.next()? {
                b'"' => self.string().map(|()| false)?,
                b'{' => self.open(Node::Object)? && !self.close_if(b'}'),
                b'[' => self.open(Node::Array)? && !self.close_if(b']'),
                b'n' => self.literal("null", Node::Null).map(|()| false)?,
                b't' => self.literal("true", Node::Bool(true)).map(|()| false)?,
                b'f' => self.literal("false", Node::Bool(false)).map(|()| false)?,
                _ => self.number().map(|()| false)?,
            };
            if is_open {
                self.name_in_object()?;
                continue;
            }
            loop {
                match (self.next(), self.parent.and_then(|parent| self.nodes.get(parent))) {
                    (None, None) => return Some(()),
                    (Some(b','), Some(_)) => break,
                    (Some(b'}'), Some(Node::Object(_))) | (Some(b']'), Some(Node::Array(_))) => self.close(),
                    _ => return None,
                }
            }
            self.at += 1;
            self.name_in_object()?;
        }
    }

    /// Skips whitespace, and returns the next byte.
    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Starts an array or object. Returns `true`.
    fn open(&mut self, node: fn(usize) -> Node<'a>) -> Option<bool> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.at += 1;
        let parent = self.parent.replace(self.nodes.len());
        self.nodes.push(node(parent.map_or(0, |parent| parent + 1)));
        Some(true)
    }

    /// Ends the innermost array or object if `end` is the next byte.
    fn close_if(&mut self, end: u8) -> bool {
        let is_end = self.next() == Some(end);
        if is_end {
            self.close();
        }
        is_end
    }

    /// Ends the innermost array or object.
    fn close(&mut self) {
        let Some(parent) = self.parent else { return };
        let found = self.nodes.len() - parent - 1;
        if let Some(Node::Array(count) | Node::Object(count)) = self.nodes.get_mut(parent) {
            self.parent = std::mem::replace(count, found).checked_sub(1);
        }
        self.at += 1;
        self.depth -= 1;
    }

    /// Parses the name of a member and the colon, if the innermost open value is an object.
    fn name_in_object(&mut self) -> Option<()> {
        if let Some(Node::Object(_)) = self.parent.and_then(|parent| self.nodes.get(parent)) {
            if self.next()? != b'"' {
                return None;
            }
            self.string()?;
            if self.next()? != b':' {
                return None;
            }
            self.at += 1;
        }
        Some(())
    }

    /// Parses a string. The next byte is a quote.
    fn string(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut is_escaped = false;
        self.at += 1;
        loop {
            self.at += plain_length(bytes.get(self.at..)?);
            match bytes.get(self.at)? {
                b'"' => break,
                b'\\' => {
                    is_escaped = true;
                    self.at += 1;
                    self.escape_sequence(*bytes.get(self.at)?)?;
                }
                _ => return None,
            }
        }
        let node = match is_escaped {
            true => Node::Escaped(&self.text[start..=self.at]),
            false => Node::Plain(&self.text[start + 1..self.at]),
        };
        self.nodes.push(node);
        self.at += 1;
        Some(())
    }

    /// Skips an escape sequence after its backslash.
    fn escape_sequence(&mut self, byte: u8) -> Option<()> {
        if !matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') {
            return None;
        }
        self.at += 1;
        if byte == b'u' {
            for _ in 0..4 {
                self.text.as_bytes().get(self.at).filter(|byte| byte.is_ascii_hexdigit())?;
                self.at += 1;
            }
        }
        Some(())
    }

    fn literal(&mut self, literal: &str, node: Node<'a>) -> Option<()> {
        for byte in literal.bytes() {
            self.text.as_bytes().get(self.at).filter(|found| **found == byte)?;
            self.at += 1;
        }
        self.nodes.push(node);
        Some(())
    }

    /// Parses a number. A number has no leading zeros.
    ///
    /// <https://www.rfc-editor.org/rfc/rfc8259#section-6>
    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.skip_one_of(b"-");
        if !self.skip_one_of(b"0") {
            self.digits()?;
        }
        if self.skip_one_of(b".") {
            self.digits()?;
        }
        if self.skip_one_of(b"eE") {
            self.skip_one_of(b"+-");
            self.digits()?;
        }
        self.nodes.push(Node::Number(&self.text[start..self.at]));
        Some(())
    }

    fn skip_one_of(&mut self, bytes: &[u8]) -> bool {
        let is_found = self.text.as_bytes().get(self.at).is_some_and(|byte| bytes.contains(byte));
        self.at += usize::from(is_found);
        is_found
    }

    fn digits(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }
}

/// Returns the number of bytes before the first quote, backslash or control character. Compares 8 bytes at a
/// time, because most of a body is the content of strings.
///
/// <https://graphics.stanford.edu/~seander/bithacks.html#ValueInWord>
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut chunks = bytes.chunks_exact(8);
    let mut length = 0;
    for chunk in chunks.by_ref() {
        let word = chunk.try_into().map_or(0, u64::from_le_bytes);
        let control = word.wrapping_sub(ONES * u64::from(b' ')) & !word;
        let quote = zero_bytes(word ^ (ONES * u64::from(b'"')));
        let backslash = zero_bytes(word ^ (ONES * u64::from(b'\\')));
        // Each of these bytes has its highest bit set. The bits of lower bytes are exact.
        let found = (control | quote | backslash) & (ONES << 7);
        if found != 0 {
            return length + (found.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let is_plain = |byte: &&u8| **byte >= b' ' && **byte != b'"' && **byte != b'\\';
    length + chunks.remainder().iter().take_while(is_plain).count()
}
