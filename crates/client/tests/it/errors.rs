//! Errors of `InvokeModel` calls, with their exact texts.

use invoke_model_client::types::{
    InvokeModel, InvokeModelError, InvokeModelWithResponseStreamError, OperationError,
};
use invoke_model_client::{
    Call, Client, Credentials, CredentialsError, Error, ErrorKind, ResponseBody, TimeoutKind, TransportError,
    TransportErrorKind,
};
use proptest::prelude::*;

use crate::fake::{Fake, SECRET, now, response};

const ID: &str = "amazon.titan-embed-text-v2:0";

async fn error(call: Call<InvokeModel>) -> Error<InvokeModelError> {
    call.send().await.expect_err("an error")
}

/// Checks the text of an error that occurs before the client sends a request.
async fn check_not_sent(change: impl FnOnce(Call<InvokeModel>) -> Call<InvokeModel>, expected: &str) {
    let fake = Fake::default();
    let error = error(change(fake.client().invoke_model())).await;
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.attempts(), error.is_retryable(), error.may_have_been_sent()), (0, false, false));
    assert!(fake.requests().is_empty());
}

async fn service_error(status: u16, headers: &[(&str, &str)], body: &'static str) -> Error<InvokeModelError> {
    service_error_for(ID, status, headers, body).await
}

async fn service_error_for(
    id: &str,
    status: u16,
    headers: &[(&str, &str)],
    body: &'static str,
) -> Error<InvokeModelError> {
    let fake = Fake::with(status, headers, body);
    let error = error(fake.client().invoke_model().model_id(id).body("{}")).await;
    assert_eq!(fake.requests().len(), 1);
    error
}

#[tokio::test]
async fn invalid_input() {
    check_not_sent(
        |call| call.body("{}"),
        "InvokeModel: request not sent: `modelId` is required and was not set",
    )
    .await;
    check_not_sent(
        |call| call.model_id(""),
        "InvokeModel: request not sent: `modelId` is empty, but it is part of the request path: set a value",
    )
    .await;
    check_not_sent(
        |call| call.model_id(ID).accept("a\nb"),
        "InvokeModel: request not sent: `accept` contains a control character, which is not allowed in the \
         header `accept`: remove it",
    )
    .await;
    check_not_sent(
        |call| call.model_id(ID).header("x-new\n", "1"),
        "InvokeModel: request not sent: `x-new\\n` is not a header name: use letters, digits and hyphens",
    )
    .await;
    check_not_sent(
        |call| call.model_id(ID).header("x-new", "1\r\nhost: other"),
        "InvokeModel: request not sent: header `x-new`: the value has a control character: remove it",
    )
    .await;
    check_not_sent(
        |call| call.model_id(ID).header("Host", "other"),
        "InvokeModel: request not sent: header `Host` is set by the client: do not add it",
    )
    .await;
}

