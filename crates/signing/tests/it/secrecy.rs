//! Tests that `Debug`, `Display` and errors redact secrets, session tokens and values that are marked
//! sensitive.

use std::fmt::Debug;
use std::time::Duration;

use http::HeaderValue;
use invoke_model_signing::{
    CredentialScope, Credentials, PayloadHash, SignableHeader, SignableRequest, SigningSettings, Verifier,
    VerifyError, set_bearer_token,
};

use crate::{ID, SECRET, TOKEN, now, parts, signer, temporary, verify_as};

const SENSITIVE: &str = "marked-sensitive";

fn check(value: &impl Debug) {
    let shown = format!("{value:?} {value:#?}");
    for hidden in [SECRET, TOKEN, SENSITIVE] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

fn check_text(text: &str) {
    check(&text);
}

#[test]
fn debug_and_display_redact_secrets() {
    let mut request = parts("https://localhost/", &[]);
    let mut metadata = HeaderValue::from_static(SENSITIVE);
    metadata.set_sensitive(true);
    request.headers.insert("x-metadata", metadata);
    let signer = signer();
    let payload = PayloadHash::of(crate::BODY);
    let signed = signer.sign(&mut request, &temporary(), &payload, now()).unwrap();

    check(&temporary());
    check(&signer);
    check(&signed);
    check_text(&signed.canonical_request().to_string());
    check(&request.headers);
    check(&SignableHeader::new("X-Amz-Security-Token", TOKEN));
    let headers = vec![SignableHeader::new("x-amz-security-token", TOKEN)];
    check(&SignableRequest::new("GET", "/", "", headers, payload.as_str()));
    assert_eq!(format!("{:?}", SignableHeader::new("X-Name", "value")), "x-name: value");
    let shown = format!("{:?}", signed.canonical_request());
    assert!(shown.contains(r"\nx-amz-security-token:[redacted]\n"), "{shown}");
    let shown = format!("{:?}", signer.event_signer(&temporary(), &signed));
    assert!(shown.contains(signed.signature()) && !shown.contains(SECRET), "{shown}");
    assert!(signed.canonical_request().as_str().contains(TOKEN), "`as_str` returns the text that is hashed");
    assert!(signed.canonical_request().to_string().contains("\nx-amz-security-token:[redacted]\n"));
    assert!(signed.canonical_request().to_string().contains("\nx-metadata:[redacted]\n"));

    let verifier = Verifier::new("bedrock");
    let verified = verifier.verify(&request, &payload, |_| Some(temporary()), now()).unwrap();
    check(&verifier);
    check(&verified);
    let scope = "20150830/us-east-1/bedrock/aws4_request";
    let shown = format!("signed by access key `{ID}` for `{scope}` at 20150830T123600Z");
    assert_eq!(verified.to_string(), shown);
    check(verified.scope());
    check(&SigningSettings::default());
}

#[test]
fn errors_redact_secrets() {
    let mut request = parts("https://localhost/", &[]);
    signer().sign(&mut request, &temporary(), &PayloadHash::EMPTY, now()).unwrap();
    let payload = PayloadHash::of(crate::BODY);
    let other_token = Credentials::new(ID, SECRET, Some("other".to_owned()));
    let later = now() + Duration::from_secs(3600);
    let verifier = Verifier::new("bedrock");
    let errors = [
        verifier.verify(&request, &payload, |_| None, now()),
        verifier.verify(&request, &payload, |_| Some(other_token), now()),
        verifier.verify(&request, &payload, |_| Some(temporary()), later),
        verifier.verify(&request, &payload, |_| Some(temporary()), now()),
        Verifier::new("other").verify(&request, &payload, |_| Some(temporary()), now()),
    ];
    for error in errors.map(Result::unwrap_err) {
        check(&error);
        check_text(&error.to_string());
        assert_eq!(error.to_string().lines().count(), 1);
    }

    let Err(VerifyError::SignatureMismatch(mismatch)) = verify_as(&request, &temporary()) else {
        panic!("a signature mismatch was expected");
    };
    check_text(&mismatch.to_string());
    let client = mismatch.canonical_request().as_str().replace(TOKEN, "another-token");
    let diff = mismatch.diff_with(&client).unwrap();
    assert_eq!(diff.client(), Some("x-amz-security-token:[redacted]"));
    check(&diff);

    // The client has signed a session token, but has not sent it.
    let mut request = parts("https://localhost/", &[]);
    signer().sign(&mut request, &crate::credentials(), &PayloadHash::EMPTY, now()).unwrap();
    let Err(VerifyError::SignatureMismatch(mismatch)) = verify_as(&request, &crate::credentials()) else {
        panic!("a signature mismatch was expected");
    };
    let date = "x-amz-date:20150830T123600Z\n";
    let computed = mismatch.canonical_request().as_str();
    let client = computed.replace(date, &format!("{date}X-Amz-Security-Token:{TOKEN}\n"));
    let diff = mismatch.diff_with(&client).unwrap();
    assert_eq!((diff.line_number(), diff.computed()), (6, Some("")), "{computed}");
    assert_eq!(diff.client(), Some("X-Amz-Security-Token:[redacted]"));

    for token in [&format!("{SECRET}\n"), ""] {
        let error = set_bearer_token(&mut request, token).unwrap_err();
        check(&error);
        check_text(&error.to_string());
    }
}

#[test]
fn scope_shows_its_parts() {
    let date = "20150830T123600Z".parse().unwrap();
    let scope = CredentialScope::new(&date, "us-east-1", "bedrock");
    assert_eq!(scope.to_string(), "20150830/us-east-1/bedrock/aws4_request");
    assert_eq!((scope.day(), scope.region(), scope.service()), ("20150830", "us-east-1", "bedrock"));
}
