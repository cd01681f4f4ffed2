//! What a trace shows of a call: a span for the call, one for each attempt in it, by the semantic conventions of
//! OpenTelemetry as they stand in 2026. Never the body, never a secret.
//!
//! <https://opentelemetry.io/docs/specs/semconv/gen-ai/aws-bedrock/> and
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>. `otel.name` and `otel.kind` are what bridges from
//! `tracing` to OpenTelemetry take for a span's name and kind.

use http::Request;
use http::request::Parts;
use invoke_model_protocol::{Operation, OperationError};
use invoke_model_transport::TransportErrorKind;
use tracing::{Span, field, info_span};

use crate::metadata::Head;
use crate::{Client, ErrorKind};

/// The header field of the guardrail, which the conventions ask for by name.
const GUARDRAIL: &str = "x-amzn-bedrock-guardrailidentifier";

/// The span of a call.
pub(super) fn call<O: Operation>(client: &Client) -> Span {
    let config = client.config();
    info_span!(
        "call",
        otel.name = field::Empty,
        otel.kind = "client",
        gen_ai.provider.name = "aws.bedrock",
        // None of the well-known names fits: what a model does with a body, its schema decides.
        gen_ai.operation.name = O::NAME,
        gen_ai.request.model = field::Empty,
        gen_ai.usage.input_tokens = field::Empty,
        gen_ai.usage.output_tokens = field::Empty,
        aws.bedrock.guardrail.id = field::Empty,
        cloud.region = config.region(),
        server.address = config.endpoint.host(),
        error.type = field::Empty,
    )
}

/// What the request says: the model, which stands in the path, and the guardrail.
pub(super) fn prepared<O: Operation>(span: &Span, path: &str, parts: &Parts) {
    if span.is_disabled() {
        return;
    }
    let labels = O::ROUTE.labels(path).unwrap_or_default();
    let model = labels.into_iter().find(|(name, _)| *name == "modelId").map(|(_, value)| value);
    let model = model.as_deref().unwrap_or_default();
    span.record("gen_ai.request.model", model);
    span.record("otel.name", format!("{} {model}", O::NAME));
    if let Some(id) = parts.headers.get(GUARDRAIL).and_then(|id| id.to_str().ok()) {
        span.record("aws.bedrock.guardrail.id", id);
    }
}

/// The span of an attempt.
pub(super) fn attempt<B>(client: &Client, request: &Request<B>, earlier: u32) -> Span {
    info_span!(
        "attempt",
        otel.name = request.method().as_str(),
        otel.kind = "client",
        http.request.method = request.method().as_str(),
        http.request.resend_count = (earlier > 0).then_some(earlier),
        http.response.status_code = field::Empty,
        server.address = client.config().endpoint.host(),
        aws.request_id = field::Empty,
        error.type = field::Empty,
    )
}

/// An attempt was answered, well or not.
pub(super) fn answered(span: &Span, head: &Head) {
    span.record("http.response.status_code", head.status.as_u16());
    span.record("aws.request_id", head.request_id());
}

/// A call was answered.
pub(super) fn succeeded(span: &Span, head: &Head) {
    span.record("gen_ai.usage.input_tokens", head.usage.input_tokens);
    span.record("gen_ai.usage.output_tokens", head.usage.output_tokens);
}

/// An attempt, or a call, has failed.
pub(super) fn failed<E: OperationError>(span: &Span, kind: &ErrorKind<E>) {
    if !span.is_disabled() {
        span.record("error.type", error_type(kind).as_ref());
    }
}

/// The service's code where it has one, else what failed: few values, as the conventions ask.
fn error_type<E: OperationError>(kind: &ErrorKind<E>) -> std::borrow::Cow<'_, str> {
    use TransportErrorKind as Is;
    let name = match kind {
        ErrorKind::Service { error, response } => match error.code() {
            Some(code) => code,
            None => return response.status().as_u16().to_string().into(),
        },
        ErrorKind::Transport(error) => match error.kind() {
            Is::ConnectTimeout | Is::ResponseTimeout | Is::Timeout(_) => "timeout",
            Is::Resolve => "name_resolution",
            Is::Connect | Is::Refused | Is::Send | Is::BodyIncomplete => "connection",
            Is::Proxy => "proxy",
            Is::Tls => "tls",
            _ => "transport",
        },
        ErrorKind::StreamException { error, .. } => error.code().unwrap_or("exception"),
        ErrorKind::Serialize(_) | ErrorKind::Header(_) | ErrorKind::Body(_) => "input",
        ErrorKind::Credentials(_) => "credentials",
        ErrorKind::Sign(_) => "signature",
        ErrorKind::Quota(_) => "quota",
        ErrorKind::Parse { .. } | ErrorKind::ParseEvent { .. } => "parse",
        ErrorKind::Truncated(_) => "truncated",
        ErrorKind::Decode(_) => "decode",
    };
    name.into()
}
