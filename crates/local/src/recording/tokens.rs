//! The token counts in a recorded response.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use invoke_model_families::{StreamPart, Usage};
use invoke_model_protocol::event_stream::Decoder;
use serde_json::Value;

use super::exchange::{Chunk, RecordedResponse};

const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";
const INPUT_TOKENS: &str = "x-amzn-bedrock-input-token-count";
const OUTPUT_TOKENS: &str = "x-amzn-bedrock-output-token-count";

/// Returns the numbers of input and output tokens of a successful call. The counts are in headers, in the body of
/// `Converse`, in the event `metadata`, or in the last chunk of a model. Returns `None` if the response has no
/// counts, or if a stream is not valid.
pub(super) fn tokens(response: &RecordedResponse) -> Option<(u64, u64)> {
    if response.status != StatusCode::OK.as_u16() {
        return None;
    }
    let found = if response.headers.get(CONTENT_TYPE.as_str()).is_some_and(|kind| kind == EVENT_STREAM) {
        of_events(&response.chunks)?
    } else {
        let count = |name: &str| response.headers.get(name)?.parse().ok();
        let of_headers = usage(count(INPUT_TOKENS), count(OUTPUT_TOKENS));
        match of_headers.input_tokens {
            Some(_) => of_headers,
            None => of_converse(&body(&response.chunks)?)?,
        }
    };
    // Models that return no text have no output tokens.
    found.input_tokens.map(|input_tokens| (input_tokens, found.output_tokens.unwrap_or_default()))
}

/// Returns the counts in the events of a stream. Later events have the counts of the complete call.
fn of_events(chunks: &[Chunk]) -> Option<Usage> {
    let mut decoder = Decoder::new();
    let mut total = Usage::default();
    for chunk in chunks {
        decoder.push_bytes(chunk.bytes().ok()?);
        while let Some(message) = decoder.decode().ok()? {
            let payload: Value = serde_json::from_slice(message.payload()).ok()?;
            let found = match payload["bytes"].as_str() {
                Some(bytes) => StreamPart::parse(&STANDARD.decode(bytes).ok()?).ok()?.usage(),
                None => of_converse(&payload),
            };
            total.update(found.unwrap_or_default());
        }
    }
    Some(total)
}

/// Returns the counts in the body of `Converse`, or in the event `metadata` of `ConverseStream`.
fn of_converse(value: &Value) -> Option<Usage> {
    let counts = value.get("usage")?;
    let count = |name: &str| counts.get(name)?.as_u64();
    Some(usage(count("inputTokens"), count("outputTokens")))
}

fn usage(input_tokens: Option<u64>, output_tokens: Option<u64>) -> Usage {
    let mut usage = Usage::default();
    (usage.input_tokens, usage.output_tokens) = (input_tokens, output_tokens);
    usage
}

fn body(chunks: &[Chunk]) -> Option<Value> {
    let bytes: Vec<Bytes> = chunks.iter().map(Chunk::bytes).collect::<Result<_, _>>().ok()?;
    serde_json::from_slice(&bytes.concat()).ok()
}
