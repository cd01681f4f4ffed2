//! The text in a part of a streamed answer. Each model family has a schema of its own:
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>.

use serde_json::Value;

/// What is of interest in a part.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Part {
    /// The text that it adds to the answer.
    pub(crate) text: String,
    /// Whether the service ends the answer with it: it has the counts and latencies of the call.
    pub(crate) is_last: bool,
}

/// Where the text stands, as JSON pointers: in a part of any family, one of them at the most has some.
const TEXTS: [&str; 8] = [
    // Anthropic Claude: `content_block_delta`.
    "/delta/text",
    // Amazon Nova.
    "/contentBlockDelta/delta/text",
    // Amazon Titan Text.
    "/outputText",
    // Meta Llama.
    "/generation",
    // Mistral AI, text completion.
    "/outputs/0/text",
    // Mistral AI, chat completion, in either spelling.
    "/choices/0/message/content",
    "/choices/0/delta/content",
    // Cohere Command R: `text-generation`.
    "/text",
];

/// Reads a part. One that is no JSON, or of no schema that is known, has no text.
pub(crate) fn read(bytes: &[u8]) -> Part {
    let part: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let text = TEXTS.iter().find_map(|pointer| part.pointer(pointer)?.as_str());
    Part {
        text: text.unwrap_or_default().to_owned(),
        is_last: part.get("amazon-bedrock-invocationMetrics").is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(part: &str, text: &str) {
        assert_eq!(read(part.as_bytes()), Part { text: text.to_owned(), is_last: false }, "{part}");
    }

    #[test]
    fn each_family_has_its_place_for_text() {
        check(r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#, "a");
        check(r#"{"contentBlockDelta":{"delta":{"text":"a"},"contentBlockIndex":0}}"#, "a");
        check(r#"{"outputText":"a","index":0,"totalOutputTextTokenCount":null}"#, "a");
        check(r#"{"generation":"a","stop_reason":null}"#, "a");
        check(r#"{"outputs":[{"text":"a","stop_reason":null}]}"#, "a");
        check(r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"a"}}]}"#, "a");
        check(r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#, "a");
        check(r#"{"is_finished":false,"event_type":"text-generation","text":"a"}"#, "a");
    }

    #[test]
    fn what_is_no_text_of_the_answer_is_not_printed() {
        check(r#"{"type":"message_start","message":{"content":[]}}"#, "");
        check(r#"{"type":"content_block_start","content_block":{"type":"text","text":""}}"#, "");
        check(r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}}"#, "");
        check(r#"{"event_type":"stream-end","response":{"text":"all of it"}}"#, "");
        check(r#"{"generation":null}"#, "");
        check("[]", "");
        check("no JSON", "");
    }

    #[test]
    fn the_last_part_has_the_account_of_the_call() {
        assert!(read(br#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{}}"#).is_last);
    }
}
