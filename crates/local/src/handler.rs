//! Computes the response to a request, without I/O.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response};
use invoke_model_families::output_token_weight;
use invoke_model_signing::PayloadHash;
use invoke_model_types::{
    InvokeModel, InvokeModelOutput, InvokeModelWithResponseStream, InvokeModelWithResponseStreamOutput,
    SerializeError, ServerOperation,
};
use serde_json::Value;

use crate::call_log::CallRecord;
use crate::clock::shifted;
use crate::delivery::ResponseProgress;
use crate::error_model;
use crate::error_response::{CommonError, ErrorResponse, X_AMZN_ERRORTYPE};
use crate::families::{self, DEFAULT_TEXT_MODEL, ModelResponse};
use crate::fault::{ConnectionEnd, Fault, FaultPoint, Replacement};
use crate::invocation::{Invocation, ResponseMode};
use crate::payload::Payload;
use crate::quotas::Reservation;
use crate::response_body::ResponseBody;
use crate::state::EndpointState;
use crate::stream::{EventStreamBody, Frames, PlannedStreamFault, StreamProgress};
use crate::validation;

/// The header with the duration of the invocation, in milliseconds.
pub(crate) const LATENCY: &str = "x-amzn-bedrock-invocation-latency";

/// A response, and the fault that affects its transmission.
pub(crate) struct HandledRequest {
    pub(crate) response: Response<ResponseBody>,
    pub(crate) fault: Fault,
    pub(crate) worked_on: bool,
    pub(crate) progress: Arc<ResponseProgress>,
    pub(crate) stream: Option<Arc<StreamProgress>>,
}

/// Returns the response to a request and logs the call.
///
/// # Errors
/// Returns a [`ConnectionEnd`] if a fault ends the connection before the call is processed.
pub(crate) fn handle(
    state: &EndpointState,
    connection_id: u64,
    request: Request<Payload>,
    now: SystemTime,
) -> Result<HandledRequest, ConnectionEnd> {
    let (parts, Payload { bytes, hash }) = request.into_parts();
    let mut call = CallRecord::new(&parts, bytes.clone(), state.next_request_id());
    (call.connection_id, call.time) = (connection_id, now);
    let request = Request::from_parts(parts, bytes);
    let route = ResponseMode::route(&request);
    let mut fault = Fault::default();
    if let Ok((mode, model_id)) = &route {
        (call.operation, call.model_id) = (Some(mode.operation()), Some(model_id.clone()));
        fault = state.fault_rules.next_call_fault(mode.operation(), model_id).unwrap_or_default();
    }
    if let Some((FaultPoint::Request, end)) = fault.disconnect {
        state.log.push_without_response(call, now);
        return Err(end);
    }

    let mut response = route
        .map_err(ErrorResponse::from)
        .and_then(|(mode, _)| respond(state, mode, request, &hash, now, &fault, &mut call))
        .unwrap_or_else(|error| error.to_http().map(ResponseBody::from));
    if !matches!(fault.replacement, Some(Replacement::Status(_))) {
        set_header(response.headers_mut(), "x-amzn-requestid", &call.request_id);
    }
    response = fault.modify(response, now);

    if !matches!(fault.replacement, Some(Replacement::Garbage(_))) {
        call.status = response.status().as_u16();
    }
    let code = response.headers().get(X_AMZN_ERRORTYPE).and_then(|code| code.to_str().ok());
    call.error_code = code.map(str::to_owned);
    let (worked_on, progress) = (call.worked_on, Arc::clone(&call.response_progress));
    let stream = call.stream_progress.clone();
    state.log.push(call);
    let response = response.map(|body| body.with_progress(Arc::clone(&progress)));
    Ok(HandledRequest { response, fault, worked_on, progress, stream })
}

