//! Detectors for words, keywords and personal data.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::sync::LazyLock;

use invoke_model_types::GuardrailPiiEntityType;
use regex_lite::Regex;

/// A detector for one type of personal data (PII).
#[derive(Debug)]
pub(crate) struct Pii {
    pub(crate) kind: GuardrailPiiEntityType,
    regex: Regex,
    /// An additional check of each match of the regular expression.
    is_valid: fn(&str) -> bool,
}

type Definition = (GuardrailPiiEntityType, &'static str, fn(&str) -> bool);

/// The types of personal data that have a recognizable pattern.
const DEFINITIONS: &[Definition] = &[
    (GuardrailPiiEntityType::AWS_ACCESS_KEY, r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", any),
    (GuardrailPiiEntityType::AWS_SECRET_KEY, r"[A-Za-z0-9/+]{40,}", is_secret_key),
    (GuardrailPiiEntityType::CREDIT_DEBIT_CARD_NUMBER, r"\b\d(?:[ -]?\d){12,18}\b", has_luhn_checksum),
    (GuardrailPiiEntityType::EMAIL, r"(?i)\b[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}\b", any),
    (
        GuardrailPiiEntityType::INTERNATIONAL_BANK_ACCOUNT_NUMBER,
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
        has_iban_checksum,
    ),
    (
        GuardrailPiiEntityType::IP_ADDRESS,
        r"\b\d{1,3}(?:\.\d{1,3}){3}\b|[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){3,7}",
        is_ip_address,
    ),
    (GuardrailPiiEntityType::MAC_ADDRESS, r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b", any),
    (
        GuardrailPiiEntityType::PHONE,
        r"(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\) ?|\b\d{3}[ .-])\d{3}[ .-]?\d{4}\b|\+\d{1,3}(?:[ .-]?\d{2,4}){2,4}\b",
        any,
    ),
    (GuardrailPiiEntityType::URL, r#"\bhttps?://[^\s"'<>]+"#, any),
    (GuardrailPiiEntityType::US_SOCIAL_SECURITY_NUMBER, r"\b\d{3}-\d{2}-\d{4}\b", is_social_security_number),
];

static DETECTORS: LazyLock<Vec<Pii>> = LazyLock::new(|| {
    let compile = |(kind, pattern, is_valid): &Definition| {
        let regex = Regex::new(pattern).ok()?;
        Some(Pii { kind: kind.clone(), regex, is_valid: *is_valid })
    };
    DEFINITIONS.iter().filter_map(compile).collect()
});

impl Pii {
    /// Returns the detector for a type of personal data, or `None` if the type has no pattern.
    pub(crate) fn detector(kind: &str) -> Option<&'static Self> {
        DETECTORS.iter().find(|detector| detector.kind.as_str() == kind)
    }

    /// Returns the names of the types that have a detector.
    pub(crate) fn names() -> Vec<&'static str> {
        DETECTORS.iter().map(|detector| detector.kind.as_str()).collect()
    }

    /// Returns all matches in a text, as ranges of bytes.
    pub(crate) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let found = self.regex.find_iter(text).filter(|found| (self.is_valid)(found.as_str()));
        found.map(|found| found.range()).collect()
    }
}

/// Returns `true` if a text contains a word or phrase. Ignores case. The word or phrase must begin and end at
/// word boundaries of the text.
pub(crate) fn contains_word(text: &str, word: &str) -> bool {
    let word: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let is_inside = |at: usize| text.get(at).is_some_and(|letter| letter.is_alphanumeric());
    // If the word begins or ends with a symbol, as "C++" does, this side needs no word boundary: a letter or a
    // digit may be next to the symbol.
    let (first, last) = (word.first().copied(), word.last().copied());
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let found = text.windows(word.len().max(1)).enumerate().filter(|(_, window)| *window == word);
    found.map(|(at, _)| at).any(|at| {
        let begins = !is_letter(first) || at == 0 || !is_inside(at - 1);
        begins && (!is_letter(last) || !is_inside(at + word.len()))
    })
}

fn any(_: &str) -> bool {
    true
}

fn is_secret_key(text: &str) -> bool {
    text.len() == 40
        && text.contains(|letter: char| letter.is_ascii_lowercase())
        && text.contains(|letter: char| letter.is_ascii_uppercase())
        && text.contains(|letter: char| letter.is_ascii_digit())
}

/// Checks the checksum of a card number: <https://en.wikipedia.org/wiki/Luhn_algorithm>.
fn has_luhn_checksum(text: &str) -> bool {
    let digits = text.chars().rev().filter_map(|letter| letter.to_digit(10)).enumerate();
    let sum: u32 = digits
        .map(|(index, digit)| match (index % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled @ 0..=9) => doubled,
            (_, doubled) => doubled - 9,
        })
        .sum();
    sum % 10 == 0
}

/// Checks the checksum of an IBAN (ISO 13616): the number modulo 97 is 1.
fn has_iban_checksum(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(|letter| *letter != ' ').collect();
    let (head, tail) = letters.split_at(letters.len().min(4));
    let remainder = tail.iter().chain(head).filter_map(|letter| letter.to_digit(36)).fold(0, |sum, value| {
        let shift = if value < 10 { 10 } else { 100 };
        (sum * shift + value) % 97
    });
    remainder == 1
}

fn is_ip_address(text: &str) -> bool {
    if text.contains(':') { text.parse::<IpAddr>().is_ok() } else { text.parse::<Ipv4Addr>().is_ok() }
}

/// Checks the ranges of a US social security number:
/// <https://en.wikipedia.org/wiki/Social_Security_number#Valid_SSNs>.
fn is_social_security_number(text: &str) -> bool {
    let mut groups = text.split('-');
    let area = groups.next().unwrap_or_default();
    area != "000"
        && area != "666"
        && !area.starts_with('9')
        && groups.next() != Some("00")
        && groups.next() != Some("0000")
}
