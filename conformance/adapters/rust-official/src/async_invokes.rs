//! Calls of the operations of asynchronous invocations.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::primitives::{DateTime, DateTimeFormat};
use aws_sdk_bedrockruntime::types::{AsyncInvokeOutputDataConfig, AsyncInvokeS3OutputDataConfig};
use serde_json::{Value, json};

use crate::inputs::{document, object, only, string};
use crate::outputs::{members, text};
use crate::{Supported, errors};

/// Returns the members of an asynchronous invocation, which has two types: in the outputs of `GetAsyncInvoke` and of
/// `ListAsyncInvokes`.
macro_rules! job {
    ($job:expr) => {
        members([
            ("invocationArn", text(Some($job.invocation_arn()))),
            ("modelArn", text(Some($job.model_arn()))),
            ("clientRequestToken", text($job.client_request_token())),
            ("failureMessage", text($job.failure_message())),
            ("submitTime", time(Some($job.submit_time()))),
            ("lastModifiedTime", time($job.last_modified_time())),
            ("endTime", time($job.end_time())),
            ("outputDataConfig", $job.output_data_config().map(bucket)),
        ])
    };
}

pub(crate) async fn start(client: &Client, input: &Value) -> Supported<Value> {
    let mut call = client.start_async_invoke();
    for (name, value) in object(input) {
        call = match name.as_str() {
            "clientRequestToken" => call.client_request_token(string(value)),
            "modelId" => call.model_id(string(value)),
            "modelInput" => call.model_input(document(value)),
            "outputDataConfig" => call.output_data_config(output_data_config(value)?),
            _ => return Err(format!("this adapter does not support the member {name}")),
        };
    }
    Ok(match call.send().await {
        Ok(output) => json!({ "output": { "invocationArn": output.invocation_arn } }),
        Err(error) => json!({ "error": errors::of_call(&error) }),
    })
}

pub(crate) async fn get(client: &Client, input: &Value) -> Supported<Value> {
    let mut call = client.get_async_invoke();
    for (name, value) in object(input) {
        call = match name.as_str() {
            "invocationArn" => call.invocation_arn(string(value)),
            _ => return Err(format!("this adapter does not support the member {name}")),
        };
    }
    Ok(match call.send().await {
        Ok(output) => {
            let mut job = job!(output);
            job["status"] = json!(output.status().as_str());
            json!({ "output": job })
        }
        Err(error) => json!({ "error": errors::of_call(&error) }),
    })
}

pub(crate) async fn list(client: &Client, input: &Value) -> Supported<Value> {
    let mut call = client.list_async_invokes();
    for (name, value) in object(input) {
        call = match name.as_str() {
            "submitTimeAfter" => call.submit_time_after(parse(value)?),
            "submitTimeBefore" => call.submit_time_before(parse(value)?),
            "statusEquals" => call.status_equals(string(value).as_str().into()),
            "maxResults" => call.max_results(value.as_i64().unwrap_or_default() as i32),
            "nextToken" => call.next_token(string(value)),
            "sortBy" => call.sort_by(string(value).as_str().into()),
            "sortOrder" => call.sort_order(string(value).as_str().into()),
            _ => return Err(format!("this adapter does not support the member {name}")),
        };
    }
    Ok(match call.send().await {
        Ok(output) => {
            let jobs = output.async_invoke_summaries.as_ref().map(|jobs| {
                jobs.iter()
                    .map(|job| {
                        let mut members = job!(job);
                        if let Some(status) = job.status() {
                            members["status"] = json!(status.as_str());
                        }
                        members
                    })
                    .collect()
            });
            json!({ "output": members([("nextToken", text(output.next_token())), ("asyncInvokeSummaries", jobs)]) })
        }
        Err(error) => json!({ "error": errors::of_call(&error) }),
    })
}

fn parse(value: &Value) -> Supported<DateTime> {
    let text = string(&value["$time"]);
    DateTime::from_str(&text, DateTimeFormat::DateTime).map_err(|error| error.to_string())
}

fn time(value: Option<&DateTime>) -> Option<Value> {
    Some(json!({ "$time": value?.fmt(DateTimeFormat::DateTime).ok()? }))
}

fn output_data_config(value: &Value) -> Supported<AsyncInvokeOutputDataConfig> {
    let mut bucket = AsyncInvokeS3OutputDataConfig::builder();
    for (name, value) in object(only(value, "s3OutputDataConfig")?) {
        bucket = match name.as_str() {
            "s3Uri" => bucket.s3_uri(string(value)),
            "kmsKeyId" => bucket.kms_key_id(string(value)),
            "bucketOwner" => bucket.bucket_owner(string(value)),
            _ => return Err(format!("this adapter does not support the member {name}")),
        };
    }
    Ok(AsyncInvokeOutputDataConfig::S3OutputDataConfig(bucket.build().map_err(|error| error.to_string())?))
}

fn bucket(config: &AsyncInvokeOutputDataConfig) -> Value {
    let AsyncInvokeOutputDataConfig::S3OutputDataConfig(bucket) = config else { return json!({}) };
    let members = members([
        ("s3Uri", text(Some(bucket.s3_uri()))),
        ("kmsKeyId", text(bucket.kms_key_id())),
        ("bucketOwner", text(bucket.bucket_owner())),
    ]);
    json!({ "s3OutputDataConfig": members })
}