fn respond(
    state: &EndpointState,
    mode: ResponseMode,
    request: Request<Bytes>,
    hash: &PayloadHash,
    now: SystemTime,
    fault: &Fault,
    call: &mut CallRecord,
) -> Result<Response<ResponseBody>, ErrorResponse> {
    let (parts, body) = request.into_parts();
    let caller = state.authenticator.authenticate(&parts, hash, shifted(now, fault.clock_skew));
    call.set_caller(caller.as_ref().map_err(CommonError::message));
    let caller = caller?;
    if let Some(replacement) = &fault.replacement {
        call.worked_on = fault.counts_as_worked_on(false);
        return replacement.response();
    }
    if let Some(error) = state.next_errors.pop() {
        return Err(ErrorResponse::Modeled(error));
    }

    let invocation = Invocation::read(mode, &Request::from_parts(parts, body))?;
    let request = admit(state, &invocation, state.region_of(&caller))?;
    let response = match mode {
        ResponseMode::Buffered => {
            let output = families::respond(request.model_id, &request.body)?;
            let quota =
                request.reserve(state, output.input_tokens, output.max_tokens, output.output_tokens)?;
            (call.input_tokens, call.output_tokens) = (Some(output.input_tokens), Some(output.output_tokens));
            buffered_response(invocation, output)
                .map(|response| response.map(|body| body.with_reservation(quota)))
        }
        ResponseMode::Streaming => {
            let chunks = families::stream(request.model_id, &request.body)?;
            let quota =
                request.reserve(state, chunks.input_tokens, chunks.max_tokens, chunks.output_tokens)?;
            (call.input_tokens, call.output_tokens) = (Some(chunks.input_tokens), Some(chunks.output_tokens));
            let content_type = chunks.content_type;
            let planned = fault.planned_stream_fault().or(request.stream_fault);
            let planned = planned.or_else(|| state.next_stream_faults.pop());
            let frames = Frames::new(chunks, now, planned);
            let progress = Arc::clone(call.stream_progress.get_or_insert_default());
            let pace = fault.pace.unwrap_or(state.pace);
            let events =
                EventStreamBody::new(state.clock.clone(), frames, progress, pace, state.streams.enter());
            streaming_response(invocation, content_type, events)
                .map(|response| response.map(|body| body.with_reservation(quota)))
        }
    };
    call.worked_on = fault.counts_as_worked_on(response.is_ok());
    response.map_err(|error| ErrorResponse::internal(error.to_string()))
}

/// A validated request, with the id of the model that responds to it.
struct ModelRequest {
    model_id: &'static str,
    body: Value,
    stream_fault: Option<PlannedStreamFault>,
}

impl ModelRequest {
    /// Reserves the tokens of a response. The caller keeps the reservation until the response is sent.
    fn reserve(
        &self,
        state: &EndpointState,
        input_tokens: u64,
        max_tokens: u64,
        output_tokens: u64,
    ) -> Result<Option<Reservation>, ErrorResponse> {
        let burndown = u64::from(output_token_weight(self.model_id));
        let reserved = input_tokens.saturating_add(max_tokens);
        let used = input_tokens.saturating_add(output_tokens.saturating_mul(burndown));
        let reservation = state.quotas.reserve(self.model_id, reserved, used);
        reservation.map_err(|error| ErrorResponse::Modeled(error.into()))
    }
}

/// Validates an invocation, resolves its model and checks the access policy.
fn admit(
    state: &EndpointState,
    invocation: &Invocation,
    region: &str,
) -> Result<ModelRequest, ErrorResponse> {
    let body = validation::check(invocation)?;
    validation::check_region(&invocation.model_id, region)?;
    if invocation.model_id == error_model::ERROR_MODEL_ID {
        let fault = error_model::stream_fault(invocation.mode, &body)?;
        return Ok(ModelRequest {
            model_id: DEFAULT_TEXT_MODEL,
            body: error_model::conversation(),
            stream_fault: Some(fault),
        });
    }
    let model = families::resolve(&invocation.model_id)?.ok_or_else(ErrorResponse::unknown_model)?;
    let operation = invocation.mode.operation();
    let allowed = state.policy.check(operation, &invocation.model_id, model.id, region);
    allowed.map_err(|denied| ErrorResponse::Modeled(denied.into()))?;
    Ok(ModelRequest { model_id: model.id, body, stream_fault: None })
}

fn buffered_response(
    invocation: Invocation,
    model_response: ModelResponse,
) -> Result<Response<ResponseBody>, SerializeError> {
    let mut output = InvokeModelOutput::new(model_response.body, model_response.content_type);
    output.performance_config_latency = invocation.performance_config_latency;
    output.service_tier = invocation.service_tier;
    let mut response = InvokeModel::serialize_response(output)?;
    let headers = response.headers_mut();
    set_header(headers, "x-amzn-bedrock-input-token-count", &model_response.input_tokens.to_string());
    set_header(headers, "x-amzn-bedrock-output-token-count", &model_response.output_tokens.to_string());
    // The server replaces the value when it sends the response.
    set_header(headers, LATENCY, "0");
    Ok(response.map(ResponseBody::from))
}

fn streaming_response(
    invocation: Invocation,
    content_type: &str,
    events: EventStreamBody,
) -> Result<Response<ResponseBody>, SerializeError> {
    let mut output = InvokeModelWithResponseStreamOutput::new(content_type);
    output.performance_config_latency = invocation.performance_config_latency;
    output.service_tier = invocation.service_tier;
    let head = InvokeModelWithResponseStream::serialize_response(output)?;
    Ok(head.map(|_: Bytes| ResponseBody::events(events)))
}

/// Sets a header. Ignores a value that is not a valid header value.
pub(crate) fn set_header(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
