//! The words in XML and HTML pages of AWS front ends, load balancers and proxies.
//!
//! HTML pages are often not well-formed, so this module does not use an XML parser. It reads tags and texts
//! in order, and ignores everything else.

/// The words of a page.
#[derive(Debug, Default)]
pub(super) struct MarkupWords {
    /// The element `Code` of an AWS error, or the name of the root element if it is the name of an exception.
    pub(super) code: Option<String>,
    /// The element `Message` of an AWS error, or all texts of the page.
    pub(super) message: Option<String>,
}

/// The maximum number of bytes of text that is collected from a page.
const MAX_LENGTH: usize = 4096;

/// Returns the words of a page.
pub(super) fn words(page: &str) -> MarkupWords {
    let mut root = None;
    let (mut code, mut message, mut texts) = (None, None, Texts::default());
    let mut element = "";
    for token in (Tokens { rest: page }) {
        match token {
            Token::Start(name) => {
                root = root.or(Some(name));
                element = name;
            }
            Token::End => element = "",
            Token::Text(text) => {
                let text = unescape(text);
                match element {
                    "Code" | "code" => set(&mut code, &text),
                    "Message" | "message" | "faultstring" => set(&mut message, &text),
                    _ => {}
                }
                texts.add(&text);
            }
        }
    }
    let root = root.unwrap_or_default();
    if root.eq_ignore_ascii_case("html") {
        return MarkupWords { code: None, message: texts.into_message() };
    }
    let exception = || Some(root.to_owned()).filter(|root| root.ends_with("Exception"));
    MarkupWords { code: code.or_else(exception), message: message.or_else(|| texts.into_message()) }
}

fn set(word: &mut Option<String>, text: &str) {
    if word.is_none() && !text.is_empty() {
        *word = Some(text.to_owned());
    }
}

/// The texts of a page, each text once. The title of a page often is its first heading.
#[derive(Default)]
struct Texts(String, String);

impl Texts {
    fn add(&mut self, text: &str) {
        let Self(all, last) = self;
        if text.is_empty() || text == last || all.len() > MAX_LENGTH {
            return;
        }
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(text);
        text.clone_into(last);
    }

    fn into_message(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }
}

enum Token<'a> {
    /// The local name of an element.
    Start(&'a str),
    End,
    Text(&'a str),
}

/// Divides a page into tags and texts. Skips comments, declarations, scripts and styles.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let Some(tag) = self.rest.strip_prefix('<') else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                return Some(Token::Text(self.take(end, 0)));
            };
            if tag.starts_with("!--") {
                self.skip("-->");
            } else if tag.starts_with("![CDATA[") {
                self.take(0, "<![CDATA[".len());
                let end = self.rest.find("]]>").unwrap_or(self.rest.len());
                return Some(Token::Text(self.take(end, 3)));
            } else if tag.starts_with(['!', '?']) {
                self.skip(">");
            } else if tag.starts_with('/') {
                self.skip(">");
                return Some(Token::End);
            } else {
                let end = self.rest.find('>').unwrap_or(self.rest.len());
                let tag = self.take(end, 1).trim_start_matches('<');
                let name = tag.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
                let name = name.rsplit(':').next().unwrap_or_default();
                for skipped in ["script", "style"] {
                    if name.eq_ignore_ascii_case(skipped) {
                        self.skip_element(skipped);
                    }
                }
                return Some(Token::Start(name));
            }
        }
    }
}

impl<'a> Tokens<'a> {
    /// Takes the text before `end`, and skips `length` bytes after it.
    fn take(&mut self, end: usize, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest.get(length..).unwrap_or_default();
        taken
    }

    /// Skips everything up to the end of `end`.
    fn skip(&mut self, end: &str) {
        let at = self.rest.find(end).unwrap_or(self.rest.len());
        self.take(at, end.len());
    }

    /// Skips the content of a script or style, in which `<` has no meaning. Keeps the end tag.
    fn skip_element(&mut self, name: &str) {
        let is_end = |at: &usize| {
            let tag = self.rest.get(at + 2..at + 2 + name.len());
            tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name))
        };
        let end = self.rest.match_indices("</").map(|(at, _)| at).find(is_end).unwrap_or(self.rest.len());
        self.take(end, 0);
    }
}

/// Replaces entities by their characters, and sequences of blanks by one space.
fn unescape(text: &str) -> String {
    let mut unescaped = String::new();
    for (index, part) in text.split('&').enumerate() {
        // The longest entity here is `&#x10FFFF;`.
        let end = part.bytes().take(10).position(|byte| byte == b';').filter(|_| index > 0);
        match end.and_then(|end| Some((entity(&part[..end])?, &part[end + 1..]))) {
            Some((character, rest)) => {
                unescaped.push(character);
                unescaped.push_str(rest);
            }
            None => {
                unescaped.push_str(if index > 0 { "&" } else { "" });
                unescaped.push_str(part);
            }
        }
    }
    unescaped.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}
