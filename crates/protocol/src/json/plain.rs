//! Objects of nothing but plain strings: the payloads of most events. They come often, so they are read without serde.

/// Tells `each` the names, without their quotes, and the values, with them, of an object without space in it whose names
/// and values are strings of [plain](is_plain) characters. `None` says nothing of any other body, which can be JSON or
/// not.
pub(super) fn members<'a>(body: &'a [u8], mut each: impl FnMut(&'a [u8], &'a [u8])) -> Option<()> {
    let mut rest = body.strip_prefix(b"{")?;
    loop {
        let (name, behind) = string(rest)?;
        let value = behind.strip_prefix(b":")?;
        let (text, behind) = string(value)?;
        each(name, &value[..text.len() + 2]);
        match behind {
            b"}" => return Some(()),
            [b',', next @ ..] => rest = next,
            _ => return None,
        }
    }
}

/// What stands between the quotes of a string, and what is behind it.
fn string(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = json.strip_prefix(b"\"")?;
    let (text, behind) = text.split_at(plain(text));
    Some((text, behind.strip_prefix(b"\"")?))
}

/// How many bytes stand before the first that is not plain.
fn plain(text: &[u8]) -> usize {
    let mut rest = text;
    // No branch within a step: it becomes a few vector instructions.
    while let Some((step, behind)) = rest.split_first_chunk::<16>() {
        if !step.iter().fold(true, |all, byte| all & is_plain(*byte)) {
            break;
        }
        rest = behind;
    }
    while let Some((byte, behind)) = rest.split_first() {
        if !is_plain(*byte) {
            break;
        }
        rest = behind;
    }
    text.len() - rest.len()
}

/// Above the quote in ASCII, which leaves out control characters, and but for the backslash: all that base64 has, by two
/// comparisons.
const fn is_plain(byte: u8) -> bool {
    (byte > b'"') & byte.is_ascii() & (byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Option<&[(&str, &str)]>) {
        let mut found = Vec::new();
        let read = members(body.as_bytes(), |name, value| found.push((name, value)));
        let expected = expected.map(|members| {
            members.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect::<Vec<_>>()
        });
        assert_eq!(read.map(|()| found), expected, "{body}");
    }

    #[test]
    fn plain_members_are_found() {
        check(r#"{"a":"1"}"#, Some(&[("a", r#""1""#)]));
        check(r#"{"":""}"#, Some(&[("", r#""""#)]));
        let long = "abcdefghijklmnopqrstuvwxyz".repeat(3);
        let quoted = format!("\"{long}\"");
        check(&format!(r#"{{{quoted}:{quoted},"a":"1"}}"#), Some(&[(&long, &quoted), ("a", r#""1""#)]));
    }

    #[test]
    fn a_byte_is_plain_or_not_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            let is_plain = (b'#'..=b'[').contains(&byte) || (b']'..0x80).contains(&byte);
            for at in 0..20 {
                let mut text = [b'a'; 20];
                text[at] = byte;
                assert_eq!(plain(&text), if is_plain { 20 } else { at }, "{byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn what_else_there_is_is_left_to_serde() {
        let bodies = r#"{
            {}
            []
            "a"
            {"a"}
            {"a":1}
            {"a":"1"
            {"a":"1",}
            {"a":"1"}}
            {"a":"1""b":"2"}
            {"a":"1", "b":"2"}
            {"a" :"1"}
            {"a":"\n"}
            {"\n":"1"}
            {"a":"é"}
            {"a":"1 2"}
            {"a":"0123456789abcdef\"}
            {"a":"0123456789abcdef
            {"a":""#;
        for body in bodies.lines().map(str::trim_start) {
            check(body, None);
        }
        for body in ["", "{\"a\":\"\n\"}", "{\"a\":\"0123456789\0bcdef\"}", "{\"a\":\"1\"}\x0c"] {
            check(body, None);
        }
    }
}
