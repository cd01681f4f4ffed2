//! Supported traits: traits that lowering reads, and traits that do not affect the generated code.

use crate::diagnostic::Diagnostic;
use crate::model::{ShapeId, Traits};

pub(super) const DOCUMENTATION: &str = "smithy.api#documentation";
pub(super) const DEFAULT: &str = "smithy.api#default";
pub(super) const REQUIRED: &str = "smithy.api#required";
pub(super) const CLIENT_OPTIONAL: &str = "smithy.api#clientOptional";
pub(super) const SENSITIVE: &str = "smithy.api#sensitive";
pub(super) const SPARSE: &str = "smithy.api#sparse";
pub(super) const ENUM: &str = "smithy.api#enum";
pub(super) const ENUM_VALUE: &str = "smithy.api#enumValue";
pub(super) const ERROR: &str = "smithy.api#error";
pub(super) const HTTP: &str = "smithy.api#http";
pub(super) const HTTP_ERROR: &str = "smithy.api#httpError";
pub(super) const HTTP_HEADER: &str = "smithy.api#httpHeader";
pub(super) const HTTP_LABEL: &str = "smithy.api#httpLabel";
pub(super) const HTTP_PAYLOAD: &str = "smithy.api#httpPayload";
pub(super) const HTTP_PREFIX_HEADERS: &str = "smithy.api#httpPrefixHeaders";
pub(super) const HTTP_QUERY: &str = "smithy.api#httpQuery";
pub(super) const HTTP_QUERY_PARAMS: &str = "smithy.api#httpQueryParams";
pub(super) const HTTP_RESPONSE_CODE: &str = "smithy.api#httpResponseCode";
pub(super) const ENDPOINT: &str = "smithy.api#endpoint";
pub(super) const EVENT_HEADER: &str = "smithy.api#eventHeader";
pub(super) const EVENT_PAYLOAD: &str = "smithy.api#eventPayload";
pub(super) const HOST_LABEL: &str = "smithy.api#hostLabel";
pub(super) const HTTP_CHECKSUM_REQUIRED: &str = "smithy.api#httpChecksumRequired";
pub(super) const IDEMPOTENT: &str = "smithy.api#idempotent";
pub(super) const IDEMPOTENCY_TOKEN: &str = "smithy.api#idempotencyToken";
pub(super) const OPTIONAL_AUTH: &str = "smithy.api#optionalAuth";
pub(super) const READONLY: &str = "smithy.api#readonly";
pub(super) const REQUEST_COMPRESSION: &str = "smithy.api#requestCompression";
pub(super) const REQUIRES_LENGTH: &str = "smithy.api#requiresLength";
pub(super) const STREAMING: &str = "smithy.api#streaming";
pub(super) const UNSIGNED_PAYLOAD: &str = "aws.auth#unsignedPayload";
pub(super) const INTERNAL: &str = "smithy.api#internal";
pub(super) const JSON_NAME: &str = "smithy.api#jsonName";
pub(super) const LENGTH: &str = "smithy.api#length";
pub(super) const MEDIA_TYPE: &str = "smithy.api#mediaType";
pub(super) const PAGINATED: &str = "smithy.api#paginated";
pub(super) const PATTERN: &str = "smithy.api#pattern";
pub(super) const RANGE: &str = "smithy.api#range";
pub(super) const RETRYABLE: &str = "smithy.api#retryable";
pub(super) const TIMESTAMP_FORMAT: &str = "smithy.api#timestampFormat";
pub(super) const AUTH: &str = "smithy.api#auth";
pub(super) const BEARER: &str = "smithy.api#httpBearerAuth";
pub(super) const SIGV4: &str = "aws.auth#sigv4";
pub(super) const REST_JSON_1: &str = "aws.protocols#restJson1";
pub(super) const SERVICE: &str = "aws.api#service";
pub(super) const UNIQUE_ITEMS: &str = "smithy.api#uniqueItems";
pub(super) const WAITABLE: &str = "smithy.waiters#waitable";
pub(super) const ENDPOINT_RULE_SET: &str = "smithy.rules#endpointRuleSet";
pub(super) const CONTEXT_PARAM: &str = "smithy.rules#contextParam";
pub(super) const OPERATION_CONTEXT_PARAMS: &str = "smithy.rules#operationContextParams";
pub(super) const STATIC_CONTEXT_PARAMS: &str = "smithy.rules#staticContextParams";
/// Trait of this project: the default `Content-Type` of a payload.
pub(super) const DEFAULT_CONTENT_TYPE: &str = "invokemodel.traits#defaultContentType";
/// Trait of this project on an operation: its name in the semantic conventions of OpenTelemetry.
pub(super) const GEN_AI_OPERATION: &str = "invokemodel.traits#genAiOperation";
/// Trait of this project: a blob in a format that the called AI model defines.
pub(super) const MODEL_CONTENT: &str = "invokemodel.traits#modelContent";
/// Trait of this project on an output: metrics in headers of the response, by header name.
pub(super) const METRIC_HEADERS: &str = "invokemodel.traits#metricHeaders";
/// Trait of this project: a member of an input that contains a fact about the call.
pub(super) const REQUEST_FACT: &str = "invokemodel.traits#requestFact";
/// Trait of this project: a member of an output or event that contains a metric.
pub(super) const RESPONSE_METRIC: &str = "invokemodel.traits#responseMetric";
/// Trait of this project on a service: default values of empty labels, by label name.
pub(super) const DEFAULT_LABELS: &str = "invokemodel.traits#defaultLabels";
/// Trait of this project on a service: values of headers that every request contains, by header name.
pub(super) const REQUEST_HEADERS: &str = "invokemodel.traits#requestHeaders";
/// Trait of this project on a blob. If this blob is the payload of a request, the request has headers with
/// the SHA-256 and the tree hash of the payload.
pub(super) const TREE_HASH: &str = "invokemodel.traits#treeHash";

