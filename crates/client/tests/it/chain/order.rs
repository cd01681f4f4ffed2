//! Who goes before whom.

use invoke_model_client::{AuthScheme, Client, ConfigBuilder, Credentials, SettingSource};

use super::{Home, answers, contained};

const PROFILES: &str = "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s\nregion = eu-west-1\n\
    [profile dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = s\nregion = eu-north-1\n\
    [profile empty]\nregion = eu-south-1\n";

/// Every source at once.
fn everything() -> Home {
    Home::config(PROFILES)
        .set("AWS_ACCESS_KEY_ID", "AKIDENV")
        .set("AWS_SECRET_ACCESS_KEY", "s")
        .set("AWS_BEARER_TOKEN_BEDROCK", "the-token")
        .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a")
}

/// Who calls, and where that came from. Nothing is sent for it.
async fn who(settings: ConfigBuilder) -> (String, Option<SettingSource>) {
    let client = Client::new(settings).unwrap();
    let explained = client.invoke_model().model_id("a").body("{}").explain().await.unwrap();
    let who = match explained.auth_scheme {
        Some(AuthScheme::Bearer) => super::text(&explained.request, "authorization").unwrap(),
        _ => super::signer(&explained.request),
    };
    (who, explained.credentials)
}

#[tokio::test(start_paused = true)]
async fn the_order() {
    let check = async |home: Home, change: fn(ConfigBuilder) -> ConfigBuilder, expected: &str, source| {
        let fake = answers(&[]);
        assert_eq!(who(change(home.settings(&fake))).await, (expected.to_owned(), Some(source)));
        assert!(fake.requests().is_empty());
    };
    let token = SettingSource::Environment("AWS_BEARER_TOKEN_BEDROCK");
    let keys = SettingSource::Environment("AWS_ACCESS_KEY_ID");
    let own = || Credentials::new("AKIDCODE", "s", None);
    // Code before the environment, and there the token, the keys, the chain.
    check(everything(), |s| s.bearer_token("code"), "Bearer code", SettingSource::Code).await;
    check(everything(), |s| s.bearer_token("code").profile_name("dev"), "Bearer code", SettingSource::Code)
        .await;
    check(
        everything(),
        |s| s.credentials_provider(Credentials::new("AKIDCODE", "s", None)),
        "AKIDCODE",
        SettingSource::Code,
    )
    .await;
    let fake = answers(&[]);
    let both = everything().settings(&fake).credentials_provider(own()).profile_name("dev");
    assert_eq!(who(both).await, ("AKIDCODE".to_owned(), Some(SettingSource::Code)));
    check(everything(), |s| s.profile_name("dev"), "AKIDDEV", SettingSource::DefaultChain).await;
    check(everything(), |s| s, "Bearer the-token", token).await;
    // The off switch, and an empty variable.
    check(everything(), |s| s.disable_bearer_token(), "AKIDENV", keys).await;
    check(everything().set("AWS_BEARER_TOKEN_BEDROCK", ""), |s| s, "AKIDENV", keys).await;
    let chained = || everything().unset("AWS_BEARER_TOKEN_BEDROCK").unset("AWS_ACCESS_KEY_ID");
    let chained = || chained().unset("AWS_SECRET_ACCESS_KEY");
    check(chained(), |s| s, "AKIDDEFAULT", SettingSource::DefaultChain).await;
    check(chained().set("AWS_PROFILE", "dev"), |s| s, "AKIDDEV", SettingSource::DefaultChain).await;
    check(
        chained().set("AWS_PROFILE", "dev"),
        |s| s.profile_name("default"),
        "AKIDDEFAULT",
        SettingSource::DefaultChain,
    )
    .await;
    // AWS_PROFILE does not go before the keys, as in the SDKs.
    let named = everything().unset("AWS_BEARER_TOKEN_BEDROCK").set("AWS_PROFILE", "dev");
    check(named, |s| s, "AKIDENV", keys).await;
    // A profile without credentials leaves the rest of the chain.
    let fake = answers(&[(200, &contained("ASIATASK"))]);
    let empty = chained().set("AWS_PROFILE", "empty");
    assert_eq!(who(empty.settings(&fake)).await.0, "ASIATASK");
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_is_not_there_ends_the_chain() {
    let fake = answers(&[]);
    let home = Home::config(PROFILES)
        .set("AWS_PROFILE", "nobody")
        .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a");
    assert_eq!(home.error(&fake).await, "no profile `nobody` in HOME/.aws/config, HOME/.aws/credentials");
    assert!(fake.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_set_up_everything_is_named() {
    assert_eq!(
        Home::new().error(&answers(&[])).await,
        "AWS_ACCESS_KEY_ID is not set; profile `default` has none (HOME/.aws/config, HOME/.aws/credentials); no web \
         identity (AWS_WEB_IDENTITY_TOKEN_FILE); no container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, \
         AWS_CONTAINER_CREDENTIALS_FULL_URI); instance metadata: turned off by AWS_EC2_METADATA_DISABLED"
    );
    let homeless = Home::new().unset("HOME").unset("USERPROFILE");
    let error = homeless.error(&answers(&[])).await;
    assert!(error.contains("profile `default` has none (no shared files, for there is no HOME)"), "{error}");
}

/// With a token there is no look-up: not of a profile, not of a container, not of an instance.
#[tokio::test(start_paused = true)]
async fn a_token_asks_nobody() {
    let home = everything().unset("AWS_EC2_METADATA_DISABLED").set("AWS_PROFILE", "nobody");
    let fake = crate::fake::Fake::ok();
    super::call(&home.client(&fake)).await.unwrap();
    assert_eq!(super::text(&fake.request(), "authorization").as_deref(), Some("Bearer the-token"));
}

#[tokio::test(start_paused = true)]
async fn the_region_is_the_profile_s_where_nobody_sets_one() {
    let check = |home: Home, change: fn(ConfigBuilder) -> ConfigBuilder, expected: &str, source| {
        let config = change(home.settings(&answers(&[]))).build().unwrap();
        assert_eq!((config.region(), config.sources().region), (Some(expected), Some(source)));
    };
    let home = || Home::config(PROFILES).unset("AWS_REGION");
    check(home(), |s| s, "eu-west-1", SettingSource::Profile);
    check(home().set("AWS_PROFILE", "dev"), |s| s, "eu-north-1", SettingSource::Profile);
    check(home(), |s| s.profile_name("dev"), "eu-north-1", SettingSource::Profile);
    check(home(), |s| s.region("us-east-1"), "us-east-1", SettingSource::Code);
    check(
        home().set("AWS_REGION", "us-west-2"),
        |s| s,
        "us-west-2",
        SettingSource::Environment("AWS_REGION"),
    );
    let bad = Home::config("[default]\nregion = a/b").unset("AWS_REGION").settings(&answers(&[])).build();
    assert_eq!(
        bad.unwrap_err().to_string(),
        "the region (profile in the shared files) is `a/b`: a region has letters, digits and hyphens only, such as \
         us-east-1"
    );
}

/// Settings alone send nothing and wait for nothing, also without a runtime.
#[test]
fn nothing_is_loaded_before_a_call() {
    let fake = answers(&[]);
    let home = Home::new().unset("AWS_EC2_METADATA_DISABLED").set("AWS_PROFILE", "nobody");
    drop(home.client(&fake));
    assert!(fake.requests().is_empty());
}
