//! From a request to its response, without input or output.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response};
use invoke_model_signing::PayloadHash;
use invoke_model_types::{
    InvokeModel, InvokeModelOutput, InvokeModelWithResponseStream, InvokeModelWithResponseStreamOutput,
    ResourceNotFoundException, SerializeError, ServerOperation,
};
use serde_json::Value;

use crate::answering::Sent;
use crate::authenticate::Caller;
use crate::body::AnswerBody;
use crate::call_log::CallRecord;
use crate::date::shifted;
use crate::endpoint::Endpoint;
use crate::families::{self, Answer, DEFAULT_TEXT_MODEL};
use crate::fault::{ConnectionEnd, Fault, FaultPoint, Instead};
use crate::invocation::{Invocation, Mode};
use crate::payload::Payload;
use crate::quotas::Reservation;
use crate::raise;
use crate::refuse::{Refused, X_AMZN_ERRORTYPE};
use crate::rules;
use crate::stream::{Events, Frames, Planned, Progress};

/// How long the model took, in milliseconds.
pub(crate) const LATENCY: &str = "x-amzn-bedrock-invocation-latency";

/// A response, and what is to happen to it on its way.
pub(crate) struct Responded {
    pub(crate) response: Response<AnswerBody>,
    pub(crate) fault: Fault,
    pub(crate) worked_on: bool,
    pub(crate) sent: Arc<Sent>,
    pub(crate) progress: Option<Arc<Progress>>,
}

/// Responds to any request at all, and writes it into the log. An error is how the connection ends in the place of a
/// response.
pub(crate) fn respond(
    endpoint: &Arc<Endpoint>,
    connection: u64,
    request: Request<Payload>,
    now: SystemTime,
) -> Result<Responded, ConnectionEnd> {
    let (parts, Payload { bytes, hash }) = request.into_parts();
    let mut call = CallRecord::new(&parts, bytes.clone(), endpoint.next_request_id());
    call.connection = connection;
    let request = Request::from_parts(parts, bytes);
    let routed = Mode::route(&request);
    let mut fault = Fault::default();
    if let Ok((mode, model_id)) = &routed {
        call.model_id = Some(model_id.clone());
        fault = endpoint.script.called(mode.operation(), model_id).unwrap_or_default();
    }
    if let Some((FaultPoint::Request, end)) = fault.broken {
        endpoint.log.push(call);
        return Err(end);
    }

    let mut response = routed
        .map_err(Refused::from)
        .and_then(|(mode, _)| answer(endpoint, mode, request, &hash, now, &fault, &mut call))
        .unwrap_or_else(|refused| refused.response().map(AnswerBody::from));
    if !matches!(fault.instead, Some(Instead::Status(_))) {
        set(response.headers_mut(), "x-amzn-requestid", &call.request_id);
    }
    response = fault.dress(response, now);

    if !matches!(fault.instead, Some(Instead::Garbage(_))) {
        call.status = response.status().as_u16();
    }
    let code = response.headers().get(X_AMZN_ERRORTYPE).and_then(|code| code.to_str().ok());
    call.error_code = code.map(str::to_owned);
    let (worked_on, sent, progress) = (call.worked_on, Arc::clone(&call.sent), call.progress.clone());
    endpoint.log.push(call);
    Ok(Responded {
        response: response.map(|body| body.telling(Arc::clone(&sent))),
        fault,
        worked_on,
        sent,
        progress,
    })
}

