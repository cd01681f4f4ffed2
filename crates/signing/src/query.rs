//! The canonical query string.

use std::borrow::Cow;
use std::collections::BinaryHeap;

use percent_encoding::{percent_decode_str, percent_encode};

use crate::path::RESERVED;

/// Appends the canonical form of a query: decoded, encoded anew, sorted by (name, value) as encoded.
///
/// A `+` is a plus here, as RFC 3986 has it, and is signed as `%2B`; that it may stand for a blank is a habit
/// of HTML forms.
pub(crate) fn write(text: &mut String, query: &str) {
    // Sorted by a heap, which is a fraction of the code of `sort`: there is nothing to gain in speed.
    write_parameters(text, parameters(query).collect::<BinaryHeap<_>>().into_sorted_vec());
}

/// The parameters in the order of the query, encoded anew.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|parameter| !parameter.is_empty()).map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (encode_anew(name), encode_anew(value))
    })
}

/// Appends parameters that are encoded and in order.
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

fn encode_anew(part: &str) -> String {
    let decoded: Cow<'_, [u8]> = percent_decode_str(part).into();
    percent_encode(&decoded, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_query() {
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
        // Sorted as encoded: `%` comes before letters.
        check("Param-3=3&Param=2&%E1%88%B4=1", "%E1%88%B4=1&Param=2&Param-3=3");
    }
}
