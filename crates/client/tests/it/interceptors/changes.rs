//! Tests of changes that an interceptor must not make.

use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, request};
use invoke_model_client::{
    ErrorKind, FailureClass, Intercept, InterceptorContext, InterceptorErrorKind, InterceptorFuture,
};

use super::ID;
use crate::fake::Fake;

/// Applies a function to each request.
struct Change(fn(&mut request::Parts));

impl Intercept for Change {
    fn name(&self) -> &str {
        "change"
    }

    fn before_sign<'a>(
        &'a self,
        request: &'a mut request::Parts,
        _context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        Box::pin(async move {
            (self.0)(request);
            Ok(())
        })
    }
}

/// Checks that the client sends nothing after this change. Returns the text of the error.
async fn rejected(change: fn(&mut request::Parts), token: bool) -> (InterceptorErrorKind, String) {
    let fake = Fake::default();
    let mut call = fake.client().invoke_model().model_id(ID).interceptor(Change(change));
    if token {
        call = call.bearer_token("a-token");
    }
    let error = call.send().await.unwrap_err();
    assert_eq!((fake.requests().len(), error.attempts(), error.may_have_been_sent()), (0, 0, false));
    assert_eq!((error.class(), error.is_retryable()), (FailureClass::NotSent, false));
    let ErrorKind::Interceptor(cause) = error.kind() else { panic!("{error}") };
    assert_eq!(cause.interceptor, "change");
    (cause.kind.clone(), error.to_string())
}

#[tokio::test]
async fn a_header_of_the_client_must_not_be_changed() {
    let check = async |name: &str, change: fn(&mut request::Parts)| {
        for token in [false, true] {
            let (kind, text) = rejected(change, token).await;
            assert!(matches!(kind, InterceptorErrorKind::Header(header) if header == name), "{text}");
            let expected = format!(
                "InvokeModel: request not sent: interceptor `change`: before_sign changed the header `{name}`; do not \
                 change it, because the client sets it ("
            );
            assert!(text.starts_with(&expected), "{text}");
        }
    };
    check("host", |request| _ = request.headers.remove(HOST)).await;
    check("host", |request| request.headers.clear()).await;
    check("host", |request| request.headers = HeaderMap::new()).await;
    check("host", |request| _ = request.headers.insert(HOST, HeaderValue::from_static("other.test"))).await;
    check("host", |request| {
        let host = request.headers[HOST].clone();
        request.headers.append(HOST, host);
    })
    .await;
    check("authorization", |request| {
        _ = request.headers.insert(AUTHORIZATION, HeaderValue::from_static("a"))
    })
    .await;
    check("x-amz-date", |request| {
        request.headers.insert("x-amz-date", HeaderValue::from_static("20150830T123600Z"));
    })
    .await;
    check("x-amz-security-token", |request| {
        request.headers.insert("x-amz-security-token", HeaderValue::from_static("a"));
    })
    .await;
    check("content-length", |request| {
        request.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("1"));
    })
    .await;
    check("transfer-encoding", |request| {
        request.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    })
    .await;
}

#[tokio::test]
async fn only_headers_and_extensions_may_be_changed() {
    let check = async |part: &str, change: fn(&mut request::Parts)| {
        let (kind, text) = rejected(change, false).await;
        assert!(matches!(kind, InterceptorErrorKind::Request(changed) if changed == part), "{text}");
        let expected =
            format!("before_sign changed the {part} of the request; change only headers and extensions");
        assert!(text.contains(&expected), "{text}");
    };
    check("method", |request| request.method = Method::GET).await;
    check("URI", |request| request.uri = Uri::from_static("https://other.test/")).await;
    check("HTTP version", |request| request.version = Version::HTTP_10).await;
}

#[tokio::test]
async fn other_headers_may_be_changed_and_removed() {
    let fake = Fake::ok();
    let call = fake.client().invoke_model().model_id(ID).content_type("text/plain").accept("a/b");
    let change = Change(|request| {
        assert_eq!(request.headers[HOST], "bedrock-runtime.us-east-1.amazonaws.com");
        request.headers.remove("accept").unwrap();
        request.headers.insert("user-agent", HeaderValue::from_static("mine"));
        request.headers.append("content-type", HeaderValue::from_static("text/html"));
    });
    call.interceptor(change).send().await.unwrap();
    let headers = fake.request().headers().clone();
    assert!(!headers.contains_key("accept") && !headers.contains_key("host"));
    assert_eq!(headers["user-agent"], "mine");
    assert_eq!(headers.get_all("content-type").iter().count(), 2);
}

#[tokio::test]
async fn the_number_of_headers_is_limited() {
    fn add(request: &mut request::Parts, count: usize) {
        for number in request.headers.len()..count {
            let name = HeaderName::try_from(format!("x-{number}")).unwrap();
            request.headers.insert(name, HeaderValue::from_static("a"));
        }
    }
    let (kind, text) = rejected(|request| add(request, 24_576), false).await;
    assert!(matches!(kind, InterceptorErrorKind::TooManyHeaders(24_576)), "{text}");
    let expected =
        "before_sign left 24576 headers in the request, but at most 4096 are possible; add fewer headers";
    assert!(text.contains(expected), "{text}");
    // The header map panics in the hook.
    let (kind, text) = rejected(|request| add(request, 24_577), false).await;
    assert!(matches!(kind, InterceptorErrorKind::Panicked), "{text}");
    let fake = Fake::ok();
    let call = fake.client().invoke_model().model_id(ID).interceptor(Change(|request| add(request, 4_096)));
    call.send().await.unwrap();
    assert!(fake.request().headers().len() > 4_096);
}
