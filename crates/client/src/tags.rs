//! The tags of a call.

use std::collections::BTreeMap;

/// The tags of a call by their keys.
pub(crate) type Tags = BTreeMap<String, String>;

/// The limits of the service: see `requestMetadata` of
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.
const MAX_TAGS: usize = 16;
const MAX_LENGTH: usize = 256;

/// The maximum length of the tags in a span, in bytes.
const MAX_SHOWN: usize = 1024;

/// Checks the limits of the service.
///
/// # Errors
/// Returns a text that names the tag by its key, but does not contain its value.
pub(crate) fn check(tags: &Tags) -> Result<(), String> {
    if tags.len() > MAX_TAGS {
        return Err(format!("the call has {} tags, but the service accepts at most {MAX_TAGS}", tags.len()));
    }
    for (key, value) in tags {
        check_key(key)?;
        if !is_allowed(value) {
            return Err(format!("the value of the tag `{key}` must have at most {ALLOWED}"));
        }
    }
    Ok(())
}

/// Checks the keys of tags that are attributes of the metrics.
#[cfg(feature = "opentelemetry")]
pub(crate) fn check_keys(keys: &[String]) -> Result<(), String> {
    keys.iter().try_for_each(|key| check_key(key))
}

fn check_key(key: &str) -> Result<(), String> {
    if key.is_empty() || !is_allowed(key) {
        return Err(format!("the key of the tag `{}` must have 1 to {ALLOWED}", key.escape_debug()));
    }
    Ok(())
}

const ALLOWED: &str = "256 characters: ASCII letters, digits, ASCII white space and `:_@$#=/+,-.`";

fn is_allowed(text: &str) -> bool {
    let is_allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b":_@$#=/+,-.".contains(&byte)
    };
    text.len() <= MAX_LENGTH && text.bytes().all(is_allowed)
}

/// Returns the tags for a span: `key=value` separated by spaces, in the order of the keys. If the text would be too long,
/// it ends with `..` instead of the last tags.
pub(crate) fn shown(tags: &Tags) -> String {
    let mut shown = String::new();
    for (key, value) in tags {
        if shown.len() + key.len() + value.len() + 2 > MAX_SHOWN {
            return shown + " ..";
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.extend([key, "=", value]);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_tag(key: &str, value: &str, expected: Result<(), &str>) {
        let result = check(&Tags::from([(key.to_owned(), value.to_owned())]));
        assert_eq!(
            result.as_ref().map_err(|error| &error[..error.find(" must").unwrap()]),
            expected.as_ref().map(|()| &()).map_err(|error| *error)
        );
    }

    #[test]
    fn the_limits_of_the_service_are_checked() {
        check_tag("cost center", "4711 @a:b_c$#=/+,-.", Ok(()));
        check_tag("team", "", Ok(()));
        check_tag(&"k".repeat(256), &"v".repeat(256), Ok(()));
        check_tag("", "a", Err("the key of the tag ``"));
        check_tag("a\"b", "a", Err("the key of the tag `a\\\"b`"));
        check_tag("team", "s\u{e4}", Err("the value of the tag `team`"));
        check_tag("team", &"v".repeat(257), Err("the value of the tag `team`"));
        let many =
            |count: usize| check(&(0..count).map(|index| (index.to_string(), String::new())).collect());
        assert_eq!(many(16), Ok(()));
        assert_eq!(many(17), Err("the call has 17 tags, but the service accepts at most 16".to_owned()));
    }

    #[test]
    fn the_tags_in_a_span_are_bounded() {
        let tags = |length| ["a", "b", "c", "d", "e"].map(|key| (key.to_owned(), "v".repeat(length))).into();
        assert_eq!(shown(&tags(2)), "a=vv b=vv c=vv d=vv e=vv");
        let long = shown(&tags(256));
        assert!(long.len() <= MAX_SHOWN && long.ends_with(" .."), "{long}");
    }
}
