//! Serialization and parsing of members that are bound to headers.
//!
//! <https://smithy.io/2.0/spec/http-bindings.html#httpheader-trait>

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{ParseError, ParseErrorKind, SerializeError, SerializeErrorKind};

const JSON: &str = "application/json";

/// Sets a header to the value of a member. Returns `true` if the member is set.
///
/// # Errors
/// Returns an error if the value contains a control character. [RFC 9110, section 5.5] forbids control
/// characters in header values.
///
/// [RFC 9110, section 5.5]: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
pub fn insert<T>(
    headers: &mut HeaderMap,
    name: HeaderName,
    member: &'static str,
    value: Option<&T>,
    write: impl Fn(&T) -> Cow<'_, str>,
) -> Result<bool, SerializeError> {
    let Some(value) = value else { return Ok(false) };
    let value = header_value(name.as_str(), member, &write(value))?;
    headers.insert(name, value);
    Ok(true)
}

/// Sets a header to the elements of a list, separated by commas. Returns `true` if the member is set.
///
/// `write` must quote elements that contain a comma or a quote. This function writes an empty element as two
/// quotes, because parsers ignore empty elements without quotes.
///
/// # Errors
/// See [`insert`].
pub fn insert_list<T>(
    headers: &mut HeaderMap,
    name: HeaderName,
    member: &'static str,
    values: Option<&Vec<T>>,
    write: impl Fn(&T) -> Cow<'_, str>,
) -> Result<bool, SerializeError> {
    let Some(values) = values else { return Ok(false) };
    let element = |value| match write(value) {
        text if text.is_empty() => "\"\"".into(),
        text => text,
    };
    let joined = values.iter().map(element).collect::<Vec<_>>().join(", ");
    let value = header_value(name.as_str(), member, &joined)?;
    headers.insert(name, value);
    Ok(true)
}

/// Sets one header for each entry of a map. The header name consists of `prefix` and the key. Does not change
/// a header that another member has already set.
///
/// <https://smithy.io/2.0/spec/http-bindings.html#httpprefixheaders-trait>
///
/// # Errors
/// See [`insert`]. Also returns an error if `prefix` and a key do not form a valid header name.
pub fn insert_prefixed(
    headers: &mut HeaderMap,
    prefix: &'static str,
    member: &'static str,
    values: Option<&BTreeMap<String, String>>,
) -> Result<(), SerializeError> {
    for (key, value) in values.into_iter().flatten() {
        let name = format!("{prefix}{key}");
        let invalid = || SerializeErrorKind::HeaderName { prefix: prefix.to_owned() };
        let field = name.parse::<HeaderName>().map_err(|_| SerializeError::new(member, invalid()))?;
        let value = header_value(&name, member, value)?;
        headers.entry(field).or_insert(value);
    }
    Ok(())
}

/// Marks a header as sensitive. Then the header value is redacted in the `Debug` output of the message, and
/// in texts that explain why a signature does not match.
///
/// <https://smithy.io/2.0/spec/documentation-traits.html#sensitive-trait>
pub fn mark_sensitive(headers: &mut HeaderMap, name: HeaderName) {
    if let Some(value) = headers.get_mut(name) {
        value.set_sensitive(true);
    }
}

/// Parses a member from a header. Returns `None` if the header is missing.
///
/// # Errors
/// Returns an error if the value is not UTF-8 or cannot be parsed as the member's type.
pub fn optional<T>(
    headers: &HeaderMap,
    name: HeaderName,
    member: &str,
    read: impl Fn(&str) -> Result<T, ParseErrorKind>,
) -> Result<Option<T>, ParseError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    text(value).and_then(read).map(Some).map_err(|kind| ParseError::new(member, kind))
}

/// Parses a list from all headers with this name. Commas outside of quotes separate the elements.
///
/// # Errors
/// See [`optional`].
pub fn list<T>(
    headers: &HeaderMap,
    name: HeaderName,
    member: &str,
    read: impl Fn(&str) -> Result<T, ParseErrorKind>,
) -> Result<Option<Vec<T>>, ParseError> {
    read_list(headers, name, member, |line, elements| {
        for element in split_list(line) {
            elements.push(read(&element)?);
        }
        Ok(())
    })
}

/// Parses a list of HTTP dates. Each date contains a comma, so only every second comma separates two dates.
///
/// # Errors
/// See [`optional`].
pub fn http_date_list<T>(
    headers: &HeaderMap,
    name: HeaderName,
    member: &str,
    read: impl Fn(&str) -> Result<T, ParseErrorKind>,
) -> Result<Option<Vec<T>>, ParseError> {
    read_list(headers, name, member, |line, elements| {
        let parts: Vec<&str> = line.split(',').collect();
        for pair in parts.chunks(2) {
            elements.push(read(pair.join(",").trim())?);
        }
        Ok(())
    })
}

