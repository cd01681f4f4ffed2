//! Roles assumed with AWS STS.

use std::collections::BTreeMap;

use crate::fake::{Fake, signer, text};
use crate::home::{Home, cache};
use crate::responses::{container_response, instance_response, sts_response};

const ROLE: &str = "arn:aws:iam::123456789012:role/reader";
const STS: &str = "https://sts.us-west-2.amazonaws.com/";

/// Returns the parameters of a request to STS.
fn query(request: &http::Request<bytes::Bytes>) -> BTreeMap<String, String> {
    assert!(request.uri().to_string().starts_with(STS), "{}", request.uri());
    let pairs = request.uri().query().unwrap().split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":").replace("%2F", "/"))).collect()
}

#[tokio::test(start_paused = true)]
async fn role_assumed_with_the_keys_of_another_profile() {
    let home = Home::config(&format!(
        "[default]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = x:1\nduration_seconds = 900\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\naws_session_token = base-token\n"
    ));
    let fake = Fake::new(&[(200, &sts_response("AssumeRole", "ASIAROLE123456789012"))]);
    let (id, token) = home.load(&fake).await;
    assert_eq!(
        (id.as_str(), token.as_deref()),
        ("ASIAROLE123456789012", Some("sts-token-ASIAROLE123456789012"))
    );
    let request = &fake.requests()[0];
    assert_eq!(signer(request), "AKIDBASE");
    assert_eq!(text(request, "x-amz-security-token").as_deref(), Some("base-token"));
    assert!(text(request, "authorization").unwrap().contains("/20150830/us-west-2/sts/aws4_request"));
    let query = query(request);
    let expected = [
        ("Action", "AssumeRole"),
        ("RoleArn", ROLE),
        ("ExternalId", "x:1"),
        ("DurationSeconds", "900"),
        // The name contains the time of the time source, in milliseconds.
        ("RoleSessionName", "invoke-model-1440938160000"),
    ];
    for (name, value) in expected {
        assert_eq!(query[name], value, "{name}");
    }
    let fake = Fake::new(&[(200, &sts_response("AssumeRole", "ASIAROLE123456789012"))]);
    assert_eq!(
        home.source(&fake).await,
        format!("profile `default`: role {ROLE} assumed with (profile `base`: static keys)")
    );
}

#[tokio::test(start_paused = true)]
async fn role_chaining() {
    let home = Home::config(&format!(
        "[default]\nrole_arn = {ROLE}-2\nsource_profile = middle\n\
         [profile middle]\nrole_arn = {ROLE}-1\nsource_profile = middle\nrole_session_name = me\n\
         aws_access_key_id = AKIDSELF\naws_secret_access_key = secret\n"
    ));
    // In a source profile, keys take precedence over the role.
    let fake = Fake::new(&[(200, &sts_response("AssumeRole", "ASIAROLE2345678901234"))]);
    assert_eq!(home.load(&fake).await.0, "ASIAROLE2345678901234");
    assert_eq!(signer(&fake.requests()[0]), "AKIDSELF");

    let home = Home::config(&format!(
        "[default]\nrole_arn = {ROLE}-2\nsource_profile = middle\n\
         [profile middle]\nrole_arn = {ROLE}-1\nsource_profile = base\nrole_session_name = me\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n"
    ));
    let fake = Fake::new(&[
        (200, &sts_response("AssumeRole", "ASIAROLE1111111111111")),
        (200, &sts_response("AssumeRole", "ASIAROLE2222222222222")),
    ]);
    assert_eq!(home.load(&fake).await.0, "ASIAROLE2222222222222");
    let requests = fake.requests();
    let steps: Vec<_> = requests.iter().map(signer).collect();
    assert_eq!(steps, ["AKIDBASE", "ASIAROLE1111111111111"]);
    assert_eq!(query(&requests[0])["RoleSessionName"], "me");
    assert_eq!(query(&requests[1])["RoleArn"], format!("{ROLE}-2"));
}

