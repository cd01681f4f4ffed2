//! Tests of requests that sign the pseudo-header `:authority`.

use http::request::Parts;
use invoke_model_signing::{
    CredentialScope, PayloadHash, SignableHeader, SignableRequest, SigningSettings, VerifyError,
    calculate_signature, string_to_sign,
};

use super::{BODY, ID, credentials, parts, verify};

/// The AWS SDK for JavaScript signs the pseudo-header `:authority` of HTTP/2 instead of `host`.
#[test]
fn the_authority_can_be_signed_instead_of_the_host() {
    let scope = CredentialScope::new(&"20150830T123600Z".parse().unwrap(), "us-east-1", "bedrock");
    let request = |signed_headers: &str, authority: &str, host: Option<&str>| -> Parts {
        let headers = [(":authority", authority), ("x-amz-date", "20150830T123600Z")];
        let headers =
            headers.iter().filter(|(name, _)| signed_headers.split(';').any(|signed| signed == *name));
        let headers = headers.map(|(name, value)| SignableHeader::new(name, value)).collect();
        let hash = PayloadHash::of(BODY);
        let signable = SignableRequest::new("POST", "/model/m/invoke", "", headers, hash.as_str());
        let canonical = signable.canonical(&SigningSettings::default());
        let text = string_to_sign(&"20150830T123600Z".parse().unwrap(), &scope, canonical.as_str());
        let signature = calculate_signature(&credentials(), &scope, &text);
        let mut request =
            parts("https://localhost:8080/model/m/invoke", &[("x-amz-date", "20150830T123600Z")]);
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={ID}/{scope}, SignedHeaders={signed_headers}, Signature={signature}"
        );
        request.headers.insert("authorization", value.parse().unwrap());
        if let Some(host) = host {
            request.headers.insert("host", host.parse().unwrap());
        }
        request
    };
    verify(&request(":authority;x-amz-date", "localhost:8080", None)).unwrap();
    verify(&request(":authority;x-amz-date", "example.com", Some("example.com"))).unwrap();
    let error = verify(&request(":authority;x-amz-date", "example.com", None)).unwrap_err();
    assert!(matches!(error, VerifyError::SignatureMismatch(_)), "{error:?}");
    let error = verify(&request("x-amz-date", "", None)).unwrap_err();
    assert_eq!(error.to_string(), "header `host` must be signed, but is not in SignedHeaders");
}
