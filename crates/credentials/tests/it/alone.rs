//! Signs a request of another HTTP client with credentials of the default chain.

use std::sync::Arc;

use invoke_model_signing::{PayloadHash, Signer};

use crate::fake::{Fake, signer};
use crate::home::{Home, now};
use crate::responses::container_response;

#[tokio::test(start_paused = true)]
async fn signs_a_request_and_renews_rejected_credentials() {
    let home = Home::new().set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a");
    let fake =
        Fake::new(&[(200, &container_response("ASIAFIRST")), (200, &container_response("ASIASECOND"))]);
    let chain = home.chain(&fake).build();
    let signing = Signer::new(chain.region().unwrap(), "bedrock");
    let cache = home.cache(&fake);

    let sign = async || {
        let (mut parts, ()) = http::Request::post("https://example.test/").body(()).unwrap().into_parts();
        let credentials = cache.credentials().await.unwrap();
        signing.sign(&mut parts, &credentials, &PayloadHash::EMPTY, now()).unwrap();
        (credentials, http::Request::from_parts(parts, bytes::Bytes::new()))
    };
    let (rejected, request) = sign().await;
    assert_eq!(signer(&request), "ASIAFIRST");
    assert!(request.headers()["authorization"].to_str().unwrap().contains("/us-west-2/bedrock/"));
    assert_eq!(request.headers()["x-amz-security-token"], "agent-token");
    // A second request uses the cached credentials.
    assert!(Arc::ptr_eq(&sign().await.0, &rejected));
    assert_eq!(fake.requests().len(), 1);

    cache.invalidate(&rejected);
    assert_eq!(signer(&sign().await.1), "ASIASECOND");
    assert_eq!(fake.requests().len(), 2);
}
