//! Single sign-on: the login that `aws sso login` has left, for the credentials of a role.

use super::{FAR, Home, answers, text};

/// Expires at the start of 2099.
const ROLE: &str = r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"sso-secret",
    "sessionToken":"sso-token","expiration":4070908800000}}"#;

const SESSION: &str = "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n\
    [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n";

const START_URL: &str = "[default]\nsso_start_url = https://example.awsapps.com/start\nsso_region = cn-north-1\n\
    sso_account_id = 123456789012\nsso_role_name = Reader\n";

/// The login's file is named for the SHA-1 of the session's name, or of the start URL.
fn home(config: &str, sha1: &str, expires: &str) -> Home {
    let login = format!(r#"{{"accessToken":"the-login","expiresAt":"{expires}"}}"#);
    Home::config(config).file(&format!(".aws/sso/cache/{sha1}.json"), &login)
}

const OF_SESSION: &str = "ee0bfd2552fbd840c02cc48b6e823320543c450f";
const OF_URL: &str = "e8be5486177c5b5392bd9aa76563515b29358e6e";

#[tokio::test(start_paused = true)]
async fn a_session_s_login() {
    let home = home(SESSION, OF_SESSION, FAR);
    let fake = answers(&[(200, ROLE)]);
    assert_eq!(home.call(&fake).await, ("ASIASSO".to_owned(), Some("sso-token".to_owned())));
    let asked = &fake.requests()[0];
    assert_eq!(
        asked.uri().to_string(),
        "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=Reader&account_id=123456789012"
    );
    assert_eq!(text(asked, "x-amz-sso_bearer_token").as_deref(), Some("the-login"));
    assert!(asked.headers()["x-amz-sso_bearer_token"].is_sensitive());
    assert_eq!(home.link(&answers(&[(200, ROLE)])).await, "profile `default`: SSO");
}

#[tokio::test(start_paused = true)]
async fn the_login_of_a_start_url() {
    let fake = answers(&[(200, ROLE)]);
    assert_eq!(home(START_URL, OF_URL, FAR).call(&fake).await.0, "ASIASSO");
    assert_eq!(fake.requests()[0].uri().host(), Some("portal.sso.cn-north-1.amazonaws.com.cn"));
}

#[tokio::test(start_paused = true)]
async fn without_a_login() {
    let login = "profile `default`: SSO: No valid SSO token found. Please run 'aws sso login' first";
    for home in [Home::config(SESSION), home(SESSION, OF_SESSION, "2020-01-01T00:00:00Z")] {
        let fake = answers(&[]);
        assert_eq!(home.error(&fake).await, login);
        assert!(fake.requests().is_empty());
    }
    let fake = answers(&[(401, r#"{"message":"Session token not found or invalid"}"#)]);
    assert_eq!(
        home(SESSION, OF_SESSION, FAR).error(&fake).await,
        "profile `default`: SSO: SSO endpoint returned status: 401 Unauthorized"
    );
}
