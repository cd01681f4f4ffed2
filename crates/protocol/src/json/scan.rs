//! A parser that converts JSON text to a list of nodes. It does not recurse, so deeply nested text cannot
//! overflow the stack.

use std::fmt;

use super::{BorrowedValue, MAX_DEPTH};
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

impl Node<'_> {
    /// Returns the number of nodes of the value, including this node.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Array(count) | Self::Object(count) => 1 + count,
            _ => 1,
        }
    }
}

/// The number of nodes that [`Nodes`] stores without an allocation. The bodies of most events have fewer.
const FEW: usize = 12;

/// The nodes of a parsed body. `Debug` does not print values, because they may be sensitive.
pub struct Nodes<'a> {
    few: [Node<'a>; FEW],
    /// All nodes, if there are more than [`FEW`].
    many: Vec<Node<'a>>,
    length: usize,
}

impl<'a> Nodes<'a> {
    /// Parses a body. Returns the value.
    ///
    /// # Errors
    /// Returns an error if the body is not JSON, or if it is nested too deeply.
    pub(crate) fn parse(&mut self, body: &'a [u8]) -> Result<BorrowedValue<'_>, ParseError> {
        // Checks the complete body at once, because this is faster than a check of each string.
        let text = std::str::from_utf8(body).map_err(|error| not_json(body, error.valid_up_to()))?;
        self.many.clear();
        self.length = 0;
        let mut scanner =
            Scanner { text, at: 0, nodes: self, parent: 0, container: Container::None, depth: 0 };
        match scanner.value() {
            Some(()) => Ok(BorrowedValue(self.as_slice())),
            None if scanner.depth > MAX_DEPTH => Err(ParseErrorKind::TooDeep.into()),
            None => Err(not_json(body, scanner.at)),
        }
    }

    fn push(&mut self, node: Node<'a>) {
        if let Some(next) = self.few.get_mut(self.length) {
            *next = node;
        } else {
            if self.many.is_empty() {
                self.many.extend(self.few);
            }
            self.many.push(node);
        }
        self.length += 1;
    }

    fn as_slice(&self) -> &[Node<'a>] {
        if self.many.is_empty() { &self.few[..self.length] } else { &self.many }
    }

    fn get_mut(&mut self, index: usize) -> Option<&mut Node<'a>> {
        if self.many.is_empty() { self.few.get_mut(index) } else { self.many.get_mut(index) }
    }
}

impl Default for Nodes<'_> {
    fn default() -> Self {
        Self { few: [Node::Null; FEW], many: Vec::new(), length: 0 }
    }
}

impl fmt::Debug for Nodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nodes").finish_non_exhaustive()
    }
}

/// Returns the error for a body that is not JSON because of the byte at `at`.
fn not_json(body: &[u8], at: usize) -> ParseError {
    let (line, column) = position(body, at);
    ParseErrorKind::NotJson { line, column }.into()
}

/// Returns the line and the column of the byte at `at`, for error messages.
pub(super) fn position(text: &[u8], at: usize) -> (usize, usize) {
    let read = &text[..text.len().min(at + 1)];
    let line = 1 + read.iter().filter(|byte| **byte == b'\n').count();
    let column = read.iter().rev().take_while(|byte| **byte != b'\n').count();
    (line, column)
}

