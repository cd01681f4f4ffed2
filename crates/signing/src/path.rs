//! The canonical path.
//!
//! The input is the path as sent. This module normalizes the path, and then percent-encodes it a second time.
//! For example, `/model/a%3A0/invoke` becomes `/model/a%253A0/invoke`. All services except Amazon S3 require
//! the second encoding:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::settings::SigningSettings;

/// All characters except the unreserved characters: <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Appends the canonical form of a path.
pub(crate) fn write(text: &mut String, path: &str, settings: &SigningSettings) {
    let path = if settings.normalize_path { normalize(path) } else { Cow::Borrowed(path) };
    if !path.starts_with('/') {
        text.push('/');
    }
    if settings.double_encode_path {
        text.extend(utf8_percent_encode(&path, RESERVED_IN_PATH));
    } else {
        text.push_str(&path);
    }
}

/// Percent-encodes all characters except unreserved characters and `/`.
pub(crate) fn encode(path: &str) -> String {
    utf8_percent_encode(path, RESERVED_IN_PATH).to_string()
}

/// Removes dot segments (<https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4>) and empty segments.
pub(crate) fn normalize(path: &str) -> Cow<'_, str> {
    // A path with an empty segment contains `//`, and a path with a dot segment contains `/.`. Most paths do
    // not contain these texts.
    if path.starts_with('/') && !path.contains("//") && !path.contains("/.") {
        return Cow::Borrowed(path);
    }

    let relative = path.strip_prefix('/').unwrap_or(path);
    let mut segments = Vec::new();
    for segment in relative.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut normalized = String::with_capacity(path.len() + 1);
    for segment in &segments {
        normalized.push('/');
        normalized.push_str(segment);
    }
    let last_is_removed = matches!(relative.rsplit('/').next(), Some("" | "." | ".."));
    if segments.is_empty() || last_is_removed {
        normalized.push('/');
    }
    Cow::Owned(normalized)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        let mut text = String::new();
        write(&mut text, path, &SigningSettings::default());
        assert_eq!(text, expected, "{path}");
    }

    #[test]
    fn encodes_the_path_once_more() {
        check(
            "/model/amazon.titan-embed-text-v2%3A0/invoke",
            "/model/amazon.titan-embed-text-v2%253A0/invoke",
        );
        check("/model/a%2Fb/invoke", "/model/a%252Fb/invoke");
        check("/model/a%25b/invoke", "/model/a%2525b/invoke");
        check("/model/a:0/invoke", "/model/a%3A0/invoke");
        check("/é ", "/%C3%A9%20");
        check("/-._~", "/-._~");
    }

    #[test]
    fn removes_dot_segments_and_empty_segments() {
        check("", "/");
        check("/", "/");
        check("//", "/");
        check("/a", "/a");
        check("/a/", "/a/");
        check("a", "/a");
        check("/a//b", "/a/b");
        check("/a/./b", "/a/b");
        check("/a/../b", "/b");
        check("/a/b/..", "/a/");
        check("/a/b/.", "/a/b/");
        check("/../..", "/");
        check("/a/..b/.c", "/a/..b/.c");
        check("/a/%2E%2E/b", "/a/%252E%252E/b");
    }

    #[test]
    fn leaves_the_path_of_s3_unchanged() {
        let mut text = String::new();
        let s3 = SigningSettings {
            normalize_path: false,
            double_encode_path: false,
            ..SigningSettings::default()
        };
        write(&mut text, "//a/../b%20c", &s3);
        assert_eq!(text, "//a/../b%20c");
    }
}
