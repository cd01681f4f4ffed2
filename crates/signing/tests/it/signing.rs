//! Tests of the changes that signing makes to a request, and of requests that cannot be signed.

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use invoke_model_signing::{Credentials, PayloadHash, SignError, Signer, SigningSettings, set_bearer_token};

use crate::{ID, SECRET, TOKEN, credentials, now, parts, signed, signer, temporary, verify, verify_as};

#[test]
fn signing_again_replaces_the_earlier_signature() {
    let mut request = signed();
    let fresh = request.headers["authorization"].clone();
    signer().sign(&mut request, &temporary(), &PayloadHash::EMPTY, now() - Duration::from_secs(60)).unwrap();
    assert_eq!(request.headers.get_all("x-amz-security-token").iter().count(), 1);
    assert_ne!(request.headers["authorization"], fresh);

    signer().sign(&mut request, &credentials(), &PayloadHash::of(crate::BODY), now()).unwrap();
    assert_eq!(request.headers["authorization"], fresh);
    assert_eq!(request.headers.get_all("authorization").iter().count(), 1);
    assert_eq!(request.headers.get_all("x-amz-date").iter().count(), 1);
    assert!(!request.headers.contains_key("x-amz-security-token"));
    verify(&request).unwrap();
}

#[test]
fn bearer_token_and_signature_replace_each_other() {
    let mut request = signed();
    set_bearer_token(&mut request, "token").unwrap();
    assert_eq!(request.headers["authorization"], "Bearer token");
    assert!(!request.headers.contains_key("x-amz-date"));

    signer().sign(&mut request, &credentials(), &PayloadHash::of(crate::BODY), now()).unwrap();
    assert_eq!(request.headers, signed().headers);
}

#[test]
fn updates_an_existing_content_sha256_header() {
    let hash = PayloadHash::of(crate::BODY);
    let mut request = parts("https://localhost/", &[]);
    let settings = SigningSettings { content_sha256: true, ..SigningSettings::default() };
    signer().with_settings(settings).sign(&mut request, &credentials(), &PayloadHash::EMPTY, now()).unwrap();
    assert_eq!(request.headers["x-amz-content-sha256"], PayloadHash::EMPTY.as_str());
    signer().sign(&mut request, &credentials(), &hash, now()).unwrap();
    assert_eq!(request.headers["x-amz-content-sha256"], hash.as_str());
    verify(&request).unwrap();
}

#[test]
fn does_not_sign_headers_that_may_change_in_transit() {
    let changing = [
        "connection",
        "expect",
        "keep-alive",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    ];
    let mut request = parts("https://localhost/", &changing.map(|name| (name, "before")));
    signer().sign(&mut request, &credentials(), &PayloadHash::of(crate::BODY), now()).unwrap();
    for name in changing {
        request.headers.insert(name, HeaderValue::from_static("after"));
    }
    assert_eq!(verify(&request).unwrap().canonical_request().signed_headers(), "host;x-amz-date");
}

#[test]
fn sends_the_session_token_even_if_unsigned() {
    let settings = SigningSettings { sign_session_token: false, ..SigningSettings::default() };
    let mut request = parts("https://localhost/", &[]);
    let signed = signer()
        .with_settings(settings)
        .sign(&mut request, &temporary(), &PayloadHash::of(crate::BODY), now())
        .unwrap();
    assert_eq!(signed.canonical_request().signed_headers(), "host;x-amz-date");
    assert_eq!(request.headers["x-amz-security-token"], TOKEN);
    assert!(request.headers["x-amz-security-token"].is_sensitive());
    assert!(verify_as(&request, &temporary()).is_err());
}

#[test]
fn empty_session_token_counts_as_unset() {
    let empty = Credentials::new(ID, SECRET, Some(String::new()));
    assert_eq!(empty.session_token(), None);
}

#[test]
fn rejects_invalid_parameters_and_requests() {
    let check = |signer: Signer, credentials: Credentials, time: SystemTime, expected: SignError| {
        let mut request = signed();
        let result = signer.sign(&mut request, &credentials, &PayloadHash::EMPTY, time);
        assert_eq!(result.unwrap_err(), expected);
        assert!(!request.headers.contains_key("authorization"));
    };
    let invalid = |parameter| SignError::InvalidParameter { parameter };
    check(Signer::new("", "bedrock"), credentials(), now(), invalid("region"));
    check(Signer::new("us-east-1\n", "bedrock"), credentials(), now(), invalid("region"));
    check(Signer::new("us-east-1", "bed/rock"), credentials(), now(), invalid("service"));
    check(signer(), Credentials::new("", SECRET, None), now(), invalid("access key id"));
    check(signer(), Credentials::new("A,B", SECRET, None), now(), invalid("access key id"));
    // The end of a line in a file.
    for secret in ["secret\n", "secret\r\n", "secret\r", "\n"] {
        check(signer(), Credentials::new("AKID", secret, None), now(), invalid("secret access key"));
    }
    let with_line_end = Credentials::new(ID, SECRET, Some("token\n".to_owned()));
    check(signer(), with_line_end, now(), invalid("session token"));
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    check(signer(), credentials(), before, SignError::TimeOutOfRange);

    let mut hostless = parts("/path/only", &[]);
    let result = signer().sign(&mut hostless, &credentials(), &PayloadHash::EMPTY, now());
    assert_eq!(result.unwrap_err(), SignError::MissingHost);

    let mut binary = signed();
    binary.headers.insert("x-binary", HeaderValue::from_bytes(b"\xff").unwrap());
    let error = signer().sign(&mut binary, &credentials(), &PayloadHash::EMPTY, now()).unwrap_err();
    assert_eq!(error.to_string(), "cannot sign: the value of header `x-binary` is not UTF-8");
}
