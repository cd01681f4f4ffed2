//! The argument of `--request-metadata`.

use std::collections::BTreeMap;

/// Error of metadata that the service would reject. The text does not contain the metadata, because the
/// metadata is sensitive.
#[derive(Debug, thiserror::Error)]
#[error(
    "--request-metadata: not a JSON object with string values (line {line}, column {column}); use text such as \
     '{{\"team\":\"search\"}}'"
)]
pub(crate) struct MetadataError {
    line: usize,
    column: usize,
}

/// Returns the metadata as JSON in one line of ASCII, because a header cannot contain other characters.
pub(crate) fn parse(argument: &str) -> Result<String, MetadataError> {
    let error = |error: serde_json::Error| MetadataError { line: error.line(), column: error.column() };
    let metadata: BTreeMap<String, String> = serde_json::from_str(argument).map_err(error)?;
    let json = serde_json::to_string(&metadata).map_err(error)?;
    let mut ascii = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            ' '..='~' => ascii.push(character),
            // Only strings contain such characters, so escapes do not change the meaning.
            _ => character
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    Ok(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_an_object_of_strings() {
        let check = |argument: &str, expected: &str| {
            let result = parse(argument);
            assert_eq!(result.unwrap_or_else(|error| error.to_string()), expected, "{argument}");
        };
        check("{}", "{}");
        check("{ \"b\" : \"c d\",\n\"a\":\"\\u0041\"}", r#"{"a":"A","b":"c d"}"#);
        check(r#"{"é":"😀\u007f"}"#, r#"{"\u00e9":"\ud83d\ude00\u007f"}"#);
        let error = |line, column| {
            format!(
                "--request-metadata: not a JSON object with string values (line {line}, column {column}); use text \
                 such as '{{\"team\":\"search\"}}'"
            )
        };
        check("", &error(1, 0));
        check(r#""secret""#, &error(1, 8));
        check(r#"["a"]"#, &error(1, 0));
        check(r#"{"a":1}"#, &error(1, 6));
        check(r#"{"a":null}"#, &error(1, 9));
        check(r#"{"a":{"b":"c"}}"#, &error(1, 5));
        check(r#"{"a":"b"} x"#, &error(1, 11));
        check("team=search", &error(1, 2));
    }
}
