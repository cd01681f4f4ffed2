//! The canonical query string.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>

use std::borrow::Cow;

use percent_encoding::{percent_decode_str, percent_encode};

use crate::path::RESERVED;

/// Appends the canonical form of a query. The parameters are decoded, encoded again, and sorted by encoded
/// name and value.
///
/// A `+` is a plus sign, as in [RFC 3986], and is signed as `%2B`. Only HTML forms use `+` for a space.
///
/// [RFC 3986]: https://www.rfc-editor.org/rfc/rfc3986#section-2.2
pub(crate) fn write(text: &mut String, query: &str) {
    let mut parameters: Vec<_> = parameters(query).collect();
    parameters.sort_unstable();
    write_parameters(text, parameters);
}

/// Iterates over the parameters in the order of the query. Decodes each name and value, and encodes it again.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    sent_parameters(query).map(|(name, value)| (reencode(name), reencode(value)))
}

/// Iterates over the parameters as they were sent.
pub(crate) fn sent_parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|parameter| !parameter.is_empty()).map(name_and_value)
}

/// Returns a query with only the parameters whose names match. Does not change these parameters.
pub(crate) fn retain(query: &str, is_kept: impl Fn(&str) -> bool) -> String {
    let is_kept = |parameter: &&str| is_kept(name_and_value(parameter).0);
    query.split('&').filter(is_kept).collect::<Vec<_>>().join("&")
}

fn name_and_value(parameter: &str) -> (&str, &str) {
    parameter.split_once('=').unwrap_or((parameter, ""))
}

/// Appends encoded parameters in the given order.
pub(crate) fn write_parameters(text: &mut String, parameters: impl IntoIterator<Item = (String, String)>) {
    for (index, (name, value)) in parameters.into_iter().enumerate() {
        if index > 0 {
            text.push('&');
        }
        text.push_str(&name);
        text.push('=');
        text.push_str(&value);
    }
}

fn reencode(part: &str) -> String {
    let decoded: Cow<'_, [u8]> = percent_decode_str(part).into();
    percent_encode(&decoded, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_and_encodes_parameters() {
        let check = |query, expected| {
            let mut text = String::new();
            write(&mut text, query);
            assert_eq!(text, expected, "{query}");
        };
        check("", "");
        check("a", "a=");
        check("a=", "a=");
        check("=b", "=b");
        check("&&a=1&", "a=1");
        check("b=2&a=1", "a=1&b=2");
        check("a=2&a=10&a=1", "a=1&a=10&a=2");
        check("a=b=c", "a=b%3Dc");
        check("a=b%3dc", "a=b%3Dc");
        check("a=%7E%41", "a=~A");
        check("a=b+c%20d", "a=b%2Bc%20d");
        check("a=100%&b=%zz", "a=100%25&b=%25zz");
        check("a=%ff", "a=%FF");
        // Parameters are sorted in encoded form, in which `%` comes before letters.
        check("Param-3=3&Param=2&%E1%88%B4=1", "%E1%88%B4=1&Param=2&Param-3=3");
    }
}