#[tokio::test(start_paused = true)]
async fn role_assumed_with_a_credential_source() {
    let home = |source: &str| {
        Home::config(&format!("[default]\nrole_arn = {ROLE}\ncredential_source = {source}\n"))
            .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/a")
    };
    let role = sts_response("AssumeRole", "ASIAROLE123456789012");
    let fake = Fake::new(&[(200, &container_response("AKIDTASK")), (200, &role)]);
    assert_eq!(home("EcsContainer").load(&fake).await.0, "ASIAROLE123456789012");
    assert_eq!(signer(&fake.requests()[1]), "AKIDTASK");

    let fake =
        Fake::new(&[(200, "t"), (200, "role-name"), (200, &instance_response("AKIDINSTANCE")), (200, &role)]);
    assert_eq!(home("Ec2InstanceMetadata").load(&fake).await.0, "ASIAROLE123456789012");
    assert_eq!(signer(&fake.requests()[3]), "AKIDINSTANCE");

    // Sets `profile_name`, because the keys of the environment would otherwise take precedence over the
    // profile.
    let fake = Fake::new(&[(200, &role)]);
    let home = home("Environment").set("AWS_ACCESS_KEY_ID", "AKIDENV").set("AWS_SECRET_ACCESS_KEY", "secret");
    let credentials = cache(home.chain(&fake).profile_name("default")).credentials().await.unwrap();
    assert_eq!(credentials.access_key_id(), "ASIAROLE123456789012");
    assert_eq!(signer(&fake.requests()[0]), "AKIDENV");
}

#[tokio::test(start_paused = true)]
async fn after_an_sts_error_no_other_source_is_tried() {
    let home = Home::config(&format!(
        "[default]\nrole_arn = {ROLE}\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n"
    ))
    .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/a");
    let denied = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message></Error>\
                  <RequestId>1</RequestId></ErrorResponse>";
    let fake = Fake::new(&[(403, denied)]);
    assert_eq!(
        home.error(&fake).await,
        format!(
            "profile `default`: role {ROLE} assumed with (profile `base`: static keys): AccessDenied: not you; check \
             that the source credentials are valid and that the role trusts them"
        )
    );
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn web_identity_from_the_environment_and_from_a_profile() {
    let home = Home::new().file("token", "the.web.token\n");
    let file = home.path("token").to_str().unwrap().to_owned();
    let environment = home
        .set("AWS_ROLE_ARN", ROLE)
        .set("AWS_WEB_IDENTITY_TOKEN_FILE", &file)
        .set("AWS_ROLE_SESSION_NAME", "pod");
    let response = sts_response("AssumeRoleWithWebIdentity", "ASIAWEB1234567890123");
    let fake = Fake::new(&[(200, &response)]);
    assert_eq!(environment.load(&fake).await.0, "ASIAWEB1234567890123");
    let request = &fake.requests()[0];
    // The request is not signed, because it contains the token.
    assert!(!request.headers().contains_key("authorization"));
    let query = query(request);
    assert_eq!(query["WebIdentityToken"], "the.web.token");
    assert_eq!((query["RoleArn"].as_str(), query["RoleSessionName"].as_str()), (ROLE, "pod"));
    assert_eq!(environment.source(&Fake::new(&[(200, &response)])).await, "web identity");

    let profile = Home::config(&format!("[default]\nrole_arn = {ROLE}\nweb_identity_token_file = {file}\n"));
    let fake = Fake::new(&[(200, &response)]);
    assert_eq!(profile.source(&fake).await, "profile `default`: web identity");

    assert_eq!(
        environment.error(&Fake::new(&[(502, "<html>"); 3])).await,
        "web identity: STS request failed (HTTP 502); check that the token file is readable and that the role trusts its \
         issuer"
    );

    let without_role = Home::new().set("AWS_WEB_IDENTITY_TOKEN_FILE", &file);
    assert_eq!(
        without_role.error(&Fake::new(&[])).await,
        "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not; set both, or neither"
    );
}
