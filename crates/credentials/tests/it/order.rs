//! Precedence of the sources of the default chain.

use invoke_model_credentials::DefaultCredentialsChainBuilder;

use crate::fake::{Fake, signer};
use crate::home::{Home, cache};
use crate::responses::{container_response, sts_response};

const PROFILES: &str = "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s\nregion = eu-west-1\n\
    [profile dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = s\nregion = eu-north-1\n\
    [profile empty]\nregion = eu-south-1\n";

/// Returns a home in which all sources are configured.
fn all_sources() -> Home {
    Home::config(PROFILES)
        .set("AWS_ACCESS_KEY_ID", "AKIDENV")
        .set("AWS_SECRET_ACCESS_KEY", "s")
        .set("AWS_SESSION_TOKEN", "env-token")
        .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a")
}

#[tokio::test(start_paused = true)]
async fn precedence_of_all_sources() {
    type Change = fn(DefaultCredentialsChainBuilder) -> DefaultCredentialsChainBuilder;
    let check = async |home: Home, change: Change, id: &str, source: &str| {
        let fake = Fake::new(&[(200, &container_response("ASIATASK"))]);
        let credentials = cache(change(home.chain(&fake))).credentials().await.unwrap();
        assert_eq!((credentials.access_key_id(), credentials.source()), (id, Some(source)));
    };
    let dev = "profile `dev`: static keys";
    check(all_sources(), |c| c, "AKIDENV", "environment variable AWS_ACCESS_KEY_ID").await;
    // As in the AWS SDKs, keys in the environment take precedence over AWS_PROFILE.
    let named = all_sources().set("AWS_PROFILE", "dev");
    check(named, |c| c, "AKIDENV", "environment variable AWS_ACCESS_KEY_ID").await;
    check(all_sources(), |c| c.profile_name("dev"), "AKIDDEV", dev).await;
    check(all_sources(), |c| c.ignore_access_keys(), "AKIDDEFAULT", "profile `default`: static keys").await;
    check(all_sources().set("AWS_PROFILE", "dev"), |c| c.ignore_access_keys(), "AKIDDEV", dev).await;
    let both: Change = |c| c.profile_name("default");
    check(all_sources().set("AWS_PROFILE", "dev"), both, "AKIDDEFAULT", "profile `default`: static keys")
        .await;
    // A profile without credentials is skipped.
    check(all_sources(), |c| c.profile_name("empty"), "ASIATASK", "container").await;
}

#[tokio::test(start_paused = true)]
async fn incomplete_access_keys_are_an_error() {
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        assert_eq!(
            all_sources().unset(name).error(&Fake::default()).await,
            "environment variable AWS_ACCESS_KEY_ID: AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set; set both"
        );
    }
}

#[test]
fn precedence_of_regions() {
    let check = |home: Home, expected: Option<&str>| {
        assert_eq!(home.chain(&Fake::default()).build().region(), expected);
    };
    let home = || Home::config(PROFILES).unset("AWS_REGION");
    assert_eq!(home().chain(&Fake::default()).region("us-east-1").build().region(), Some("us-east-1"));
    let both = home().set("AWS_DEFAULT_REGION", "us-east-2").set("AWS_REGION", "us-west-2");
    check(both, Some("us-west-2"));
    check(home().set("AWS_DEFAULT_REGION", "us-east-2"), Some("us-east-2"));
    check(home().set("AWS_PROFILE", "dev"), Some("eu-north-1"));
    check(home(), Some("eu-west-1"));
    check(Home::new().unset("AWS_REGION"), None);
}

#[tokio::test(start_paused = true)]
async fn only_roles_need_a_region() {
    let role = "arn:aws:iam::123456789012:role/reader";
    let config = format!(
        "[default]\nrole_arn = {role}\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n"
    );
    let home = Home::config(&config).unset("AWS_REGION");
    let fake = Fake::default();
    assert_eq!(
        home.error(&fake).await,
        format!(
            "profile `default`: role {role} assumed with (profile `base`: static keys): no region for the STS endpoint; set \
             AWS_REGION, or `region` in the profile"
        )
    );
    assert!(fake.requests().is_empty());
    assert_eq!(home.set("AWS_PROFILE", "base").load(&fake).await.0, "AKIDBASE");
}

#[tokio::test(start_paused = true)]
async fn only_metadata_requests_use_the_metadata_transport() {
    let role = "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\ncredential_source = EcsContainer\n";
    let home = Home::config(role).set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a");
    let (sts, agent) = (
        Fake::new(&[(200, &sts_response("AssumeRole", "ASIAROLE123456789012"))]),
        Fake::new(&[(200, &container_response("ASIATASK"))]),
    );
    let credentials = cache(home.chain(&sts).metadata_transport(agent.clone())).credentials().await.unwrap();
    assert_eq!(credentials.access_key_id(), "ASIAROLE123456789012");
    assert_eq!((sts.requests().len(), agent.requests().len()), (1, 1));
    assert_eq!(signer(&sts.requests()[0]), "ASIATASK");
}
