//! Tests of the timeout.

use super::*;

#[test]
fn timeout_has_a_unit() {
    let check = |text: &str, expected: Option<u64>| {
        assert_eq!(duration(text).ok(), expected.map(Duration::from_millis), "{text}");
    };
    check("90", Some(90_000));
    check("0.5s", Some(500));
    check("250ms", Some(250));
    check("10m", Some(600_000));
    check("1h", Some(3_600_000));
    for text in ["", "0", "-1", "s", "1d", "1e400", "nan", "1 m"] {
        check(text, None);
    }
}
