//! From a request to its response, without input or output.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use invoke_model_protocol::server;
use invoke_model_types::{
    InvokeModel, InvokeModelInput, InvokeModelOutput, Operation, ResourceNotFoundException, ServerOperation,
};

use crate::authenticate::Caller;
use crate::call_log::CallRecord;
use crate::endpoint::Endpoint;
use crate::families::{self, Answer};
use crate::payload::Payload;
use crate::raise;
use crate::refuse::{CommonError, Refused, X_AMZN_ERRORTYPE};
use crate::rules;

/// Responds to any request at all, and writes it into the log.
pub(crate) fn respond(endpoint: &Endpoint, request: Request<Payload>, now: SystemTime) -> Response<Bytes> {
    let (parts, payload) = request.into_parts();
    let mut call = CallRecord::new(&parts, payload.bytes.clone(), endpoint.next_request_id());
    let mut response =
        answer(endpoint, parts, payload, now, &mut call).unwrap_or_else(|refused| refused.response());
    set(response.headers_mut(), "x-amzn-requestid", &call.request_id);

    call.status = response.status().as_u16();
    let code = response.headers().get(X_AMZN_ERRORTYPE).and_then(|code| code.to_str().ok());
    call.error_code = code.map(str::to_owned);
    endpoint.log.push(call);
    response
}

fn answer(
    endpoint: &Endpoint,
    parts: Parts,
    payload: Payload,
    now: SystemTime,
    call: &mut CallRecord,
) -> Result<Response<Bytes>, Refused> {
    let hash = payload.hash;
    let request = Request::from_parts(parts, payload.bytes);
    call.model_id = Some(route(&request)?);
    let (parts, body) = request.into_parts();
    let caller = endpoint.authenticator.authenticate(&parts, &hash, now)?;
    call.signed = matches!(caller, Caller::Signed(_));
    if let Some(error) = endpoint.raise.pop() {
        return Err(Refused::Modeled(error));
    }

    let request = Request::from_parts(parts, body);
    let input =
        InvokeModel::parse_request(&request).map_err(|error| Refused::validation(error.to_string()))?;
    let answer = invoke(endpoint, &input, endpoint.region_of(&caller))?;
    call.input_tokens = Some(answer.input_tokens);
    call.output_tokens = Some(answer.output_tokens);
    write(input, answer)
}

/// The model id of a request for `InvokeModel`.
fn route(request: &Request<Bytes>) -> Result<String, CommonError> {
    let labels = server::labels::<InvokeModel>(request).ok();
    let model_id = labels.and_then(|labels| labels.into_iter().next());
    model_id.map(|(_, value)| value.into_owned()).ok_or_else(|| {
        let (method, path, route) = (request.method(), request.uri().path(), InvokeModel::ROUTE);
        let message = format!("{method} {path} is no operation of this endpoint, which has {route} only");
        CommonError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
    })
}

/// What the model that the input names says, if it may be asked.
fn invoke(endpoint: &Endpoint, input: &InvokeModelInput, region: &str) -> Result<Answer, Refused> {
    let body = rules::check(input)?;
    rules::check_region(&input.model_id, region)?;
    if input.model_id == raise::ERROR_MODEL_ID {
        return Err(raise::answer(&body));
    }
    let model = families::resolve(&input.model_id)?.ok_or_else(unknown_model)?;
    endpoint.policy.check(&input.model_id, model.id, region).map_err(Refused::Modeled)?;
    Ok(families::answer(model.id, &body)?)
}

fn unknown_model() -> Refused {
    let mut error = ResourceNotFoundException::default();
    error.message =
        Some("Could not resolve the foundation model from the provided model identifier.".to_owned());
    Refused::Modeled(error.into())
}

fn write(input: InvokeModelInput, answer: Answer) -> Result<Response<Bytes>, Refused> {
    let mut output = InvokeModelOutput::new(answer.body, answer.content_type);
    output.performance_config_latency = input.performance_config_latency;
    output.service_tier = input.service_tier;
    let mut response =
        InvokeModel::serialize_response(output).map_err(|error| Refused::internal(error.to_string()))?;
    let headers = response.headers_mut();
    set(headers, "x-amzn-bedrock-input-token-count", &answer.input_tokens.to_string());
    set(headers, "x-amzn-bedrock-output-token-count", &answer.output_tokens.to_string());
    Ok(response)
}

/// Sets a field to text that is known to be a field value.
pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
