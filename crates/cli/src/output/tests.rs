//! Tests of the text that reaches a terminal.

use super::*;

#[test]
fn terminal_gets_no_control_characters() {
    let check = |text: &[u8], expected: &str| {
        let mut written = Vec::new();
        write(&mut written, text, true).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), expected);
        let mut written = Vec::new();
        write(&mut written, text, false).unwrap();
        assert_eq!(written, text, "other streams get the exact bytes");
    };
    check("a\tb\r\nc é 日本 👩‍👩‍👧 שלום\u{200f}\n".as_bytes(), "a\tb\r\nc é 日本 👩‍👩‍👧 שלום\u{200f}\n");
    check(b"\x1b]52;c;YQ==\x07\x1b[2J", "\u{fffd}]52;c;YQ==\u{fffd}\u{fffd}[2J");
    check(b"safe\rspoofed\x08\x7f\x00", "safe\u{fffd}spoofed\u{fffd}\u{fffd}\u{fffd}");
    check("\u{9b}31m\u{202e}a\u{2066}b\u{2069}".as_bytes(), "\u{fffd}31m\u{fffd}a\u{fffd}b\u{fffd}");
    check(b"\x9b31m", "\u{fffd}31m");
}

#[cfg(unix)]
#[test]
fn closed_stream_is_known_by_its_replacement() {
    use std::fs::OpenOptions;

    let check = |path: &str, is_read: bool, expected: bool| {
        let file = OpenOptions::new().read(is_read).write(true).open(path).unwrap();
        assert_eq!(is_closed(&file), expected, "{path}");
    };
    check("/dev/null", true, true);
    check("/dev/null", false, false);
    let file = tempfile::NamedTempFile::new().unwrap();
    check(file.path().to_str().unwrap(), true, false);
}
