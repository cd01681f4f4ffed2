//! Patterns over model ids and ARNs.

/// Whether a pattern stands for all of a text: `*` for any number of characters and `?` for one, as in IAM policies.
///
/// Matches greedily, going back to the last `*` only: linear for the patterns that people write.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else { return false };
                star = Some((star_p, star_t + 1));
                p = star_p + 1;
                t = star_t + 1;
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }

    #[test]
    fn patterns() {
        check("", "", true);
        check("", "a", false);
        check("*", "", true);
        check("*", "any/thing:0", true);
        check("a*c", "abbc", true);
        check("a*c", "abbcd", false);
        check("a*b*c", "a-b-b-c", true);
        check("*ab", "aab", true);
        check("a?c", "abc", true);
        check("a?c", "ac", false);
        check("A", "a", false);
    }
}
