//! Calls of the operations of asynchronous invocations.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::primitives::{DateTime, DateTimeFormat};
use aws_sdk_bedrockruntime::types::{
    AsyncInvokeOutputDataConfig, AsyncInvokeS3OutputDataConfig, AsyncInvokeSummary,
};
use serde_json::{Value, json};

use crate::Supported;
use crate::calls::respond;
use crate::inputs::{document, only, set_members, string};
use crate::outputs::{members, text};

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
    let call = set_members!(client.start_async_invoke(), input, |value| {
        "clientRequestToken" => client_request_token(string(value)),
        "modelId" => model_id(string(value)),
        "modelInput" => model_input(document(value)),
        "outputDataConfig" => output_data_config(output_data_config(value)?),
    });
    respond(call.send().await, |output| Ok(json!({ "invocationArn": output.invocation_arn })))
}

pub(crate) async fn get(client: &Client, input: &Value) -> Supported<Value> {
    let call = set_members!(client.get_async_invoke(), input, |value| {
        "invocationArn" => invocation_arn(string(value)),
    });
    respond(call.send().await, |output| {
        let mut job = job!(output);
        job["status"] = json!(output.status().as_str());
        Ok(job)
    })
}

pub(crate) async fn list(client: &Client, input: &Value) -> Supported<Value> {
    let call = set_members!(client.list_async_invokes(), input, |value| {
        "submitTimeAfter" => submit_time_after(parse(value)?),
        "submitTimeBefore" => submit_time_before(parse(value)?),
        "statusEquals" => status_equals(string(value).as_str().into()),
        "maxResults" => max_results(value.as_i64().unwrap_or_default() as i32),
        "nextToken" => next_token(string(value)),
        "sortBy" => sort_by(string(value).as_str().into()),
        "sortOrder" => sort_order(string(value).as_str().into()),
    });
    respond(call.send().await, |output| {
        let jobs = output.async_invoke_summaries.as_ref().map(|jobs| jobs.iter().map(summary).collect());
        Ok(members([("nextToken", text(output.next_token())), ("asyncInvokeSummaries", jobs)]))
    })
}

fn summary(job: &AsyncInvokeSummary) -> Value {
    let mut members = job!(job);
    if let Some(status) = job.status() {
        members["status"] = json!(status.as_str());
    }
    members
}

fn parse(value: &Value) -> Supported<DateTime> {
    let text = string(&value["$time"]);
    DateTime::from_str(&text, DateTimeFormat::DateTime).map_err(|error| error.to_string())
}

fn time(value: Option<&DateTime>) -> Option<Value> {
    Some(json!({ "$time": value?.fmt(DateTimeFormat::DateTime).ok()? }))
}

fn output_data_config(value: &Value) -> Supported<AsyncInvokeOutputDataConfig> {
    let value = only(value, "s3OutputDataConfig")?;
    let bucket = set_members!(AsyncInvokeS3OutputDataConfig::builder(), value, |value| {
        "s3Uri" => s3_uri(string(value)),
        "kmsKeyId" => kms_key_id(string(value)),
        "bucketOwner" => bucket_owner(string(value)),
    });
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