fn answer(
    endpoint: &Arc<Endpoint>,
    mode: Mode,
    request: Request<Bytes>,
    hash: &PayloadHash,
    now: SystemTime,
    fault: &Fault,
    call: &mut CallRecord,
) -> Result<Response<AnswerBody>, Refused> {
    let (parts, body) = request.into_parts();
    let caller = endpoint.authenticator.authenticate(&parts, hash, shifted(now, fault.clock_skew))?;
    call.signed = matches!(caller, Caller::Signed(_));
    if let Some(instead) = &fault.instead {
        call.worked_on = fault.counts(false);
        return instead.response();
    }
    if let Some(error) = endpoint.raise.pop() {
        return Err(Refused::Modeled(error));
    }

    let invocation = Invocation::read(mode, &Request::from_parts(parts, body))?;
    let asked = admit(endpoint, &invocation, endpoint.region_of(&caller))?;
    let response = match mode {
        Mode::Whole => {
            let answer = families::answer(asked.model_id, &asked.body)?;
            let quota =
                asked.reserve(endpoint, answer.input_tokens, answer.max_tokens, answer.output_tokens)?;
            (call.input_tokens, call.output_tokens) = (Some(answer.input_tokens), Some(answer.output_tokens));
            whole(invocation, answer).map(|response| response.map(|body| body.holding(quota)))
        }
        Mode::Streamed => {
            let chunks = families::stream(asked.model_id, &asked.body)?;
            let quota =
                asked.reserve(endpoint, chunks.input_tokens, chunks.max_tokens, chunks.output_tokens)?;
            (call.input_tokens, call.output_tokens) = (Some(chunks.input_tokens), Some(chunks.output_tokens));
            let content_type = chunks.content_type;
            let planned = fault.planned().or(asked.fault).or_else(|| endpoint.faults.pop());
            let frames = Frames::new(chunks, now, planned);
            let progress = Arc::clone(call.progress.get_or_insert_default());
            let pace = fault.pace.unwrap_or(endpoint.pace);
            let events = Events::new(Arc::clone(endpoint), frames, progress, pace);
            streamed(invocation, content_type, events)
                .map(|response| response.map(|body| body.holding(quota)))
        }
    };
    call.worked_on = fault.counts(response.is_ok());
    response.map_err(|error| Refused::internal(error.to_string()))
}

/// What a base model is asked.
struct Asked {
    model_id: &'static str,
    body: Value,
    fault: Option<Planned>,
}

impl Asked {
    /// Takes the tokens of an answer from the quotas, until it has been sent.
    fn reserve(
        &self,
        endpoint: &Arc<Endpoint>,
        input_tokens: u64,
        max_tokens: u64,
        output_tokens: u64,
    ) -> Result<Option<Reservation>, Refused> {
        let burndown = families::find(self.model_id).map_or(1, |model| model.burndown());
        let most = input_tokens.saturating_add(max_tokens);
        let used = input_tokens.saturating_add(output_tokens.saturating_mul(burndown));
        Reservation::take(endpoint, self.model_id, most, used).map_err(|error| Refused::Modeled(error.into()))
    }
}

/// Lets an invocation through to the model that it names, if it may be asked.
fn admit(endpoint: &Endpoint, invocation: &Invocation, region: &str) -> Result<Asked, Refused> {
    let body = rules::check(invocation)?;
    rules::check_region(&invocation.model_id, region)?;
    if invocation.model_id == raise::ERROR_MODEL_ID {
        let fault = raise::planned(invocation.mode, &body)?;
        return Ok(Asked { model_id: DEFAULT_TEXT_MODEL, body: raise::conversation(), fault: Some(fault) });
    }
    let model = families::resolve(&invocation.model_id)?.ok_or_else(unknown_model)?;
    let operation = invocation.mode.operation();
    let allowed = endpoint.policy.check(operation, &invocation.model_id, model.id, region);
    allowed.map_err(|denied| Refused::Modeled(denied.into()))?;
    Ok(Asked { model_id: model.id, body, fault: None })
}

fn unknown_model() -> Refused {
    let mut error = ResourceNotFoundException::default();
    error.message =
        Some("Could not resolve the foundation model from the provided model identifier.".to_owned());
    Refused::Modeled(error.into())
}

fn whole(invocation: Invocation, answer: Answer) -> Result<Response<AnswerBody>, SerializeError> {
    let mut output = InvokeModelOutput::new(answer.body, answer.content_type);
    output.performance_config_latency = invocation.performance_config_latency;
    output.service_tier = invocation.service_tier;
    let mut response = InvokeModel::serialize_response(output)?;
    let headers = response.headers_mut();
    set(headers, "x-amzn-bedrock-input-token-count", &answer.input_tokens.to_string());
    set(headers, "x-amzn-bedrock-output-token-count", &answer.output_tokens.to_string());
    // Said when the answer leaves.
    set(headers, LATENCY, "0");
    Ok(response.map(AnswerBody::from))
}

fn streamed(
    invocation: Invocation,
    content_type: &str,
    events: Events,
) -> Result<Response<AnswerBody>, SerializeError> {
    let mut output = InvokeModelWithResponseStreamOutput::new(content_type);
    output.performance_config_latency = invocation.performance_config_latency;
    output.service_tier = invocation.service_tier;
    let head = InvokeModelWithResponseStream::serialize_response(output)?;
    Ok(head.map(|_: Bytes| AnswerBody::events(events)))
}

/// Sets a field to text that is known to be a field value.
pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
