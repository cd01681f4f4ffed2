//! Roles that are assumed with AWS STS.

use std::collections::BTreeMap;

use super::{Home, answers, assumed, contained, instance, signer, text};

const ROLE: &str = "arn:aws:iam::123456789012:role/reader";
const STS: &str = "https://sts.us-west-2.amazonaws.com/";

/// The parameters of a request to STS.
fn query(request: &http::Request<bytes::Bytes>) -> BTreeMap<String, String> {
    assert!(request.uri().to_string().starts_with(STS), "{}", request.uri());
    let pairs = request.uri().query().unwrap().split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":").replace("%2F", "/"))).collect()
}

#[tokio::test(start_paused = true)]
async fn with_the_keys_of_another_profile() {
    let home = Home::config(&format!(
        "[default]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = x:1\nduration_seconds = 900\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\naws_session_token = base-token\n"
    ));
    let fake = answers(&[(200, &assumed("AssumeRole", "ASIAROLE123456789012"))]);
    let (id, token) = home.call(&fake).await;
    assert_eq!(
        (id.as_str(), token.as_deref()),
        ("ASIAROLE123456789012", Some("sts-token-ASIAROLE123456789012"))
    );
    let asked = &fake.requests()[0];
    assert_eq!(signer(asked), "AKIDBASE");
    assert_eq!(text(asked, "x-amz-security-token").as_deref(), Some("base-token"));
    assert!(text(asked, "authorization").unwrap().contains("/20150830/us-west-2/sts/aws4_request"));
    let query = query(asked);
    let expected = [
        ("Action", "AssumeRole"),
        ("RoleArn", ROLE),
        ("ExternalId", "x:1"),
        ("DurationSeconds", "900"),
        // The clock of the client.
        ("RoleSessionName", "invoke-model-1440938160000"),
    ];
    for (name, value) in expected {
        assert_eq!(query[name], value, "{name}");
    }
    let fake = answers(&[(200, &assumed("AssumeRole", "ASIAROLE123456789012"))]);
    assert_eq!(
        home.link(&fake).await,
        format!("profile `default`: role {ROLE} assumed with profile `base`: static keys")
    );
}

#[tokio::test(start_paused = true)]
async fn one_with_the_other() {
    let home = Home::config(&format!(
        "[default]\nrole_arn = {ROLE}-2\nsource_profile = middle\n\
         [profile middle]\nrole_arn = {ROLE}-1\nsource_profile = middle\nrole_session_name = me\n\
         aws_access_key_id = AKIDSELF\naws_secret_access_key = secret\n"
    ));
    // A profile that another one names gives its keys before its role.
    let fake = answers(&[(200, &assumed("AssumeRole", "ASIAROLE2345678901234"))]);
    assert_eq!(home.call(&fake).await.0, "ASIAROLE2345678901234");
    assert_eq!(signer(&fake.requests()[0]), "AKIDSELF");

    let home = Home::config(&format!(
        "[default]\nrole_arn = {ROLE}-2\nsource_profile = middle\n\
         [profile middle]\nrole_arn = {ROLE}-1\nsource_profile = base\nrole_session_name = me\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n"
    ));
    let fake = answers(&[
        (200, &assumed("AssumeRole", "ASIAROLE1111111111111")),
        (200, &assumed("AssumeRole", "ASIAROLE2222222222222")),
    ]);
    assert_eq!(home.call(&fake).await.0, "ASIAROLE2222222222222");
    let requests = fake.requests();
    let steps: Vec<_> = requests.iter().map(signer).collect();
    assert_eq!(steps, ["AKIDBASE", "ASIAROLE1111111111111", "ASIAROLE2222222222222"]);
    assert_eq!(query(&requests[0])["RoleSessionName"], "me");
    assert_eq!(query(&requests[1])["RoleArn"], format!("{ROLE}-2"));
}

#[tokio::test(start_paused = true)]
async fn with_a_named_source() {
    let home = |source: &str| {
        Home::config(&format!("[default]\nrole_arn = {ROLE}\ncredential_source = {source}\n"))
            .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/a")
    };
    let role = assumed("AssumeRole", "ASIAROLE123456789012");
    let fake = answers(&[(200, &contained("AKIDTASK")), (200, &role)]);
    assert_eq!(home("EcsContainer").call(&fake).await.0, "ASIAROLE123456789012");
    assert_eq!(signer(&fake.requests()[1]), "AKIDTASK");

    let fake = answers(&[(200, "t"), (200, "role-name"), (200, &instance("AKIDINSTANCE")), (200, &role)]);
    assert_eq!(home("Ec2InstanceMetadata").call(&fake).await.0, "ASIAROLE123456789012");
    assert_eq!(signer(&fake.requests()[3]), "AKIDINSTANCE");

    // The keys of the environment go before the profile, but for one that the program names.
    let fake = answers(&[(200, &role)]);
    let home = home("Environment").set("AWS_ACCESS_KEY_ID", "AKIDENV").set("AWS_SECRET_ACCESS_KEY", "secret");
    let client = invoke_model_client::Client::new(home.settings(&fake).profile_name("default")).unwrap();
    let explained = client.invoke_model().model_id("a").body("{}").explain().await.unwrap();
    assert_eq!(signer(&explained.request), "ASIAROLE123456789012");
    assert_eq!(signer(&fake.requests()[0]), "AKIDENV");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_and_ends_the_chain() {
    let home = Home::config(&format!(
        "[default]\nrole_arn = {ROLE}\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n"
    ))
    .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/a");
    let denied = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message></Error>\
                  <RequestId>1</RequestId></ErrorResponse>";
    let fake = answers(&[(403, denied)]);
    assert_eq!(
        home.error(&fake).await,
        format!(
            "profile `default`: role {ROLE} assumed with profile `base`: static keys: AccessDenied: not you"
        )
    );
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn web_identity_of_the_environment_and_of_a_profile() {
    let home = Home::new().file("token", "the.web.token\n");
    let file = home.path("token").to_str().unwrap().to_owned();
    let of_environment = home
        .set("AWS_ROLE_ARN", ROLE)
        .set("AWS_WEB_IDENTITY_TOKEN_FILE", &file)
        .set("AWS_ROLE_SESSION_NAME", "pod");
    let answer = assumed("AssumeRoleWithWebIdentity", "ASIAWEB1234567890123");
    let fake = answers(&[(200, &answer)]);
    assert_eq!(of_environment.call(&fake).await.0, "ASIAWEB1234567890123");
    let asked = &fake.requests()[0];
    // Nobody signs it: the token says who asks.
    assert!(!asked.headers().contains_key("authorization"));
    let query = query(asked);
    assert_eq!(query["WebIdentityToken"], "the.web.token");
    assert_eq!((query["RoleArn"].as_str(), query["RoleSessionName"].as_str()), (ROLE, "pod"));
    assert_eq!(of_environment.link(&answers(&[(200, &answer)])).await, "web identity");

    let of_profile =
        Home::config(&format!("[default]\nrole_arn = {ROLE}\nweb_identity_token_file = {file}\n"));
    let fake = answers(&[(200, &answer)]);
    assert_eq!(of_profile.link(&fake).await, "profile `default`: web identity");

    let without_role = Home::new().set("AWS_WEB_IDENTITY_TOKEN_FILE", &file);
    assert_eq!(
        without_role.error(&answers(&[])).await,
        "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not"
    );
}
