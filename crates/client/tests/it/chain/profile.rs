//! Settings of the profile: endpoints, retries and certificates.

use invoke_model_client::{ConfigBuilder, RetryConfig, SettingSource};

use super::{Home, call, responses, sts_response};

const KEYS: &str = "aws_access_key_id = AKIDFILE\naws_secret_access_key = s\n";
const PUBLIC: &str = "https://bedrock-runtime.us-west-2.amazonaws.com";

/// Returns a home with the settings in the profile `default`.
fn home(settings: &str) -> Home {
    Home::config(&format!("[default]\n{KEYS}{settings}\n"))
}

fn with(home: Home, variables: &[(&str, &str)]) -> Home {
    variables.iter().fold(home, |home, (name, value)| home.set(name, value))
}

fn settings(home: &Home) -> ConfigBuilder {
    home.settings(&responses(&[]))
}

/// Returns the text of the error of `build`.
fn error(home: &Home) -> String {
    let error = settings(home).build().unwrap_err().to_string();
    error.replace(home.path("").to_str().unwrap(), "HOME/")
}

#[test]
fn precedence_of_endpoint_urls() {
    let check = |settings: &str, variables: &[(&str, &str)], expected: &str, source: SettingSource| {
        let config = self::settings(&with(home(settings), variables)).build().unwrap();
        let actual = (config.endpoint_url(), config.sources().endpoint);
        assert_eq!(actual, (expected.to_owned(), source), "{settings} {variables:?}");
    };
    const OWN: (&str, &str) = ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://own.test");
    const ALL: (&str, &str) = ("AWS_ENDPOINT_URL", "https://all.test");
    const IGNORED: (&str, &str) = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE");
    const NOT_IGNORED: (&str, &str) = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false");
    let profile = "endpoint_url = https://profile.test";
    let services = format!(
        "{profile}\nservices = x\n[services x]\ns3 =\n  endpoint_url = https://s3.test\n\
         bedrock_runtime = \n  endpoint_url = https://services.test/base"
    );
    let rules = SettingSource::EndpointRules;
    check("", &[], PUBLIC, rules);
    check("", &[("AWS_ENDPOINT_URL_STS", "https://sts.test")], PUBLIC, rules);
    check(profile, &[], "https://profile.test", SettingSource::Profile);
    check(&services, &[], "https://services.test/base", SettingSource::Profile);
    check(&services, &[ALL], "https://all.test", SettingSource::Environment(ALL.0));
    check(&services, &[ALL, OWN], "https://own.test", SettingSource::Environment(OWN.0));
    check(&services, &[ALL, OWN, IGNORED], PUBLIC, rules);
    let ignored = format!("ignore_configured_endpoint_urls = true\n{services}");
    check(&ignored, &[ALL, OWN], PUBLIC, rules);
    check(&ignored, &[ALL, NOT_IGNORED], "https://all.test", SettingSource::Environment(ALL.0));
    check(&ignored, &[NOT_IGNORED], "https://services.test/base", SettingSource::Profile);

    // A URL in code is never ignored. The environment takes precedence over a profile in code, as in the SDKs.
    let config = settings(&with(home(&ignored), &[ALL])).endpoint_url("https://code.test").build().unwrap();
    assert_eq!(config.endpoint_url(), "https://code.test");
    let two = format!("[profile dev]\n{KEYS}{profile}\n[default]\nendpoint_url = https://default.test\n");
    let config = settings(&Home::config(&two)).profile_name("dev").build().unwrap();
    assert_eq!(config.endpoint_url(), "https://profile.test");
    let config = settings(&Home::config(&two).set("AWS_PROFILE", "dev")).build().unwrap();
    assert_eq!(config.endpoint_url(), "https://profile.test");
    let config = settings(&Home::config(&two).set(ALL.0, ALL.1)).profile_name("dev").build().unwrap();
    assert_eq!(config.endpoint_url(), "https://all.test");
    // The settings of the profile also apply if the credentials come from another source.
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "s")];
    check(profile, &keys, "https://profile.test", SettingSource::Profile);
    check(profile, &[("AWS_BEARER_TOKEN_BEDROCK", "token")], "https://profile.test", SettingSource::Profile);
}

