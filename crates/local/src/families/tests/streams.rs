//! Tests that streams of all text families have the same content as the complete responses.

use invoke_model_families::{StreamPart, Usage};

use super::super::Model;
use super::*;

/// Returns a body of `family` with the given last user turn, token limit and stop sequence.
fn body_with(family: Family, turn: &str, limit: u32, stop: Option<&str>) -> Value {
    let (limit_at, stop_at) = match family {
        Family::Anthropic => ("/max_tokens", "/stop_sequences"),
        Family::AnthropicText => ("/max_tokens_to_sample", "/stop_sequences"),
        Family::CohereCommandR => ("/max_tokens", "/stop_sequences"),
        Family::DeepSeek
        | Family::DeepSeekChat
        | Family::Jamba
        | Family::OpenAi
        | Family::Palmyra
        | Family::Qwen => ("/max_tokens", "/stop"),
        Family::Llama => ("/max_gen_len", ""),
        Family::Mistral => ("/max_tokens", "/stop"),
        Family::MistralChat => ("/max_tokens", ""),
        Family::Nova => ("/inferenceConfig/maxTokens", "/inferenceConfig/stopSequences"),
        _ => ("/textGenerationConfig/maxTokenCount", "/textGenerationConfig/stopSequences"),
    };
    let mut body = minimal_saying(family, turn);
    if matches!(family, Family::DeepSeekChat | Family::OpenAi | Family::Palmyra | Family::Qwen) {
        body["stream_options"] = json!({"include_usage": true});
    }
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

/// Summarizes a complete response.
fn response_summary(response: &Value) -> Summary {
    let parsed = invoke_model_families::ModelResponse::from(response.clone());
    let usage = parsed.usage().unwrap_or_default();
    Summary {
        text: parsed.text().into_owned(),
        reason: parsed.stop_reason().expect("a stop reason").to_owned(),
        sequence: response["stop_sequence"].as_str().map(str::to_owned),
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
    }
}

/// Summarizes chunks. Joins the texts of the chunks, and takes every other value from the last chunk that
/// contains the value.
fn chunks_summary(chunks: &[Value]) -> Summary {
    let parts: Vec<_> = chunks.iter().cloned().map(StreamPart::from).collect();
    let mut usage = Usage::default();
    parts.iter().for_each(|part| usage.update(part.usage().unwrap_or_default()));
    let mut sequences = chunks.iter().filter_map(|chunk| chunk.pointer("/delta/stop_sequence")?.as_str());
    Summary {
        text: parts.iter().map(StreamPart::text).collect(),
        reason: parts.iter().rev().find_map(StreamPart::stop_reason).expect("a stop reason").to_owned(),
        sequence: sequences.next_back().map(str::to_owned),
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
    }
}

fn check(model: &str, body: &Value) {
    let (response, expected) = invoke(model, body);
    let stream = stream(model, body).unwrap_or_else(|rejection| panic!("{model}, {body}: {rejection}"));
    assert_eq!(stream.content_type, response.content_type);
    assert_eq!((stream.input_tokens, stream.output_tokens), (response.input_tokens, response.output_tokens));
    let chunks: Vec<Value> = stream.collect();
    assert_eq!(chunks_summary(&chunks), response_summary(&expected), "{model} {body}");
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
        let parts: Vec<_> = stream(model.id, &body).unwrap().map(StreamPart::from).collect();
        let texts: Vec<_> = parts.iter().map(StreamPart::text).filter(|text| !text.is_empty()).collect();
        // Skips the reasoning of gpt-oss, which ends with this tag.
        let start = texts.iter().position(|text| *text == "</reasoning>").map_or(0, |tag| tag + 1);
        assert_eq!(
            texts[start..],
            ["You", " said", ":", " one", ",", " zwei", " \u{1f600}", " drei"],
            "{}",
            model.id
        );
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
