//! Every way in which a call ends without an output, in its exact words.

use invoke_model_client::types::{InvokeModel, InvokeModelError};
use invoke_model_client::{
    Call, Client, Credentials, CredentialsError, Error, ErrorKind, ResponseBody, TransportError,
    TransportErrorKind,
};

use proptest::prelude::*;

use crate::fake::{Fake, SECRET, now, response};

const ID: &str = "amazon.titan-embed-text-v2:0";

async fn error(call: Call<InvokeModel>) -> Error<InvokeModelError> {
    call.send().await.expect_err("an error")
}

/// A call that ends before anything is sent.
async fn check_unsent(change: impl FnOnce(Call<InvokeModel>) -> Call<InvokeModel>, expected: &str) {
    let fake = Fake::default();
    let error = error(change(fake.client().invoke_model())).await;
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.attempts(), error.is_retryable(), error.may_have_been_sent()), (0, false, false));
    assert!(fake.requests().is_empty());
}

async fn refused(status: u16, fields: &[(&str, &str)], body: &'static str) -> Error<InvokeModelError> {
    refused_for(ID, status, fields, body).await
}

async fn refused_for(
    id: &str,
    status: u16,
    fields: &[(&str, &str)],
    body: &'static str,
) -> Error<InvokeModelError> {
    let fake = Fake::with(status, fields, body);
    let error = error(fake.client().invoke_model().model_id(id).body("{}")).await;
    assert_eq!(fake.requests().len(), 1);
    error
}

#[tokio::test]
async fn input() {
    check_unsent(|call| call.body("{}"), "InvokeModel was not sent: `modelId` is required and was not set")
        .await;
    check_unsent(
        |call| call.model_id(""),
        "InvokeModel was not sent: `modelId` is empty, but it is part of the request path: set a value",
    )
    .await;
    check_unsent(
        |call| call.model_id(ID).accept("a\nb"),
        "InvokeModel was not sent: `accept` contains a control character, which is not allowed in the header \
         `accept`: remove it",
    )
    .await;
    check_unsent(
        |call| call.model_id(ID).field("x-new\n", "1"),
        "InvokeModel was not sent: `x-new\\n` is no name of a header field: use letters, digits and hyphens",
    )
    .await;
    check_unsent(
        |call| call.model_id(ID).field("x-new", "1\r\nhost: other"),
        "InvokeModel was not sent: header field `x-new` has a value with a control character: remove it",
    )
    .await;
    check_unsent(
        |call| call.model_id(ID).field("Host", "other"),
        "InvokeModel was not sent: header field `Host` is written by the client itself: leave it out",
    )
    .await;
}

#[tokio::test]
async fn credentials() {
    let fake = Fake::default();
    let client = Client::new(fake.bare().region("us-east-1")).unwrap();
    let none = error(client.invoke_model().model_id(ID)).await;
    assert_eq!(
        none.to_string(),
        "InvokeModel was not sent: no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and \
         AWS_SESSION_TOKEN for temporary credentials), set AWS_BEARER_TOKEN_BEDROCK, or call `credentials_provider` or \
         `default_credentials_chain` (with the feature credentials-chain) of ConfigBuilder (region us-east-1, modelId \
         amazon.titan-embed-text-v2:0)"
    );
    assert!(matches!(none.kind(), ErrorKind::Credentials(CredentialsError::NotConfigured)));

    let expired = Credentials::new("AKIDEXAMPLE", SECRET, None).with_expiry(now());
    let client = Client::new(fake.settings().credentials_provider(expired)).unwrap();
    assert_eq!(
        error(client.invoke_model().model_id(ID)).await.to_string(),
        "InvokeModel was not sent: the credentials expired at Sun, 30 Aug 2015 12:36:00 GMT: get new ones (region us-east-1, \
         modelId amazon.titan-embed-text-v2:0)"
    );
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn a_key_that_cannot_be_signed_with() {
    let fake = Fake::default();
    let keys = Credentials::new("AKID EXAMPLE", SECRET, None);
    let client = Client::new(fake.settings().credentials_provider(keys)).unwrap();
    assert_eq!(
        error(client.invoke_model().model_id(ID)).await.to_string(),
        "InvokeModel was not sent: cannot sign: the access key id is empty or contains a character that is not allowed \
         (region us-east-1, modelId amazon.titan-embed-text-v2:0)"
    );
}

#[tokio::test]
async fn transport() {
    let check = async |kind, expected: &str, sent| {
        let fake = Fake::answering(Err(TransportError::new(kind, "cause")));
        let error = error(fake.client().invoke_model().model_id(ID)).await;
        assert_eq!(error.to_string(), expected);
        assert_eq!((error.may_have_been_sent(), error.attempts(), error.status()), (sent, 1, None));
    };
    check(
        TransportErrorKind::Connect,
        "InvokeModel was not sent: cannot connect: cause (region us-east-1, modelId amazon.titan-embed-text-v2:0, 1 \
         attempt)",
        false,
    )
    .await;
    check(
        TransportErrorKind::ResponseHead,
        "InvokeModel failed: the response is not valid HTTP: cause; the service may have worked on it (region us-east-1, \
         modelId amazon.titan-embed-text-v2:0, 1 attempt, ambiguous)",
        true,
    )
    .await;
}

#[tokio::test]
async fn an_answer_cut_short_keeps_its_status_and_request_id() {
    let cut = || {
        let error = TransportError::new(TransportErrorKind::BodyIncomplete, "end of file");
        ResponseBody::from_body(Cut(Some(error)))
    };
    let fake = Fake::answering(Ok(response(200, &[("x-amzn-requestid", "abc")], cut())));
    let error = error(fake.client().invoke_model().model_id(ID)).await;
    assert_eq!(
        error.to_string(),
        "InvokeModel failed: response body incomplete: end of file; the service may have worked on it (HTTP \
         200, request id abc, region us-east-1, modelId amazon.titan-embed-text-v2:0, 1 attempt, ambiguous)"
    );

    let fake = Fake::answering(Ok(response(200, &[], cut())));
    let mut answer = fake.client().invoke_model().model_id(ID).send_streaming().await.unwrap();
    let error = answer.body.chunk().await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::BodyIncomplete);
}