struct Scanner<'a, 'n> {
    text: &'a str,
    /// The index of the next byte.
    at: usize,
    nodes: &'n mut Nodes<'a>,
    /// The index of the innermost open array or object. The node of an open array or object contains the
    /// index of its parent.
    parent: usize,
    /// The type of the innermost open array or object.
    container: Container,
    depth: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Container {
    None,
    Array,
    Object,
}

/// Each method returns `None` if the text is not JSON.
impl<'a> Scanner<'a, '_> {
    /// Parses the complete text as one value.
    fn value(&mut self) -> Option<()> {
        loop {
            let is_open = match self.next()? {
                b'"' => self.string().map(|()| false)?,
                b'{' => self.open(Node::Object, Container::Object)? && !self.close_if(b'}'),
                b'[' => self.open(Node::Array, Container::Array)? && !self.close_if(b']'),
                b'n' => self.literal(b"null", Node::Null).map(|()| false)?,
                b't' => self.literal(b"true", Node::Bool(true)).map(|()| false)?,
                b'f' => self.literal(b"false", Node::Bool(false)).map(|()| false)?,
                _ => self.number().map(|()| false)?,
            };
            if !is_open {
                // Ends all arrays and objects that end here.
                loop {
                    match (self.next(), self.container) {
                        (None, Container::None) => return Some(()),
                        (Some(b','), Container::Array | Container::Object) => break,
                        (Some(b'}'), Container::Object) | (Some(b']'), Container::Array) => self.close(),
                        _ => return None,
                    }
                }
                self.at += 1;
            }
            if self.container == Container::Object {
                self.name()?;
            }
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

    /// Starts an array or object. Returns `true`, or `None` if it is nested too deeply.
    fn open(&mut self, node: fn(usize) -> Node<'a>, container: Container) -> Option<bool> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.at += 1;
        self.container = container;
        let parent = std::mem::replace(&mut self.parent, self.nodes.length);
        self.nodes.push(node(parent));
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
        self.at += 1;
        self.depth -= 1;
        let found = self.nodes.length - self.parent - 1;
        if let Some(Node::Array(count) | Node::Object(count)) = self.nodes.get_mut(self.parent) {
            self.parent = std::mem::replace(count, found);
        }
        self.container = match self.nodes.get_mut(self.parent) {
            _ if self.depth == 0 => Container::None,
            Some(Node::Array(_)) => Container::Array,
            _ => Container::Object,
        };
    }

    /// Parses the name of a member and the colon.
    fn name(&mut self) -> Option<()> {
        if self.next()? != b'"' {
            return None;
        }
        self.string()?;
        if self.next()? != b':' {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Parses a string. The next byte is a quote.
    fn string(&mut self) -> Option<()> {
        let quote = self.at;
        self.at += 1;
        self.at += plain_length(self.text.as_bytes().get(self.at..)?);
        let node = match self.text.as_bytes().get(self.at)? {
            b'"' => Node::Plain(self.text.get(quote + 1..self.at)?),
            _ => self.escaped(quote)?,
        };
        self.nodes.push(node);
        self.at += 1;
        Some(())
    }

    /// Parses the rest of a string with escape sequences, up to its closing quote. Most strings have no
    /// escape sequences.
    #[cold]
    fn escaped(&mut self, quote: usize) -> Option<Node<'a>> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b'"' => return self.text.get(quote..=self.at).map(Node::Escaped),
                b'\\' => {
                    self.at += 1;
                    self.escape_sequence(*self.text.as_bytes().get(self.at)?)?;
                }
                _ => return None,
            }
            self.at += plain_length(self.text.as_bytes().get(self.at..)?);
        }
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

    fn literal(&mut self, literal: &[u8], node: Node<'a>) -> Option<()> {
        for byte in literal {
            self.text.as_bytes().get(self.at).filter(|found| *found == byte)?;
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
        self.nodes.push(Node::Number(self.text.get(start..self.at)?));
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
    let mut chunks = bytes.chunks_exact(8);
    let mut length = 0;
    for chunk in chunks.by_ref() {
        let word = chunk.try_into().map_or(0, u64::from_le_bytes);
        // This change of one bit makes the quote smaller than 33, like the control characters, and makes all
        // other characters larger.
        let quote_or_control = word ^ (ONES * 2);
        let quote_or_control = quote_or_control.wrapping_sub(ONES * 33) & !quote_or_control;
        let backslash = word ^ (ONES * u64::from(b'\\'));
        let backslash = backslash.wrapping_sub(ONES) & !backslash;
        // The highest bit of a byte marks one of these characters. Marks after the first mark can be wrong.
        let found = (quote_or_control | backslash) & (ONES << 7);
        if found != 0 {
            return length + (found.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let is_plain = |byte: &&u8| **byte >= b' ' && **byte != b'"' && **byte != b'\\';
    length + chunks.remainder().iter().take_while(is_plain).count()
}
