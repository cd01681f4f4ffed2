//! Tests of all reasons to reject a request, except signatures that do not match.

use std::time::Duration;

use http::HeaderValue;
use http::request::Parts;
use invoke_model_signing::{Credentials, PayloadHash, Verifier, VerifyError};

use crate::{BODY, ID, SECRET, credentials, now, parts, signed, signer, temporary, verify, verify_as};

/// Checks the error text of a rejected request.
fn check(request: &Parts, expected: &str) {
    assert_eq!(verify(request).unwrap_err().to_string(), expected);
}

fn with_header(name: &'static str, value: &'static str) -> Parts {
    let mut request = signed();
    request.headers.insert(name, HeaderValue::from_static(value));
    request
}

fn without_header(name: &str) -> Parts {
    let mut request = signed();
    request.headers.remove(name);
    request
}

#[test]
fn rejects_an_unsigned_request() {
    check(&without_header("authorization"), "the request is not signed: it has no `authorization` header");
}

#[test]
fn rejects_malformed_headers() {
    check(
        &with_header("authorization", "Bearer token"),
        "header `authorization` has a scheme other than AWS4-HMAC-SHA256",
    );
    check(&without_header("x-amz-date"), "header `x-amz-date` is missing");
    check(
        &with_header("x-amz-date", "Sun, 30 Aug 2015 12:36:00 GMT"),
        "header `x-amz-date` is not of the form 20150830T123600Z",
    );
    check(
        &without_header("content-type"),
        "header `content-type` is in SignedHeaders, but not in the request",
    );
    let mut twice = signed();
    twice.headers.append("x-amz-date", HeaderValue::from_static("20150830T123600Z"));
    check(&twice, "header `x-amz-date` is repeated");
    let mut binary = signed();
    binary.headers.insert("authorization", HeaderValue::from_bytes(b"\xff").unwrap());
    check(&binary, "header `authorization` is not visible ASCII text");
    let mut binary = signed();
    binary.headers.insert("content-type", HeaderValue::from_bytes(b"\xff").unwrap());
    check(&binary, "header `content-type` is signed, but its value is not UTF-8");
}

#[test]
fn rejects_an_unknown_access_key() {
    let result = Verifier::new("bedrock").verify(&signed(), &PayloadHash::of(BODY), |_| None, now());
    assert_eq!(result.unwrap_err().to_string(), "unknown access key `AKIDEXAMPLE`");
}

#[test]
fn rejects_a_wrong_session_token() {
    let request = |credentials: &Credentials| {
        let mut request = parts("https://localhost/", &[]);
        signer().sign(&mut request, credentials, &PayloadHash::of(BODY), now()).unwrap();
        request
    };
    let other = Credentials::new(ID, SECRET, Some("other".to_owned()));
    for (signed_as, known) in [
        (credentials(), temporary()),
        (temporary(), credentials()),
        (temporary(), other.clone()),
        (other, temporary()),
    ] {
        let error = verify_as(&request(&signed_as), &known).unwrap_err();
        assert!(matches!(error, VerifyError::WrongSessionToken { .. }), "{error}");
    }
    verify_as(&request(&temporary()), &temporary()).unwrap();
}

#[test]
fn rejects_a_skewed_clock() {
    let verifier = || Verifier::new("bedrock");
    let check = |verifier: Verifier, now| {
        verifier.verify(&signed(), &PayloadHash::of(BODY), |_| Some(credentials()), now).map(drop)
    };
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let tick = Duration::from_nanos(1);
    for accepted in [now(), now() + minutes(5), now() - minutes(5)] {
        check(verifier(), accepted).unwrap();
    }
    for rejected in [now() + minutes(5) + tick, now() - minutes(5) - tick, std::time::UNIX_EPOCH] {
        assert!(matches!(check(verifier(), rejected), Err(VerifyError::ClockSkew { .. })));
    }
    check(verifier().with_max_skew(minutes(60)), now() + minutes(60)).unwrap();
    assert_eq!(
        check(verifier(), now() + minutes(6)).unwrap_err().to_string(),
        "the signing time 20150830T123600Z differs by more than 300 s from the current time 20150830T124200Z",
    );
}

#[test]
fn rejects_a_wrong_scope() {
    let check = |from: &str, to: &str| {
        let mut request = signed();
        let value = request.headers["authorization"].to_str().unwrap().replace(from, to);
        request.headers.insert("authorization", value.parse().unwrap());
        match verify(&request) {
            Err(VerifyError::WrongScope { expected, found }) => {
                assert_eq!(expected, "20150830/us-east-1/bedrock/aws4_request");
                assert_eq!(found, expected.replace(from, to));
            }
            other => panic!("{other:?}"),
        }
    };
    check("us-east-1", "us-west-2");
    check("us-east-1", "");
    check("/bedrock/", "/bedrock-runtime/");
    check("20150830", "20150831");
    check("aws4_request", "aws5_request");
}

#[test]
fn accepts_any_region_by_default() {
    let verified = Verifier::new("bedrock")
        .verify(&signed(), &PayloadHash::of(BODY), |_| Some(credentials()), now())
        .unwrap();
    assert_eq!(verified.access_key_id(), ID);
    assert_eq!(verified.scope().region(), "us-east-1");
    assert_eq!(verified.signed_at(), now());
}

#[test]
fn rejects_unsigned_amz_headers() {
    check(
        &with_header("x-amz-target", "x"),
        "header `x-amz-target` must be signed, but is not in SignedHeaders",
    );
    let mut request = signed();
    let value = request.headers["authorization"].to_str().unwrap().replace(";host;", ";");
    request.headers.insert("authorization", value.parse().unwrap());
    check(&request, "header `host` must be signed, but is not in SignedHeaders");
    // Proxies may add other headers.
    verify(&with_header("x-forwarded-for", "127.0.0.1")).unwrap();
}

#[test]
fn rejects_a_body_with_another_hash() {
    let mut request = parts("https://localhost/", &[("x-amz-content-sha256", "")]);
    signer().sign(&mut request, &credentials(), &PayloadHash::EMPTY, now()).unwrap();
    match verify(&request) {
        Err(VerifyError::PayloadMismatch { declared, actual }) => {
            assert_eq!(declared, PayloadHash::EMPTY.as_str());
            assert_eq!(actual, PayloadHash::of(BODY).as_str());
        }
        other => panic!("{other:?}"),
    }
}