struct Cut(Option<TransportError>);

impl http_body::Body for Cut {
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
async fn a_success_that_cannot_be_read_is_not_lost() {
    let fake = Fake::answering(Ok({
        let mut response = response(200, &[], bytes::Bytes::from_static(b"paid for").into());
        let no_text = http::HeaderValue::from_bytes(b"\xff").unwrap();
        response.headers_mut().insert("x-amzn-bedrock-service-tier", no_text);
        response
    }));
    let error = error(fake.client().invoke_model().model_id(ID)).await;
    assert_eq!(
        error.to_string(),
        "InvokeModel succeeded, but its answer cannot be read: `serviceTier`: the header is not UTF-8 (HTTP \
         200, region us-east-1, modelId amazon.titan-embed-text-v2:0, 1 attempt, ambiguous)"
    );
    assert_eq!(error.response().unwrap().body(), "paid for");
    assert!(error.may_have_been_sent() && !error.is_retryable());
}

#[tokio::test]
async fn service() {
    let fields = [
        ("x-amzn-errortype", "ThrottlingException:http://internal.amazon.com/coral/"),
        ("x-amzn-requestid", "abc-123"),
    ];
    let error = refused(429, &fields, r#"{"message":"Too many requests,\nplease wait"}"#).await;
    assert_eq!(
        error.to_string(),
        "InvokeModel failed: ThrottlingException: Too many requests, please wait (HTTP 429, request id abc-123, \
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
async fn answers_that_are_no_error_of_the_model() {
    let error = refused(502, &[("content-type", "text/html")], "<html>\n").await;
    assert_eq!(
        error.to_string(),
        "InvokeModel failed: HTTP 502 without an error code: the body is not a JSON object (text/html, 7 bytes), so \
         a proxy or load balancer may have responded instead of the service (HTTP 502, region us-east-1, modelId \
         amazon.titan-embed-text-v2:0, 1 attempt, ambiguous)"
    );
    assert!(error.is_retryable());
    assert_eq!(error.response().unwrap().body(), "<html>\n");

    let error = refused(400, &[], r#"{"__type":"ns#NewException","Message":"words"}"#).await;
    assert!(error.to_string().starts_with("InvokeModel failed: NewException: words (HTTP 400, "));
    assert!(!error.is_retryable());

    // A redirect is no success.
    assert_eq!(refused(307, &[], "").await.status().unwrap(), 307);
}

#[tokio::test]
async fn a_modelled_error_with_a_member_that_is_none_keeps_code_and_message() {
    let body = r#"{"message":"words","originalStatusCode":"none"}"#;
    let error = refused(424, &[("x-amzn-errortype", "ModelErrorException")], body).await;
    assert!(matches!(error.as_service_error(), Some(InvokeModelError::Unmodeled(_))));
    assert_eq!((error.code(), error.message()), (Some("ModelErrorException"), Some("words")));
}

#[tokio::test]
async fn hints() {
    let check = async |status, code: &str, body: &'static str, expected: &str| {
        let error = refused(status, &[("x-amzn-errortype", code)], body).await;
        let hint = error.hint().expect(body);
        assert!(hint.contains(expected), "{hint}");
        assert!(error.to_string().ends_with(&format!("; hint: {hint}")));
    };
    let day = r#"{"message":"Too many tokens per day, please wait before trying again."}"#;
    check(429, "ThrottlingException", day, "no retry mends it").await;
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

    assert_eq!(refused(500, &[], "").await.hint(), None);
    assert_eq!(refused(400, &[("x-amzn-errortype", "ValidationException")], "{}").await.hint(), None);
}

#[tokio::test]
async fn a_quota_for_the_day_is_not_retryable() {
    let body = r#"{"message":"Too many tokens per day, please wait before trying again."}"#;
    assert!(!refused(429, &[("x-amzn-errortype", "ThrottlingException")], body).await.is_retryable());
}

#[tokio::test]
async fn an_arn_of_another_region_names_both() {
    let body = r#"{"message":"The provided model identifier is invalid."}"#;
    let arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0";
    let error = refused_for(arn, 400, &[("x-amzn-errortype", "ValidationException")], body).await;
    assert_eq!(
        error.to_string(),
        format!(
            "InvokeModel failed: ValidationException: The provided model identifier is invalid. (HTTP 400, region \
             us-east-1, modelId {arn}, 1 attempt, rejected); hint: the ARN is of region eu-west-1, but us-east-1 was called: \
             set the region to eu-west-1"
        )
    );
}

proptest! {
    #[test]
    fn no_answer_panics_and_every_error_is_one_line(
        status in 100_u16..=999,
        code in "[ -~]{0,40}",
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = response(status, &[("x-amzn-errortype", &code)], bytes::Bytes::from(body).into());
        let call = Fake::answering(Ok(answer)).client().invoke_model().model_id(ID);
        if let Err(error) = runtime.block_on(call.send()) {
            prop_assert!(!error.to_string().contains(char::is_control), "{}", error);
        }
    }
}
