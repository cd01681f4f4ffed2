//! Token counts of stream parts, and the number of tokens that count against the quota.

use invoke_model_families::{StreamPart, Usage};

fn usage(input: Option<u64>, output: Option<u64>, read: Option<u64>, write: Option<u64>) -> Usage {
    let mut usage = Usage::default();
    usage.input_tokens = input;
    usage.output_tokens = output;
    usage.cache_read_input_tokens = read;
    usage.cache_write_input_tokens = write;
    usage
}

#[test]
fn reads_token_counts_of_the_last_stream_part() {
    let check = |part: &str, expected| {
        let counts = |usage: Usage| {
            let cache = (usage.cache_read_input_tokens, usage.cache_write_input_tokens);
            (usage.input_tokens, usage.output_tokens, cache)
        };
        assert_eq!(Usage::from_stream_part(part.as_bytes()).map(counts), expected, "{part}");
    };
    check(
        r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":12,"outputTokenCount":34,"invocationLatency":900,"firstByteLatency":400,"cacheReadInputTokenCount":5,"cacheWriteInputTokenCount":6}}"#,
        Some((Some(12), Some(34), (Some(5), Some(6)))),
    );
    check(
        r#"{"generation":"","amazon-bedrock-invocationMetrics":{"inputTokenCount":12,"outputTokenCount":0}}"#,
        Some((Some(12), Some(0), (None, None))),
    );
    check(
        r#"{"event":{"usageEvent":{"details":{"total":{}},"totalInputTokens":40,"totalOutputTokens":7,"totalTokens":47}}}"#,
        Some((Some(40), Some(7), (None, None))),
    );
    check(r#"{"event":{"textOutput":{"content":"\"usageEvent\""}}}"#, None);
    check(r#"{"type":"message_stop"}"#, None);
    check(r#"{"text":"\"amazon-bedrock-invocationMetrics\""}"#, None);
    check(r#"{"amazon-bedrock-invocationMetrics":{"inputTokenCount":"12"}}"#, None);
    check(r#"{"amazon-bedrock-invocationMetrics""#, None);
}

#[test]
fn later_counts_replace_earlier_counts() {
    let mut total = Usage::default();
    total.update(usage(Some(37), Some(1), Some(5), None));
    total.update(Usage::default());
    total.update(usage(None, Some(8), None, Some(6)));
    assert_eq!(total, usage(Some(37), Some(8), Some(5), Some(6)));
}

#[test]
fn quota_tokens_weight_the_output_and_ignore_cache_reads() {
    let check = |usage: Usage, weight, expected| {
        assert_eq!(usage.quota_tokens(weight), expected, "{usage:?}, weight {weight}");
    };
    check(usage(Some(100), Some(10), Some(1_000), Some(20)), 1, Some(130));
    check(usage(Some(100), Some(10), Some(1_000), Some(20)), 5, Some(170));
    check(usage(Some(100), None, None, None), 5, Some(100));
    check(usage(None, Some(10), None, None), 5, Some(50));
    check(usage(None, None, Some(1), Some(2)), 5, None);
    check(usage(Some(u64::MAX), Some(u64::MAX), None, None), 5, Some(u64::MAX));
}

#[test]
fn serializes_with_the_names_of_the_fields() {
    let json = serde_json::to_string(&usage(Some(1), Some(2), None, Some(3))).unwrap();
    assert_eq!(
        json,
        r#"{"input_tokens":1,"output_tokens":2,"cache_read_input_tokens":null,"cache_write_input_tokens":3}"#
    );
    assert_eq!(serde_json::from_str::<Usage>(&json).unwrap(), usage(Some(1), Some(2), None, Some(3)));
}

#[test]
fn a_part_and_its_bytes_have_the_same_metrics() {
    let part = br#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":12,"outputTokenCount":34}}"#;
    assert_eq!(StreamPart::parse(part).unwrap().usage(), Usage::from_stream_part(part));
}
