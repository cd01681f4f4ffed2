//! The `tracing` spans of a call and of its attempts.
//!
//! The spans follow the semantic conventions of OpenTelemetry as of 2026. The spans do not contain bodies or
//! secrets.
//!
//! Conventions: <https://opentelemetry.io/docs/specs/semconv/gen-ai/aws-bedrock/> and
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>.
//!
//! Bridges from `tracing` to OpenTelemetry take the name and kind of a span from `otel.name` and `otel.kind`.

use std::borrow::Cow;

use http::Request;
use invoke_model_families::Usage;
use invoke_model_protocol::Operation;
use invoke_model_protocol::metrics::RequestFacts;
use invoke_model_transport::TransportErrorKind;
use tracing::{Span, field, info_span};

use crate::client::Client;
use crate::error::{ErrorKind, ServiceErrorDetails};
use crate::metadata::ResponseHead;

/// Opens the span of a call.
pub(super) fn call<O: Operation>(client: &Client) -> Span {
    let config = client.config();
    info_span!(
        "call",
        otel.name = field::Empty,
        otel.kind = "client",
        gen_ai.provider.name = "aws.bedrock",
        // The operation names in the conventions, such as `chat`, do not fit. They name the task of the
        // model, and the task depends on the body.
        gen_ai.operation.name = O::NAME,
        gen_ai.request.model = field::Empty,
        gen_ai.usage.input_tokens = field::Empty,
        gen_ai.usage.output_tokens = field::Empty,
        gen_ai.response.finish_reasons = field::Empty,
        aws.bedrock.guardrail.id = field::Empty,
        cloud.region = config.region(),
        server.address = config.endpoint.host(),
        error.type = field::Empty,
    )
}

/// Records the model id and the guardrail of a request.
pub(super) fn record_request<O: Operation>(span: &Span, input: &O::Input, facts: RequestFacts<'_>) {
    if span.is_disabled() {
        return;
    }
    match facts.model_id {
        Some(model) => {
            span.record("gen_ai.request.model", model).record("otel.name", format!("{} {model}", O::NAME))
        }
        None => span.record("otel.name", O::span_name(input).as_deref().unwrap_or(O::NAME)),
    };
    span.record("aws.bedrock.guardrail.id", facts.guardrail_id);
}

/// Opens the span of an attempt.
pub(super) fn attempt<B>(client: &Client, request: &Request<B>, earlier_attempts: u32) -> Span {
    info_span!(
        "attempt",
        otel.name = request.method().as_str(),
        otel.kind = "client",
        http.request.method = request.method().as_str(),
        http.request.resend_count = (earlier_attempts > 0).then_some(earlier_attempts),
        http.response.status_code = field::Empty,
        server.address = client.config().endpoint.host(),
        aws.request_id = field::Empty,
        error.type = field::Empty,
    )
}

/// Records the response of an attempt.
pub(super) fn record_response(span: &Span, head: &ResponseHead) {
    span.record("http.response.status_code", head.status.as_u16());
    span.record("aws.request_id", head.request_id());
}

/// Records the token counts of a call, and the reason why the model stopped.
pub(crate) fn record_metrics(span: &Span, usage: Usage, stop_reason: Option<&str>) {
    if span.is_disabled() {
        return;
    }
    span.record("gen_ai.usage.input_tokens", usage.input_tokens);
    span.record("gen_ai.usage.output_tokens", usage.output_tokens);
    span.record("gen_ai.response.finish_reasons", stop_reason);
}

/// Records the error of a call or an attempt.
pub(crate) fn record_error<E: ServiceErrorDetails>(span: &Span, kind: &ErrorKind<E>) {
    if !span.is_disabled() {
        span.record("error.type", error_type(kind).as_ref());
    }
}

/// Returns the error code of the service. If there is no code, returns the HTTP status or a name for the
/// failed step.
///
/// The conventions require that this attribute has a small set of values.
fn error_type<E: ServiceErrorDetails>(kind: &ErrorKind<E>) -> Cow<'_, str> {
    use TransportErrorKind as Transport;
    let name = match kind {
        ErrorKind::Service { error, response } => match error.code() {
            Some(code) => code,
            None => return response.status().as_u16().to_string().into(),
        },
        ErrorKind::Transport(error) => match error.kind() {
            Transport::ConnectTimeout | Transport::ResponseTimeout | Transport::Timeout(_) => "timeout",
            Transport::Resolve => "name_resolution",
            Transport::Connect | Transport::Refused | Transport::Send | Transport::BodyIncomplete => {
                "connection"
            }
            Transport::Proxy => "proxy",
            Transport::Tls => "tls",
            _ => "transport",
        },
        ErrorKind::StreamException { error, .. } => error.code().unwrap_or("exception"),
        ErrorKind::Json(_)
        | ErrorKind::Serialize(_)
        | ErrorKind::SerializeEvent(_)
        | ErrorKind::Header(_)
        | ErrorKind::Body(_) => "input",
        ErrorKind::Credentials(_) => "credentials",
        ErrorKind::Sign(_) => "signature",
        ErrorKind::Quota(_) => "quota",
        ErrorKind::Interceptor(_) => "interceptor",
        ErrorKind::Parse { .. } | ErrorKind::ParseEvent { .. } => "parse",
        ErrorKind::Truncated(_) => "truncated",
        ErrorKind::Pagination(_) => "pagination",
        ErrorKind::Wait(_) => "waiter",
        ErrorKind::Decode(_) => "decode",
    };
    name.into()
}
