//! Tests of all families. The modules below test the schema of each family.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::models::MODELS;
use super::{Family, ModelModality, ModelResponse, Rejection, find, resolve, respond, stream};

mod anthropic;
mod anthropic_text;
mod chat_completion;
mod chat_reasoning;
mod chat_template;
mod chat_tools;
mod cohere;
mod deepseek;
mod identifiers;
mod images;
mod llama;
mod mistral;
mod nova;
mod nova_embed;
mod rerank;
mod schema_instance;
mod shared;
mod stability;
mod streams;
mod titan;
mod tools;

/// Returns the response of `model` to a body, and the parsed body of the response.
fn invoke(model: &str, body: &Value) -> (ModelResponse, Value) {
    let response = respond(model, body).unwrap_or_else(|rejection| panic!("{model}, {body}: {rejection}"));
    let parsed = serde_json::from_slice(&response.body).expect("the response is JSON");
    (response, parsed)
}

/// Returns the body of the response of `model`, parsed as JSON.
fn response_body(model: &str, body: Value) -> Value {
    invoke(model, &body).1
}

/// Returns the chunks that `model` streams.
fn streamed(model: &str, body: Value) -> Vec<Value> {
    stream(model, &body).unwrap_or_else(|rejection| panic!("{model}, {body}: {rejection}")).collect()
}

/// Checks that `model` rejects a body, and that the error has the given message.
fn check_rejected(model: &str, body: Value, message: &str) {
    assert_eq!(respond(model, &body), Err(Rejection::Validation(message.to_owned())), "{body}");
}

/// Checks that the JSON Schema validation of `model` rejects a body because of `problem`.
fn check_malformed(model: &str, body: Value, problem: &str) {
    let message = format!("Malformed input request: {problem}, please reformat your input and try again.");
    check_rejected(model, body, &message);
}

/// Returns `body` with `value` at the JSON pointer `at`. If `value` is `Null`, removes the key.
fn with(mut body: Value, at: &str, value: Value) -> Value {
    let (parent, key) = at.rsplit_once('/').expect("a pointer starts with a slash");
    let parent = body.pointer_mut(parent).and_then(Value::as_object_mut).expect("the parent is an object");
    if value.is_null() {
        parent.remove(key)
    } else {
        parent.insert(key.to_owned(), value)
    };
    body
}

/// Returns a minimal body for `family`.
fn minimal(family: Family) -> Value {
    match family {
        Family::Anthropic => json!({
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "hello"}],
        }),
        Family::AmazonRerank => json!({"query": "hello", "documents": ["hello"]}),
        Family::AnthropicText => {
            json!({"prompt": "\n\nHuman: hello\n\nAssistant:", "max_tokens_to_sample": 100})
        }
        Family::CohereCommandR => json!({"message": "hello"}),
        Family::CohereRerank => json!({"query": "hello", "documents": ["hello"], "api_version": 2}),
        Family::CohereEmbed3 | Family::CohereEmbed4 => {
            json!({"texts": ["hello"], "input_type": "search_document"})
        }
        Family::DeepSeek | Family::Llama | Family::Mistral => json!({"prompt": "hello"}),
        Family::DeepSeekChat
        | Family::Jamba
        | Family::MistralChat
        | Family::OpenAi
        | Family::Palmyra
        | Family::Qwen => json!({"messages": [{"role": "user", "content": "hello"}]}),
        Family::Nova => json!({"messages": [{"role": "user", "content": [{"text": "hello"}]}]}),
        Family::NovaCanvas => json!({
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {"text": "hello"},
            "imageGenerationConfig": {"width": 320, "height": 320},
        }),
        Family::NovaEmbed => json!({
            "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": "GENERIC_INDEX",
                "text": {"truncationMode": "NONE", "value": "hello"},
            },
        }),
        Family::Stability => json!({"prompt": "hello"}),
        Family::TitanImage => json!({
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {"text": "hello"},
            "imageGenerationConfig": {"width": 384, "height": 576},
        }),
        Family::TitanEmbedImage | Family::TitanEmbedText | Family::TitanEmbedText2 | Family::TitanText => {
            json!({"inputText": "hello"})
        }
    }
}

/// The text of the reply to a minimal body, from a model that puts its reasoning in the text.
const WITH_REASONING: &str = "<reasoning>The message has 1 tokens. I repeat them.</reasoning>You said: hello";

/// Returns a minimal body for `family` with another text.
fn minimal_saying(family: Family, text: &str) -> Value {
    // The prompt of text completions has markers around the text.
    let at_marker = format!(" hello{}", r"\n\n");
    let json_text = json!(text).to_string();
    let inner = &json_text[1..json_text.len() - 1];
    let body = minimal(family).to_string().replace("\"hello\"", &json_text);
    serde_json::from_str(&body.replace(&at_marker, &format!(" {inner}{}", r"\n\n"))).unwrap()
}

