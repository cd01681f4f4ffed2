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

use http::uri::Authority;
use http::{Request, Uri};
use invoke_model_families::Usage;
use invoke_model_protocol::metrics::RequestFacts;
use invoke_model_transport::TransportErrorKind;
use tracing::{Span, field, info_span};

use super::OperationDescription;
use crate::client::Client;
use crate::error::{ErrorKind, ServiceErrorDetails};
use crate::metadata::ResponseHead;
use crate::tags::{self, Tags};

/// Opens the span of a call.
pub(super) fn call(client: &Client, operation: &OperationDescription, is_stream: bool) -> Span {
    let config = client.config();
    info_span!(
        "call",
        otel.name = field::Empty,
        otel.kind = "client",
        gen_ai.provider.name = "aws.bedrock",
        gen_ai.operation.name = operation.gen_ai_name,
        gen_ai.request.model = field::Empty,
        gen_ai.request.max_tokens = field::Empty,
        // The conventions omit this attribute if it is `false`.
        gen_ai.request.stream = is_stream.then_some(true),
        gen_ai.usage.input_tokens = field::Empty,
        gen_ai.usage.output_tokens = field::Empty,
        gen_ai.usage.cache_read.input_tokens = field::Empty,
        gen_ai.usage.cache_creation.input_tokens = field::Empty,
        gen_ai.response.finish_reasons = field::Empty,
        aws.bedrock.guardrail.id = field::Empty,
        invoke_model.tags = field::Empty,
        cloud.region = config.region(),
        server.address = config.endpoint.host(),
        server.port = config.endpoint.port(),
        error.type = field::Empty,
    )
}

/// Records the model id, the limit of output tokens, the guardrail and the tags of a request. `name` returns the name
/// of the span if the operation has no fixed method and path.
pub(super) fn record_request(
    span: &Span,
    operation: &OperationDescription,
    facts: RequestFacts<'_>,
    name: &dyn Fn() -> Option<String>,
    tags: &Tags,
) {
    if span.is_disabled() {
        return;
    }
    let operation_name = operation.gen_ai_name;
    match facts.model_id {
        Some(model) => span
            .record("gen_ai.request.model", model)
            .record("otel.name", format!("{operation_name} {model}")),
        None => span.record("otel.name", name().as_deref().unwrap_or(operation_name)),
    };
    span.record("gen_ai.request.max_tokens", facts.max_output_tokens);
    span.record("aws.bedrock.guardrail.id", facts.guardrail_id);
    if !tags.is_empty() {
        span.record("invoke_model.tags", tags::shown(tags));
    }
}

/// Opens the span of an attempt.
pub(super) fn attempt<B>(client: &Client, request: &Request<B>, earlier_attempts: u32) -> Span {
    info_span!(
        "attempt",
        otel.name = request.method().as_str(),
        otel.kind = "client",
        http.request.method = request.method().as_str(),
        // The query of a raw request can contain secrets.
        url.full = url_without_query(request.uri()),
        http.request.resend_count = (earlier_attempts > 0).then_some(earlier_attempts),
        http.response.status_code = field::Empty,
        server.address = client.config().endpoint.host(),
        server.port = client.config().endpoint.port(),
        aws.request_id = field::Empty,
        error.type = field::Empty,
    )
}

fn url_without_query(uri: &Uri) -> String {
    let (scheme, authority) =
        (uri.scheme_str().unwrap_or_default(), uri.authority().map_or("", Authority::as_str));
    format!("{scheme}://{authority}{}", uri.path())
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
    // The conventions count cached tokens as input tokens. The counts of the service do not include them.
    span.record("gen_ai.usage.input_tokens", usage.total_input_tokens());
    span.record("gen_ai.usage.output_tokens", usage.output_tokens);
    span.record("gen_ai.usage.cache_read.input_tokens", usage.cache_read_input_tokens);
    span.record("gen_ai.usage.cache_creation.input_tokens", usage.cache_write_input_tokens);
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
pub(crate) fn error_type<E: ServiceErrorDetails>(kind: &ErrorKind<E>) -> Cow<'_, str> {
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
