//! Tests of the likely cause that verification reports if a signature does not match.

use http::request::Parts;
use invoke_model_signing::{
    AmzDate, CredentialScope, Credentials, LikelyCause, PayloadHash, SignatureMismatch, VerifyError,
    calculate_signature, string_to_sign,
};

use crate::{BODY, ID, credentials, now, parts, signed, signer, verify, verify_as};

/// Returns the mismatch of a request whose client signed a different canonical request. `alter` changes the
/// correct canonical request into the canonical request that the client signed.
fn mismatch_of(
    uri: &str,
    headers: &[(&str, &str)],
    alter: impl Fn(&str) -> String,
) -> Box<SignatureMismatch> {
    let mut request = parts(uri, headers);
    let right = signer().sign(&mut request, &credentials(), &PayloadHash::of(BODY), now()).unwrap();
    let canonical = alter(right.canonical_request().as_str());
    assert_ne!(canonical, right.canonical_request().as_str());

    let date = AmzDate::try_from(now()).unwrap();
    let scope = CredentialScope::new(&date, "us-east-1", "bedrock");
    let wrong = calculate_signature(&credentials(), &scope, &string_to_sign(&date, &scope, &canonical));
    let value = request.headers["authorization"].to_str().unwrap().replace(right.signature(), &wrong);
    request.headers.insert("authorization", value.parse().unwrap());
    mismatch(&request, &credentials())
}

fn mismatch(request: &Parts, credentials: &Credentials) -> Box<SignatureMismatch> {
    match verify_as(request, credentials) {
        Err(VerifyError::SignatureMismatch(mismatch)) => mismatch,
        other => panic!("{other:?}"),
    }
}

#[test]
fn known_client_errors_are_recognized() {
    let check = |target: &str, headers: &[(&str, &str)], computed: &str, client: &str, cause: LikelyCause| {
        let uri = format!("http://localhost:8080{target}");
        let mismatch = mismatch_of(&uri, headers, |canonical| canonical.replacen(computed, client, 1));
        assert_eq!(mismatch.likely_cause(), Some(cause), "{target}");
        let diff = mismatch.diff().unwrap();
        assert!(diff.computed().unwrap().contains(computed.trim_end()), "{diff}");
        assert!(diff.client().unwrap().contains(client.trim_end()), "{diff}");
        assert!(mismatch.summary().starts_with(&cause.to_string()));
    };
    check("/model/a%3A0/invoke", &[], "%253A", "%3A", LikelyCause::PathEncodedOnce);
    check("/model/a%3A0/invoke", &[], "%253A", ":", LikelyCause::PathNotEncoded);
    check("/a@b%3A0", &[], "/a%40b%253A0", "/a%40b%3A0", LikelyCause::PathDecodedThenEncoded);
    check("/model/a:0/invoke", &[], "%3A", "%253A", LikelyCause::PathSentNotEncoded);
    check("/a//b/", &[], "/a/b/", "/a//b/", LikelyCause::PathEncodedOnce);
    check("/a%3A//b/", &[], "/a%253A/b/", "/a%253A//b/", LikelyCause::PathEncodedTwice);
    check("/?b=1&a=2", &[], "a=2&b=1", "b=1&a=2", LikelyCause::QueryUnsorted);
    check("/?b=1&a", &[], "a=&b=1", "b=1&a", LikelyCause::QueryAsSent);
    check("/?b=1+2&a", &[], "b=1%2B2", "b=1%202", LikelyCause::QueryPlusAsSpace);
    check("/?b=1&a=2", &[], "a=2&b=1\n", "\n", LikelyCause::QueryOmitted);
    check("/", &[], "localhost:8080", "localhost", LikelyCause::HostWithoutPort);
    check("/", &[("host", "[::1]")], "host:[::1]", "host:[::1]:443", LikelyCause::HostWithPort);
    check("/", &[("a", "b  c")], "a:b c", "a:b  c", LikelyCause::ValueNotTrimmed);
    let body = PayloadHash::of(BODY);
    check("/", &[], body.as_str(), PayloadHash::EMPTY.as_str(), LikelyCause::EmptyPayload);
    check("/", &[], body.as_str(), PayloadHash::unsigned().as_str(), LikelyCause::UnsignedPayload);
}

#[test]
fn display_shows_both_canonical_requests() {
    let mismatch = mismatch_of("http://localhost/model/a%3A0/invoke", &[], |canonical| {
        canonical.replace("%253A", "%3A")
    });
    let request = |path: &str| {
        format!(
            "   1 | POST
   2 | {path}
   3 | 
   4 | host:localhost
   5 | x-amz-date:20150830T123600Z
   6 | 
   7 | host;x-amz-date
   8 | f0bfe64650594de57d7069c7308b526dccb71b73901f1ee0fda8bb8dff7481c6"
        )
    };
    let summary = "the client signed the path as sent, but must percent-encode the path once more before signing; \
                   line 2 of the canonical request must be \"/model/a%253A0/invoke\", but the client signed \
                   \"/model/a%3A0/invoke\"";
    let expected = format!(
        "Canonical request computed by the verifier:
{}
Canonical request signed by the client:
{}
String to sign computed by the verifier:
   1 | AWS4-HMAC-SHA256
   2 | 20150830T123600Z
   3 | 20150830/us-east-1/bedrock/aws4_request
   4 | {}
The signature does not match: {summary}.",
        request("/model/a%253A0/invoke"),
        request("/model/a%3A0/invoke"),
        mismatch.string_to_sign().lines().last().unwrap(),
    );
    assert_eq!(mismatch.to_string(), expected);
    let error = VerifyError::SignatureMismatch(mismatch);
    assert_eq!(error.to_string(), format!("the signature does not match: {summary}"));
}

#[test]
fn another_secret_has_no_likely_cause() {
    let mismatch = mismatch(&signed(), &Credentials::new(ID, "other", None));
    assert_eq!(mismatch.likely_cause(), None);
    assert_eq!(mismatch.client_canonical_request(), None);
    assert_eq!(mismatch.diff(), None);
    assert!(mismatch.summary().contains("used another secret access key"), "{}", mismatch.summary());
    assert!(
        mismatch
            .to_string()
            .contains(&mismatch.canonical_request().to_string().lines().nth(1).unwrap().to_owned())
    );
    assert_eq!(verify(&signed()).unwrap().canonical_request(), mismatch.canonical_request());
}

#[test]
fn diff_with_a_canonical_request_logged_by_the_client() {
    let mismatch = mismatch(&signed(), &Credentials::new(ID, "other", None));
    let computed = mismatch.canonical_request().as_str();
    assert_eq!(mismatch.diff_with(computed), None);

    let check = |client: &str, expected: &str| {
        assert_eq!(mismatch.diff_with(client).unwrap().to_string(), expected);
    };
    check(
        &computed.replace("POST", "post"),
        r#"line 1 of the canonical request must be "POST", but the client signed "post""#,
    );
    check(&format!("{computed}\n"), r#"the client signed an extra line 10 of the canonical request: """#);
    check(
        &computed.replace('\n', "\r\n"),
        r#"line 1 of the canonical request must be "POST", but the client signed "POST\r""#,
    );
    let truncated = computed.rsplit_once('\n').unwrap().0;
    let hash = PayloadHash::of(BODY);
    let expected = format!(
        "line 9 of the canonical request must be {:?}, but the client signed only 8 lines",
        hash.as_str()
    );
    check(truncated, &expected);
}
