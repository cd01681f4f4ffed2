//! `ListAsyncInvokes`.

use std::time::SystemTime;

use invoke_model_types::{
    AsyncInvokeSummary, ListAsyncInvokes, ListAsyncInvokesInput, ListAsyncInvokesOutput, SortOrder,
};
use sha2::{Digest, Sha256};

use super::{CallContext, OperationHandler, Reply};
use crate::async_jobs::AsyncJob;
use crate::service_error::ServiceError;

/// The default number of jobs on a page.
const DEFAULT_PAGE: i32 = 100;

/// A handler that lists jobs.
pub(super) struct ListAsyncInvokesHandler;

impl OperationHandler for ListAsyncInvokesHandler {
    type Operation = ListAsyncInvokes;

    const IS_BILLED: bool = false;

    fn handle(
        call: &CallContext<'_>,
        input: ListAsyncInvokesInput,
    ) -> Result<Reply<ListAsyncInvokes>, ServiceError> {
        let query = query_digest(&input, call.region);
        let after = input.next_token.as_deref().map(|token| parse_token(token, &query)).transpose()?;
        let is_ascending = input.sort_order == Some(SortOrder::ASCENDING);
        let is_later = |job: &AsyncJob| {
            after.is_none_or(|after| if is_ascending { job.number > after } else { job.number < after })
        };
        let mut jobs = call.state.async_jobs.select(|job| {
            job.region == call.region
                && is_later(job)
                && input.status_equals.as_ref().is_none_or(|status| job.status(call.now) == *status)
                && input.submit_time_after.is_none_or(|time| job.submitted() > time)
                && input.submit_time_before.is_none_or(|time| job.submitted() < time)
        });
        if !is_ascending {
            jobs.reverse();
        }
        let size = usize::try_from(input.max_results.unwrap_or(DEFAULT_PAGE)).unwrap_or(1);
        let has_more = jobs.len() > size;
        jobs.truncate(size);
        let mut output = ListAsyncInvokesOutput::default();
        output.next_token = jobs.last().filter(|_| has_more).map(|job| format!("{query}-{:x}", job.number));
        output.async_invoke_summaries = Some(jobs.into_iter().map(|job| summary(job, call.now)).collect());
        Ok(Reply::new(output))
    }
}

fn summary(job: AsyncJob, now: SystemTime) -> AsyncInvokeSummary {
    let (status, submitted) = (job.status(now), job.submitted());
    let (failure, ended, last_modified) = (job.failure(now), job.ended(now), job.last_modified(now));
    let mut summary = AsyncInvokeSummary::new(job.arn, job.model_arn, submitted, job.output);
    summary.client_request_token = job.token;
    summary.status = Some(status);
    summary.failure_message = failure;
    summary.last_modified_time = Some(last_modified);
    summary.end_time = ended;
    summary
}

/// Returns a digest of the members that must not change between the pages of a list.
fn query_digest(input: &ListAsyncInvokesInput, region: &str) -> String {
    let ListAsyncInvokesInput { submit_time_after, submit_time_before, status_equals, sort_order, .. } =
        input;
    let is_ascending = *sort_order == Some(SortOrder::ASCENDING);
    let query = (region, submit_time_after, submit_time_before, status_equals, is_ascending);
    let digest = Sha256::digest(serde_json::to_vec(&query).unwrap_or_default());
    digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// Parses a token. Returns the number of the last job on the previous page.
fn parse_token(token: &str, query: &str) -> Result<u64, ServiceError> {
    let position = token.split_once('-').filter(|(digest, _)| *digest == query);
    let number = position.and_then(|(_, number)| u64::from_str_radix(number, 16).ok());
    number.ok_or_else(|| {
        ServiceError::validation(
            "The nextToken is invalid. Use the nextToken of a response, and repeat the other members of the request.",
        )
    })
}
