//! Tests of wildcards, access policies, request bodies, dates and padding.

use std::collections::BTreeSet;

use super::*;
use crate::access_policy::AccessPolicy;
use crate::clock::{http_date, shifted};
use crate::payload::MAX_LENGTH;
use crate::stream::padding;
use crate::wildcard::matches;

#[test]
fn wildcards_match_all_of_a_text() {
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
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

fn denied(pattern: &str, model_id: &str) -> Option<String> {
    let base = "amazon.nova-lite-v1:0";
    let result = AccessPolicy::allow_all().deny(pattern).check("InvokeModel", model_id, base, "us-west-2");
    result.err().map(|error| error.to_string())
}

#[test]
fn an_inference_profile_needs_access_to_its_model_too() {
    let on_profile = denied("*inference-profile*", "us.amazon.nova-lite-v1:0").unwrap();
    let profile = "arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.amazon.nova-lite-v1:0";
    check_contains(&on_profile, &format!(" {profile} "));
    let on_model = denied("*foundation-model/amazon.*", "us.amazon.nova-lite-v1:0").unwrap();
    check_contains(&on_model, " arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-lite-v1:0 ");
    assert_eq!(denied("*inference-profile*", "amazon.nova-lite-v1:0"), None);
    assert!(denied("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0").is_some());
    assert!(denied("*:provisioned-model/*", "arn:aws:bedrock:us-west-2:1:provisioned-model/a").is_some());
}

#[test]
fn a_payload_hashes_all_bytes_and_keeps_one_more_than_allowed() {
    fn check(frames: &[&[u8]], expected_length: usize) {
        let mut payload = PayloadCollector::default();
        frames.iter().for_each(|frame| payload.update(frame));
        let payload = payload.finish();
        assert_eq!(payload.bytes.len(), expected_length);
        assert_eq!(payload.hash, PayloadHash::of(&frames.concat()));
    }
    check(&[], 0);
    check(&[b"{", b"}"], 2);
    let large = vec![b' '; MAX_LENGTH];
    check(&[&large], MAX_LENGTH);
    check(&[&large, b"  ", b" "], MAX_LENGTH + 1);
}

#[test]
fn dates_are_truncated_to_seconds() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_440_938_160_999);
    assert_eq!(http_date(time).unwrap(), "Sun, 30 Aug 2015 12:36:00 GMT");
    assert_eq!(http_date(shifted(time, -3_600)).unwrap(), "Sun, 30 Aug 2015 11:36:00 GMT");
    assert_eq!(http_date(shifted(time, 60)).unwrap(), "Sun, 30 Aug 2015 12:37:00 GMT");
    assert_eq!(shifted(time, i64::MAX), time);
}

#[test]
fn padding_has_every_length_before_a_length_repeats() {
    let lengths: BTreeSet<_> = (0..62).map(|position| padding(position).len()).collect();
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), (1..=62).collect::<Vec<_>>());
    assert_eq!(padding(62), padding(0));
    assert_eq!(padding(u64::MAX).len(), padding(u64::MAX % 62).len());
}
