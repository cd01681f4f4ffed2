//! Calls operations with the official crate `aws-sdk-bedrockruntime`, and checks the responses.
//!
//! Usage: `peer-official OPERATION..`

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Debug;

use aws_config::BehaviorVersion;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::operation::converse_stream::ConverseStreamOutput;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    AsyncInvokeOutputDataConfig, AsyncInvokeS3OutputDataConfig, AsyncInvokeStatus, ContentBlock,
    ContentBlockDelta, ConversationRole, ConverseStreamOutput as Event, ConverseTokensRequest,
    CountTokensInput, GuardrailAction, GuardrailChecksConfig, GuardrailChecksContentBlock,
    GuardrailChecksMessage, GuardrailChecksRole, GuardrailChecksSensitiveInformationConfig,
    GuardrailChecksSensitiveInformationEntityConfig, GuardrailChecksSensitiveInformationEntityType,
    GuardrailContentBlock, GuardrailContentSource, GuardrailTextBlock, Message, ResponseStream,
    SpecificToolChoice, StopReason, TokenUsage, Tool, ToolChoice, ToolConfiguration, ToolInputSchema,
    ToolSpecification,
};
use aws_smithy_types::Document;
use serde_json::{Value, json};

const MODEL: &str = "anthropic.claude-haiku-4-5-20251001-v1:0";
const PROMPT: &str =
    "Describe a lighthouse at dawn, in words that a keeper would use: fog, lamp, tide, gull, horn.";
const TOOL: &str = "weather";
const ADDRESS: &str = "keeper@example.com";
const VIDEO_MODEL: &str = "amazon.nova-reel-v1:1";
const BUCKET: &str = "s3://lighthouse/videos";

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let settings = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let client = Client::new(&settings);
    let operations: Vec<String> = std::env::args().skip(1).collect();
    for operation in &operations {
        match operation.as_str() {
            "InvokeModel" => invoke_model(&client).await?,
            "InvokeModelWithResponseStream" => invoke_model_with_response_stream(&client).await?,
            "Converse" => converse(&client).await?,
            "ConverseStream" => converse_stream(&client).await?,
            "CountTokens" => count_tokens(&client).await?,
            "ApplyGuardrail" => apply_guardrail(&client).await?,
            "InvokeGuardrailChecks" => invoke_guardrail_checks(&client).await?,
            "StartAsyncInvoke" => start_async_invoke(&client).await?,
            "ListAsyncInvokes" => drop(list_async_invokes(&client).await?),
            "GetAsyncInvoke" => get_async_invoke(&client).await?,
            other => return Err(format!("no check of {other}").into()),
        }
    }
    println!("official crate, operations: {} operations", operations.len());
    Ok(())
}

async fn invoke_model(client: &Client) -> Outcome {
    let call = client.invoke_model().model_id(MODEL).content_type("application/json").body(body());
    let response: Value = serde_json::from_slice(call.send().await?.body.as_ref())?;
    equal("InvokeModel, text", &response["content"][0]["text"], &json!(text()))
}

async fn invoke_model_with_response_stream(client: &Client) -> Outcome {
    let call = client.invoke_model_with_response_stream().model_id(MODEL);
    let mut stream = call.content_type("application/json").body(body()).send().await?.body;
    let mut found = String::new();
    while let Some(event) = stream.recv().await? {
        let ResponseStream::Chunk(part) = event else { return Err("an event that is not a chunk".into()) };
        let chunk: Value = serde_json::from_slice(part.bytes.ok_or("a chunk without bytes")?.as_ref())?;
        found.push_str(chunk["delta"]["text"].as_str().unwrap_or_default());
    }
    equal("InvokeModelWithResponseStream, text", &found, &text())
}

async fn converse(client: &Client) -> Outcome {
    let response = client.converse().model_id(MODEL).messages(message()?).send().await?;
    equal("Converse, content", content(&response)?, &ContentBlock::Text(text()))?;
    equal("Converse, stop reason", response.stop_reason(), &StopReason::EndTurn)?;
    check_usage("Converse", response.usage())?;

    let call = client.converse().model_id(MODEL).messages(message()?).tool_config(tools()?);
    let response = call.send().await?;
    let call = content(&response)?.as_tool_use().map_err(|_| "no tool call")?;
    let arguments = HashMap::from([
        ("city".to_owned(), Document::String("Oslo".to_owned())),
        ("days".to_owned(), Document::from(3_u64)),
    ]);
    equal("Converse, tool", call.name(), TOOL)?;
    equal("Converse, arguments", call.input(), &Document::Object(arguments))?;
    equal("Converse, stop reason of a tool call", response.stop_reason(), &StopReason::ToolUse)
}