const READ: &[&str] = &[
    DOCUMENTATION,
    DEFAULT,
    REQUIRED,
    CLIENT_OPTIONAL,
    SENSITIVE,
    SPARSE,
    ENUM,
    ENUM_VALUE,
    ERROR,
    HTTP,
    HTTP_ERROR,
    HTTP_HEADER,
    HTTP_LABEL,
    HTTP_PAYLOAD,
    HTTP_PREFIX_HEADERS,
    HTTP_QUERY,
    HTTP_QUERY_PARAMS,
    HTTP_RESPONSE_CODE,
    INTERNAL,
    JSON_NAME,
    LENGTH,
    MEDIA_TYPE,
    PAGINATED,
    PATTERN,
    RANGE,
    RETRYABLE,
    TIMESTAMP_FORMAT,
    AUTH,
    BEARER,
    SIGV4,
    REST_JSON_1,
    SERVICE,
    ENDPOINT_RULE_SET,
    UNIQUE_ITEMS,
    WAITABLE,
    CONTEXT_PARAM,
    OPERATION_CONTEXT_PARAMS,
    STATIC_CONTEXT_PARAMS,
    DEFAULT_CONTENT_TYPE,
    DEFAULT_LABELS,
    GEN_AI_OPERATION,
    MODEL_CONTENT,
    METRIC_HEADERS,
    REQUEST_FACT,
    RESPONSE_METRIC,
    REQUEST_HEADERS,
    TREE_HASH,
    ENDPOINT,
    EVENT_HEADER,
    EVENT_PAYLOAD,
    HOST_LABEL,
    HTTP_CHECKSUM_REQUIRED,
    IDEMPOTENT,
    IDEMPOTENCY_TOKEN,
    OPTIONAL_AUTH,
    READONLY,
    REQUEST_COMPRESSION,
    REQUIRES_LENGTH,
    STREAMING,
    UNSIGNED_PAYLOAD,
];

