//! Property tests of signing and verification. The verifier accepts every signed request. It rejects a signed
//! request after any single change.

use std::time::Duration;

use http::HeaderValue;
use http::request::Parts;
use invoke_model_signing::{Credentials, PayloadHash, Signer, VerifiedSignature, Verifier, VerifyError};
use proptest::prelude::*;

use crate::{ID, now, signed, verify};

#[derive(Debug, Clone)]
struct Call {
    uri: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    secret: String,
    token: Option<String>,
}

prop_compose! {
    fn call()(
        // Some clients send non-ASCII and reserved characters without percent-encoding.
        uri in "http://[a-z]{1,9}(:[1-9][0-9]{3})?(/([!$-.0-;=@-Z_a-z~éሴ]|%[0-9A-Fa-f]{2}){0,8}){0,4}(\\?[!$-;=?-Z_a-z~]{0,20})?",
        headers in prop::collection::vec(("[a-e]|x-amz-[a-c]", "[ -~\té]{0,12}"), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..50),
        secret in "[^\r\n]{0,40}",
        token in prop::option::of("[!-~]{1,40}"),
    ) -> Call {
        Call { uri, headers, body, secret, token }
    }
}

impl Call {
    fn credentials(&self) -> Credentials {
        Credentials::new(ID, &self.secret, self.token.clone())
    }

    fn signed(&self) -> Parts {
        let mut request = http::Request::put(&self.uri);
        for (name, value) in &self.headers {
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let mut request = request.body(()).unwrap().into_parts().0;
        let signer = Signer::new("us-east-1", "bedrock");
        signer.sign(&mut request, &self.credentials(), &PayloadHash::of(&self.body), now()).unwrap();
        request
    }

    fn verify(&self, request: &Parts) -> Result<VerifiedSignature, VerifyError> {
        let lookup = |id: &str| (id == ID).then(|| self.credentials());
        Verifier::new("bedrock").verify(request, &PayloadHash::of(&self.body), lookup, now())
    }
}

/// One change after signing: of the request, or of the data that the verifier uses.
#[derive(Debug, Clone, Copy)]
enum Change {
    Method,
    Path,
    Query,
    Host,
    Value,
    Repeated,
    Removed,
    Date,
    Body,
    Secret,
    Token,
}

fn change() -> impl Strategy<Value = Change> {
    use Change::*;
    prop::sample::select(vec![Method, Path, Query, Host, Value, Repeated, Removed, Date, Body, Secret, Token])
}

impl Change {
    /// Applies the change. `which` selects one of the signed headers.
    fn apply(self, call: &mut Call, request: &mut Parts, which: prop::sample::Index) {
        let mut names: Vec<_> = call.headers.iter().map(|(name, _)| name.clone()).collect();
        names.push("x-amz-date".to_owned());
        let name = http::HeaderName::try_from(which.get(&names)).unwrap();
        let (authority, path) = (request.uri.authority().unwrap().to_string(), request.uri.path().to_owned());
        let query = request.uri.query().unwrap_or_default().to_owned();
        let uri =
            |host: &str, path: &str, query: &str| format!("http://{host}{path}?{query}").parse().unwrap();
        match self {
            Self::Method => request.method = http::Method::POST,
            Self::Path => request.uri = uri(&authority, &format!("{path}x"), &query),
            Self::Query => request.uri = uri(&authority, &path, &format!("{query}&x")),
            Self::Host => request.uri = uri(&format!("x{authority}"), &path, &query),
            Self::Value => drop(request.headers.insert(name, HeaderValue::from_static("other value"))),
            Self::Repeated => drop(request.headers.append(name, HeaderValue::from_static("again"))),
            Self::Removed => drop(request.headers.remove(name)),
            Self::Date => {
                drop(request.headers.insert("x-amz-date", HeaderValue::from_static("20150830T123601Z")));
            }
            Self::Body => call.body.push(0),
            Self::Secret => call.secret.push('x'),
            Self::Token => call.token.get_or_insert_default().push('x'),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn signed_requests_verify(call in call()) {
        let request = call.signed();
        let verified = call.verify(&request).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(verified.access_key_id(), ID);
    }

    #[test]
    fn changed_requests_are_rejected(mut call in call(), change in change(), which in any::<prop::sample::Index>()) {
        let mut request = call.signed();
        change.apply(&mut call, &mut request, which);
        prop_assert!(call.verify(&request).is_err());
    }

    #[test]
    fn skewed_clocks_are_rejected(call in call(), seconds in 301..1_000_000_000_u64, late: bool) {
        let request = call.signed();
        let offset = Duration::from_secs(seconds);
        let now = if late { now() + offset } else { now() - offset };
        let lookup = |_: &str| Some(call.credentials());
        let result = Verifier::new("bedrock").verify(&request, &PayloadHash::of(&call.body), lookup, now);
        let skewed = matches!(result, Err(VerifyError::ClockSkew { .. }));
        prop_assert!(skewed);
    }

    #[test]
    fn arbitrary_header_values_are_rejected(
        bytes in prop::collection::vec(prop_oneof![Just(b'\t'), 32..127_u8, 128..=255_u8], 0..200),
        name in prop::sample::select(vec!["authorization", "x-amz-date", "x-amz-security-token", "x-amz-x"]),
    ) {
        let mut request = signed();
        request.headers.insert(name, HeaderValue::from_bytes(&bytes).unwrap());
        prop_assert!(verify(&request).is_err());
    }

    #[test]
    fn arbitrary_authorizations_are_rejected(
        credential in "(Credential=)?[ -~]{0,10}(/[ -~]{0,10}){0,5}",
        names in "(, ?)?(SignedHeaders=)?([a-zH-]{0,5};?){0,4}",
        signature in "(,? ?)?(Signature=)?[0-9a-fG]{0,70}",
    ) {
        let mut request = signed();
        let value = format!("AWS4-HMAC-SHA256 {credential}{names}{signature}");
        request.headers.insert("authorization", value.parse().unwrap());
        prop_assert!(verify(&request).is_err());
    }

    #[test]
    fn altered_authorizations_are_rejected(at: prop::sample::Index, byte in 32..127_u8) {
        let mut request = signed();
        let mut value = request.headers["authorization"].as_bytes().to_vec();
        let at = at.index(value.len());
        prop_assume!(value[at] != byte);
        value[at] = byte;
        request.headers.insert("authorization", HeaderValue::from_bytes(&value).unwrap());
        prop_assert!(verify(&request).is_err());
    }
}