#[test]
fn fips_and_dual_stack() {
    let check = |settings: &str, variables: &[(&str, &str)], expected: &str| {
        let config = self::settings(&with(home(settings), variables)).build().unwrap();
        assert_eq!(config.endpoint_url(), expected, "{settings} {variables:?}");
    };
    let fips = "https://bedrock-runtime-fips.us-west-2.amazonaws.com";
    check("use_fips_endpoint = true", &[], fips);
    check("use_fips_endpoint: True", &[], fips);
    check("use_fips_endpoint = false", &[], PUBLIC);
    check("use_fips_endpoint =", &[], PUBLIC);
    check("use_fips_endpoint = true", &[("AWS_USE_FIPS_ENDPOINT", "false")], PUBLIC);
    check("use_fips_endpoint = false", &[("AWS_USE_FIPS_ENDPOINT", "true")], fips);
    check("use_dualstack_endpoint = true", &[], "https://bedrock-runtime.us-west-2.api.aws");
    let config = settings(&home("use_fips_endpoint = true")).use_fips(false).build().unwrap();
    assert_eq!(config.endpoint_url(), PUBLIC);
}

#[test]
fn retries_and_certificates() {
    let config = |home: Home| settings(&home).build().unwrap();
    let attempts = |number| RetryConfig::standard().max_attempts(number);
    assert_eq!(config(home("max_attempts = 7")).retry_config(), attempts(7));
    assert_eq!(config(home("max_attempts = 7").set("AWS_MAX_ATTEMPTS", "5")).retry_config(), attempts(5));
    let in_code = settings(&home("max_attempts = none")).retry_config(attempts(2)).build().unwrap();
    assert_eq!(in_code.retry_config(), attempts(2));
    for mode in ["adaptive", "standard"] {
        settings(&home(&format!("retry_mode = {mode}"))).build().unwrap();
    }
    let shown = |home: Home| {
        let variables = home.variables.clone();
        let builder = ConfigBuilder::from_env_with(move |name| variables.get(name).cloned());
        format!("{:?}", builder.build().unwrap())
    };
    assert!(shown(home("ca_bundle = /etc/our ca.pem")).contains("roots: \"/etc/our ca.pem\""));
    let both = home("ca_bundle = /etc/our ca.pem").set("AWS_CA_BUNDLE", "/env.pem");
    assert!(shown(both).contains("roots: \"/env.pem\""));
}

#[test]
fn a_selected_profile_must_exist() {
    let problem =
        "it does not exist in HOME/.aws/config, HOME/.aws/credentials; add it, or select another profile";
    let sources = [
        &[("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "s")][..],
        &[("AWS_BEARER_TOKEN_BEDROCK", "token")],
        &[],
    ];
    for variables in sources {
        let home = with(home("use_fips_endpoint = true").set("AWS_PROFILE", "fips\n"), variables);
        assert_eq!(error(&home), format!("profile `fips\\n`: {problem}"));
        let home = with(self::home(""), variables);
        let error = settings(&home).profile_name("fips").build().unwrap_err().to_string();
        assert!(error.starts_with("profile `fips`: it does not exist in "), "{error}");
    }
    settings(&Home::config("")).build().unwrap();
}

#[test]
fn invalid_settings_are_named() {
    let check = |settings: &str, variables: &[(&str, &str)], expected: &str| {
        assert_eq!(error(&with(home(settings), variables)), expected);
    };
    let origin = "(profile in the shared files)";
    check(
        "use_fips_endpoint = yes",
        &[],
        &format!("FIPS flag {origin}: `yes` is not valid; use `true` or `false`"),
    );
    check(
        "use_dualstack_endpoint = 1",
        &[],
        &format!("dual-stack flag {origin}: `1` is not valid; use `true` or `false`"),
    );
    check(
        "max_attempts = 0",
        &[],
        &format!("maximum number of attempts {origin}: `0` is not valid; use a number of at least 1"),
    );
    check(
        "retry_mode = legacy",
        &[],
        &format!("retry mode {origin}: `legacy` is not valid; use `standard` or `adaptive`"),
    );
    check(
        "endpoint_url = http://user:secret#1@host",
        &[],
        &format!("endpoint URL {origin}: the URL has a user or a password before `@`; remove them"),
    );
    check(
        "ignore_configured_endpoint_urls = 1\nendpoint_url = https://a",
        &[],
        &format!("flag to ignore endpoint URLs {origin}: `1` is not valid; use `true` or `false`"),
    );
    check(
        "",
        &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "yes"), ("AWS_ENDPOINT_URL", "https://a")],
        "flag to ignore endpoint URLs (environment variable AWS_IGNORE_CONFIGURED_ENDPOINT_URLS): `yes` is not valid; \
         use `true` or `false`",
    );
    check(
        "services = x",
        &[],
        "profile `default`: `services` is `x`, but there is no section [services x]; add it",
    );
    check(
        "use_fips_endpoint = true",
        &[("AWS_ENDPOINT_URL", "https://a")],
        "no endpoint for these settings: Invalid Configuration: FIPS and custom endpoint are not supported (region: \
         environment variable AWS_REGION, endpoint URL: environment variable AWS_ENDPOINT_URL, FIPS: profile in the \
         shared files)",
    );
}