fn content(response: &ConverseOutput) -> Result<&ContentBlock, Box<dyn Error>> {
    let message = response.output().and_then(|output| output.as_message().ok()).ok_or("no message")?;
    Ok(message.content().first().ok_or("no content")?)
}

async fn converse_stream(client: &Client) -> Outcome {
    let call = client.converse_stream().model_id(MODEL).messages(message()?);
    let (found, _, usage) = read(call.send().await?).await?;
    equal("ConverseStream, text", &found, &text())?;
    check_usage("ConverseStream", usage.as_ref())?;

    let call = client.converse_stream().model_id(MODEL).messages(message()?).tool_config(tools()?);
    let (found, tool, _) = read(call.send().await?).await?;
    equal("ConverseStream, tool", &tool, &Some(TOOL.to_owned()))?;
    equal("ConverseStream, arguments", &serde_json::from_str(&found)?, &json!({ "city": "Oslo", "days": 3 }))
}

/// Returns three values: the complete text or the complete tool arguments, the name of the called tool if there
/// is one, and the usage.
async fn read(
    mut response: ConverseStreamOutput,
) -> Result<(String, Option<String>, Option<TokenUsage>), Box<dyn Error>> {
    let (mut joined, mut tool, mut usage) = (String::new(), None, None);
    while let Some(event) = response.stream.recv().await? {
        match event {
            Event::ContentBlockStart(event) => {
                tool = event
                    .start()
                    .and_then(|start| start.as_tool_use().ok())
                    .map(|use_| use_.name().to_owned());
            }
            Event::ContentBlockDelta(event) => match event.delta {
                Some(ContentBlockDelta::Text(piece)) => joined.push_str(&piece),
                Some(ContentBlockDelta::ToolUse(piece)) => joined.push_str(piece.input()),
                other => return Err(format!("unexpected delta {other:?}").into()),
            },
            Event::Metadata(event) => usage = event.usage,
            _ => {}
        }
    }
    Ok((joined, tool, usage))
}

fn check_usage(name: &str, usage: Option<&TokenUsage>) -> Outcome {
    let usage = usage.ok_or("no usage")?;
    let (input, output) = (usage.input_tokens(), usage.output_tokens());
    equal(&format!("{name}, has input and output tokens"), &(input > 0, output > 0), &(true, true))?;
    equal(&format!("{name}, total tokens"), &usage.total_tokens(), &(input + output))
}

async fn count_tokens(client: &Client) -> Outcome {
    let request = ConverseTokensRequest::builder().messages(message()?).build();
    let count =
        client.count_tokens().model_id(MODEL).input(CountTokensInput::Converse(request)).send().await?;
    let response = client.converse().model_id(MODEL).messages(message()?).send().await?;
    let expected = response.usage().ok_or("no usage")?.input_tokens();
    equal("CountTokens, tokens of the call", &count.input_tokens(), &expected)
}

