//! Tests of paginators and waiters.

use std::time::Duration;

use bytes::Bytes;
use invoke_model_client::types::GetAsyncInvoke;
use invoke_model_client::{Error, ErrorKind, PaginationError, WaitError, WaiterError};
use tokio::time::Instant;

use crate::fake::{Fake, SendResult, response};

const ARN: &str = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abcdefghijkl";

fn ok(body: String) -> SendResult {
    Ok(response(200, &[], Bytes::from(body).into()))
}

/// Returns a page with one invocation per status, and with the token of the next page.
fn page(statuses: &[&str], next_token: Option<&str>) -> SendResult {
    let items: Vec<String> = statuses.iter().map(|status| invocation(status)).collect();
    let token = next_token.map(|token| format!(r#","nextToken":"{token}""#)).unwrap_or_default();
    ok(format!(r#"{{"asyncInvokeSummaries":[{}]{token}}}"#, items.join(",")))
}

fn invocation(status: &str) -> String {
    format!(
        r#"{{"invocationArn":"{ARN}","modelArn":"arn:aws:bedrock:us-east-1::foundation-model/m","status":"{status}",
        "submitTime":"2026-01-02T03:04:05Z","outputDataConfig":{{"s3OutputDataConfig":{{"s3Uri":"s3://bucket"}}}}}}"#
    )
}

#[tokio::test]
async fn a_paginator_reads_all_pages() {
    let fake = Fake::with_responses([
        page(&["Completed", "Failed"], Some("a b")),
        page(&[], Some("second")),
        page(&["InProgress"], None),
    ]);
    let call = fake.client().list_async_invokes().max_results(2);
    let mut items = call.into_paginator().items();
    let mut statuses = Vec::new();
    while let Some(item) = items.try_next().await.unwrap() {
        statuses.push(item.status.unwrap().to_string());
    }
    assert_eq!(statuses, ["Completed", "Failed", "InProgress"]);
    assert!(items.try_next().await.unwrap().is_none());
    let queries: Vec<_> =
        fake.requests().iter().map(|request| request.uri().query().unwrap().to_owned()).collect();
    assert_eq!(queries, ["maxResults=2", "maxResults=2&nextToken=a%20b", "maxResults=2&nextToken=second"]);
}

#[tokio::test]
async fn a_repeated_token_ends_the_paginator_with_an_error() {
    let fake = Fake::with_responses([page(&[], Some("a")), page(&[], Some("b")), page(&[], Some("a"))]);
    let mut pages = fake.client().list_async_invokes().into_paginator();
    for _ in 0..3 {
        assert!(pages.try_next().await.unwrap().is_some());
    }
    let error: Error = pages.try_next().await.unwrap_err().into();
    let ErrorKind::Pagination(PaginationError::RepeatedToken { token }) = error.kind() else {
        panic!("unexpected error: {error}");
    };
    assert_eq!(token, "a");
    assert_eq!(
        error.to_string(),
        "ListAsyncInvokes: the service returned the page token `a` again: the list has no end (region us-east-1)"
    );
    assert!(pages.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_failed_page_can_be_read_again() {
    let denied =
        || Ok(response(403, &[("x-amzn-errortype", "AccessDeniedException")], Bytes::from("{}").into()));
    let fake = Fake::with_responses([page(&["Failed"], Some("next")), denied(), page(&["Completed"], None)]);
    let mut items = fake.client().list_async_invokes().into_paginator().items();
    assert_eq!(items.try_next().await.unwrap().unwrap().status.unwrap().as_str(), "Failed");
    assert!(items.try_next().await.unwrap_err().is_access_denied());
    assert_eq!(items.try_next().await.unwrap().unwrap().status.unwrap().as_str(), "Completed");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_repeats_the_call_until_the_invocation_is_completed() {
    let progress = || ok(invocation("InProgress"));
    let fake = Fake::with_responses([progress(), progress(), ok(invocation("Completed"))]);
    let start = Instant::now();
    let call = fake.client().get_async_invoke().invocation_arn(ARN);
    let output = call.wait_until(&GetAsyncInvoke::COMPLETED, Duration::from_secs(60)).await.unwrap();
    assert_eq!(output.status.as_str(), "Completed");
    assert!((10..=15).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_ends_with_the_failure_of_the_invocation() {
    let fake = Fake::with_responses([ok(invocation("Failed"))]);
    let call = fake.client().get_async_invoke().invocation_arn(ARN);
    let error = call.wait_until(&GetAsyncInvoke::COMPLETED, Duration::from_secs(60)).await.unwrap_err();
    let WaitError::Failed(output) = error else { panic!("unexpected error: {error}") };
    assert_eq!(output.status.as_str(), "Failed");
    let error = Error::from(WaitError::<GetAsyncInvoke>::Failed(output));
    assert!(matches!(error.kind(), ErrorKind::Wait(WaiterError::Failed)), "{error:?}");
    assert_eq!(error.to_string(), "GetAsyncInvoke: the waiter ended, because the result is a failure");
    assert!(!error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_waiter_does_not_wait_longer_than_allowed() {
    let fake = Fake::with_responses([ok(invocation("InProgress")), ok(invocation("InProgress"))]);
    let start = Instant::now();
    let call = fake.client().get_async_invoke().invocation_arn(ARN);
    let error = call.wait_until(&GetAsyncInvoke::COMPLETED, Duration::from_secs(8)).await.unwrap_err();
    assert!(matches!(&error, WaitError::TimedOut(Some(output)) if output.status.as_str() == "InProgress"));
    assert_eq!(start.elapsed().as_secs(), 3, "the last call must be made before the maximum wait is over");

    // The maximum wait also ends a call that gets no response.
    let fake = Fake::slow([Box::pin(std::future::pending())]);
    let call = fake.client().get_async_invoke().invocation_arn(ARN);
    let error = call.wait_until(&GetAsyncInvoke::COMPLETED, Duration::from_secs(2)).await.unwrap_err();
    assert!(matches!(error, WaitError::TimedOut(None)));
    let error = Error::from(error);
    assert!(error.is_retryable() && error.to_string().contains("wait again"), "{error}");

    let fake = Fake::with_responses([ok(invocation("Completed"))]);
    let call = fake.client().get_async_invoke().invocation_arn(ARN);
    call.wait_until(&GetAsyncInvoke::COMPLETED, Duration::MAX).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_waiter_returns_the_error_of_a_call() {
    let fake = Fake::with(404, &[("x-amzn-errortype", "UnknownOperationException")], "{}");
    let call = fake.client().get_async_invoke().invocation_arn(ARN);
    let error = call.wait_until(&GetAsyncInvoke::COMPLETED, Duration::from_secs(60)).await.unwrap_err();
    assert!(matches!(&error, WaitError::Call(error) if error.code() == Some("UnknownOperationException")));
    assert_eq!(Error::from(error).code(), Some("UnknownOperationException"));
}