#[test]
fn invalid_files_are_named() {
    let home = Home::config("[default]\nsecret\n");
    assert_eq!(
        error(&home),
        "HOME/.aws/config: line 2 is neither a heading nor a setting; write `KEY = VALUE`, or remove the line"
    );
    let home = Home::new().file(".aws/credentials", "\u{feff}[default]\n");
    assert_eq!(
        error(&home),
        "HOME/.aws/credentials: the file starts with a byte order mark; save it as UTF-8 without one"
    );
    // A directory is a file that no user can read.
    let home = Home::new().file(".aws/config/nested", "");
    settings(&home).build().unwrap();
    let error = error(&home.set("AWS_PROFILE", "dev"));
    assert!(error.starts_with("HOME/.aws/config: the file cannot be read ("), "{error}");
}

/// The client passes the flags to the chain.
#[tokio::test(start_paused = true)]
async fn fips_applies_to_sts() {
    const ROLE: &str = "arn:aws:iam::123456789012:role/reader";
    let config = |more: &str| {
        format!("[profile base]\n{KEYS}\n[default]\nrole_arn = {ROLE}\nsource_profile = base\n{more}\n")
    };
    let check = async |home: Home, change: fn(ConfigBuilder) -> ConfigBuilder, hosts: [&str; 2]| {
        let fake = responses(&[(200, &sts_response("AssumeRole", "ASIAROLE123456789012")), (200, "{}")]);
        call(&invoke_model_client::Client::new(change(home.settings(&fake))).unwrap()).await.unwrap();
        let requests = fake.requests();
        let actual: Vec<_> = requests.iter().map(|request| request.uri().host().unwrap()).collect();
        assert_eq!(actual, hosts);
    };
    let fips = ["sts-fips.us-west-2.amazonaws.com", "bedrock-runtime-fips.us-west-2.amazonaws.com"];
    check(Home::config(&config("use_fips_endpoint = true")), |builder| builder, fips).await;
    check(Home::config(&config("")).set("AWS_USE_FIPS_ENDPOINT", "true"), |builder| builder, fips).await;
    check(Home::config(&config("")), |builder| builder.use_fips(true), fips).await;
    let regular = ["sts.us-west-2.amazonaws.com", "bedrock-runtime.us-west-2.amazonaws.com"];
    check(Home::config(&config("use_fips_endpoint = true")), |builder| builder.use_fips(false), regular)
        .await;
    let url = ["all.test", "all.test"];
    check(Home::config(&config("endpoint_url = https://all.test")), |builder| builder, url).await;
    // A URL in code is the URL of this service only.
    let code = ["sts.us-west-2.amazonaws.com", "code.test"];
    check(Home::config(&config("")), |builder| builder.endpoint_url("https://code.test"), code).await;
}
