//! Tests of presigned requests.

use super::*;

pub(super) fn presigned(clock: SystemTime) -> Request<Bytes> {
    let (mut parts, body) = request(input(TITAN, BODY)).into_parts();
    let hour = Duration::from_secs(3600);
    let signer = Signer::new("us-east-1", "bedrock");
    // Moves the host from the header to the URI, because the signer reads it there.
    parts.headers.remove("host");
    parts.uri = format!("http://127.0.0.1:8080{}", parts.uri).parse().unwrap();
    signer.presign(&mut parts, &credentials(), &PayloadHash::unsigned(), clock, hour).unwrap();
    parts.headers.insert("host", "127.0.0.1:8080".parse().unwrap());
    parts.uri = parts.uri.path_and_query().unwrap().as_str().parse().unwrap();
    Request::from_parts(parts, body)
}

#[test]
fn presigned_requests_are_accepted_until_they_expire() {
    let endpoint = endpoint();
    assert_eq!(send(&endpoint, presigned(now())).status().as_u16(), 200);
    let call = endpoint.log.calls().pop().unwrap();
    assert!(call.signed);
    let shown = serde_json::to_string(&call).unwrap();
    check_contains(&shown, "X-Amz-Signature=[redacted]");
    let old = presigned(now() - Duration::from_secs(3601));
    let message = check_error(&endpoint, old, 403, "InvalidSignatureException");
    assert_eq!(message, "Signature expired: 20150830T123559Z is now earlier than 20150830T123600Z");
}

#[test]
fn malformed_presigned_requests_are_incomplete() {
    let mut request = presigned(now());
    *request.uri_mut() =
        request.uri().to_string().replace("X-Amz-Expires=3600", "X-Amz-Expires=x").parse().unwrap();
    let message = check_error(&endpoint(), request, 400, "IncompleteSignatureException");
    check_contains(&message, "query parameter `X-Amz-Expires` is not a number of seconds from 1 to 604800");
}
