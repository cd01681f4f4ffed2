//! Tests of the detectors.

use crate::guardrail::{Pii, contains_word};

#[track_caller]
fn check(kind: &str, text: &str, expected: &[&str]) {
    let found = Pii::detector(kind).unwrap().find(text);
    let found: Vec<_> = found.into_iter().map(|range| &text[range]).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn every_pattern_compiles() {
    let names = Pii::names();
    assert_eq!(names.len(), 10);
    assert!(names.is_sorted());
    assert!(Pii::detector("NAME").is_none());
}

#[test]
fn personal_data_is_found() {
    check("EMAIL", "to A.b+c@Example.co.uk, not a@b or @c.de", &["A.b+c@Example.co.uk"]);
    check(
        "PHONE",
        "555-123-4567, (555) 123-4567, +1 555 123 4567, +49 30 1234567 and 1234561666",
        &["555-123-4567", "(555) 123-4567", "+1 555 123 4567", "+49 30 1234567"],
    );
    check("US_SOCIAL_SECURITY_NUMBER", "123-45-6789 1123-45-6789", &["123-45-6789"]);
    for invalid in ["000-45-6789", "666-45-6789", "912-45-6789", "123-00-6789", "123-45-0000"] {
        check("US_SOCIAL_SECURITY_NUMBER", invalid, &[]);
    }
    check(
        "CREDIT_DEBIT_CARD_NUMBER",
        "4111 1111 1111 1111 and 4111-1111-1111-1112",
        &["4111 1111 1111 1111"],
    );
    check("CREDIT_DEBIT_CARD_NUMBER", "378282246310005", &["378282246310005"]);
    check("IP_ADDRESS", "192.168.0.1 and 256.1.1.1 and 1.2.3", &["192.168.0.1"]);
    check("IP_ADDRESS", "at 2001:db8::8a2e:370:7334, at 12:30:45", &["2001:db8::8a2e:370:7334"]);
    check("AWS_ACCESS_KEY", "AKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLEX", &["AKIAIOSFODNN7EXAMPLE"]);
    check(
        "AWS_SECRET_KEY",
        "key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY end",
        &["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    );
    check("AWS_SECRET_KEY", &"a".repeat(40), &[]);
    check("URL", "see https://example.com/a?b=c now", &["https://example.com/a?b=c"]);
    check("MAC_ADDRESS", "00:1B:44:11:3A:B7", &["00:1B:44:11:3A:B7"]);
    let iban = "INTERNATIONAL_BANK_ACCOUNT_NUMBER";
    check(iban, "GB82 WEST 1234 5698 7654 32", &["GB82 WEST 1234 5698 7654 32"]);
    check(iban, "DE89370400440532013000", &["DE89370400440532013000"]);
    check(iban, "DE89370400440532013001", &[]);
}

#[test]
fn words_match_at_word_boundaries_in_any_case() {
    let check = |text: &str, word: &str, expected: bool| {
        assert_eq!(contains_word(text, word), expected, "{word:?} in {text:?}");
    };
    check("A secret.", "SECRET", true);
    check("secret", "secret", true);
    check("secretary", "secret", false);
    check("topsecret", "secret", false);
    check("my secret project is", "secret project", true);
    check("ÜBER uns", "über", true);
    check("überall", "über", false);
    check("I like C++ a lot", "c++", true);
    check("", "a", false);
}
