//! `GetAsyncInvoke`.

use invoke_model_types::{GetAsyncInvoke, GetAsyncInvokeInput, GetAsyncInvokeOutput};

use super::{CallContext, OperationHandler, Reply};
use crate::service_error::ServiceError;

/// A handler that returns the state of a job.
pub(super) struct GetAsyncInvokeHandler;

impl OperationHandler for GetAsyncInvokeHandler {
    type Operation = GetAsyncInvoke;

    const IS_BILLED: bool = false;

    fn handle(
        call: &CallContext<'_>,
        input: GetAsyncInvokeInput,
    ) -> Result<Reply<GetAsyncInvoke>, ServiceError> {
        let found = call.state.async_jobs.get(&input.invocation_arn);
        // Return a `ValidationException`, because the Smithy model defines no `ResourceNotFoundException` for
        // this operation.
        let job = found.filter(|job| job.region == call.region).ok_or_else(|| {
            ServiceError::validation(format!(
                "The invocation {} does not exist in the region {}.",
                input.invocation_arn, call.region
            ))
        })?;
        let (status, submitted) = (job.status(call.now), job.submitted());
        let (failure, ended) = (job.failure(call.now), job.ended(call.now));
        let last_modified = job.last_modified(call.now);
        let mut output = GetAsyncInvokeOutput::new(job.arn, job.model_arn, status, submitted, job.output);
        output.client_request_token = job.token;
        output.failure_message = failure;
        output.last_modified_time = Some(last_modified);
        output.end_time = ended;
        Ok(Reply::new(output))
    }
}
