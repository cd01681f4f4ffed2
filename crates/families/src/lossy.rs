//! Replaces the parts of a text that are almost JSON, but that a strict JSON parser rejects.
//!
//! Models and gateways write such texts: half of a surrogate pair, `NaN`, numbers that are too large for a
//! 64-bit float, bytes in Latin-1, or deeply nested values.

use serde_json::Value;

/// The number of nested objects and lists that the result contains. serde_json rejects more than 127.
const MAX_DEPTH: usize = 100;

/// The escaped replacement character. It replaces a character that JSON cannot contain.
const REPLACEMENT: &str = "\\ufffd";

/// Returns the text without what a strict parser rejects.
///
/// * U+FFFD replaces bytes that are not UTF-8, halves of surrogate pairs, and invalid `\u` escapes.
/// * `null` replaces literals that are not JSON, such as `NaN` and `1e999`, and values that are nested too deep.
/// * Escapes replace control characters in strings.
///
/// The result of a text that is JSON is the same JSON. Other mistakes, such as a missing bracket, remain.
pub(crate) fn repair(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut repaired = String::with_capacity(text.len());
    let (mut rest, mut depth) = (text.trim_start_matches('\u{feff}'), 0_usize);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '{' | '}' | '[' | ']' | ':' | ',' => 1,
            first if first.is_ascii_whitespace() => 1,
            _ => rest.find(|c: char| "{}[]:,\"".contains(c) || c.is_ascii_whitespace()).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        match first {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ if depth > MAX_DEPTH => continue,
            '"' => repair_string(token, &mut repaired),
            ':' | ',' => repaired.push_str(token),
            first if first.is_ascii_whitespace() => repaired.push_str(token),
            _ if serde_json::from_str::<Value>(token).is_ok() => repaired.push_str(token),
            _ => repaired.push_str("null"),
        }
        match first {
            '{' | '[' if depth <= MAX_DEPTH => repaired.push_str(token),
            '{' | '[' if depth == MAX_DEPTH + 1 => repaired.push_str("null"),
            '}' | ']' if depth < MAX_DEPTH => repaired.push_str(token),
            _ => {}
        }
    }
    repaired
}

/// Returns the length of the string literal at the start of the text. A literal without an end has the length
/// of the text.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

/// Appends a string literal.
fn repair_string(literal: &str, repaired: &mut String) {
    let mut rest = literal;
    while let Some(character) = rest.chars().next() {
        let length = match character {
            '\\' => {
                let (length, replacement) = escape(rest);
                repaired.push_str(replacement.unwrap_or(&rest[..length]));
                length
            }
            '\0'..='\u{1f}' => {
                repaired.push_str(&format!("\\u{:04x}", u32::from(character)));
                1
            }
            _ => {
                repaired.push(character);
                character.len_utf8()
            }
        };
        rest = &rest[length..];
    }
}

/// Returns the length of the escape at the start of the text, and its replacement if it is not valid.
fn escape(text: &str) -> (usize, Option<&'static str>) {
    let Some(kind) = text[1..].chars().next() else { return (1, Some("")) };
    match kind {
        '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' => (2, None),
        'u' => match (code_unit(text), text.get(6..).and_then(code_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, None),
            (Some(0xd800..=0xdfff), _) => (6, Some(REPLACEMENT)),
            (Some(_), _) => (6, None),
            (None, _) => (2, Some(REPLACEMENT)),
        },
        // Remove the backslash.
        _ => (1, Some("")),
    }
}

/// Returns the code unit of the escape `\uXXXX` at the start of the text.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    // `from_str_radix` also accepts a sign.
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}
