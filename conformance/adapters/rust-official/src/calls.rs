//! Calls of the operations.

use aws_sdk_bedrockruntime::Client;
use serde_json::{Value, json};

use crate::inputs::{blob, count, document, inference, items, message, object, string, system};
use crate::outputs::{bytes, chunk, converse_event, converse_output, members, text};
use crate::{Supported, async_invokes, errors};

/// Sets the members of `InvokeModel` and `InvokeModelWithResponseStream`.
macro_rules! invoke {
    ($call:expr, $input:expr) => {{
        let mut call = $call;
        for (name, value) in object($input) {
            call = match name.as_str() {
                "modelId" => call.model_id(string(value)),
                "contentType" => call.content_type(string(value)),
                "accept" => call.accept(string(value)),
                "body" => call.body(blob(value)?),
                "trace" => call.trace(string(value).as_str().into()),
                "guardrailIdentifier" => call.guardrail_identifier(string(value)),
                "guardrailVersion" => call.guardrail_version(string(value)),
                "performanceConfigLatency" => call.performance_config_latency(string(value).as_str().into()),
                "serviceTier" => call.service_tier(string(value).as_str().into()),
                "requestMetadata" => call.request_metadata(string(value)),
                _ => return Err(format!("this adapter does not support the member {name}")),
            };
        }
        call
    }};
}

/// Sets the members of `Converse` and `ConverseStream`.
macro_rules! converse {
    ($call:expr, $input:expr) => {{
        let mut call = $call;
        for (name, value) in object($input) {
            call = match name.as_str() {
                "modelId" => call.model_id(string(value)),
                "messages" => call.set_messages(Some(items(value).map(message).collect::<Supported<_>>()?)),
                "system" => call.set_system(Some(items(value).map(system).collect::<Supported<_>>()?)),
                "additionalModelRequestFields" => call.additional_model_request_fields(document(value)),
                "inferenceConfig" => call.inference_config(inference(value)?),
                _ => return Err(format!("this adapter does not support the member {name}")),
            };
        }
        call
    }};
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
        "InvokeModel" => match invoke!(client.invoke_model(), input).send().await {
            Ok(output) => json!({ "output": members([
                ("body", Some(bytes(&output.body))),
                ("contentType", Some(json!(output.content_type))),
                ("performanceConfigLatency", text(output.performance_config_latency)),
                ("serviceTier", text(output.service_tier)),
            ]) }),
            Err(error) => json!({ "error": errors::of_call(&error) }),
        },
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
        "Converse" => match converse!(client.converse(), input).send().await {
            Ok(output) => json!({ "output": converse_output(&output)? }),
            Err(error) => json!({ "error": errors::of_call(&error) }),
        },
        "ConverseStream" => match converse!(client.converse_stream(), input).send().await {
            Ok(mut output) => receive!(json!({}), output.stream, converse_event, line),
            Err(error) => json!({ "error": errors::of_call(&error) }),
        },
        "CountTokens" => {
            let mut call = client.count_tokens();
            for (name, value) in object(input) {
                call = match name.as_str() {
                    "modelId" => call.model_id(string(value)),
                    "input" => call.input(count(value)?),
                    _ => return Err(format!("this adapter does not support the member {name}")),
                };
            }
            match call.send().await {
                Ok(output) => json!({ "output": { "inputTokens": output.input_tokens } }),
                Err(error) => json!({ "error": errors::of_call(&error) }),
            }
        }
        "StartAsyncInvoke" => async_invokes::start(client, input).await?,
        "GetAsyncInvoke" => async_invokes::get(client, input).await?,
        "ListAsyncInvokes" => async_invokes::list(client, input).await?,
        operation => return Err(format!("this adapter does not support {operation}")),
    })
}