/// Uses the guardrail of `guardrails.json`, which denies a word of the prompt.
async fn apply_guardrail(client: &Client) -> Outcome {
    let text = GuardrailTextBlock::builder().text(PROMPT).build()?;
    let call = client.apply_guardrail().guardrail_identifier("lighthouse").guardrail_version("1");
    let call = call.source(GuardrailContentSource::Input).content(GuardrailContentBlock::Text(text));
    let response = call.send().await?;
    equal("ApplyGuardrail, action", response.action(), &GuardrailAction::GuardrailIntervened)?;
    let output = response.outputs().first().and_then(|output| output.text());
    equal("ApplyGuardrail, output", &output, &Some("The keeper does not talk about birds."))?;
    let policy = response.assessments().first().and_then(|assessment| assessment.word_policy());
    let word = policy.and_then(|policy| policy.custom_words().first()).map(|word| word.r#match());
    equal("ApplyGuardrail, word", &word, &Some("gull"))
}

async fn invoke_guardrail_checks(client: &Client) -> Outcome {
    let letter = format!("Write to {ADDRESS} before dusk.");
    let content = GuardrailChecksContentBlock::Text(letter.clone());
    let message =
        GuardrailChecksMessage::builder().role(GuardrailChecksRole::User).content(content).build()?;
    let email = GuardrailChecksSensitiveInformationEntityType::Email;
    let entity = GuardrailChecksSensitiveInformationEntityConfig::builder().r#type(email.clone()).build()?;
    let entities = GuardrailChecksSensitiveInformationConfig::builder().entities(entity).build()?;
    let checks = GuardrailChecksConfig::builder().sensitive_information(entities).build();
    let response = client.invoke_guardrail_checks().messages(message).checks(checks).send().await?;
    let results =
        response.results().and_then(|results| results.sensitive_information()).ok_or("no results")?;
    let found = results.results().first().ok_or("no entity")?;
    let range = usize::try_from(found.begin_offset())?..usize::try_from(found.end_offset())?;
    equal("InvokeGuardrailChecks, type", found.r#type(), &email)?;
    equal("InvokeGuardrailChecks, text", &letter[range], ADDRESS)
}

async fn start_async_invoke(client: &Client) -> Outcome {
    let text = Document::from(HashMap::from([("text".to_owned(), Document::from(PROMPT))]));
    let input = HashMap::from([
        ("taskType".to_owned(), Document::from("TEXT_VIDEO")),
        ("textToVideoParams".to_owned(), text),
    ]);
    let bucket = AsyncInvokeS3OutputDataConfig::builder().s3_uri(BUCKET).build()?;
    let call = client.start_async_invoke().model_id(VIDEO_MODEL).client_request_token("dawn");
    let call = call.model_input(Document::from(input));
    let call = call.output_data_config(AsyncInvokeOutputDataConfig::S3OutputDataConfig(bucket));
    let (first, second) = (call.clone().send().await?, call.send().await?);
    equal("StartAsyncInvoke, repeated token", first.invocation_arn(), second.invocation_arn())
}

/// Returns the ARN of the only job.
async fn list_async_invokes(client: &Client) -> Result<String, Box<dyn Error>> {
    let mut jobs = client.list_async_invokes().max_results(1).into_paginator().items().send();
    let job = jobs.next().await.ok_or("no job")??;
    let bucket = job.output_data_config().and_then(|config| config.as_s3_output_data_config().ok());
    equal("ListAsyncInvokes, bucket", &bucket.map(|bucket| bucket.s3_uri()), &Some(BUCKET))?;
    equal("ListAsyncInvokes, has more jobs", &jobs.next().await.is_some(), &false)?;
    Ok(job.invocation_arn().to_owned())
}

async fn get_async_invoke(client: &Client) -> Outcome {
    let job = client.get_async_invoke().invocation_arn(list_async_invokes(client).await?).send().await?;
    equal("GetAsyncInvoke, model", &job.model_arn().ends_with(&format!("/{VIDEO_MODEL}")), &true)?;
    equal("GetAsyncInvoke, failed", &(job.status() == &AsyncInvokeStatus::Failed), &false)
}

fn text() -> String {
    format!("You said: {PROMPT}")
}

fn body() -> Blob {
    let request = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 256,
        "messages": [{ "role": "user", "content": PROMPT }],
    });
    Blob::new(request.to_string())
}

fn message() -> Result<Message, Box<dyn Error>> {
    let text = ContentBlock::Text(PROMPT.to_owned());
    Ok(Message::builder().role(ConversationRole::User).content(text).build()?)
}

fn tools() -> Result<ToolConfiguration, Box<dyn Error>> {
    let cities = vec![Document::from("Oslo"), Document::from("Lima")];
    let days =
        [("type".to_owned(), Document::from("integer")), ("minimum".to_owned(), Document::from(3_u64))];
    let properties = HashMap::from([
        ("city".to_owned(), Document::from(HashMap::from([("enum".to_owned(), Document::from(cities))]))),
        ("days".to_owned(), Document::from(HashMap::from(days))),
    ]);
    let required = vec![Document::from("city"), Document::from("days")];
    let schema = HashMap::from([
        ("type".to_owned(), Document::from("object")),
        ("properties".to_owned(), Document::from(properties)),
        ("required".to_owned(), Document::from(required)),
    ]);
    let schema = ToolInputSchema::Json(Document::from(schema));
    let tool = Tool::ToolSpec(ToolSpecification::builder().name(TOOL).input_schema(schema).build()?);
    let choice = ToolChoice::Tool(SpecificToolChoice::builder().name(TOOL).build()?);
    Ok(ToolConfiguration::builder().tools(tool).tool_choice(choice).build()?)
}

fn equal<T: Debug + PartialEq + ?Sized>(name: &str, found: &T, expected: &T) -> Outcome {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{name}: found {found:?}, expected {expected:?}").into())
    }
}