/// Parses all headers with a prefix into a map. The keys do not include the prefix.
///
/// # Errors
/// Returns an error if a value is not UTF-8.
pub fn prefixed(
    headers: &HeaderMap,
    prefix: &str,
    member: &str,
) -> Result<Option<BTreeMap<String, String>>, ParseError> {
    let mut map = BTreeMap::new();
    for (name, value) in headers {
        if let Some(key) = name.as_str().strip_prefix(prefix) {
            let value = text(value).map_err(|kind| ParseError::new(member, kind))?;
            map.insert(key.to_owned(), value.to_owned());
        }
    }
    Ok(Some(map).filter(|map| !map.is_empty()))
}

fn read_list<T>(
    headers: &HeaderMap,
    name: HeaderName,
    member: &str,
    mut read_line: impl FnMut(&str, &mut Vec<T>) -> Result<(), ParseErrorKind>,
) -> Result<Option<Vec<T>>, ParseError> {
    let mut elements = Vec::new();
    let mut is_present = false;
    for value in headers.get_all(name) {
        is_present = true;
        let line = text(value).map_err(|kind| ParseError::new(member, kind))?;
        if !line.is_empty() {
            read_line(line, &mut elements).map_err(|kind| ParseError::new(member, kind))?;
        }
    }
    Ok(is_present.then_some(elements))
}

/// Splits a header value into the elements of a list. An element is unquoted text, or a quoted string in
/// which `\` escapes the next character.
///
/// Ignores empty elements without quotes: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1.2>
fn split_list(line: &str) -> Vec<String> {
    let mut elements = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (element, tail) = match rest.strip_prefix('"') {
            Some(quoted) => parse_quoted(quoted),
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].trim_end().to_owned(), &rest[end..])
            }
        };
        if !element.is_empty() || rest.starts_with('"') {
            elements.push(element);
        }
        rest = tail.trim_start().strip_prefix(',').unwrap_or_default().trim_start();
    }
    elements
}

fn parse_quoted(text: &str) -> (String, &str) {
    let mut element = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return (element, &text[index + 1..]),
            '\\' => element.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => element.push(character),
        }
    }
    (element, "")
}

fn text(value: &HeaderValue) -> Result<&str, ParseErrorKind> {
    std::str::from_utf8(value.as_bytes()).map(str::trim_ascii).map_err(|_| ParseErrorKind::HeaderNotUtf8)
}

/// Converts text into a header value. Non-ASCII characters are sent as UTF-8 bytes (`obs-text`). The `http`
/// crate rejects control characters.
fn header_value(name: &str, member: &'static str, text: &str) -> Result<HeaderValue, SerializeError> {
    // A static value saves an allocation. Most requests contain this value twice, in `Content-Type` and
    // `Accept`.
    if text == JSON {
        return Ok(HeaderValue::from_static(JSON));
    }
    HeaderValue::from_str(text)
        .map_err(|_| SerializeError::new(member, SerializeErrorKind::HeaderValue { header: name.to_owned() }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text;

    #[test]
    fn splits_lists_at_commas_outside_quotes() {
        let check = |line: &str, expected: &[&str]| assert_eq!(split_list(line), expected, "{line}");
        check("a, b,c", &["a", "b", "c"]);
        check(r#""b,c", "\"def\"", a"#, &["b,c", "\"def\"", "a"]);
        check(r#""unterminated"#, &["unterminated"]);
        check(r#", a,, "", b,"#, &["a", "", "b"]);
    }

    #[test]
    fn rejects_control_characters_and_names_the_header() {
        let value = "a\nb".to_owned();
        let error = insert(
            &mut HeaderMap::new(),
            HeaderName::from_static("x-trace"),
            "trace",
            Some(&value),
            text::write::string,
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`trace` contains a control character, which is not allowed in the header `x-trace`: remove it"
        );
    }

    proptest! {
        #[test]
        fn lists_round_trip(values in prop::collection::vec("[ -~]{0,9}", 0..5)) {
            let mut headers = HeaderMap::new();
            insert_list(&mut headers, HeaderName::from_static("x"), "x", Some(&values), text::write::list_element).unwrap();
            prop_assert_eq!(list(&headers, HeaderName::from_static("x"), "x", text::read::string).unwrap(), Some(values));
        }

        #[test]
        fn arbitrary_values_do_not_panic(line in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&line) {
                headers.insert("x-a", value);
            }
            let _ = list(&headers, HeaderName::from_static("x-a"), "a", text::read::string);
            let _ = http_date_list(&headers, HeaderName::from_static("x-a"), "a", text::read::string);
            let _ = prefixed(&headers, "x-", "a");
        }
    }
}
