//! Precedence of bearer tokens, credentials and the sources of the default chain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use invoke_model_client::{AuthScheme, Client, ConfigBuilder, Credentials, ErrorKind, SettingSource};

use super::{Home, container_response, responses};
use crate::fake::now;

const PROFILES: &str = "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s\nregion = eu-west-1\n\
    [profile dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = s\nregion = eu-north-1\n\
    [profile empty]\nregion = eu-south-1\n";

/// Returns a home in which all sources are configured.
fn all_sources() -> Home {
    Home::config(PROFILES)
        .set("AWS_ACCESS_KEY_ID", "AKIDENV")
        .set("AWS_SECRET_ACCESS_KEY", "s")
        .set("AWS_BEARER_TOKEN_BEDROCK", "the-token")
        .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a")
}

/// Returns the bearer token or the access key id of a call, and the source of this identity.
async fn identity(settings: ConfigBuilder) -> (String, Option<SettingSource>) {
    let client = Client::new(settings).unwrap();
    let explained = client.invoke_model().model_id("a").body("{}").explain().await.unwrap();
    let identity = match explained.auth_scheme {
        Some(AuthScheme::Bearer) => super::text(&explained.request, "authorization").unwrap(),
        _ => super::signer(&explained.request),
    };
    (identity, explained.credentials)
}

#[tokio::test(start_paused = true)]
async fn precedence_of_all_sources() {
    let check = async |home: Home, change: fn(ConfigBuilder) -> ConfigBuilder, expected: &str, source| {
        let fake = responses(&[]);
        assert_eq!(identity(change(home.settings(&fake))).await, (expected.to_owned(), Some(source)));
        assert!(fake.requests().is_empty());
    };
    let token = SettingSource::Environment("AWS_BEARER_TOKEN_BEDROCK");
    let keys = SettingSource::Environment("AWS_ACCESS_KEY_ID");
    let static_credentials = || Credentials::new("AKIDCODE", "s", None);
    // Settings in code take precedence over the environment. Within the code and within the environment, the
    // order is: bearer token, credentials, default chain.
    check(all_sources(), |s| s.bearer_token("code"), "Bearer code", SettingSource::Code).await;
    check(all_sources(), |s| s.bearer_token("code").profile_name("dev"), "Bearer code", SettingSource::Code)
        .await;
    check(
        all_sources(),
        |s| s.credentials_provider(Credentials::new("AKIDCODE", "s", None)),
        "AKIDCODE",
        SettingSource::Code,
    )
    .await;
    let fake = responses(&[]);
    let home = all_sources();
    let both = home.settings(&fake).credentials_provider(static_credentials()).profile_name("dev");
    assert_eq!(identity(both).await, ("AKIDCODE".to_owned(), Some(SettingSource::Code)));
    check(all_sources(), |s| s.profile_name("dev"), "AKIDDEV", SettingSource::DefaultChain).await;
    check(all_sources(), |s| s, "Bearer the-token", token).await;
    // In these cases, the bearer token is disabled or its variable is empty.
    check(all_sources(), |s| s.disable_bearer_token(), "AKIDENV", keys).await;
    check(all_sources().set("AWS_BEARER_TOKEN_BEDROCK", ""), |s| s, "AKIDENV", keys).await;
    let chained = || all_sources().unset("AWS_BEARER_TOKEN_BEDROCK").unset("AWS_ACCESS_KEY_ID");
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
    // As in the AWS SDKs, keys in the environment take precedence over AWS_PROFILE.
    let named = all_sources().unset("AWS_BEARER_TOKEN_BEDROCK").set("AWS_PROFILE", "dev");
    check(named, |s| s, "AKIDENV", keys).await;
    // A profile without credentials is skipped.
    let fake = responses(&[(200, &container_response("ASIATASK"))]);
    let empty = chained().set("AWS_PROFILE", "empty");
    assert_eq!(identity(empty.settings(&fake)).await.0, "ASIATASK");
}

