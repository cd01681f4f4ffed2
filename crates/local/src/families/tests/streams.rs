//! Tests that streams of all text families have the same content as the complete responses.

use super::super::Model;
use super::*;

/// Returns a body of `family` with the given last user turn, token limit and stop sequence.
fn body_with(family: Family, turn: &str, limit: u32, stop: Option<&str>) -> Value {
    let (limit_at, stop_at) = match family {
        Family::Anthropic => ("/max_tokens", "/stop_sequences"),
        Family::CohereCommandR => ("/max_tokens", "/stop_sequences"),
        Family::Llama => ("/max_gen_len", ""),
        Family::Mistral => ("/max_tokens", "/stop"),
        Family::MistralChat => ("/max_tokens", ""),
        Family::Nova => ("/inferenceConfig/maxTokens", "/inferenceConfig/stopSequences"),
        _ => ("/textGenerationConfig/maxTokenCount", "/textGenerationConfig/stopSequences"),
    };
    let body = minimal(family).to_string().replace("\"hello\"", &json!(turn).to_string());
    let mut body: Value = serde_json::from_str(&body).unwrap();
    for parent in ["inferenceConfig", "textGenerationConfig"] {
        if limit_at.starts_with(&format!("/{parent}/")) {
            body[parent] = json!({});
        }
    }
    let body = with(body, limit_at, json!(limit));
    match stop {
        Some(stop) if !stop_at.is_empty() => with(body, stop_at, json!([stop])),
        _ => body,
    }
}

/// The content of a response. A value is `None` if the schema does not contain it.
#[derive(Debug, PartialEq)]
struct Summary {
    text: String,
    reason: String,
    sequence: Option<String>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Summarizes a complete response.
fn response_summary(family: Family, response: &Value) -> Summary {
    let summary =
        |text_at: &str, reason_at: &str, sequence_at: &str, read_at: &str, generated_at: &str| Summary {
            text: response.pointer(text_at).map(text).unwrap_or_default(),
            reason: text(response.pointer(reason_at).expect("a stop reason")),
            sequence: response.pointer(sequence_at).and_then(Value::as_str).map(str::to_owned),
            input_tokens: response.pointer(read_at).map(|count| count.as_u64().unwrap()),
            output_tokens: response.pointer(generated_at).map(|count| count.as_u64().unwrap()),
        };
    match family {
        Family::Anthropic => summary(
            "/content/0/text",
            "/stop_reason",
            "/stop_sequence",
            "/usage/input_tokens",
            "/usage/output_tokens",
        ),
        Family::CohereCommandR => summary("/text", "/finish_reason", "/-", "/-", "/-"),
        Family::Llama => {
            summary("/generation", "/stop_reason", "/-", "/prompt_token_count", "/generation_token_count")
        }
        Family::Mistral => summary("/outputs/0/text", "/outputs/0/stop_reason", "/-", "/-", "/-"),
        Family::MistralChat => {
            summary("/choices/0/message/content", "/choices/0/stop_reason", "/-", "/-", "/-")
        }
        Family::Nova => summary(
            "/output/message/content/0/text",
            "/stopReason",
            "/-",
            "/usage/inputTokens",
            "/usage/outputTokens",
        ),
        _ => summary(
            "/results/0/outputText",
            "/results/0/completionReason",
            "/-",
            "/inputTextTokenCount",
            "/results/0/tokenCount",
        ),
    }
}

/// Summarizes chunks. Joins their texts, and takes each other value from the last chunk that contains it.
fn chunks_summary(family: Family, chunks: &[Value]) -> Summary {
    let all = |at: &'static str| {
        chunks.iter().filter_map(move |chunk| chunk.pointer(at)).filter(|value| !value.is_null())
    };
    let summary = |text_at, reason_at, sequence_at, read_at, generated_at| Summary {
        text: all(text_at).map(text).collect(),
        reason: all(reason_at).next_back().map(text).expect("a stop reason"),
        sequence: all(sequence_at).next_back().map(text),
        input_tokens: all(read_at).next_back().map(|count| count.as_u64().unwrap()),
        output_tokens: all(generated_at).next_back().map(|count| count.as_u64().unwrap()),
    };
    match family {
        Family::Anthropic => summary(
            "/delta/text",
            "/delta/stop_reason",
            "/delta/stop_sequence",
            "/message/usage/input_tokens",
            "/usage/output_tokens",
        ),
        Family::CohereCommandR => summary("/text", "/finish_reason", "/-", "/-", "/-"),
        Family::Llama => {
            summary("/generation", "/stop_reason", "/-", "/prompt_token_count", "/generation_token_count")
        }
        Family::Mistral => summary("/outputs/0/text", "/outputs/0/stop_reason", "/-", "/-", "/-"),
        Family::MistralChat => {
            summary("/choices/0/message/content", "/choices/0/stop_reason", "/-", "/-", "/-")
        }
        Family::Nova => summary(
            "/contentBlockDelta/delta/text",
            "/messageStop/stopReason",
            "/-",
            "/metadata/usage/inputTokens",
            "/metadata/usage/outputTokens",
        ),
        _ => summary(
            "/outputText",
            "/completionReason",
            "/-",
            "/inputTextTokenCount",
            "/totalOutputTextTokenCount",
        ),
    }
}

