//! Typed calls of `Converse`, `ConverseStream` and `CountTokens` from the client to the local endpoint.

use invoke_model_client::RetryConfig;
use invoke_model_client::types::{
    AnyToolChoice, ContentBlock, ContentBlockDelta, ConversationRole, ConverseError, ConverseOutputShape,
    ConverseStreamEvent, ConverseTokensRequest, CountTokensInputShape, Message, StopReason,
    ThrottlingException, Tool, ToolChoice, ToolConfiguration, ToolInputSchema, ToolResultBlock,
    ToolResultContentBlock, ToolSpecification,
};
use invoke_model_local::{Fault, LocalEndpoint, StreamFault};
use serde_json::{Value, json};

use crate::end_to_end::client;

const CLAUDE: &str = "anthropic.claude-sonnet-4-20250514-v1:0";

fn user(content: ContentBlock) -> Message {
    Message::new(ConversationRole::USER, vec![content])
}

fn hello() -> Message {
    user(ContentBlock::Text("hello".to_owned()))
}

fn tools() -> ToolConfiguration {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let tool = ToolSpecification::new("double", ToolInputSchema::Json(schema));
    let mut tools = ToolConfiguration::new(vec![Tool::ToolSpec(tool)]);
    tools.tool_choice = Some(ToolChoice::Any(AnyToolChoice::default()));
    tools
}

#[tokio::test]
async fn a_tool_is_called_and_its_result_is_answered() {
    let local = LocalEndpoint::start().await.unwrap();
    let client = client(&local);
    let call = || client.converse().model_id(CLAUDE).tool_config(tools());
    let output = call().messages(hello()).send().await.unwrap();
    assert_eq!(output.stop_reason, StopReason::TOOL_USE);
    let ConverseOutputShape::Message(message) = output.output else { panic!("no message") };
    let ContentBlock::ToolUse(tool) = &message.content[0] else { panic!("no tool call") };
    assert_eq!((tool.name.as_str(), &tool.input), ("double", &json!({"n": 0})));

    let result = vec![ToolResultContentBlock::Text("it is zero".to_owned())];
    let result = user(ContentBlock::ToolResult(ToolResultBlock::new(&tool.tool_use_id, result)));
    let answer = call().messages(hello()).messages(message.clone()).messages(result).send().await.unwrap();
    assert_eq!(answer.stop_reason, StopReason::END_TURN);
    let ConverseOutputShape::Message(message) = answer.output else { panic!("no message") };
    assert_eq!(message.content, [ContentBlock::Text("You said: it is zero".to_owned())]);
}

#[tokio::test]
async fn a_stream_is_complete_and_has_metrics() {
    let local = LocalEndpoint::start().await.unwrap();
    let output = client(&local).converse_stream().model_id(CLAUDE).messages(hello()).send().await.unwrap();
    let mut events = output.events;
    let mut text = String::new();
    while let Some(event) = events.recv().await.unwrap() {
        if let ConverseStreamEvent::ContentBlockDelta(delta) = event {
            let ContentBlockDelta::Text(piece) = delta.delta else { panic!("no text") };
            text.push_str(&piece);
        }
    }
    assert_eq!(text, "You said: hello");
    assert!(events.is_complete());
    let usage = events.metadata().usage;
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(1), Some(4)));
}

#[tokio::test]
async fn counted_tokens_agree_with_the_usage() {
    let local = LocalEndpoint::start().await.unwrap();
    let client = client(&local);
    let mut request = ConverseTokensRequest::default();
    request.messages = Some(vec![hello()]);
    request.tool_config = Some(tools());
    let input = CountTokensInputShape::Converse(request);
    let counted = client.count_tokens().model_id(CLAUDE).input(input).send().await.unwrap();
    let output =
        client.converse().model_id(CLAUDE).messages(hello()).tool_config(tools()).send().await.unwrap();
    assert_eq!(counted.input_tokens, output.usage.input_tokens);
}

#[tokio::test]
async fn errors_and_faults_apply_to_conversations() {
    let local = LocalEndpoint::start().await.unwrap();
    let client = client(&local);
    let rejected = client.converse().model_id(CLAUDE).send().await.unwrap_err();
    assert!(matches!(rejected.as_service_error(), Some(ConverseError::ValidationException(_))), "{rejected}");
    assert_eq!((rejected.code(), local.calls().len()), (Some("ValidationException"), 1));

    let throttled = Fault::error(ThrottlingException::default()).operation("Converse").first(1);
    local.inject(throttled);
    let once = RetryConfig::disabled();
    let call = client.converse().model_id(CLAUDE).messages(hello()).retry_config(once);
    let throttled = call.send().await.unwrap_err();
    assert!(
        matches!(throttled.as_service_error(), Some(ConverseError::ThrottlingException(_))),
        "{throttled}"
    );

    local.break_next_stream(2, StreamFault::Truncate { bytes: 10 });
    let output = client.converse_stream().model_id(CLAUDE).messages(hello()).send().await.unwrap();
    let mut events = output.events;
    let error = loop {
        match events.recv().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream is complete"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("truncated"), "{error}");
    assert_eq!(events.received().events, 2);
}

#[tokio::test]
async fn an_operation_can_be_called_by_name() {
    let local = LocalEndpoint::start().await.unwrap();
    let input = json!({"modelId": CLAUDE, "messages": [{"role": "user", "content": [{"text": "hello"}]}]});
    let output: Value = client(&local).operation("Converse").unwrap().json(input).send().await.unwrap();
    assert_eq!(output["output"]["message"]["content"][0]["text"], "You said: hello");
}
