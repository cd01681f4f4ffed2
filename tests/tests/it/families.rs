//! Reads recorded responses of the real service with `invoke-model-families`.

use invoke_model_families::{ModelFamily, ModelResponse, StreamPart, Usage};
use invoke_model_protocol::Response;
use invoke_model_protocol::event_stream::{Decoder, EventStream};
use invoke_model_types::ResponseStream;

use crate::recorded;
use crate::recorded::exchange::Exchange;

/// Returns the family of the model in the path `/model/{modelId}/{action}`.
fn family(exchange: &Exchange) -> ModelFamily {
    let request = exchange.request();
    let model_id = request.uri().path().split('/').nth(2).unwrap().replace("%3A", ":");
    ModelFamily::from_model_id(&model_id).unwrap_or_else(|| panic!("{}: {model_id}", exchange.id))
}

/// Returns the token counts in the headers of the response. A recorder may have dropped the headers.
fn header_counts(response: &Response) -> [Option<u64>; 4] {
    ["input", "output", "cache-read-input", "cache-write-input"].map(|name| {
        let count = response.headers().get(format!("x-amzn-bedrock-{name}-token-count"))?;
        Some(count.to_str().unwrap().parse().unwrap())
    })
}

/// Returns the parts in an event stream.
fn parts(exchange: &Exchange) -> Vec<Vec<u8>> {
    let mut decoder = Decoder::new();
    decoder.push_bytes(exchange.response().into_body());
    let messages = std::iter::from_fn(|| decoder.decode().unwrap());
    let parts = messages.map(|message| match ResponseStream::parse(&message).unwrap().unwrap() {
        ResponseStream::Chunk(part) => part.bytes.unwrap().to_vec(),
        other => panic!("{}: {other:?}", exchange.id),
    });
    parts.collect()
}

/// Returns the successful exchanges of an operation.
fn exchanges(operation: &str) -> Vec<Exchange> {
    let found = recorded::exchange::exchanges().and_then(|mut all| all.remove(operation));
    let found = found.into_iter().flatten();
    found.filter(|exchange| exchange.response().status() == 200).collect()
}

fn counts(usage: Usage) -> [Option<u64>; 4] {
    [usage.input_tokens, usage.output_tokens, usage.cache_read_input_tokens, usage.cache_write_input_tokens]
}

/// Checks that two counts are equal if both are known.
fn check_counts(id: &str, found: [Option<u64>; 4], expected: [Option<u64>; 4]) {
    for (found, expected) in found.into_iter().zip(expected) {
        assert!(found.is_none() || expected.is_none() || found == expected, "{id}: {found:?} {expected:?}");
    }
}

#[test]
fn recorded_responses_have_text_stop_reason_and_token_counts() {
    for exchange in exchanges("InvokeModel") {
        let (id, family) = (&exchange.id, family(&exchange));
        let response = ModelResponse::parse(exchange.response().body()).unwrap();
        let found = counts(response.usage().unwrap_or_default());
        check_counts(id, found, header_counts(&exchange.response()));
        let is_embedding =
            matches!(family, ModelFamily::CohereEmbed | ModelFamily::NovaEmbed | ModelFamily::TitanEmbed);
        assert_eq!(response.text().is_empty(), is_embedding, "{id}: {family:?}");
        assert_eq!(response.stop_reason().is_none(), is_embedding, "{id}: {family:?}");
        let has_counts = match family {
            ModelFamily::Anthropic | ModelFamily::Llama | ModelFamily::Nova | ModelFamily::TitanText => {
                found[0].is_some() && found[1].is_some()
            }
            ModelFamily::TitanEmbed => found[0].is_some(),
            _ => found == [None; 4],
        };
        assert!(has_counts, "{id}: {family:?}: {found:?}");
    }
}

#[test]
fn recorded_streams_have_text_stop_reason_and_token_counts() {
    for exchange in exchanges("InvokeModelWithResponseStream") {
        let (id, parts) = (&exchange.id, parts(&exchange));
        let (mut text, mut stop_reasons, mut usage, mut intervened) =
            (String::new(), Vec::new(), Usage::default(), false);
        let mut vendor = Usage::default();
        for bytes in &parts {
            let part = StreamPart::parse(bytes).unwrap();
            text.push_str(part.text());
            stop_reasons.extend(part.stop_reason().map(str::to_owned));
            intervened |= part.guardrail_action() == Some("INTERVENED");
            match part.has_invocation_metrics() {
                true => assert_eq!(part.usage(), Usage::from_stream_part(bytes), "{id}"),
                false => vendor.update(part.usage().unwrap_or_default()),
            }
            usage.update(part.usage().unwrap_or_default());
        }
        assert!(!text.is_empty(), "{id}");
        assert!(usage.input_tokens.is_some() && usage.output_tokens.is_some(), "{id}: {usage:?}");
        // The vendor and the service report the same number of input tokens. Does not compare the numbers of
        // output tokens, because the vendor and the service report different numbers when Claude uses a tool.
        check_counts(id, [vendor.input_tokens, None, None, None], [usage.input_tokens, None, None, None]);
        let complete = StreamPart::parse(parts.last().unwrap()).unwrap().has_invocation_metrics();
        // If a guardrail blocks the input, the model does not run, and the guardrail replaces the response.
        let blocked = intervened && !complete;
        assert_eq!(stop_reasons.len(), usize::from(!blocked), "{id}: {stop_reasons:?}");
        assert!(complete || blocked, "{id}");
    }
}