fn check(model: &str, body: &Value) {
    let family = find(model).unwrap().family;
    let (response, expected) = invoke(model, body);
    let stream = stream(model, body).unwrap_or_else(|rejection| panic!("{model}, {body}: {rejection}"));
    assert_eq!(stream.content_type, response.content_type);
    assert_eq!((stream.input_tokens, stream.output_tokens), (response.input_tokens, response.output_tokens));
    let chunks: Vec<Value> = stream.collect();
    assert_eq!(chunks_summary(family, &chunks), response_summary(family, &expected), "{model} {body}");
    assert!(chunks.iter().all(Value::is_object), "{model} {body}");
    // The last event of Cohere models contains the complete response, so its length is not checked.
    let mut deltas = chunks.iter().filter(|chunk| chunk["response"].is_null());
    assert!(
        deltas.all(|chunk| chunk.to_string().len() < 20_000),
        "{model}: every chunk must be shorter than 20,000 bytes"
    );
}

/// Returns one model of each text family.
fn text_models() -> impl Iterator<Item = Model> {
    let mut families = Vec::new();
    let text = MODELS.iter().filter(|model| model.output_modality() == ModelModality::Text).copied();
    text.filter(move |model| {
        let is_new = !families.contains(&model.family);
        families.push(model.family);
        is_new
    })
}

#[test]
fn texts_are_streamed_token_by_token() {
    for model in text_models() {
        let body = body_with(model.family, "one, zwei \u{1f600} drei", 100, None);
        check(model.id, &body);
        let text_at = match model.family {
            Family::Anthropic => "/delta/text",
            Family::CohereCommandR => "/text",
            Family::Llama => "/generation",
            Family::Mistral => "/outputs/0/text",
            Family::MistralChat => "/choices/0/message/content",
            Family::Nova => "/contentBlockDelta/delta/text",
            _ => "/outputText",
        };
        let chunks: Vec<_> = stream(model.id, &body).unwrap().collect();
        let texts = chunks.iter().filter_map(|chunk| chunk.pointer(text_at)).map(text);
        let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
        assert_eq!(texts, ["You", " said", ":", " one", ",", " zwei", " \u{1f600}", " drei"], "{}", model.id);
    }
}

#[test]
fn limits_and_stop_sequences_end_a_stream() {
    for model in text_models() {
        for limit in 1..8 {
            check(model.id, &body_with(model.family, "one two", limit, None));
        }
        check(model.id, &body_with(model.family, "one two", 100, Some(" two")));
        // The reply begins with the stop sequence, so it has no text.
        check(model.id, &body_with(model.family, "one two", 100, Some("You")));
    }
    let titan = "amazon.titan-text-express-v1";
    check(titan, &body_with(Family::TitanText, "one two", 0, None));
}

#[test]
fn long_white_space_is_split() {
    for model in text_models() {
        let turn = format!("a{}b\u{3000}{}c", " ".repeat(60_000), "\u{3000}\n".repeat(10_000));
        check(model.id, &body_with(model.family, &turn, 100, None));
    }
}

#[test]
fn chunks_are_generated_on_demand() {
    let mut chunks = stream("meta.llama3-8b-instruct-v1:0", &json!({"prompt": "hello"})).unwrap();
    assert_eq!(chunks.by_ref().take(2).count(), 2);
    assert_eq!(chunks.next().unwrap()["generation"], ":");
    assert!(!format!("{chunks:?}").contains("hello"));
}

#[test]
fn only_text_models_can_stream() {
    for model in MODELS.iter().filter(|model| model.output_modality() != ModelModality::Text) {
        for body in [minimal(model.family), json!({})] {
            let rejection = stream(model.id, &body).unwrap_err();
            assert_eq!(
                rejection,
                Rejection::Validation("The model is unsupported for streaming.".to_owned())
            );
        }
    }
}

#[test]
fn rejected_bodies_are_not_streamed() {
    for model in text_models() {
        assert_eq!(stream(model.id, &json!({})).unwrap_err(), respond(model.id, &json!({})).unwrap_err());
    }
    assert!(stream("amazon.titan-embed-text-v3:0", &json!({})).is_err());
}

proptest! {
    #[test]
    fn a_stream_has_the_content_of_the_response(
        model in prop::sample::select(text_models().collect::<Vec<_>>()),
        turn in prop_oneof!["\\PC{1,80}", "[a-z ,.\n\u{3000}é中\u{1f600}]{1,200}"],
        limit in 1..60_u32,
        stop in prop::option::of(prop_oneof!["[a-z ]{1,3}", Just("said".to_owned())]),
    ) {
        check(model.id, &body_with(model.family, &turn, limit, stop.as_deref()));
    }
}