#[test]
fn every_model_responds_deterministically_to_its_minimal_body() {
    for model in MODELS {
        let body = minimal(model.family);
        let (first, _) = invoke(model.id, &body);
        assert_eq!(first, invoke(model.id, &body).0, "{}", model.id);
        assert_eq!(first.content_type, "application/json");
        let counted = (first.input_tokens, first.output_tokens);
        match model.output_modality() {
            // The markers in the prompt have five tokens: `Human`, `:`, `Assistan`, `t` and `:`.
            ModelModality::Text if model.family == Family::AnthropicText => assert_eq!(counted, (6, 4)),
            // The reasoning has ten tokens.
            ModelModality::Text if model.family == Family::OpenAi => assert_eq!(counted, (1, 14)),
            ModelModality::Text => assert_eq!(counted, (1, 4), "{}: You said: hello", model.id),
            ModelModality::Embedding => assert_eq!(counted, (1, 0), "{}", model.id),
            ModelModality::Image => assert_eq!(counted, (0, 0), "{}", model.id),
            ModelModality::Ranking => assert_eq!(counted, (2, 0), "{}", model.id),
        }
    }
}

#[test]
fn text_models_echo_the_last_user_turn() {
    for model in MODELS.iter().filter(|model| model.output_modality() == ModelModality::Text) {
        let (response, _) = invoke(model.id, &minimal(model.family));
        let body = String::from_utf8(response.body).unwrap().replace(WITH_REASONING, "You said: hello");
        assert!(body.contains(r#""You said: hello""#), "{}: {body}", model.id);
    }
}

#[test]
fn bodies_must_be_objects() {
    let is_claude = |family: Family| matches!(family, Family::Anthropic | Family::AnthropicText);
    for model in MODELS.iter().filter(|model| !is_claude(model.family)) {
        check_malformed(model.id, json!([1]), "#: expected type: JSONObject, found: JSONArray");
    }
    check_rejected("anthropic.claude-sonnet-4-6", json!(null), "Input should be a valid dictionary");
}

#[test]
fn keys_of_bedrock_are_ignored() {
    for model in MODELS {
        let plain = minimal(model.family);
        let guarded = with(plain.clone(), "/amazon-bedrock-guardrailConfig", json!({"tagSuffix": "xyz"}));
        assert!(respond(model.id, &guarded).is_ok(), "{}", model.id);
        let misspelled = with(plain, "/amazon-guardrailConfig", json!({}));
        assert!(respond(model.id, &misspelled).is_err(), "{}", model.id);
    }
}

#[test]
fn unknown_models_are_rejected() {
    check_rejected("amazon.titan-embed-text-v3:0", json!({}), "The provided model identifier is invalid.");
}

/// Generates arbitrary JSON that often contains keys of the schemas.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("user"),
        Just("assistant"),
        Just("text"),
        Just("image"),
        Just("TEXT_IMAGE"),
        Just("search_query"),
        Just("bedrock-2023-05-31"),
        Just("<|start_header_id|>user<|end_header_id|>"),
        Just("[INST]"),
        Just("\u{1f600}\u{301}é中 \n"),
    ];
    let number = prop_oneof![any::<i64>(), -2..2000_i64];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number.prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let member = (any_key(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            prop::collection::vec(member, 0..6).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    const KEYS: &[&str] = &[
        "anthropic_version",
        "max_tokens",
        "messages",
        "role",
        "content",
        "type",
        "text",
        "source",
        "system",
        "stop_sequences",
        "temperature",
        "inputText",
        "textGenerationConfig",
        "maxTokenCount",
        "stopSequences",
        "dimensions",
        "normalize",
        "embeddingTypes",
        "inputImage",
        "embeddingConfig",
        "outputEmbeddingLength",
        "taskType",
        "textToImageParams",
        "imageGenerationConfig",
        "seed",
        "cfgScale",
        "prompt",
        "max_gen_len",
        "message",
        "chat_history",
        "texts",
        "input_type",
        "embedding_types",
        "truncate",
        "inputs",
        "output_dimension",
        "inferenceConfig",
        "maxTokens",
        "amazon-bedrock-trace",
        "documents",
        "query",
        "images",
        "image_url",
        "tools",
        "tool_choice",
        "tool_calls",
        "stop",
        "stream",
        "singleEmbeddingParams",
        "response_format",
    ];
    prop_oneof![4 => prop::sample::select(KEYS).prop_map(str::to_owned), 1 => ".{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn arbitrary_bodies_do_not_panic(model in prop::sample::select(MODELS), body in any_json()) {
        let _ = respond(model.id, &body);
    }

    #[test]
    fn modified_bodies_do_not_panic(
        model in prop::sample::select(MODELS),
        members in prop::collection::vec((any_key(), any_json()), 1..3),
    ) {
        let mut body = minimal(model.family);
        for (key, value) in members {
            body[key] = value;
        }
        if let Ok(response) = respond(model.id, &body) {
            prop_assert!(serde_json::from_slice::<Value>(&response.body).is_ok());
        }
    }

    #[test]
    fn arbitrary_identifiers_do_not_panic(id in "(arn:)?[a-z:/.-]{0,60}|.{0,60}") {
        let _ = resolve(&id);
        prop_assert!(find(&id).is_none());
    }
}

proptest! {
    #[test]
    fn arbitrary_prompts_do_not_panic(model in prop::sample::select(MODELS), text in "\\PC{1,80}", limit in 1..30) {
        let body = minimal_saying(model.family, &text).to_string();
        let body = body.replace("\"max_tokens\":100", &format!("\"max_tokens\":{limit}"));
        let body: Value = serde_json::from_str(&body).unwrap();
        let (response, _) = invoke(model.id, &body);
        if model.family == Family::Anthropic {
            prop_assert!(response.output_tokens <= limit as u64);
        }
    }
}
