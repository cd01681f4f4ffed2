//! Shared files that other tools write, and shared files that cannot be used.

use crate::fake::Fake;
use crate::home::Home;
use crate::responses::{container_response, instance_response};

const KEYS: &str = "aws_access_key_id = AKIDFILE\naws_secret_access_key = s\n";

#[tokio::test(start_paused = true)]
async fn quoted_and_indented_profiles() {
    let check = async |config: &str, profile: &str| {
        let home = Home::config(config).set("AWS_PROFILE", profile);
        assert_eq!(home.load(&Fake::default()).await.0, "AKIDFILE", "{config}");
    };
    check(&format!("[profile 'my dev']\n{KEYS}"), "my dev").await;
    check(&format!("[profile \"dev\"]\n{KEYS}"), "dev").await;
    let indented = format!("[profile dev]\n{KEYS}").replace('\n', "\n    ");
    check(&format!("    {indented}"), "dev").await;
    check(&format!("[profile dev]\n{KEYS}").replace('\n', "\r"), "dev").await;
    check(&format!("[profile dev]\n{KEYS}").replace(" =", ":"), "dev").await;
}

#[tokio::test(start_paused = true)]
async fn older_names_of_the_session_token() {
    let home = Home::config(&format!("[default]\n{KEYS}aws_security_token = old\n"));
    assert_eq!(home.load(&Fake::default()).await.1.as_deref(), Some("old"));
    let home = Home::config(&format!("[default]\n{KEYS}aws_security_token = old\naws_session_token = new\n"));
    assert_eq!(home.load(&Fake::default()).await.1.as_deref(), Some("new"));
    let home = Home::new().set("AWS_ACCESS_KEY_ID", "AKIDENV").set("AWS_SECRET_ACCESS_KEY", "s");
    assert_eq!(home.set("AWS_SECURITY_TOKEN", "old").load(&Fake::default()).await.1.as_deref(), Some("old"));
}

#[tokio::test(start_paused = true)]
async fn an_invalid_file_is_named() {
    let check = async |content: &[u8], problem: &str| {
        for file in ["config", "credentials"] {
            let home = Home::new().file(".aws/unused", "");
            std::fs::write(home.path(".aws").join(file), content).unwrap();
            // The container is not used, because the file may contain other credentials.
            let home = home.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a");
            let fake = Fake::default();
            assert_eq!(home.error(&fake).await, format!("HOME/.aws/{file}: {problem}"));
            assert_eq!(home.chain(&fake).profile_region(), None);
            assert!(home.chain(&fake).profile_settings().is_err());
            assert!(fake.requests().is_empty());
        }
    };
    check(b"\xEF\xBB\xBF[default]\n", "the file starts with a byte order mark; save it as UTF-8 without one")
        .await;
    check(b"\xFF\xFE[\0d\0", "the file is UTF-16 or contains null bytes; save it as UTF-8").await;
    check(b"[default]\nregion = \xE9\n", "line 2 is not UTF-8; save the file as UTF-8").await;
    check(
        b"[default]\nthe-secret\n",
        "line 2 is neither a heading nor a setting; write `KEY = VALUE`, or remove the line",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn older_name_of_the_profile_variable() {
    let home = Home::config(&format!("[profile dev]\n{KEYS}")).set("AWS_DEFAULT_PROFILE", "dev");
    assert_eq!(home.load(&Fake::default()).await.0, "AKIDFILE");
    let error = home.set("AWS_PROFILE", "missing").error(&Fake::default()).await;
    assert!(error.starts_with("no profile `missing`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_secret_with_a_line_break_is_named() {
    let role = "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\ncredential_source = Environment\n";
    let home =
        Home::config(role).set("AWS_ACCESS_KEY_ID", "AKIDENV").set("AWS_SECRET_ACCESS_KEY", "the-secret\r\n");
    let chain = home.chain(&Fake::default()).profile_name("default");
    let error = crate::home::cache(chain).credentials().await.unwrap_err().to_string();
    let expected = "the secret access key starts or ends with a blank or a line break";
    assert!(error.contains(expected) && !error.contains("the-secret"), "{error}");
}

/// A directory is a file that no user can read.
fn unreadable() -> Home {
    Home::new().file(".aws/config/nested", "")
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_file_is_named() {
    let problem = "HOME/.aws/config: the file cannot be read (";
    let error = unreadable().error(&Fake::default()).await;
    let start = "AWS_ACCESS_KEY_ID is not set; profile `default` has no credentials (HOME/.aws/config, HOME/.aws/credentials; ";
    assert!(error.starts_with(&format!("{start}{problem}")), "{error}");
    // If no profile is selected, the next source is used, because a container may run without access to the
    // home directory.
    let home = unreadable().set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a");
    let fake = Fake::new(&[(200, &container_response("ASIATASK"))]);
    assert_eq!(home.load(&fake).await.0, "ASIATASK");
    let error = home.set("AWS_PROFILE", "dev").error(&Fake::default()).await;
    assert!(error.starts_with(problem), "{error}");

    let named = unreadable();
    let path = named.path(".aws/config").to_str().unwrap().to_owned();
    let error = named.set("AWS_CONFIG_FILE", &path).error(&Fake::default()).await;
    let problem = "HOME/.aws/config (environment variable AWS_CONFIG_FILE): the file cannot be read (";
    assert!(error.starts_with(problem), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_login_of_aws_login_is_not_passed_over() {
    let home = Home::config("[default]\nlogin_session = arn:aws:sts::123456789012:assumed-role/a/b\n");
    assert_eq!(
        home.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a").error(&Fake::default()).await,
        "profile `default`: `login_session` is set, but this program cannot use a login of `aws login`; use SSO, or a \
         `credential_process`"
    );
}

#[tokio::test(start_paused = true)]
async fn incomplete_credentials_are_errors() {
    let without = |response: &str, key: &str, value: &str| {
        [response.replace(&format!("\"{key}\":\"{value}\","), ""), response.replace(value, "")]
    };
    let instance = instance_response("ASIAINSTANCE");
    let secret = without(&instance, "SecretAccessKey", "imds-secret");
    let id = without(&instance, "AccessKeyId", "ASIAINSTANCE");
    let token = without(&instance, "Token", "imds-token");
    for (responses, missing) in
        [(secret, "secret access key"), (id, "access key id"), (token, "session token")]
    {
        for response in responses {
            let home = Home::new().unset("AWS_EC2_METADATA_DISABLED");
            let fake = Fake::new(&[(200, "the-token"), (200, "role"), (200, &response)]);
            let error = home.error(&fake).await;
            let expected = format!("the source returned credentials without {missing}");
            assert!(error.contains(&expected), "{response}: {error}");
        }
    }
    let home = Home::new().set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a");
    let response = container_response("ASIATASK").replace("agent-secret", "");
    let error = home.error(&Fake::new(&[(200, &response)])).await;
    assert!(
        error.starts_with("container: the source returned credentials without secret access key"),
        "{error}"
    );
}