/// When a client is built, it reads the access keys in the environment. The chain does not read these keys.
#[tokio::test(start_paused = true)]
async fn the_chain_ignores_access_keys_that_are_set_later() {
    let home = all_sources().unset("AWS_BEARER_TOKEN_BEDROCK");
    let (variables, is_later) = (home.variables.clone(), Arc::new(AtomicBool::new(false)));
    let later = is_later.clone();
    let read = move |name: &str| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" if !later.load(Ordering::Relaxed) => None,
        _ => variables.get(name).cloned(),
    };
    let settings = ConfigBuilder::from_env_with(read).transport(responses(&[])).time_source(now);
    let client = Client::new(settings).unwrap();
    is_later.store(true, Ordering::Relaxed);
    let explained = client.invoke_model().model_id("a").body("{}").explain().await.unwrap();
    assert_eq!(super::signer(&explained.request), "AKIDDEFAULT");
}

#[tokio::test(start_paused = true)]
async fn the_profile_must_exist_when_the_credentials_are_loaded() {
    let fake = responses(&[]);
    let home =
        Home::config(PROFILES).set("AWS_PROFILE", "dev").set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a");
    let client = home.client(&fake);
    std::fs::write(home.path(".aws/config"), "[default]\n").unwrap();
    let error = super::call(&client).await.unwrap_err().to_string();
    assert!(error.contains("no credentials: no profile `dev` in "), "{error}");
    assert!(fake.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn missing_credentials_differ_from_a_source_that_failed() {
    async fn is_not_configured(home: Home) -> bool {
        let error = super::call(&home.client(&responses(&[]))).await.unwrap_err();
        let ErrorKind::Credentials(error) = error.kind() else { panic!("{error}") };
        error.is_not_configured()
    }

    assert!(is_not_configured(Home::new()).await);
    assert!(!is_not_configured(Home::new().set("AWS_WEB_IDENTITY_TOKEN_FILE", "/missing")).await);
}

#[tokio::test(start_paused = true)]
async fn without_any_source_the_error_lists_all_sources() {
    assert_eq!(
        Home::new().error(&responses(&[])).await,
        "AWS_ACCESS_KEY_ID is not set; profile `default` has no credentials (HOME/.aws/config, HOME/.aws/credentials); \
         AWS_WEB_IDENTITY_TOKEN_FILE is not set; AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and \
         AWS_CONTAINER_CREDENTIALS_FULL_URI are not set; instance metadata: disabled by AWS_EC2_METADATA_DISABLED; \
         configure one of these"
    );
    let without_home = Home::new().unset("HOME").unset("USERPROFILE");
    let error = without_home.error(&responses(&[])).await;
    assert!(
        error.contains("profile `default` has no credentials (no shared files, because HOME is not set)"),
        "{error}"
    );
}

/// If a bearer token is set, the client loads no credentials of a profile, and sends no request to a container
/// agent or to instance metadata.
#[tokio::test(start_paused = true)]
async fn with_a_bearer_token_no_credentials_source_is_used() {
    let home = all_sources().unset("AWS_EC2_METADATA_DISABLED").set("AWS_PROFILE", "empty");
    let fake = crate::fake::Fake::ok();
    super::call(&home.client(&fake)).await.unwrap();
    assert_eq!(super::text(&fake.request(), "authorization").as_deref(), Some("Bearer the-token"));
}

#[tokio::test(start_paused = true)]
async fn an_unset_region_is_taken_from_the_profile() {
    let check = |home: Home, change: fn(ConfigBuilder) -> ConfigBuilder, expected: &str, source| {
        let config = change(home.settings(&responses(&[]))).build().unwrap();
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
    let bad = Home::config("[default]\nregion = a/b").unset("AWS_REGION").settings(&responses(&[])).build();
    assert_eq!(
        bad.unwrap_err().to_string(),
        "region (profile in the shared files): `a/b` is not a region name; use letters, digits and hyphens only, such as \
         us-east-1"
    );
}

/// `Client::new` sends no request and needs no Tokio runtime.
#[test]
fn no_credentials_are_loaded_before_the_first_call() {
    let fake = responses(&[]);
    let home = Home::config(PROFILES).unset("AWS_EC2_METADATA_DISABLED").set("AWS_PROFILE", "empty");
    drop(home.client(&fake));
    assert!(fake.requests().is_empty());
}
