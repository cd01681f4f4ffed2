//! Calls of the operations.

use std::error::Error;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::http::HttpResponse;
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use serde_json::{Value, json};

use crate::inputs::{all, blob, count, document, inference, message, set_members, string, system};
use crate::outputs::{bytes, chunk, converse_event, converse_output, members, text};
use crate::{Supported, async_invokes, errors};

/// Sets the members of `InvokeModel` and `InvokeModelWithResponseStream`.
macro_rules! invoke {
    ($call:expr, $input:expr) => {
        set_members!($call, $input, |value| {
            "modelId" => model_id(string(value)),
            "contentType" => content_type(string(value)),
            "accept" => accept(string(value)),
            "body" => body(blob(value)?),
            "trace" => trace(string(value).as_str().into()),
            "guardrailIdentifier" => guardrail_identifier(string(value)),
            "guardrailVersion" => guardrail_version(string(value)),
            "performanceConfigLatency" => performance_config_latency(string(value).as_str().into()),
            "serviceTier" => service_tier(string(value).as_str().into()),
            "requestMetadata" => request_metadata(string(value)),
        })
    };
}

/// Sets the members of `Converse` and `ConverseStream`.
macro_rules! converse {
    ($call:expr, $input:expr) => {
        set_members!($call, $input, |value| {
            "modelId" => model_id(string(value)),
            "messages" => set_messages(Some(all(value, message)?)),
            "system" => set_system(Some(all(value, system)?)),
            "additionalModelRequestFields" => additional_model_request_fields(document(value)),
            "inferenceConfig" => inference_config(inference(value)?),
        })
    };
}

/// Reads the events of a stream until its end, an error, or the event that cancels the call.
macro_rules! receive {
    ($output:expr, $stream:expr, $encode:expr, $line:expr) => {{
        let mut events = Vec::new();
        let error = loop {
            match $stream.recv().await {
                Ok(None) => break None,
                Ok(Some(event)) => events.extend($encode(event)?),
                Err(error) => break Some(errors::of_stream(&error)),
            }
            if $line["cancel"]["after_events"].as_u64() == Some(events.len() as u64) {
                return Ok(json!({ "cancelled": true }));
            }
        };
        members([("output", Some($output)), ("events", Some(json!(events))), ("error", error)])
    }};
}

/// Makes a call, and returns the response of the adapter.
pub(crate) async fn call(client: &Client, line: &Value) -> Supported<Value> {
    let input = &line["input"];
    Ok(match line["operation"].as_str().unwrap_or_default() {
        "InvokeModel" => respond(invoke!(client.invoke_model(), input).send().await, |output| {
            Ok(members([
                ("body", Some(bytes(&output.body))),
                ("contentType", Some(json!(output.content_type))),
                ("performanceConfigLatency", text(output.performance_config_latency)),
                ("serviceTier", text(output.service_tier)),
            ]))
        })?,
        "InvokeModelWithResponseStream" => {
            match invoke!(client.invoke_model_with_response_stream(), input).send().await {
                Ok(mut output) => {
                    let members = members([
                        ("contentType", Some(json!(output.content_type))),
                        ("performanceConfigLatency", text(output.performance_config_latency)),
                        ("serviceTier", text(output.service_tier)),
                    ]);
                    receive!(members, output.body, chunk, line)
                }
                Err(error) => json!({ "error": errors::of_call(&error) }),
            }
        }
        "Converse" => respond(converse!(client.converse(), input).send().await, converse_output)?,
        "ConverseStream" => match converse!(client.converse_stream(), input).send().await {
            Ok(mut output) => receive!(json!({}), output.stream, converse_event, line),
            Err(error) => json!({ "error": errors::of_call(&error) }),
        },
        "CountTokens" => {
            let call = set_members!(client.count_tokens(), input, |value| {
                "modelId" => model_id(string(value)),
                "input" => input(count(value)?),
            });
            respond(call.send().await, |output| Ok(json!({ "inputTokens": output.input_tokens })))?
        }
        "StartAsyncInvoke" => async_invokes::start(client, input).await?,
        "GetAsyncInvoke" => async_invokes::get(client, input).await?,
        "ListAsyncInvokes" => async_invokes::list(client, input).await?,
        operation => return Err(format!("this adapter does not support {operation}")),
    })
}

/// Returns the response of the adapter to a call without an event stream.
pub(crate) fn respond<O, E>(
    result: Result<O, SdkError<E, HttpResponse>>,
    encode: impl FnOnce(O) -> Supported<Value>,
) -> Supported<Value>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    Ok(match result {
        Ok(output) => json!({ "output": encode(output)? }),
        Err(error) => json!({ "error": errors::of_call(&error) }),
    })
}
