//! Signs and verifies arbitrary requests.

use std::time::{Duration, SystemTime};

use http::Method;
use http::request::Parts;
use invoke_model_signing::{Credentials, PayloadHash, Signer, SigningSettings, Verifier, VerifyError};

use super::request;

const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE";

/// Bits of the first byte.
const PRESIGNED: u8 = 1;
const WITH_TOKEN: u8 = 2;
const SIGNED_TOKEN: u8 = 4;
const NORMALIZED: u8 = 8;
const DOUBLE_ENCODED: u8 = 16;
const WITH_HASH: u8 = 32;

/// Checks these properties:
/// * An arbitrary request is not accepted. It cannot contain a valid signature, because it was created without
///   the secret.
/// * A signed request is accepted.
/// * A signed request is not accepted if its method, body or path changes, or if the secret is another one.
/// * Errors do not contain the secret or the session token.
///
/// # Panics
/// Panics if one of these properties is violated.
pub fn signatures(data: &[u8]) {
    let Some((flags, text)) = data.split_first() else { return };
    let Some(request) = request(Method::POST, text) else { return };
    let (mut parts, body) = request.into_parts();
    let settings = SigningSettings {
        normalize_path: flags & NORMALIZED != 0,
        double_encode_path: flags & DOUBLE_ENCODED != 0,
        content_sha256: flags & WITH_HASH != 0,
        sign_session_token: flags & SIGNED_TOKEN != 0,
    };
    let token = (flags & WITH_TOKEN != 0).then(|| TOKEN.to_owned());
    let case = Case { settings, credentials: Credentials::new(ACCESS_KEY_ID, SECRET, token) };
    assert!(case.verify(&parts, &body).is_err(), "accepted without a signature: {parts:?}");

    let signer = Signer::new("us-east-1", "bedrock").with_settings(settings);
    let payload = PayloadHash::of(&body);
    let signed = match flags & PRESIGNED != 0 {
        true => signer.presign(&mut parts, &case.credentials, &payload, time(), Duration::from_secs(60)),
        false => signer.sign(&mut parts, &case.credentials, &payload, time()),
    };
    if signed.is_err() {
        return;
    }
    if let Err(error) = case.verify(&parts, &body) {
        panic!("{error}: {parts:?}");
    }
    case.reject(&parts, &[&body[..], b"x"].concat());
    let other = Case { credentials: Credentials::new(ACCESS_KEY_ID, "another", None), ..case.clone() };
    other.reject(&parts, &body);
    let mut changed = parts.clone();
    changed.method = Method::PUT;
    case.reject(&changed, &body);
    if let Some(uri) = with_longer_path(&parts) {
        changed = parts.clone();
        changed.uri = uri;
        case.reject(&changed, &body);
    }
}

#[derive(Clone)]
struct Case {
    settings: SigningSettings,
    credentials: Credentials,
}

impl Case {
    fn verify(&self, parts: &Parts, body: &[u8]) -> Result<(), VerifyError> {
        let verifier = Verifier::new("bedrock").with_settings(self.settings);
        let lookup = |_: &str| Some(self.credentials.clone());
        verifier.verify(parts, &PayloadHash::of(body), lookup, time()).map(drop)
    }

    fn reject(&self, parts: &Parts, body: &[u8]) {
        let Err(error) = self.verify(parts, body) else { panic!("accepted: {parts:?}") };
        let text = format!("{error} {error:?}");
        assert!(!text.contains(SECRET) && !text.contains(TOKEN), "{text}");
    }
}

/// Returns the time of all signatures.
fn time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

/// Appends a segment to the path.
fn with_longer_path(parts: &Parts) -> Option<http::Uri> {
    let mut uri = parts.uri.clone().into_parts();
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("{}/x{query}", parts.uri.path().trim_end_matches('/'));
    uri.path_and_query = Some(path.try_into().ok()?);
    http::Uri::from_parts(uri).ok()
}
