//! A client that loads credentials from the default chain.

use bytes::Bytes;

use super::{Home, call, responses, signer, sts_response, text};
use crate::fake::response;

const ROLE: &str = "arn:aws:iam::123456789012:role/reader";

/// Returns a home whose profile assumes a role.
fn home() -> Home {
    Home::config(&format!(
        "[default]\nrole_arn = {ROLE}\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n"
    ))
}

/// The chain uses the transport, the region and the time source of the client.
#[tokio::test(start_paused = true)]
async fn a_client_signs_with_the_credentials_of_a_role() {
    let home = home();
    let fake = responses(&[(200, &sts_response("AssumeRole", "ASIAROLE123456789012")), (200, "{}")]);
    call(&home.client(&fake)).await.unwrap();
    let requests = fake.requests();
    let [sts, last] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(sts.uri().host(), Some("sts.us-west-2.amazonaws.com"));
    assert_eq!(signer(sts), "AKIDBASE");
    assert!(text(sts, "authorization").unwrap().contains("/20150830/us-west-2/sts/aws4_request"));
    assert_eq!(last.uri().host(), Some("bedrock-runtime.us-west-2.amazonaws.com"));
    assert_eq!(signer(last), "ASIAROLE123456789012");
    assert_eq!(text(last, "x-amz-security-token").as_deref(), Some("sts-token-ASIAROLE123456789012"));
}

#[tokio::test(start_paused = true)]
async fn an_explanation_names_the_source_of_the_credentials() {
    let home = home();
    let fake = responses(&[(200, &sts_response("AssumeRole", "ASIAROLE123456789012"))]);
    let explained = home.client(&fake).invoke_model().model_id("a").body("{}").explain().await.unwrap();
    assert_eq!(
        explained.credentials_source.unwrap().as_str(),
        format!("profile `default`: role {ROLE} assumed with (profile `base`: static keys)")
    );
}

#[tokio::test(start_paused = true)]
async fn the_files_are_read_again_when_the_service_rejects_the_credentials() {
    let keys = |id: &str| format!("[default]\naws_access_key_id={id}\naws_secret_access_key=secret\n");
    let home = Home::config(&keys("AKIDOLD"));
    let fake = responses(&[(403, r#"{"__type":"ExpiredTokenException"}"#); 2]);
    let client = home.client(&fake);
    call(&client).await.unwrap_err();
    let home = home.file(".aws/config", &keys("AKIDNEW"));
    fake.push([Ok(response(200, &[], Bytes::from_static(b"{}").into()))]);
    call(&client).await.unwrap();
    let signers: Vec<_> = fake.requests().iter().map(signer).collect();
    assert_eq!(signers, ["AKIDOLD", "AKIDOLD", "AKIDNEW"]);
    drop(home);
}