/// Traits that do not affect generated code. The second text of each pair is the reason. A name that ends
/// with `#` covers all traits of that namespace.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("aws.api#arn", "describes resources"),
    ("aws.api#arnReference", "describes the content of a string"),
    ("aws.api#controlPlane", "classifies operations"),
    ("aws.api#data", "classifies data"),
    ("aws.api#dataPlane", "classifies operations"),
    ("aws.api#tagEnabled", "describes resources"),
    ("aws.api#taggable", "describes resources"),
    ("aws.apigateway#", "configures API Gateway"),
    ("aws.cloudformation#", "configures CloudFormation"),
    ("aws.endpoints#", "source of the endpoint rule set"),
    ("aws.iam#", "describes policies"),
    ("aws.protocols#awsJson1_0", "another protocol of the service"),
    ("aws.protocols#awsJson1_1", "another protocol of the service"),
    ("aws.protocols#awsQuery", "another protocol of the service"),
    ("aws.protocols#awsQueryCompatible", "concerns another protocol"),
    ("aws.protocols#awsQueryError", "names an error in another protocol"),
    ("smithy.api#addedDefault", "documents the history of the model"),
    (
        "smithy.api#box",
        "marks optional members in Smithy 1.0; Smithy 2.0 uses `default` and `clientOptional`",
    ),
    ("smithy.api#cors", "configures servers for requests of browsers"),
    ("smithy.api#deprecated", "deprecated shapes are generated like other shapes"),
    ("smithy.api#examples", "documentation"),
    ("smithy.api#externalDocumentation", "documentation"),
    ("smithy.api#httpApiKeyAuth", "an authentication scheme that this project does not implement"),
    ("smithy.api#httpBasicAuth", "an authentication scheme that this project does not implement"),
    ("smithy.api#httpDigestAuth", "an authentication scheme that this project does not implement"),
    ("smithy.api#idRef", "validates values of traits"),
    ("smithy.api#input", "every operation has a separate input structure"),
    ("smithy.api#mixin", "the parser merges mixins into shapes"),
    ("smithy.api#noReplace", "describes resources"),
    ("smithy.api#nestedProperties", "describes resources"),
    ("smithy.api#notProperty", "describes resources"),
    ("smithy.api#output", "every operation has a separate output structure"),
    ("smithy.api#private", "restricts references between shapes of the model"),
    ("smithy.api#property", "describes resources"),
    ("smithy.api#recommended", "documentation"),
    ("smithy.api#references", "describes resources"),
    ("smithy.api#resourceIdentifier", "describes resources"),
    ("smithy.api#since", "documentation"),
    ("smithy.api#suppress", "configures validators"),
    ("smithy.api#tags", "documentation"),
    ("smithy.api#title", "documentation"),
    ("smithy.api#trait", "defines a trait"),
    ("smithy.api#unitType", "identified by its shape id"),
    ("smithy.api#unstable", "documentation"),
    ("smithy.api#xmlAttribute", "concerns another protocol"),
    ("smithy.api#xmlFlattened", "concerns another protocol"),
    ("smithy.api#xmlName", "concerns another protocol"),
    ("smithy.api#xmlNamespace", "concerns another protocol"),
    ("smithy.openapi#", "configures OpenAPI documents"),
    ("smithy.protocols#rpcv2Cbor", "another protocol of the service"),
    ("smithy.rules#clientContextParams", "documents parameters that the endpoint rule set declares"),
    ("smithy.rules#endpointBdd", "another form of the endpoint rule set"),
    ("smithy.rules#endpointTests", "test cases; `tests/tests/it/endpoint.rs` runs them"),
    ("smithy.test#", "test cases"),
];

/// Reports unsupported traits of a shape or member. An unknown trait is an error, because it may change the
/// requests or responses.
pub(super) fn check(id: &ShapeId, traits: &Traits, diagnostics: &mut Vec<Diagnostic>) {
    for name in traits.keys().filter(|name| !is_supported(name)) {
        let message = "is not supported: lower it in `codegen/src/lower`, or list it in `traits.rs` as a trait without effect, with the reason";
        diagnostics.push(Diagnostic::on_trait(id, name, message));
    }
}

fn is_supported(name: &str) -> bool {
    let covers = |listed: &str| if listed.ends_with('#') { name.starts_with(listed) } else { name == listed };
    READ.contains(&name) || WITHOUT_EFFECT.iter().any(|(listed, _)| covers(listed))
}
