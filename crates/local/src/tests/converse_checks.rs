//! Tests of the requests that `Converse` rejects, and of the messages of the errors.

use serde_json::{Value, json};

use super::converse::{CLAUDE, converse, hello, json_request, tools, user};
use super::*;

const LLAMA: &str = "meta.llama3-8b-instruct-v1:0";
const NOVA: &str = "amazon.nova-lite-v1:0";

/// Checks that a request is rejected, and that the message begins with `expected`.
#[track_caller]
fn check(model_id: &str, body: &Value, expected: &str) {
    let message =
        check_error(&endpoint(), json_request(model_id, "converse", body), 400, "ValidationException");
    assert!(message.starts_with(expected), "{message:?} does not begin with {expected:?}");
}

fn messages(messages: &Value) -> Value {
    json!({"messages": messages, "toolConfig": tools(json!({"auto": {}}))})
}

fn assistant(content: Value) -> Value {
    json!({"role": "assistant", "content": [content]})
}

fn call(id: &str) -> Value {
    json!({"toolUse": {"toolUseId": id, "name": "weather", "input": {}}})
}

fn result(id: &str) -> Value {
    json!({"role": "user", "content": [{"toolResult": {"toolUseId": id, "content": [{"text": "a"}]}}]})
}

#[test]
fn the_order_of_messages() {
    check(CLAUDE, &json!({"messages": []}), "The messages field is empty.");
    check(CLAUDE, &json!({}), "The messages field is empty.");
    check(
        CLAUDE,
        &json!({"messages": [assistant(json!({"text": "a"})), user("b")]}),
        "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
    );
    check(
        CLAUDE,
        &json!({"messages": [user("a"), user("b")]}),
        "A conversation must alternate between user and assistant roles. Make sure",
    );
    let prefill = json!({"messages": [user("a"), assistant(json!({"text": "b"}))]});
    check(NOVA, &prefill, "A conversation must end with a user message.");
    check(
        "anthropic.claude-sonnet-4-6",
        &prefill,
        "The model returned the following errors: This model does not support assistant message prefill.",
    );
    assert_eq!(
        converse(&endpoint(), CLAUDE, &prefill)["output"]["message"]["content"][0]["text"],
        "You said: a"
    );
    check(
        CLAUDE,
        &json!({"messages": [user("a"), assistant(json!({"text": "b "}))]}),
        "The model returned the following errors: messages: final assistant content cannot end with trailing whitespace",
    );
    check(
        CLAUDE,
        &json!({"messages": [{"role": "tool", "content": [{"text": "a"}]}]}),
        "1 validation error detected: Value at 'messages.1.member.role' failed to satisfy constraint: Member must \
         satisfy enum value set: [user, assistant, system]",
    );
    check(
        CLAUDE,
        &json!({"messages": [{"role": "system", "content": [{"text": "a"}]}]}),
        "The local endpoint does not have the role system at messages.0: use the system field instead",
    );
    let prompt = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ";
    let request = json_request(&prompt.replace('/', "%2F"), "converse", &json!({}));
    assert_eq!(send(&endpoint(), request).status(), 200, "the messages are in the prompt");
}

