//! Tests of the verification of presigned requests.

use std::time::Duration;

use http::request::Parts;
use invoke_model_signing::{Credentials, PayloadHash, SigningSettings, Verifier, VerifyError};

use super::{BODY, ID, TOKEN, credentials, now, parts, signer, temporary, verify, verify_as};

const HOUR: Duration = Duration::from_secs(3600);
const URI: &str =
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke?b=2&a=1";

fn presigned(credentials: &Credentials, payload: &PayloadHash) -> Parts {
    let mut request = parts(URI, &[("content-type", "application/json")]);
    signer().presign(&mut request, credentials, payload, now(), HOUR).unwrap();
    request
}

/// Replaces a part of the query.
fn altered(from: &str, to: &str) -> Parts {
    let mut request = presigned(&credentials(), &PayloadHash::unsigned());
    let uri = request.uri.to_string();
    assert!(uri.contains(from), "{uri}");
    request.uri = uri.replacen(from, to, 1).parse().unwrap();
    request
}

#[test]
fn presigned_requests_are_accepted() {
    for payload in [PayloadHash::unsigned(), PayloadHash::of(BODY)] {
        let verified = verify(&presigned(&credentials(), &payload)).unwrap();
        assert_eq!((verified.access_key_id(), verified.signed_at()), (ID, now()));
        assert!(verified.canonical_request().as_str().ends_with(payload.as_str()));
        verify_as(&presigned(&temporary(), &payload), &temporary()).unwrap();
    }
}

#[test]
fn other_query_parameters_are_not_a_signature() {
    let error = verify(&parts(URI, &[])).unwrap_err();
    assert!(matches!(error, VerifyError::MissingAuthentication), "{error:?}");
}

#[test]
fn a_token_outside_of_the_signature_is_accepted_if_the_settings_allow_it() {
    let settings = SigningSettings { sign_session_token: false, ..SigningSettings::default() };
    let mut request = parts(URI, &[]);
    let signer = signer().with_settings(settings);
    signer.presign(&mut request, &temporary(), &PayloadHash::unsigned(), now(), HOUR).unwrap();
    let lookup = |_: &str| Some(temporary());
    let verifier = Verifier::new("bedrock").with_settings(settings);
    verifier.verify(&request, &PayloadHash::EMPTY, lookup, now()).unwrap();
}

#[test]
fn a_request_is_valid_until_its_expiry() {
    let request = presigned(&credentials(), &PayloadHash::unsigned());
    let verify_at = |time| {
        let lookup = |_: &str| Some(credentials());
        Verifier::new("bedrock").verify(&request, &PayloadHash::EMPTY, lookup, time)
    };
    verify_at(now() + HOUR).unwrap();
    verify_at(now() - Duration::from_secs(300)).unwrap();
    let error = verify_at(now() + HOUR + Duration::from_secs(1)).unwrap_err();
    assert!(matches!(error, VerifyError::Expired { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the presigned request expired at 20150830T133600Z, and the current time is 20150830T133601Z"
    );
    let error = verify_at(now() - Duration::from_secs(301)).unwrap_err();
    assert!(matches!(error, VerifyError::ClockSkew { .. }), "{error:?}");
}

#[test]
fn altered_requests_are_rejected() {
    for (from, to) in [
        ("a=1", "a=3"),
        ("/invoke?", "/other?"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=3601"),
        ("X-Amz-Signature=", "c=3&X-Amz-Signature="),
    ] {
        let error = verify(&altered(from, to)).unwrap_err();
        assert!(matches!(error, VerifyError::SignatureMismatch(_)), "{to}: {error:?}");
    }
    let mut request = presigned(&credentials(), &PayloadHash::of(b"other"));
    assert!(matches!(verify(&request).unwrap_err(), VerifyError::SignatureMismatch(_)));
    request = presigned(&credentials(), &PayloadHash::unsigned());
    request.headers.insert("x-amz-other", "1".parse().unwrap());
    assert!(matches!(verify(&request).unwrap_err(), VerifyError::UnsignedHeader { .. }));
}

#[test]
fn malformed_parameters_are_named() {
    let check = |from: &str, to: &str, expected: &str| {
        assert_eq!(verify(&altered(from, to)).unwrap_err().to_string(), expected);
    };
    check("X-Amz-Date=20150830T123600Z&", "", "query parameter `X-Amz-Date` is missing");
    check(
        "X-Amz-Date=20150830T123600Z",
        "X-Amz-Date=now",
        "query parameter `X-Amz-Date` is not of the form 20150830T123600Z",
    );
    check("a=1", "X-Amz-Expires=1", "query parameter `X-Amz-Expires` is repeated");
    let range = "query parameter `X-Amz-Expires` is not a number of seconds from 1 to 604800";
    for expires in ["0", "-1", "604801", "x"] {
        check("Expires=3600", &format!("Expires={expires}"), range);
    }
    check("HMAC-SHA256", "ECDSA-P256", "query parameter `X-Amz-Algorithm` is not AWS4-HMAC-SHA256");
    check(
        "X-Amz-Signature=",
        "X-Amz-Signature=g",
        "query parameter `X-Amz-Signature` has a Signature that is not 64 lower-case hex digits",
    );
    check("AKIDEXAMPLE%2F", "%FF", "query parameter `X-Amz-Credential` is not UTF-8");
}

#[test]
fn an_unknown_key_or_a_wrong_token_is_rejected() {
    let error = verify(&altered("AKIDEXAMPLE", "AKIDOTHER")).unwrap_err();
    assert!(matches!(error, VerifyError::UnknownAccessKey { .. }), "{error:?}");
    let error = verify(&presigned(&temporary(), &PayloadHash::unsigned())).unwrap_err();
    assert!(matches!(error, VerifyError::WrongSessionToken { .. }), "{error:?}");
}

#[test]
fn explanations_hide_the_session_token() {
    let mut request = presigned(&temporary(), &PayloadHash::unsigned());
    request.uri = request.uri.to_string().replacen("a=1", "a=3", 1).parse().unwrap();
    let error = verify_as(&request, &temporary()).unwrap_err();
    let VerifyError::SignatureMismatch(mismatch) = &error else { panic!("{error:?}") };
    let shown = format!("{mismatch} {mismatch:?} {error}");
    assert!(shown.contains("X-Amz-Security-Token=[redacted]"), "{shown}");
    assert!(!shown.contains("TOKEN%2FEXAMPLE") && !shown.contains(TOKEN), "{shown}");
}
