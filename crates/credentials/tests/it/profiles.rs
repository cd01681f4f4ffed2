//! Profiles in the shared files.

use crate::fake::Fake;
use crate::home::Home;
use crate::responses::FAR;

const KEYS: &str = "
# a comment
[default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key = secret ; a comment
region = eu-central-1
s3 =
  max_concurrent_requests = 20
  aws_access_key_id = AKIDNESTED

[profile dev]
AWS_ACCESS_KEY_ID=AKIDDEV
aws_secret_access_key=a#b=/+
aws_session_token=dev-token

[profile  spaced  name ]
aws_access_key_id=AKIDSPACED
aws_secret_access_key=secret

[dev]
aws_access_key_id=AKIDNOPROFILE
[services x]
aws_access_key_id=AKIDSERVICES
";

#[tokio::test(start_paused = true)]
async fn static_keys_of_a_profile() {
    let check = async |home: Home, expected: &str, token: Option<&str>| {
        let (id, found) = home.load(&Fake::new(&[])).await;
        assert_eq!((id.as_str(), found.as_deref()), (expected, token));
    };
    check(Home::config(KEYS), "AKIDDEFAULT", None).await;
    check(Home::config(KEYS).set("AWS_PROFILE", "dev"), "AKIDDEV", Some("dev-token")).await;
    check(Home::config(KEYS).set("AWS_PROFILE", "spaced  name"), "AKIDSPACED", None).await;
    // An empty variable counts as unset.
    check(Home::config(KEYS).set("AWS_PROFILE", ""), "AKIDDEFAULT", None).await;
}

#[tokio::test(start_paused = true)]
async fn the_credentials_file_takes_precedence_over_the_config_file() {
    let home = Home::config(KEYS).file(
        ".aws/credentials",
        "[dev]\naws_access_key_id = AKIDCREDENTIALS\naws_secret_access_key = other\n",
    );
    let (id, token) = home.set("AWS_PROFILE", "dev").load(&Fake::new(&[])).await;
    // The session token in `config` belongs to the access key in `config`.
    assert_eq!((id.as_str(), token.as_deref()), ("AKIDCREDENTIALS", None));
    let half = Home::config(KEYS).file(".aws/credentials", "[dev]\naws_access_key_id = AKIDCREDENTIALS\n");
    assert_eq!(
        half.set("AWS_PROFILE", "dev").error(&Fake::new(&[])).await,
        "profile `dev`: `aws_access_key_id` is set, but `aws_secret_access_key` is not; set both"
    );
}

#[tokio::test(start_paused = true)]
async fn profile_default_replaces_default() {
    let home = Home::config(&format!(
        "[profile default]\naws_access_key_id=AKIDPROFILE\naws_secret_access_key=secret\n{KEYS}"
    ));
    assert_eq!(home.load(&Fake::new(&[])).await.0, "AKIDPROFILE");
}

#[tokio::test(start_paused = true)]
async fn environment_variables_set_the_paths_of_the_files() {
    let home = Home::new()
        .file("else/config", KEYS)
        .file("else/keys", "[other]\naws_access_key_id=AKIDELSE\naws_secret_access_key=secret\n");
    let keys = home.path("else/keys");
    let home = home
        .set("AWS_CONFIG_FILE", "~/else/config")
        .set("AWS_SHARED_CREDENTIALS_FILE", keys.to_str().unwrap());
    assert_eq!(home.load(&Fake::new(&[])).await.0, "AKIDDEFAULT");
    assert_eq!(home.set("AWS_PROFILE", "other").load(&Fake::new(&[])).await.0, "AKIDELSE");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_a_variable_names_needs_no_home() {
    for variable in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        let home =
            Home::new().file("a", "[default]\naws_access_key_id=AKIDA\naws_secret_access_key=secret\n");
        let path = home.path("a");
        let home = home.unset("HOME").unset("USERPROFILE").set(variable, path.to_str().unwrap());
        assert_eq!(home.load(&Fake::new(&[])).await.0, "AKIDA");
    }
    let error = Home::new().unset("HOME").unset("USERPROFILE").error(&Fake::new(&[])).await;
    assert!(error.contains("(no shared files, because HOME is not set)"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_files_are_read_again_when_credentials_are_reloaded() {
    let home = Home::config(KEYS);
    let cache = home.cache(&Fake::default());
    let rejected = cache.credentials().await.unwrap();
    assert_eq!(rejected.access_key_id(), "AKIDDEFAULT");
    let home =
        home.file(".aws/credentials", "[default]\naws_access_key_id=AKIDNEW\naws_secret_access_key=b\n");
    assert_eq!(cache.credentials().await.unwrap().access_key_id(), "AKIDDEFAULT");
    cache.invalidate(&rejected);
    assert_eq!(cache.credentials().await.unwrap().access_key_id(), "AKIDNEW");
    drop(home);
}

/// Uses real time, because virtual time does not wait for a process.
#[cfg(unix)]
#[tokio::test]
async fn credential_process() {
    let home = Home::new().file(
        "a script.sh",
        &format!(
            r#"echo '{{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s","SessionToken":"'"$1"'","Expiration":"{}"}}'"#,
            FAR
        ),
    );
    let path = home.path("a script.sh");
    let home = home.file(
        ".aws/config",
        &format!("[default]\ncredential_process = sh \"{}\" 'two  blanks'\n", path.display()),
    );
    let fake = Fake::new(&[]);
    assert_eq!(home.load(&fake).await, ("AKIDPROCESS".to_owned(), Some("two  blanks".to_owned())));
    assert_eq!(home.source(&fake).await, "profile `default`: credential_process");
}

#[cfg(unix)]
#[tokio::test]
async fn a_failing_credential_process() {
    let check = async |command: &str, expected: &str| {
        let home = Home::config(&format!("[default]\ncredential_process = {command}\n"));
        assert_eq!(home.error(&Fake::new(&[])).await, expected);
    };
    // The output is not shown, because it may contain a secret.
    check(
        "echo the-secret; echo the-secret >&2; exit 3",
        "profile `default`: credential_process: credential process failed with status 3; run the command in a shell to \
         see its output",
    )
    .await;
    let unreadable = "profile `default`: credential_process: failed to parse credential process output; run the command \
                      in a shell to see its output";
    check("echo '\"the-secret\"'", unreadable).await;
    check("echo '{\"Version\":\"the-secret\"}'", unreadable).await;
    check("true", unreadable).await;
    for expiry in ["\"the-secret\"", "\"\"", "1", "\"2099-01-01T00:00:00\""] {
        let output = format!(
            "echo '{{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Expiration\":{expiry}}}'"
        );
        check(
            &output,
            "profile `default`: credential_process: `Expiration` in the output of the command is not a time; run the \
             command in a shell to see its output",
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn invalid_profiles_are_errors_with_advice() {
    let check = async |config: &str, expected: &str| {
        let fake = Fake::new(&[]);
        let home = Home::config(config);
        assert_eq!(home.error(&fake).await, expected, "{config}");
        assert!(fake.requests().is_empty());
    };
    check(
        "[default]\naws_access_key_id = AKID",
        "profile `default`: `aws_access_key_id` is set, but `aws_secret_access_key` is not; set both",
    )
    .await;
    check(
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/a",
        "profile `default`: `role_arn` is set without a source; set `source_profile`, `credential_source` or \
         `web_identity_token_file`",
    )
    .await;
    check(
        "[default]\nrole_arn = a\nsource_profile = b",
        "profile `default`: `source_profile` is `b`, which does not exist or has no credentials; set another profile",
    )
    .await;
    check(
        "[default]\nrole_arn = a\nsource_profile = b\n[profile b]\nrole_arn = b\nsource_profile = default",
        "profile `default`: its chain of `source_profile` settings is a cycle; end the chain with a profile that has keys",
    )
    .await;
    check(
        "[default]\nrole_arn = a\ncredential_source = Elsewhere",
        "profile `default`: `credential_source` is `Elsewhere`; use Environment, EcsContainer or Ec2InstanceMetadata",
    )
    .await;
    check(
        "[default]\nrole_arn = a\ncredential_source = Environment\nduration_seconds = an hour",
        "profile `default`: `duration_seconds` is `an hour`; use a number from 900 to 43200",
    )
    .await;
    check(
        "[default]\nrole_arn = a\ncredential_source = Environment\nmfa_serial = arn:aws:iam::1:mfa/a",
        "profile `default`: `mfa_serial` is set, but this program cannot prompt for an MFA code; use SSO, or a \
         `credential_process` that prompts for the code",
    )
    .await;
    check(
        "[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = a",
        "profile `default`: `sso_session` is `corp`, but there is no section [sso-session corp]; add it",
    )
    .await;
    check(
        "[default]\nsso_start_url = https://a\nsso_account_id = 1\nsso_region = us-east-1",
        "profile `default`: `sso_role_name` is not set; add it",
    )
    .await;
}