#[tokio::test]
async fn missing_and_expired_credentials() {
    let fake = Fake::default();
    let client = Client::new(fake.bare().region("us-east-1")).unwrap();
    let missing = error(client.invoke_model().model_id(ID)).await;
    assert_eq!(
        missing.to_string(),
        "InvokeModel: request not sent: no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and \
         AWS_SESSION_TOKEN for temporary credentials), set AWS_BEARER_TOKEN_BEDROCK, or call `credentials_provider` or \
         `default_credentials_chain` (with the feature credentials-chain) of ConfigBuilder (region us-east-1, modelId \
         amazon.titan-embed-text-v2:0)"
    );
    assert!(matches!(missing.kind(), ErrorKind::Credentials(CredentialsError::NotConfigured)));

    let expired = Credentials::new("AKIDEXAMPLE", SECRET, None).with_expiry(now());
    let client = Client::new(fake.settings().credentials_provider(expired)).unwrap();
    assert_eq!(
        error(client.invoke_model().model_id(ID)).await.to_string(),
        "InvokeModel: request not sent: the credentials expired at Sun, 30 Aug 2015 12:36:00 GMT, and the clock of this \
         machine shows Sun, 30 Aug 2015 12:36:00 GMT: get new credentials, or correct the clock if it is ahead (region \
         us-east-1, modelId amazon.titan-embed-text-v2:0)"
    );
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn access_key_id_that_cannot_be_a_header() {
    let fake = Fake::default();
    let keys = Credentials::new("AKID EXAMPLE", SECRET, None);
    let client = Client::new(fake.settings().credentials_provider(keys)).unwrap();
    assert_eq!(
        error(client.invoke_model().model_id(ID)).await.to_string(),
        "InvokeModel: request not sent: cannot sign: the access key id is empty or contains a character that is not allowed \
         (region us-east-1, modelId amazon.titan-embed-text-v2:0)"
    );
}

#[tokio::test]
async fn transport_errors() {
    let check = async |kind, expected: &str, may_have_been_sent| {
        let fake = Fake::with_response(Err(TransportError::new(kind, "cause")));
        let error = error(fake.client().invoke_model().model_id(ID)).await;
        assert_eq!(error.to_string(), expected);
        assert_eq!(
            (error.may_have_been_sent(), error.attempts(), error.status()),
            (may_have_been_sent, 1, None)
        );
    };
    check(
        TransportErrorKind::Connect,
        "InvokeModel: request not sent: cannot connect: cause (region us-east-1, modelId amazon.titan-embed-text-v2:0, 1 \
         attempt)",
        false,
    )
    .await;
    check(
        TransportErrorKind::ResponseHead,
        "InvokeModel: request failed: the response is not valid HTTP: cause; the service may have processed the request \
         (region us-east-1, modelId amazon.titan-embed-text-v2:0, 1 attempt, ambiguous)",
        true,
    )
    .await;
}

#[tokio::test]
async fn error_of_a_truncated_response_has_status_and_request_id() {
    let truncated = || {
        let error = TransportError::new(TransportErrorKind::BodyIncomplete, "end of file");
        ResponseBody::from_body(Truncated(Some(error)))
    };
    let fake = Fake::with_response(Ok(response(200, &[("x-amzn-requestid", "abc")], truncated())));
    let error = error(fake.client().invoke_model().model_id(ID)).await;
    assert_eq!(
        error.to_string(),
        "InvokeModel: request failed: response body incomplete: end of file; the service may have processed the request \
         (HTTP 200, request id abc, region us-east-1, modelId amazon.titan-embed-text-v2:0, 1 attempt, ambiguous)"
    );

    let fake = Fake::with_response(Ok(response(200, &[], truncated())));
    let mut response = fake.client().invoke_model().model_id(ID).send_streaming().await.unwrap();
    let error = response.body.chunk().await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::BodyIncomplete);
}

struct Truncated(Option<TransportError>);

impl http_body::Body for Truncated {
    type Data = bytes::Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, TransportError>>> {
        std::task::Poll::Ready(self.0.take().map(Err))
    }
}

#[tokio::test]
async fn error_of_a_response_that_cannot_be_parsed_contains_the_response() {
    let fake = Fake::with_response(Ok({
        let mut response = response(200, &[], bytes::Bytes::from_static(b"paid for").into());
        let not_utf8 = http::HeaderValue::from_bytes(b"\xff").unwrap();
        response.headers_mut().insert("x-amzn-bedrock-service-tier", not_utf8);
        response
    }));
    let error = error(fake.client().invoke_model().model_id(ID)).await;
    assert_eq!(
        error.to_string(),
        "InvokeModel: request succeeded, but cannot parse the response: `serviceTier`: the header is not UTF-8 (HTTP \
         200, region us-east-1, modelId amazon.titan-embed-text-v2:0, 1 attempt, ambiguous)"
    );
    assert_eq!(error.response().unwrap().body(), "paid for");
    assert!(error.may_have_been_sent() && !error.is_retryable());
}

