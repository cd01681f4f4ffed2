//! Checks the path and query of a raw request.

use http::Uri;
use invoke_model_protocol::{SerializeError, SerializeErrorKind};

/// Parses a path and query.
///
/// # Errors
/// Returns an error if the client could not send the target unchanged.
pub(super) fn parse(target: &str) -> Result<Uri, SerializeError> {
    let error = |problem: String| SerializeError::new("path", SerializeErrorKind::Invalid(problem));
    if let Some(problem) = problem(target) {
        return Err(error(problem));
    }
    Uri::try_from(target).map_err(|source| error(format!("is not valid: {source}")))
}

fn problem(target: &str) -> Option<String> {
    let example = "use the path and query, such as `/openai/v1/chat/completions`";
    if target.is_empty() {
        return Some(format!("is empty: {example}"));
    }
    if !target.starts_with('/') {
        return Some(match target.contains("://") {
            true => format!("is a complete URL, but the client adds the endpoint: {example}"),
            false => format!("does not begin with `/`: {example}"),
        });
    }
    if target.starts_with("//") {
        return Some(format!("begins with `//`: {example}"));
    }
    if target.contains('#') {
        return Some("has a fragment, which clients do not send: remove it, or write `%23`".to_owned());
    }
    if let Some(invalid) = target.chars().find(|character| !character.is_ascii_graphic()) {
        return Some(format!("contains `{}`: percent-encode this character", invalid.escape_debug()));
    }
    let path = target.split('?').next().unwrap_or_default();
    path.split('/').any(is_dot_segment).then(|| {
        // https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4
        "has a segment `.` or `..`, which a proxy may resolve: write the path without it".to_owned()
    })
}

/// Returns `true` for `.` and `..`, also if the dots are percent-encoded.
fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn keeps_valid_targets_unchanged() {
        for target in [
            "/",
            "/openai/v1/chat/completions",
            "/a%2Fb/c%3A0?x=%20&y",
            "/a/",
            "/v1/models?limit=5",
            "/a..b/.c",
        ] {
            assert_eq!(parse(target).unwrap().to_string(), target);
        }
    }

    #[test]
    fn rejects_other_targets_with_advice() {
        let check = |target: &str, expected: &str| {
            let error = parse(target).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`path` {expected}")), "{target}: {error}");
        };
        check("", "is empty");
        check("v1/models", "does not begin with `/`");
        check("https://example.test/v1", "is a complete URL");
        check("//example.test/v1", "begins with `//`");
        check("/v1#top", "has a fragment");
        check("/v1/a b", "contains ` `: percent-encode");
        check("/v1/é", "contains `é`: percent-encode");
        check("/v1\r\nx: y", "contains `\\r`: percent-encode");
        check("/v1/../admin", "has a segment `.` or `..`");
        check("/v1/%2E%2e/admin?x", "has a segment `.` or `..`");
        check("/v1/.", "has a segment `.` or `..`");
        check("/v1/<a>", "is not valid: invalid uri character");
    }
}
