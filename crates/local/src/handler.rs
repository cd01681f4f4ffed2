//! Computes the response to a request. Only a backend does I/O.

use std::cell::Cell;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response};
use invoke_model_families::output_token_weight;
use invoke_model_protocol::event_stream::CONTENT_TYPE as EVENT_STREAM;

use crate::backend::Backend;
use crate::bidirectional::{BidirectionalBody, EventInput, RequestBody};
use crate::call_record::CallRecord;
use crate::clock::shifted;
use crate::conversation::Conversation;
use crate::delivery::ResponseProgress;
use crate::fault::{CallFacts, ConnectionEnd, Fault, FaultPoint, Replacement};
use crate::operation::{
    self, CallContext, GuardedInput, ModelOutput, OperationEntry, SerializedReply, TokenUsage,
};
use crate::payload::Payload;
use crate::quotas::Reservation;
use crate::response_body::ResponseBody;
use crate::service_error::{ServiceError, X_AMZN_ERRORTYPE};
use crate::sonic::Session;
use crate::state::EndpointState;
use crate::stream::{EventStreamBody, FrameSource, Frames, PlannedStreamFault, StreamProgress};

/// The header with the duration of the invocation, in milliseconds.
pub(crate) const LATENCY: &str = "x-amzn-bedrock-invocation-latency";

const REQUEST_ID: &str = "x-amzn-requestid";

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
pub(crate) async fn handle(
    state: &EndpointState,
    connection_id: u64,
    request: Request<Payload>,
    now: SystemTime,
) -> Result<HandledRequest, ConnectionEnd> {
    let (parts, payload) = request.into_parts();
    let bytes = payload.bytes.clone();
    let mut call = CallRecord::new(&parts, bytes.clone(), state.next_request_id());
    (call.connection_id, call.time) = (connection_id, now);
    let request = Request::from_parts(parts, bytes);
    let route = operation::route(&request, &state.base_path);
    let mut fault = Fault::default();
    if let Ok((operation, model_id)) = &route {
        call.operation = Some(operation.name);
        call.model_id = Some(model_id.clone()).filter(|model_id| !model_id.is_empty());
        let facts = CallFacts::new(operation.name, model_id, request.body());
        fault = state.fault_rules.next_call_fault(&facts).unwrap_or_default();
    }
    if let Some((FaultPoint::Request, end)) = fault.disconnect {
        state.log.push_without_response(call, now);
        return Err(end);
    }

    let response = respond(state, route, request, payload, now, &fault, &mut call).await;
    let mut response = response.unwrap_or_else(|error| error.to_http().map(ResponseBody::from));
    if let Some(id) = response.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()) {
        // Keep the request id of a response that comes from the service or from a recording.
        call.request_id = id.to_owned();
    } else if !matches!(fault.replacement, Some(Replacement::Status(_))) {
        set_header(response.headers_mut(), REQUEST_ID, &call.request_id);
    }
    response = fault.modify(response, now);

    if !matches!(fault.replacement, Some(Replacement::Garbage(_))) {
        call.status = response.status().as_u16();
    }
    let code = response.headers().get(X_AMZN_ERRORTYPE).and_then(|code| code.to_str().ok());
    // Remove the URI that the service appends to the code.
    call.error_code = code.and_then(|code| code.split(':').next()).map(str::to_owned);
    let (worked_on, progress) = (call.worked_on, Arc::clone(&call.response_progress));
    let stream = call.stream_progress.clone();
    state.log.push(call);
    let response = response.map(|body| body.with_progress(Arc::clone(&progress)));
    Ok(HandledRequest { response, fault, worked_on, progress, stream })
}

