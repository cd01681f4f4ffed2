//! Tests of signing and verification through the public API.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authority;
mod cache;
mod differential;
mod golden;
mod likely_causes;
mod presign;
mod presigned;
mod properties;
mod rejections;
mod secrecy;
mod signing;
mod suite;

use std::time::{Duration, SystemTime};

use http::request::Parts;
use invoke_model_signing::{Credentials, PayloadHash, Signer, VerifiedSignature, Verifier, VerifyError};

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "TOKEN/EXAMPLE==";
const BODY: &[u8] = br#"{"inputText":"hello"}"#;

/// Returns 2015-08-30T12:36:00Z.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn credentials() -> Credentials {
    Credentials::new(ID, SECRET, None)
}

fn temporary() -> Credentials {
    Credentials::new(ID, SECRET, Some(TOKEN.to_owned()))
}

fn signer() -> Signer {
    Signer::new("us-east-1", "bedrock")
}

fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
    let request = http::Request::post(uri);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(()).expect("a request").into_parts().0
}

/// Returns a signed request without a session token.
fn signed() -> Parts {
    let uri = "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke";
    let mut request = parts(uri, &[("content-type", "application/json")]);
    signer().sign(&mut request, &credentials(), &PayloadHash::of(BODY), now()).expect("signed");
    request
}

fn verify(request: &Parts) -> Result<VerifiedSignature, VerifyError> {
    verify_as(request, &credentials())
}

fn verify_as(request: &Parts, credentials: &Credentials) -> Result<VerifiedSignature, VerifyError> {
    let lookup = |id: &str| (id == ID).then(|| credentials.clone());
    Verifier::new("bedrock").with_region("us-east-1").verify(request, &PayloadHash::of(BODY), lookup, now())
}
