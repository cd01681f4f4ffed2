//! Tests of the claims of signatures in records of calls.

use super::presigned::presigned;
use super::*;

/// Sends a request. Returns the access key id, the region and the signed headers of its record.
fn claims(request: Request<Bytes>) -> (Option<String>, Option<String>, Vec<String>) {
    let endpoint = endpoint();
    send(&endpoint, request);
    let call = endpoint.log.calls().pop().unwrap();
    (call.access_key_id, call.signing_region, call.signed_headers)
}

fn check(request: Request<Bytes>, access_key_id: &str, region: &str, signed_headers: &str) {
    let names = signed_headers.split(' ').map(str::to_owned).collect();
    assert_eq!(claims(request), (Some(access_key_id.to_owned()), Some(region.to_owned()), names));
}

#[test]
fn records_contain_the_claims_of_every_signature() {
    let unsigned = || request(input(TITAN, BODY));
    let id = LocalEndpointBuilder::ACCESS_KEY_ID;
    check(sign(unsigned()), id, "us-east-1", "content-type host x-amz-date");
    check(presigned(now()), id, "us-east-1", "content-type host");
    // The endpoint rejects this signature, because it does not know the access key.
    let unknown = Credentials::new("UNKNOWN", "secret", Some("token".to_owned()));
    let request = sign_as(unsigned(), &unknown, &Signer::new("eu-west-1", "bedrock"), now());
    check(request, "UNKNOWN", "eu-west-1", "content-type host x-amz-date x-amz-security-token");
}

#[test]
fn a_request_without_a_signature_has_no_claims() {
    for authorization in ["Bearer Credential=secret/a/b", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 a, b="] {
        let mut request = request(input(TITAN, BODY));
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        assert_eq!(claims(request), (None, None, vec![]), "{authorization}");
    }
    assert_eq!(claims(request(input(TITAN, BODY))), (None, None, vec![]));
}
