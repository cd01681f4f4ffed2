//! Tests of presigned requests. They include the example of the AWS documentation, and requests that cannot
//! be presigned.

use std::time::Duration;

use http::request::Parts;
use invoke_model_signing::{
    AmzDate, Credentials, MAX_PRESIGN_EXPIRY, PayloadHash, SignError, Signer, SigningSettings,
};

fn parts(uri: &str) -> Parts {
    http::Request::get(uri).body(()).unwrap().into_parts().0
}

fn presigned(
    parts: &mut Parts,
    token: Option<&str>,
    settings: SigningSettings,
    expires: Duration,
) -> Result<String, SignError> {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", secret, token.map(str::to_owned));
    let now = "20130524T000000Z".parse::<AmzDate>().unwrap().system_time();
    let signer = Signer::new("us-east-1", "s3").with_settings(settings);
    signer.presign(parts, &credentials, &PayloadHash::unsigned(), now, expires)?;
    Ok(parts.uri.to_string())
}

const DAY: Duration = Duration::from_secs(86_400);

/// Compares the signature with the signature in the AWS documentation:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
#[test]
fn matches_the_documented_example() {
    let s3 =
        SigningSettings { normalize_path: false, double_encode_path: false, ..SigningSettings::default() };
    let mut parts = parts("https://examplebucket.s3.amazonaws.com/test.txt");
    let uri = presigned(&mut parts, None, s3, DAY).unwrap();
    let expected = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&\
                    X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&\
                    X-Amz-Date=20130524T000000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=86400&\
                    X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    assert_eq!(uri, expected);
    assert!(parts.headers.is_empty());
}

#[test]
fn keeps_path_and_other_parameters_unchanged() {
    let mut parts = parts("https://example.com/a%3Ab//c?b=%7e&a&X-Amz-Date=old&X-Amz-Signature=old");
    let uri = presigned(&mut parts, None, SigningSettings::default(), DAY).unwrap();
    assert!(uri.starts_with("https://example.com/a%3Ab//c?b=%7e&a&X-Amz-Algorithm="), "{uri}");
    assert!(!uri.contains("old"), "{uri}");
}

#[test]
fn sets_the_header_with_the_payload_hash() {
    let mut parts = parts("https://example.com/");
    parts.headers.insert("x-amz-content-sha256", "old".parse().unwrap());
    presigned(&mut parts, None, SigningSettings::default(), DAY).unwrap();
    assert_eq!(parts.headers["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
}

#[test]
fn session_token_is_signed_or_appended() {
    let uri = |signed: bool, token: &str| {
        let settings = SigningSettings { sign_session_token: signed, ..SigningSettings::default() };
        presigned(&mut parts("https://example.com/"), Some(token), settings, DAY).unwrap()
    };
    let signature = |uri: &str| uri.rsplit_once('=').unwrap().1.to_owned();
    assert_ne!(signature(&uri(true, "one/")), signature(&uri(true, "two/")));
    assert_eq!(signature(&uri(false, "one/")), signature(&uri(false, "two/")));
    for signed in [true, false] {
        assert!(uri(signed, "one/").contains("&X-Amz-Security-Token=one%2F&X-Amz-Signature="));
    }
}

#[test]
fn rejects_invalid_expiries_and_uris() {
    let error = |uri: &str, expires: Duration| {
        presigned(&mut parts(uri), None, SigningSettings::default(), expires).unwrap_err()
    };
    let uri = "https://example.com/";
    assert_eq!(error(uri, Duration::ZERO), SignError::InvalidExpiry);
    assert_eq!(error(uri, Duration::from_millis(999)), SignError::InvalidExpiry);
    assert_eq!(error(uri, MAX_PRESIGN_EXPIRY + Duration::from_millis(1)), SignError::InvalidExpiry);
    assert!(presigned(&mut parts(uri), None, SigningSettings::default(), MAX_PRESIGN_EXPIRY).is_ok());
    assert_eq!(error("/only/a/path", DAY), SignError::MissingHost);
    let long = format!("{uri}?a={}", "a".repeat(65_300));
    assert_eq!(error(&long, DAY), SignError::UriTooLong);
}