#[test]
fn the_content_of_messages() {
    check(
        CLAUDE,
        &json!({"messages": [user("a"), {"role": "assistant", "content": []}]}),
        "The content field in the Message object at messages.1 is empty. Add a ContentBlock object to the content \
         field and try again.",
    );
    check(
        CLAUDE,
        &json!({"messages": [user("")]}),
        "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, \
         and try again.",
    );
    check(
        CLAUDE,
        &json!({"messages": [user("a")], "system": [{"text": " "}]}),
        "The text field in the SystemContent",
    );
    check(
        CLAUDE,
        &json!({"messages": [{"role": "user", "content": [{"novel": {}}]}]}),
        "The content block at messages.0.content.0 has no known member",
    );
    check(
        CLAUDE,
        &json!({"messages": [user(" \n")]}),
        "The model returned the following errors: messages: text content blocks must contain non-whitespace text",
    );
    let mixed = json!({"messages": [{"role": "user", "content": [{"text": "\n"}, {"text": "a"}]}]});
    assert_eq!(converse(&endpoint(), CLAUDE, &mixed)["stopReason"], "end_turn");
    let image = json!({"image": {"format": "png", "source": {"bytes": "aGVsbG8="}}});
    check(
        LLAMA,
        &json!({"messages": [{"role": "user", "content": [{"text": "a"}, image]}]}),
        "This model doesn't support the image content block that you provided. Update the content block and try \
         again.",
    );
    let stored = json!({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/b"}}}});
    check(
        CLAUDE,
        &json!({"messages": [{"role": "user", "content": [{"text": "a"}, stored]}]}),
        "This model doesn't support the s3Uri field. Remove s3Uri and try again.",
    );
    let stored = json!({"messages": [{"role": "user", "content": [{"text": "a"}, stored]}]});
    assert_eq!(converse(&endpoint(), NOVA, &stored)["stopReason"], "end_turn");
    let stored = json!({"document": {"format": "pdf", "name": "a", "source": {"s3Location": {"uri": "s3://bucket/b"}}}});
    check(
        CLAUDE,
        &json!({"messages": [{"role": "user", "content": [{"text": "a"}, stored]}]}),
        "The model returned the following errors: messages.0.content.1.document.source.type: Field required",
    );
    let system = json!({"messages": [user("a")], "system": [{"text": "be kind"}]});
    check("amazon.titan-text-lite-v1", &system, "This model doesn't support system messages.");
}

#[test]
fn documents() {
    let document =
        |name: &str| json!({"document": {"format": "txt", "name": name, "source": {"bytes": "aGk="}}});
    let body = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    check(CLAUDE, &body(json!([document("a")])), "A text block must be included when using documents.");
    for name in ["a.pdf", "a  b", "a/b"] {
        check(
            CLAUDE,
            &body(json!([{"text": "a"}, document(name)])),
            "The document file name can only contain alphanumeric characters, whitespace characters, hyphens",
        );
    }
    check(
        CLAUDE,
        &body(json!([{"text": "a"}, document("a"), document("a")])),
        "Messages can't contain duplicate document names.",
    );
    let many: Vec<_> =
        std::iter::once(json!({"text": "a"})).chain((0..6).map(|n| document(&format!("a{n}")))).collect();
    check(CLAUDE, &body(json!(many)), "You can't include more than 5 documents in a request.");
    let accepted = body(json!([{"text": "a"}, document("A_b (1) [x]-y")]));
    assert_eq!(converse(&endpoint(), CLAUDE, &accepted)["stopReason"], "end_turn");
}

#[test]
fn tool_calls_and_results() {
    let history = json!([user("a"), assistant(call("t1")), result("t1")]);
    check(
        CLAUDE,
        &json!({"messages": history}),
        "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
    );
    assert_eq!(converse(&endpoint(), CLAUDE, &messages(&history))["stopReason"], "end_turn");
    for second in [user("b"), result("t2")] {
        check(
            CLAUDE,
            &messages(&json!([user("a"), assistant(call("t1")), second])),
            "Expected toolResult blocks at messages.2.content for the following Ids: t1",
        );
    }
    check(
        CLAUDE,
        &messages(&json!([user("a"), assistant(json!({"text": "b"})), result("t1")])),
        "The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn.",
    );
    check(
        CLAUDE,
        &messages(
            &json!([user("a"), {"role": "assistant", "content": [call("t1"), call("t1")]}, result("t1")]),
        ),
        "The toolUse blocks at messages.1.content contain duplicate Ids: t1",
    );
    let failed = json!({"toolResult": {"toolUseId": "t1", "content": [], "status": "error"}});
    check(
        CLAUDE,
        &messages(&json!([user("a"), assistant(call("t1")), {"role": "user", "content": [failed]}])),
        "The content field at messages.2.content.0.toolResult cannot be empty when status value is error.",
    );
    check(
        CLAUDE,
        &messages(&json!([user("a"), assistant(call("no spaces")), result("no spaces")])),
        "2 validation errors detected: Value at 'messages.2.member.content.1.member.toolUse.toolUseId' failed to \
         satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.:-]+; Value at \
         'messages.3.member.content.1.member.toolResult.toolUseId' failed to satisfy",
    );
    check(
        CLAUDE,
        &messages(&json!([{"role": "user", "content": [call("t1")]}])),
        "The toolUse block at messages.0.content.0 is not allowed in this message.",
    );
}

#[test]
fn the_order_of_roles_that_a_model_accepts() {
    let from_assistant = json!({"messages": [assistant(json!({"text": "a"})), user("b")]});
    let value = converse(&endpoint(), "anthropic.claude-sonnet-4-5-20250929-v1:0", &from_assistant);
    assert_eq!(value["output"]["message"]["content"][0]["text"], "You said: b");
    let repeated = json!({"messages": [user("a"), user("b")]});
    let value = converse(&endpoint(), "amazon.titan-text-express-v1", &repeated);
    assert_eq!(value["output"]["message"]["content"][0]["text"], "You said: b");
    check(NOVA, &repeated, "A conversation must alternate between user and assistant roles. Make sure");
}

#[test]
fn nova_2_rejects_a_video_in_the_result_of_a_tool() {
    let source = json!({"s3Location": {"uri": "s3://lighthouse/gull.mp4"}});
    let video = json!({"video": {"format": "mp4", "source": source}});
    let result = json!({"toolResult": {"toolUseId": "t1", "content": [video]}});
    let body = messages(&json!([user("a"), assistant(call("t1")), {"role": "user", "content": [result]}]));
    assert_eq!(converse(&endpoint(), NOVA, &body)["stopReason"], "end_turn");
    check(
        "amazon.nova-2-lite-v1:0",
        &body,
        "The model returned the following errors: Malformed input request: #/messages/2/content/0: extraneous key \
         [toolResult] is not permitted, please reformat your input and try again.",
    );
}

#[test]
fn llama_rejects_a_text_next_to_the_result_of_a_tool() {
    let mut answer = result("t1");
    answer["content"].as_array_mut().unwrap().push(json!({"text": "b"}));
    let body = messages(&json!([user("a"), assistant(call("t1")), answer]));
    assert_eq!(converse(&endpoint(), CLAUDE, &body)["stopReason"], "end_turn");
    check(
        "meta.llama4-maverick-17b-instruct-v1:0",
        &body,
        "messages.2.content: Conversation blocks and tool result blocks cannot be provided in the same turn.",
    );
}

#[test]
fn the_reasoning_of_claude_needs_its_signature() {
    let reasoning = |signature: Value| {
        let text = json!({"text": "Hm.", "signature": signature});
        let block = json!({"reasoningContent": {"reasoningText": text}});
        json!({"messages": [user("a"), assistant(block), user("b")]})
    };
    assert_eq!(converse(&endpoint(), CLAUDE, &reasoning(json!("c2ln")))["stopReason"], "end_turn");
    for missing in [Value::Null, json!("")] {
        check(
            CLAUDE,
            &reasoning(missing),
            "The model returned the following errors: messages.1.content.0.thinking.signature: Field required",
        );
    }
}

#[test]
fn the_configuration_of_tools() {
    let with = |tools: Value| json!({"messages": [user("a")], "toolConfig": tools});
    let tool =
        |name: &str, schema: Value| json!({"toolSpec": {"name": name, "inputSchema": {"json": schema}}});
    let object = json!({"type": "object"});
    check(
        LLAMA,
        &with(json!({"tools": [tool("a", object.clone())]})),
        "This model doesn't support tool use.",
    );
    check(
        CLAUDE,
        &with(json!({"tools": []})),
        "1 validation error detected: Value at 'toolConfig.tools' failed to satisfy constraint: Member must have \
         length greater than or equal to 1",
    );
    check(
        CLAUDE,
        &with(json!({"tools": [tool("a", object.clone()), tool("a", object.clone())]})),
        "The model returned the following errors: tools: Tool names must be unique.",
    );
    check(
        CLAUDE,
        &with(json!({"tools": [tool("a", json!({"type": "string"}))]})),
        "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.",
    );
    check(
        CLAUDE,
        &with(json!({"tools": [tool("a b", object.clone())]})),
        "1 validation error detected: Value at 'toolConfig.tools.1.member.toolSpec.name' failed to satisfy \
         constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+",
    );
    let choice =
        |name: &str| json!({"tools": [tool("a", object.clone())], "toolChoice": {name: {"name": "b"}}});
    check(
        CLAUDE,
        &with(choice("tool")),
        "The model returned the following errors: tool_choice: Tool 'b' not found",
    );
    check(
        "meta.llama3-3-70b-instruct-v1:0",
        &with(choice("any")),
        "This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and try \
         again.",
    );
}

#[test]
fn inference_parameters() {
    let with = |config: Value| json!({"messages": [user("a")], "inferenceConfig": config});
    check(
        CLAUDE,
        &with(json!({"temperature": 1.5})),
        "1 validation error detected: Value at 'inferenceConfig.temperature' failed to satisfy constraint: Member \
         must have value less than or equal to 1",
    );
    check(CLAUDE, &with(json!({"topP": -1})), "1 validation error detected: Value at 'inferenceConfig.topP'");
    check(
        CLAUDE,
        &with(json!({"maxTokens": 0})),
        "1 validation error detected: Value at 'inferenceConfig.maxTokens'",
    );
    check(
        CLAUDE,
        &with(json!({"stopSequences": [""]})),
        "1 validation error detected: Value at 'inferenceConfig.stop",
    );
    check(
        "anthropic.claude-3-haiku-20240307-v1:0",
        &with(json!({"maxTokens": 4_097})),
        "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value \
         that is lower than 4096.",
    );
    check(
        LLAMA,
        &with(json!({"stopSequences": ["a"]})),
        "This model doesn't support the stopSequences field.",
    );
    check(
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        &with(json!({"temperature": 0.5, "topP": 0.5})),
        "The model returned the following errors: `temperature` and `top_p` cannot both be specified",
    );
}

#[test]
fn parameters_of_the_model() {
    let with = |fields: Value| {
        let mut body = hello();
        body["additionalModelRequestFields"] = fields;
        body
    };
    let thinking = |budget: Value| json!({"thinking": {"type": "enabled", "budget_tokens": budget}});
    check(CLAUDE, &with(json!([])), "The additionalModelRequestFields field must be a JSON object.");
    check(
        CLAUDE,
        &with(json!({"novel": 1})),
        "The model returned the following errors: novel: Extra inputs are not permitted",
    );
    check(
        CLAUDE,
        &with(thinking(json!(1_023))),
        "The model returned the following errors: thinking.enabled.budget_tokens: Input should be greater than or \
         equal to 1024",
    );
    check(
        CLAUDE,
        &with(thinking(Value::Null)),
        "The model returned the following errors: thinking.enabled.budget",
    );
    check(
        "anthropic.claude-3-haiku-20240307-v1:0",
        &with(thinking(json!(2_000))),
        "The model returned the following errors: thinking: Extra inputs are not permitted",
    );
    let mut body = with(thinking(json!(2_000)));
    body["inferenceConfig"] = json!({"maxTokens": 2_000});
    check(CLAUDE, &body, "The model returned the following errors: `max_tokens` must be greater than");
    body["inferenceConfig"] = json!({"temperature": 0.5});
    check(CLAUDE, &body, "The model returned the following errors: `temperature` may only be set to 1");
    let adaptive = json!({"thinking": {"type": "adaptive"}});
    let mut adaptive = with(adaptive);
    adaptive["inferenceConfig"] = json!({"temperature": 0.5});
    check(
        CLAUDE,
        &adaptive,
        "The model returned the following errors: `temperature` may only be set to 1 when thinking is enabled or in \
         adaptive mode.",
    );
    body["inferenceConfig"] = json!({});
    body["toolConfig"] = tools(json!({"any": {}}));
    check(
        CLAUDE,
        &body,
        "The model returned the following errors: Thinking may not be enabled when tool_choice",
    );
}

#[test]
fn anthropic_fields_that_thinking_restricts() {
    let check = |name: &str, value: Value, message: &str| {
        let mut body = hello();
        body["toolConfig"] = tools(json!({"auto": {}}));
        let thinking = json!({"type": "enabled", "budget_tokens": 1_024});
        body["additionalModelRequestFields"] = json!({"thinking": thinking, name: value});
        check(CLAUDE, &body, &format!("The model returned the following errors: {message}"));
    };
    check("top_k", json!(5), "`top_k` must be unset when thinking is enabled.");
    let forced = "Thinking may not be enabled when tool_choice forces tool use.";
    check("tool_choice", json!({"type": "any"}), forced);
}

#[test]
fn cache_points_need_a_model_with_prompt_caching() {
    let body = json!({"messages": [{"role": "user", "content": [{"text": "a"}, {"cachePoint": {"type": "default"}}]}]});
    let message =
        check_error(&endpoint(), json_request(LLAMA, "converse", &body), 403, "AccessDeniedException");
    check_contains(
        &message,
        "You invoked an unsupported model or your request did not allow prompt caching.",
    );
}
