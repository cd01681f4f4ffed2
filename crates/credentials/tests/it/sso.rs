//! Tests of single sign-on. The chain exchanges the cached login of `aws sso login` for the credentials of a
//! role.

use crate::fake::{Fake, text};
use crate::home::Home;
use crate::responses::FAR;

/// A response of the SSO endpoint. The credentials expire at the start of 2099.
pub(crate) const ROLE: &str = r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"sso-secret",
    "sessionToken":"sso-token","expiration":4070908800000}}"#;

const SESSION: &str = "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n\
    [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n";

const START_URL: &str = "[default]\nsso_start_url = https://example.awsapps.com/start\nsso_region = cn-north-1\n\
    sso_account_id = 123456789012\nsso_role_name = Reader\n";

/// Writes a cached login. The name of the file is the SHA-1 hash of the session name or of the start URL.
fn home(config: &str, sha1: &str, expires: &str) -> Home {
    let login = format!(r#"{{"accessToken":"the-login","expiresAt":"{expires}"}}"#);
    Home::config(config).file(&format!(".aws/sso/cache/{sha1}.json"), &login)
}

/// Returns a home with a profile whose SSO session has a login.
pub(crate) fn session() -> Home {
    home(SESSION, SHA1_OF_SESSION, FAR)
}

const SHA1_OF_SESSION: &str = "ee0bfd2552fbd840c02cc48b6e823320543c450f";
const SHA1_OF_URL: &str = "e8be5486177c5b5392bd9aa76563515b29358e6e";

#[tokio::test(start_paused = true)]
async fn login_of_a_session() {
    let home = home(SESSION, SHA1_OF_SESSION, FAR);
    let fake = Fake::new(&[(200, ROLE)]);
    assert_eq!(home.load(&fake).await, ("ASIASSO".to_owned(), Some("sso-token".to_owned())));
    let request = &fake.requests()[0];
    assert_eq!(
        request.uri().to_string(),
        "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=Reader&account_id=123456789012"
    );
    assert_eq!(text(request, "x-amz-sso_bearer_token").as_deref(), Some("the-login"));
    assert!(request.headers()["x-amz-sso_bearer_token"].is_sensitive());
    assert_eq!(home.source(&Fake::new(&[(200, ROLE)])).await, "profile `default`: SSO");
}

#[tokio::test(start_paused = true)]
async fn login_of_a_start_url() {
    let fake = Fake::new(&[(200, ROLE)]);
    assert_eq!(home(START_URL, SHA1_OF_URL, FAR).load(&fake).await.0, "ASIASSO");
    assert_eq!(fake.requests()[0].uri().host(), Some("portal.sso.cn-north-1.amazonaws.com.cn"));
}

#[tokio::test(start_paused = true)]
async fn a_login_of_another_program_does_not_replace_keys() {
    let keys = "aws_access_key_id = AKIDKEYS\naws_secret_access_key = secret\n";
    let session = SESSION.replace("sso_account_id = 123456789012\nsso_role_name = Reader\n", keys);
    assert_eq!(Home::config(&session).load(&Fake::new(&[])).await.0, "AKIDKEYS");
    let half = SESSION.replace("sso_role_name = Reader\n", keys);
    let problem = "profile `default`: `sso_role_name` is not set; add it";
    assert_eq!(Home::config(&half).error(&Fake::new(&[])).await, problem);
}

#[tokio::test(start_paused = true)]
async fn a_missing_or_expired_login_is_an_error() {
    let fake = Fake::new(&[]);
    assert_eq!(
        Home::config(SESSION).error(&fake).await,
        "profile `default`: SSO: no valid login is cached; run `aws sso login` for this profile"
    );
    // The error contains the time of the system clock, because the clock may be ahead.
    let error = home(SESSION, SHA1_OF_SESSION, "2020-01-01T00:00:00Z").error(&fake).await;
    let start = "profile `default`: SSO: the login expired at Wed, 01 Jan 2020 00:00:00 GMT, and the clock of this machine \
                 shows ";
    assert!(error.starts_with(start) && error.ends_with("; run `aws sso login` for this profile"), "{error}");
    assert!(fake.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_error_of_sso_contains_its_message() {
    let check = async |status, body: &str, expected: &str| {
        let error = session().error(&Fake::new(&[(status, body)])).await;
        assert_eq!(error, format!("profile `default`: SSO: {expected}"));
    };
    let login = "run `aws sso login` for this profile";
    let message = r#"{"message":"Session token not found or invalid"}"#;
    check(401, message, &format!("Session token not found or invalid; {login}")).await;
    check(401, "{}", &format!("the SSO endpoint rejected the login (HTTP 401); {login}")).await;
    check(
        403,
        r#"{"message":"No access"}"#,
        "No access; check `sso_account_id` and `sso_role_name`, and that the user may use this role",
    )
    .await;
    let secret = r#"{"message":"the-login has no access"}"#;
    check(403, secret, &format!("the SSO endpoint rejected the login (HTTP 403); {login}")).await;
}

/// The region is a part of the host. Another host must not receive the login.
#[tokio::test(start_paused = true)]
async fn the_region_cannot_change_the_host() {
    for region in ["example.test/", "a@example.test/", "example.test#", "a.example.test?", "eu west"] {
        let fake = Fake::new(&[]);
        let config = SESSION.replace("sso_region = eu-west-1", &format!("sso_region = {region}"));
        assert_eq!(
            home(&config, SHA1_OF_SESSION, FAR).error(&fake).await,
            format!("profile `default`: `sso_region` is `{region}`; use a region such as us-east-1")
        );
        assert!(fake.requests().is_empty());
    }
}
