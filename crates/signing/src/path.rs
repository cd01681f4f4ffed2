//! The canonical path.
//!
//! The input is the path as it goes on the wire. It is normalised, then each segment is percent-encoded once
//! more: `/model/a%3A0/invoke` becomes `/model/a%253A0/invoke`
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>:
//! every service but S3 has the path encoded twice).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::settings::SigningSettings;

/// All but the unreserved characters of RFC 3986, section 2.3.
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

/// The path with everything but unreserved characters and `/` percent-encoded.
pub(crate) fn encode(path: &str) -> String {
    utf8_percent_encode(path, RESERVED_IN_PATH).to_string()
}

/// Removes dot segments as RFC 3986, section 5.2.4, and, beyond it, empty segments.
pub(crate) fn normalize(path: &str) -> Cow<'_, str> {
    // Behind a slash such segments begin with a slash or a dot: most paths have neither there, and stay as they are.
    let suspicious = |pair: &[u8]| matches!(pair, b"//" | b"/.");
    if path.starts_with('/') && !path.as_bytes().windows(2).any(suspicious) {
        return Cow::Borrowed(path);
    }

    let pointless = |segment: &str| matches!(segment, "" | "." | "..");
    let relative = path.strip_prefix('/').unwrap_or(path);
    let mut kept = Vec::new();
    for segment in relative.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let mut normal = String::with_capacity(path.len() + 1);
    for segment in &kept {
        normal.push('/');
        normal.push_str(segment);
    }
    if kept.is_empty() || relative.rsplit('/').next().is_some_and(pointless) {
        normal.push('/');
    }
    Cow::Owned(normal)
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
    fn encoded_once_more() {
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
    fn normalized() {
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
    fn left_alone_on_demand() {
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