async fn respond(
    state: &EndpointState,
    route: Result<(&'static OperationEntry, String), ServiceError>,
    request: Request<Bytes>,
    payload: Payload,
    now: SystemTime,
    fault: &Fault,
    call: &mut CallRecord,
) -> Result<Response<ResponseBody>, ServiceError> {
    // Record and replay all requests, because the service may have operations that the endpoint does not
    // have.
    let is_forwarded = matches!(state.backend, Backend::Record(_) | Backend::Replay(_));
    let route = match route {
        Err(error) if !is_forwarded => return Err(error),
        route => route,
    };
    let (mut parts, body) = request.into_parts();
    let caller = state.authenticator.authenticate(&parts, &payload.hash, shifted(now, fault.clock_skew));
    call.set_caller(caller.as_ref());
    let caller = caller?;
    if let Some(uri) = state.base_path.strip_uri(&parts.uri) {
        parts.uri = uri;
    }
    if let Some(replacement) = &fault.replacement {
        call.worked_on = fault.counts_as_worked_on(false);
        if let Some(input) = payload.events {
            input.discard();
        }
        let response = replacement.response()?;
        return Ok(match &fault.frames {
            None => response,
            Some(frames) => {
                let source = FrameSource::Encoded(frames.iter().cloned().collect());
                let body = stream_body(state, source, fault.planned_stream_fault(), now, fault, call);
                let mut response = response.map(|_| body);
                set_header(response.headers_mut(), "content-type", EVENT_STREAM);
                response
            }
        });
    }
    if let Some(error) = state.next_errors.pop() {
        return Err(error);
    }

    let request = Request::from_parts(parts, body);
    if is_forwarded && payload.events.is_some() {
        return Err(ServiceError::validation("A bidirectional stream cannot be recorded or replayed"));
    }
    match &state.backend {
        Backend::Record(recorder) if fault.reply.is_none() => {
            call.worked_on = fault.counts_as_worked_on(true);
            return recorder.respond(request, &call.response_progress).await;
        }
        Backend::Replay(recordings) if fault.reply.is_none() => {
            call.worked_on = fault.counts_as_worked_on(true);
            return recordings.respond(&request, &call.response_progress);
        }
        _ => {}
    }
    let (operation, model_id) = route?;
    let region = state.region_of(&caller);
    let context = |output| {
        let output = Cell::new(output);
        let (action, delay) = (operation.action, fault.delay);
        CallContext { state, action, region, now, delay, output, is_check: false }
    };
    let output = match (&fault.reply, &state.backend) {
        (Some(reply), _) => Some(ModelOutput::Reply(reply.clone())),
        (None, Backend::Upstream(upstream)) if operation.generates_text(&model_id) => {
            // Check the request first, so that the upstream gets only requests that the simulated model
            // accepts and that no guardrail blocks.
            let checked = operation.respond(&CallContext { is_check: true, ..context(None) }, &request)?;
            let conversation = Conversation::from_body(request.body());
            match checked.guarded_input {
                GuardedInput::Blocked => None,
                GuardedInput::Unguarded if operation.is_streaming => Some(ModelOutput::Parts(
                    upstream.stream(&model_id, &conversation, &call.response_progress).await?,
                )),
                // A guardrail evaluates the complete reply before a stream begins.
                GuardedInput::Unguarded | GuardedInput::Passed => {
                    Some(ModelOutput::Reply(upstream.reply(&model_id, &conversation).await?))
                }
            }
        }
        _ => None,
    };
    let reply = operation.respond(&context(output), &request)?;
    let SerializedReply { head, events, stream_fault, usage, is_bidirectional, .. } = reply;
    let quota = usage.map(|usage| reserve(state, usage)).transpose()?.flatten();
    if let Some(usage) = usage {
        (call.input_tokens, call.output_tokens) = (Some(usage.input_tokens), Some(usage.output_tokens));
    }
    call.worked_on = fault.counts_as_worked_on(operation.is_billed);
    let response = match events {
        None if is_bidirectional => {
            let input = payload.events.ok_or_else(needs_http2)?;
            let verifier = state.authenticator.event_verifier(&caller);
            let body = bidirectional_body(state, EventInput::new(verifier), input, call);
            head.map(|_: Bytes| body)
        }
        None => head.map(ResponseBody::from),
        Some(events) => {
            let planned = fault.planned_stream_fault().or(stream_fault);
            let planned = planned.or_else(|| state.next_stream_faults.pop());
            let source = FrameSource::Events(events);
            let body = stream_body(state, source, planned, now, fault, call);
            head.map(|_: Bytes| body)
        }
    };
    Ok(response.map(|body| body.with_reservation(quota)))
}

/// Returns a body that sends frames.
fn stream_body(
    state: &EndpointState,
    source: FrameSource,
    planned: Option<PlannedStreamFault>,
    now: SystemTime,
    fault: &Fault,
    call: &mut CallRecord,
) -> ResponseBody {
    let frames = Frames::new(source, now, planned);
    let progress = Arc::clone(call.stream_progress.get_or_insert_default());
    let pace = fault.pace.unwrap_or(state.pace);
    let clock = state.clock.clone();
    ResponseBody::events(EventStreamBody::new(clock, frames, progress, pace, state.streams.enter()))
}

/// Returns a body that sends and receives events.
fn bidirectional_body(
    state: &EndpointState,
    events: EventInput,
    input: RequestBody,
    call: &mut CallRecord,
) -> ResponseBody {
    let progress = Arc::clone(call.stream_progress.get_or_insert_default());
    let session = Session::new(&call.request_id);
    let (clock, stream) = (state.clock.clone(), state.streams.enter());
    ResponseBody::bidirectional(BidirectionalBody::new(clock, events, input, session, progress, stream))
}

fn needs_http2() -> ServiceError {
    ServiceError::validation("Bidirectional streams need HTTP/2: use a client with HTTP/2")
}

/// Reserves the tokens of a response. The caller keeps the reservation until the response is sent.
fn reserve(state: &EndpointState, usage: TokenUsage) -> Result<Option<Reservation>, ServiceError> {
    let burndown = u64::from(output_token_weight(usage.model_id));
    // Tokens that are read from the prompt cache do not count toward the quotas.
    let input_tokens = usage.input_tokens.saturating_add(usage.cached.map_or(0, |cached| cached.written));
    let reserved = input_tokens.saturating_add(usage.max_tokens);
    let used = input_tokens.saturating_add(usage.output_tokens.saturating_mul(burndown));
    Ok(state.quotas.reserve(usage.model_id, reserved, used)?)
}

/// Sets a header. Ignores a value that is not a valid header value.
pub(crate) fn set_header(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