#[tokio::test]
async fn service_errors() {
    let headers = [
        ("x-amzn-errortype", "ThrottlingException:http://internal.amazon.com/coral/"),
        ("x-amzn-requestid", "abc-123"),
    ];
    let error = service_error(429, &headers, r#"{"message":"Too many requests,\nplease wait"}"#).await;
    assert_eq!(
        error.to_string(),
        "InvokeModel: request failed: ThrottlingException: Too many requests, please wait (HTTP 429, request id abc-123, \
         region us-east-1, modelId amazon.titan-embed-text-v2:0, 1 attempt, rejected)"
    );
    assert_eq!(error.code(), Some("ThrottlingException"));
    assert_eq!(error.message(), Some("Too many requests,\nplease wait"));
    assert_eq!(error.status().unwrap(), 429);
    assert_eq!(error.request_id(), Some("abc-123"));
    assert_eq!((error.region(), error.attempts()), (Some("us-east-1"), 1));
    assert!(error.is_retryable());
    assert!(matches!(error.as_service_error(), Some(InvokeModelError::ThrottlingException(_))));
    assert_eq!(error.response().unwrap().headers()["x-amzn-requestid"], "abc-123");
}

#[tokio::test]
async fn unmodeled_error_responses() {
    let error = service_error(502, &[("content-type", "text/html")], "<html>\n").await;
    assert_eq!(
        error.to_string(),
        "InvokeModel: request failed: HTTP 502 without an error code: the body is not a JSON object (text/html, 7 bytes), so \
         a proxy or load balancer may have responded instead of the service (HTTP 502, region us-east-1, modelId \
         amazon.titan-embed-text-v2:0, 1 attempt, ambiguous)"
    );
    assert!(error.is_retryable());
    assert_eq!(error.response().unwrap().body(), "<html>\n");

    let error = service_error(400, &[], r#"{"__type":"ns#NewException","Message":"words"}"#).await;
    assert!(error.to_string().starts_with("InvokeModel: request failed: NewException: words (HTTP 400, "));
    assert!(!error.is_retryable());

    // The client treats a redirect as an error.
    assert_eq!(service_error(307, &[], "").await.status().unwrap(), 307);
}

#[tokio::test]
async fn modeled_error_with_an_invalid_member_keeps_its_code_and_message() {
    let body = r#"{"message":"words","originalStatusCode":"none"}"#;
    let error = service_error(424, &[("x-amzn-errortype", "ModelErrorException")], body).await;
    assert!(matches!(error.as_service_error(), Some(InvokeModelError::Unmodeled(_))));
    assert_eq!((error.code(), error.message()), (Some("ModelErrorException"), Some("words")));
}

#[tokio::test]
async fn hints_for_well_known_errors() {
    let check = async |status, code: &str, body: &'static str, expected: &str| {
        let error = service_error(status, &[("x-amzn-errortype", code)], body).await;
        let hint = error.hint().expect(body);
        assert!(hint.contains(expected), "{hint}");
        assert!(error.to_string().ends_with(&format!("; hint: {hint}")));
    };
    let day = r#"{"message":"Too many tokens per day, please wait before trying again."}"#;
    check(429, "ThrottlingException", day, "retries do not help").await;
    let form = r#"{"message":"Model use case details have not been submitted for this account."}"#;
    check(404, "ResourceNotFoundException", form, "submit the use case form").await;
    let profile = r#"{"message":"Invocation of model ID x with on-demand throughput isn\u2019t supported."}"#;
    check(400, "ValidationException", profile, "inference profile").await;
    let id = r#"{"message":"The provided model identifier is invalid."}"#;
    check(400, "ValidationException", id, "no such model in us-east-1").await;
    let scope = r#"{"message":"Credential should be scoped to a valid region."}"#;
    check(
        403,
        "InvalidSignatureException",
        scope,
        "signed for us-east-1 and sent to https://bedrock-runtime.us-east-1.amazonaws.com",
    )
    .await;
    check(403, "InvalidSignatureException", "{}", "secret access key").await;
    check(403, "ExpiredTokenException", "{}", "have expired").await;
    check(403, "UnrecognizedClientException", "{}", "AWS_SESSION_TOKEN").await;
    check(403, "AccessDeniedException", "{}", "bedrock:InvokeModel").await;
    let market = r#"{"message":"not authorized to perform aws-marketplace:Subscribe"}"#;
    check(403, "AccessDeniedException", market, "subscribes the account").await;
    let key = r#"{"message":"Authentication failed: Please make sure your API Key is valid."}"#;
    check(403, "AccessDeniedException", key, "AWS_BEARER_TOKEN_BEDROCK").await;

    assert_eq!(service_error(500, &[], "").await.hint(), None);
    assert_eq!(service_error(400, &[("x-amzn-errortype", "ValidationException")], "{}").await.hint(), None);
}

#[tokio::test]
async fn exhausted_daily_quota_is_not_retryable() {
    let body = r#"{"message":"Too many tokens per day, please wait before trying again."}"#;
    assert!(!service_error(429, &[("x-amzn-errortype", "ThrottlingException")], body).await.is_retryable());
}

#[tokio::test]
async fn hint_for_an_arn_of_another_region_names_both_regions() {
    let body = r#"{"message":"The provided model identifier is invalid."}"#;
    let arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0";
    let fake = Fake::with(400, &[("x-amzn-errortype", "ValidationException")], body);
    let client = Client::new(fake.settings().endpoint_url("https://gateway.example")).unwrap();
    let error = error(client.invoke_model().model_id(arn).body("{}")).await;
    assert_eq!(
        error.to_string(),
        format!(
            "InvokeModel: request failed: ValidationException: The provided model identifier is invalid. (HTTP 400, region \
             us-east-1, modelId {arn}, 1 attempt, rejected); hint: the ARN is in region eu-west-1, but the call went to \
             us-east-1: set the region to eu-west-1"
        )
    );
}

#[tokio::test]
async fn alternate_text_keeps_line_feeds() {
    let headers = [("x-amzn-errortype", "ValidationException")];
    let error = service_error(400, &headers, r#"{"message":"first\r\n\u0007second\nthird"}"#).await;
    let facts = "(HTTP 400, region us-east-1, modelId amazon.titan-embed-text-v2:0, 1 attempt, rejected)";
    let expected = format!("InvokeModel: request failed: ValidationException: first   second third {facts}");
    assert_eq!(error.to_string(), expected);
    let expected =
        format!("InvokeModel: request failed: ValidationException: first \n second\nthird {facts}");
    assert_eq!(format!("{error:#}"), expected);
}

/// Returns the names of the predicates that are true for an error.
fn predicates<E: OperationError>(error: &Error<E>) -> Vec<&'static str> {
    let predicates = [
        ("timeout", error.is_timeout()),
        ("throttled", error.is_throttled()),
        ("connect", error.is_connect()),
        ("access denied", error.is_access_denied()),
    ];
    predicates.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
}

#[tokio::test]
async fn predicates_of_service_errors() {
    let check = async |status, code: &str, expected: &[&str]| {
        let error = service_error(status, &[("x-amzn-errortype", code)], "{}").await;
        assert_eq!(predicates(&error), expected, "{status} {code}");
    };
    check(429, "ThrottlingException", &["throttled"]).await;
    check(400, "ThrottlingException", &["throttled"]).await;
    check(429, "", &["throttled"]).await;
    check(429, "ModelNotReadyException", &["throttled"]).await;
    check(408, "ModelTimeoutException", &["timeout"]).await;
    check(403, "AccessDeniedException", &["access denied"]).await;
    check(403, "ExpiredTokenException", &["access denied"]).await;
    check(401, "", &["access denied"]).await;
    check(400, "ServiceQuotaExceededException", &[]).await;
    check(503, "ServiceUnavailableException", &[]).await;
    check(504, "", &[]).await;
    check(400, "ValidationException", &[]).await;
}

#[tokio::test]
async fn predicates_of_transport_errors() {
    use TransportErrorKind as Transport;
    let check = async |kind, expected: &[&str]| {
        let fake = Fake::with_response(Err(TransportError::from(kind)));
        let error = error(fake.client().invoke_model().model_id(ID).body("{}")).await;
        assert_eq!(predicates(&error), expected, "{kind:?}");
    };
    check(Transport::Resolve, &["connect"]).await;
    check(Transport::Connect, &["connect"]).await;
    check(Transport::ConnectTimeout, &["timeout", "connect"]).await;
    check(Transport::Proxy, &["connect"]).await;
    check(Transport::Tls, &["connect"]).await;
    check(Transport::ResponseTimeout, &["timeout"]).await;
    check(Transport::Timeout(TimeoutKind::FirstByte), &["timeout"]).await;
    check(Transport::Timeout(TimeoutKind::Idle), &["timeout"]).await;
    check(Transport::Timeout(TimeoutKind::Operation), &["timeout"]).await;
    check(Transport::Send, &[]).await;
    check(Transport::Refused, &[]).await;
    check(Transport::BodyIncomplete, &[]).await;
}

/// Formats an error as one text that contains the results of all its methods.
macro_rules! all_parts {
    ($error:expr) => {{
        let error = &$error;
        let sources: Vec<_> = std::iter::successors(std::error::Error::source(error), |error| error.source())
            .map(|source| format!("{source} {source:?}"))
            .collect();
        let call = (error.operation(), error.region(), error.model_id(), error.attempts());
        let response = (error.status(), error.request_id(), error.response().map(http::Response::status));
        let service = (error.code(), error.message(), error.hint(), error.class());
        let sent = (error.may_have_been_sent(), error.earlier_attempts(), error.received());
        let predicates = (
            error.is_retryable(),
            error.is_timeout(),
            error.is_throttled(),
            error.is_connect(),
            error.is_access_denied(),
        );
        format!("{error} {error:#} {error:?} {sources:?} {call:?} {response:?} {service:?} {sent:?} {predicates:?}")
    }};
}

/// Converts an error into the error type of all operations. Checks that all methods return the same results
/// before and after the conversion.
fn check_converted<E: OperationError>(error: Error<E>) -> Error {
    let before = all_parts!(error);
    let error = Error::from(error);
    assert_eq!(all_parts!(error), before);
    error
}

#[tokio::test]
async fn errors_of_all_operations_convert_into_one_type() {
    async fn call(fake: &Fake) -> Result<(), Error> {
        let client = fake.client();
        client.invoke_model().model_id(ID).body("{}").send().await?;
        let mut response = client.invoke_model_with_response_stream().model_id(ID).body("{}").send().await?;
        while response.events.recv().await?.is_some() {}
        Ok(())
    }
    let denied = Fake::with(403, &[("x-amzn-errortype", "AccessDeniedException")], r#"{"message":"no"}"#);
    let error = call(&denied).await.unwrap_err();
    assert!(error.is_access_denied() && error.hint().is_some());
    let service = error.as_service_error().unwrap();
    assert_eq!((service.code(), service.message()), (Some("AccessDeniedException"), Some("no")));
    assert!(matches!(service.downcast_ref(), Some(InvokeModelError::AccessDeniedException(_))));
    assert!(service.downcast_ref::<InvokeModelWithResponseStreamError>().is_none());

    let headers = [("x-amzn-errortype", "ThrottlingException"), ("x-amzn-requestid", "abc")];
    let error = check_converted(service_error(429, &headers, r#"{"message":"slow\ndown"}"#).await);
    let source = std::error::Error::source(&error).unwrap();
    assert!(
        source.downcast_ref::<InvokeModelError>().is_some(),
        "the source must be the error of the operation"
    );
    check_converted(service_error(502, &[], "<html>").await);
    let fake = Fake::with_response(Err(TransportError::new(TransportErrorKind::Send, "cause")));
    check_converted(self::error(fake.client().invoke_model().model_id(ID)).await);
    check_converted(self::error(Fake::default().client().invoke_model()).await);
}

proptest! {
    #[test]
    fn no_response_causes_a_panic_and_every_error_text_is_one_line(
        status in 100_u16..=999,
        code in "[ -~]{0,40}",
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = response(status, &[("x-amzn-errortype", &code)], bytes::Bytes::from(body).into());
        let call = Fake::with_response(Ok(response)).client().invoke_model().model_id(ID);
        if let Err(error) = runtime.block_on(call.send()) {
            prop_assert!(!error.to_string().contains(char::is_control), "{}", error);
            let multi_line = format!("{error:#}");
            prop_assert!(!multi_line.replace('\n', "").contains(char::is_control), "{}", multi_line);
        }
    }
}
