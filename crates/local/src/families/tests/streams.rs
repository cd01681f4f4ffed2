//! What the streams of all text families keep: they say what the whole answer says.

use super::super::Model;
use super::*;

/// A body of `family` whose last user turn is `turn`, with limits.
fn asking(family: Family, turn: &str, limit: u32, stop: Option<&str>) -> Value {
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

/// Text, stop reason, tokens read and tokens generated, where the schema has them.
#[derive(Debug, PartialEq)]
struct Said {
    text: String,
    reason: String,
    sequence: Option<String>,
    read: Option<u64>,
    generated: Option<u64>,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// What a whole answer says.
fn whole(family: Family, answer: &Value) -> Said {
    let said = |text_at: &str, reason_at: &str, sequence_at: &str, read_at: &str, generated_at: &str| Said {
        text: answer.pointer(text_at).map(text).unwrap_or_default(),
        reason: text(answer.pointer(reason_at).expect("a stop reason")),
        sequence: answer.pointer(sequence_at).and_then(Value::as_str).map(str::to_owned),
        read: answer.pointer(read_at).map(|count| count.as_u64().unwrap()),
        generated: answer.pointer(generated_at).map(|count| count.as_u64().unwrap()),
    };
    match family {
        Family::Anthropic => said(
            "/content/0/text",
            "/stop_reason",
            "/stop_sequence",
            "/usage/input_tokens",
            "/usage/output_tokens",
        ),
        Family::CohereCommandR => said("/text", "/finish_reason", "/-", "/-", "/-"),
        Family::Llama => {
            said("/generation", "/stop_reason", "/-", "/prompt_token_count", "/generation_token_count")
        }
        Family::Mistral => said("/outputs/0/text", "/outputs/0/stop_reason", "/-", "/-", "/-"),
        Family::MistralChat => said("/choices/0/message/content", "/choices/0/stop_reason", "/-", "/-", "/-"),
        Family::Nova => said(
            "/output/message/content/0/text",
            "/stopReason",
            "/-",
            "/usage/inputTokens",
            "/usage/outputTokens",
        ),
        _ => said(
            "/results/0/outputText",
            "/results/0/completionReason",
            "/-",
            "/inputTextTokenCount",
            "/results/0/tokenCount",
        ),
    }
}

/// What chunks say together. A value that stands in several is their last.
fn together(family: Family, chunks: &[Value]) -> Said {
    let all = |at: &'static str| {
        chunks.iter().filter_map(move |chunk| chunk.pointer(at)).filter(|value| !value.is_null())
    };
    let said = |text_at, reason_at, sequence_at, read_at, generated_at| Said {
        text: all(text_at).map(text).collect(),
        reason: all(reason_at).next_back().map(text).expect("a stop reason"),
        sequence: all(sequence_at).next_back().map(text),
        read: all(read_at).next_back().map(|count| count.as_u64().unwrap()),
        generated: all(generated_at).next_back().map(|count| count.as_u64().unwrap()),
    };
    match family {
        Family::Anthropic => said(
            "/delta/text",
            "/delta/stop_reason",
            "/delta/stop_sequence",
            "/message/usage/input_tokens",
            "/usage/output_tokens",
        ),
        Family::CohereCommandR => said("/text", "/finish_reason", "/-", "/-", "/-"),
        Family::Llama => {
            said("/generation", "/stop_reason", "/-", "/prompt_token_count", "/generation_token_count")
        }
        Family::Mistral => said("/outputs/0/text", "/outputs/0/stop_reason", "/-", "/-", "/-"),
        Family::MistralChat => said("/choices/0/message/content", "/choices/0/stop_reason", "/-", "/-", "/-"),
        Family::Nova => said(
            "/contentBlockDelta/delta/text",
            "/messageStop/stopReason",
            "/-",
            "/metadata/usage/inputTokens",
            "/metadata/usage/outputTokens",
        ),
        _ => said(
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
    let (answer, expected) = invoke(model, body);
    let stream = stream(model, body).unwrap_or_else(|refusal| panic!("{model} streams no {body}: {refusal}"));
    assert_eq!(stream.content_type, answer.content_type);
    assert_eq!((stream.input_tokens, stream.output_tokens), (answer.input_tokens, answer.output_tokens));
    let chunks: Vec<Value> = stream.collect();
    assert_eq!(together(family, &chunks), whole(family, &expected), "{model} {body}");
    assert!(chunks.iter().all(Value::is_object), "{model} {body}");
    // The last event of Cohere models has the whole answer.
    let mut parts = chunks.iter().filter(|chunk| chunk["response"].is_null());
    assert!(parts.all(|chunk| chunk.to_string().len() < 20_000), "{model}: parts have a longest length");
}

/// A model of each family that makes text.
fn text_models() -> impl Iterator<Item = Model> {
    let mut families = Vec::new();
    let text = MODELS.iter().filter(|model| model.kind() == Kind::Text).copied();
    text.filter(move |model| {
        let is_new = !families.contains(&model.family);
        families.push(model.family);
        is_new
    })
}

#[test]
fn texts_are_streamed_a_token_at_a_time() {
    for model in text_models() {
        let body = asking(model.family, "one, zwei \u{1f600} drei", 100, None);
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
            check(model.id, &asking(model.family, "one two", limit, None));
        }
        check(model.id, &asking(model.family, "one two", 100, Some(" two")));
        // Nothing is left to say.
        check(model.id, &asking(model.family, "one two", 100, Some("You")));
    }
    let titan = "amazon.titan-text-express-v1";
    check(titan, &asking(Family::TitanText, "one two", 0, None));
}

#[test]
fn long_blanks_are_cut() {
    for model in text_models() {
        let turn = format!("a{}b\u{3000}{}c", " ".repeat(60_000), "\u{3000}\n".repeat(10_000));
        check(model.id, &asking(model.family, &turn, 100, None));
    }
}

#[test]
fn chunks_are_made_when_they_are_asked_for() {
    let mut chunks = stream("meta.llama3-8b-instruct-v1:0", &json!({"prompt": "hello"})).unwrap();
    assert_eq!(chunks.by_ref().take(2).count(), 2);
    assert_eq!(chunks.next().unwrap()["generation"], ":");
    assert!(!format!("{chunks:?}").contains("hello"));
}

#[test]
fn models_that_make_no_text_do_not_stream() {
    for model in MODELS.iter().filter(|model| model.kind() != Kind::Text) {
        for body in [minimal(model.family), json!({})] {
            let refusal = stream(model.id, &body).unwrap_err();
            assert_eq!(refusal, Refusal::Validation("The model is unsupported for streaming.".to_owned()));
        }
    }
}

#[test]
fn what_is_refused_is_not_streamed() {
    for model in text_models() {
        assert_eq!(stream(model.id, &json!({})).unwrap_err(), answer(model.id, &json!({})).unwrap_err());
    }
    assert!(stream("amazon.titan-embed-text-v3:0", &json!({})).is_err());
}

proptest! {
    #[test]
    fn a_stream_says_what_the_whole_answer_says(
        model in prop::sample::select(text_models().collect::<Vec<_>>()),
        turn in prop_oneof!["\\PC{1,80}", "[a-z ,.\n\u{3000}é中\u{1f600}]{1,200}"],
        limit in 1..60_u32,
        stop in prop::option::of(prop_oneof!["[a-z ]{1,3}", Just("said".to_owned())]),
    ) {
        check(model.id, &asking(model.family, &turn, limit, stop.as_deref()));
    }
}
