//! Endpoints of STS and SSO: FIPS, dual-stack, and custom URLs.

use crate::fake::{Fake, signer, text};
use crate::home::{Home, cache};
use crate::responses::{FAR, instance_response, sts_response};
use crate::sso::session;

const ROLE: &str = "arn:aws:iam::123456789012:role/reader";
const ID: &str = "ASIAROLE123456789012";

/// Returns a home whose default profile assumes a role, and contains more settings.
fn role(settings: &str) -> Home {
    Home::config(&format!(
        "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n\
         [default]\nrole_arn = {ROLE}\nsource_profile = base\n{settings}\n"
    ))
}

/// Returns a home whose environment contains a web identity.
fn web_identity() -> Home {
    let home = Home::new().file("token", "the.web.token");
    let file = home.path("token").to_str().unwrap().to_owned();
    home.set("AWS_WEB_IDENTITY_TOKEN_FILE", &file).set("AWS_ROLE_ARN", ROLE)
}

/// Returns the URL of the STS request without its query.
async fn sts_url(home: &Home, action: &str) -> String {
    let fake = Fake::new(&[(200, &sts_response(action, ID))]);
    assert_eq!(home.load(&fake).await.0, ID);
    let request = &fake.requests()[0];
    if action == "AssumeRole" {
        assert_eq!(signer(request), "AKIDBASE");
    }
    request.uri().to_string().split('?').next().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn flags_of_the_environment_and_of_the_profile() {
    let check = async |settings: &str, variables: &[(&str, &str)], expected: &str| {
        let set = |home: Home| variables.iter().fold(home, |home, (name, value)| home.set(name, value));
        assert_eq!(sts_url(&set(role(settings)), "AssumeRole").await, expected, "{settings} {variables:?}");
        if settings.is_empty() {
            assert_eq!(sts_url(&set(web_identity()), "AssumeRoleWithWebIdentity").await, expected);
        }
    };
    const FIPS: (&str, &str) = ("AWS_USE_FIPS_ENDPOINT", "true");
    const DUAL_STACK: (&str, &str) = ("AWS_USE_DUALSTACK_ENDPOINT", "True");
    check("", &[], "https://sts.us-west-2.amazonaws.com/").await;
    check("", &[FIPS], "https://sts-fips.us-west-2.amazonaws.com/").await;
    check("", &[DUAL_STACK], "https://sts.us-west-2.api.aws/").await;
    check("", &[FIPS, DUAL_STACK], "https://sts-fips.us-west-2.api.aws/").await;
    check("use_fips_endpoint = true", &[], "https://sts-fips.us-west-2.amazonaws.com/").await;
    check("use_dualstack_endpoint = true", &[], "https://sts.us-west-2.api.aws/").await;
    // The environment takes precedence over the profile.
    let off = ("AWS_USE_FIPS_ENDPOINT", "false");
    check("use_fips_endpoint = true", &[off], "https://sts.us-west-2.amazonaws.com/").await;
}

#[tokio::test(start_paused = true)]
async fn fips_in_other_partitions() {
    let check = async |region: &str, partition: &str, expected: &str| {
        let config = format!(
            "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n\
             [default]\nrole_arn = arn:{partition}:iam::123456789012:role/a\nsource_profile = base\n"
        );
        let home = Home::config(&config).set("AWS_REGION", region).set("AWS_USE_FIPS_ENDPOINT", "true");
        assert_eq!(sts_url(&home, "AssumeRole").await, expected);
    };
    // The regular endpoints of GovCloud are FIPS endpoints.
    check("us-gov-west-1", "aws-us-gov", "https://sts.us-gov-west-1.amazonaws.com/").await;
    check("cn-north-1", "aws-cn", "https://sts-fips.cn-north-1.amazonaws.com.cn/").await;
    check("us-isob-east-1", "aws-iso-b", "https://sts-fips.us-isob-east-1.sc2s.sgov.gov/").await;
}

#[tokio::test(start_paused = true)]
async fn flags_in_code_take_precedence() {
    let response = sts_response("AssumeRole", ID);
    let fake = Fake::new(&[(200, response.as_str()); 2]);
    let home = role("use_fips_endpoint = perhaps").set("AWS_USE_DUALSTACK_ENDPOINT", "perhaps");
    for use_fips in [true, false] {
        let chain = home.chain(&fake).use_fips(use_fips).use_dual_stack(!use_fips);
        cache(chain).credentials().await.unwrap();
    }
    let hosts: Vec<_> =
        fake.requests().iter().map(|request| request.uri().host().unwrap().to_owned()).collect();
    assert_eq!(hosts, ["sts-fips.us-west-2.amazonaws.com", "sts.us-west-2.api.aws"]);
}

#[tokio::test(start_paused = true)]
async fn precedence_of_custom_urls() {
    let check = async |settings: &str, variables: &[(&str, &str)], expected: &str| {
        let home = variables.iter().fold(role(settings), |home, (name, value)| home.set(name, value));
        assert_eq!(sts_url(&home, "AssumeRole").await, expected, "{settings} {variables:?}");
    };
    const OWN: (&str, &str) = ("AWS_ENDPOINT_URL_STS", "http://own.test:1/base/");
    const ALL: (&str, &str) = ("AWS_ENDPOINT_URL", "https://all.test");
    const OTHER: (&str, &str) = ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://other.test");
    let profile = "endpoint_url = https://profile.test";
    let services = format!("{profile}\nservices = x\n[services x]\nsts =\n  endpoint_url = https://sts.test");
    check("", &[OTHER], "https://sts.us-west-2.amazonaws.com/").await;
    check(&services, &[ALL, OWN], "http://own.test:1/base/").await;
    check(&services, &[ALL], "https://all.test/").await;
    check(&services, &[], "https://sts.test/").await;
    check(profile, &[], "https://profile.test/").await;
    let regular = "https://sts.us-west-2.amazonaws.com/";
    check(&services, &[ALL, OWN, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], regular).await;
    let ignored = format!("ignore_configured_endpoint_urls = true\n{services}");
    check(&ignored, &[ALL, OWN], regular).await;
    check(&ignored, &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")], "https://sts.test/").await;
    // A web identity uses the same settings.
    let home = web_identity().set("AWS_ENDPOINT_URL", "http://all.test:1/base");
    assert_eq!(sts_url(&home, "AssumeRoleWithWebIdentity").await, "http://all.test:1/base/");
}

#[tokio::test(start_paused = true)]
async fn endpoints_of_sso() {
    let check = async |settings: &str, variables: &[(&str, &str)], expected: &str| {
        let config = format!(
            "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n{settings}\n\
             [sso-session 'corp']\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n"
        );
        let login = format!(r#"{{"accessToken":"the-login","expiresAt":"{FAR}"}}"#);
        let name = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
        let home = Home::config(&config).file(name, &login);
        let home = variables.iter().fold(home, |home, (name, value)| home.set(name, value));
        let fake = Fake::new(&[(
            200,
            r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"sso-secret","sessionToken":"t",
            "expiration":4070908800000}}"#,
        )]);
        assert_eq!(home.load(&fake).await.0, "ASIASSO");
        let url = fake.requests()[0].uri().to_string();
        assert_eq!(url.split('?').next(), Some(expected), "{settings} {variables:?}");
        assert_eq!(text(&fake.requests()[0], "x-amz-sso_bearer_token").as_deref(), Some("the-login"));
    };
    let path = "/federation/credentials";
    check("", &[], &format!("https://portal.sso.eu-west-1.amazonaws.com{path}")).await;
    check("use_fips_endpoint = true", &[], &format!("https://portal.sso-fips.eu-west-1.amazonaws.com{path}"))
        .await;
    check("", &[("AWS_ENDPOINT_URL_SSO", "http://own.test/")], &format!("http://own.test{path}")).await;
    check("endpoint_url = http://all.test", &[], &format!("http://all.test{path}")).await;
    check("", &[("AWS_SSO_ENDPOINT", "http://old.test/a")], "http://old.test/a").await;
}

#[tokio::test(start_paused = true)]
async fn invalid_settings_are_errors_without_the_url() {
    let check = async |settings: &str, variables: &[(&str, &str)], expected: &str| {
        let home = variables.iter().fold(role(settings), |home, (name, value)| home.set(name, value));
        let fake = Fake::default();
        let error = home.error(&fake).await;
        let start = format!("profile `default`: role {ROLE} assumed with (profile `base`: static keys): ");
        assert_eq!(error.strip_prefix(&start), Some(expected), "{error}");
        assert!(fake.requests().is_empty());
    };
    let not_a_url = "is not an http or https URL without user, password, query and fragment; use a URL such as \
                     https://example.com:8443";
    for url in [
        "http://user:secret@sts.test",
        "https://sts.test/?token=secret",
        "https://sts.test/#secret",
        "http://user:secret",
        "http://sts.test:99999",
        "http://sts.test:",
        "http://sts.test:+80",
        "http://sts.test:0",
        "http://sts.test:secret",
        "http://:80",
        "ftp://sts.test",
        "sts.test",
    ] {
        check("", &[("AWS_ENDPOINT_URL", url)], &format!("AWS_ENDPOINT_URL {not_a_url}")).await;
        check(
            &format!("endpoint_url = {url}"),
            &[],
            &format!("`endpoint_url` of profile `default` {not_a_url}"),
        )
        .await;
    }
    check(
        "use_fips_endpoint = true",
        &[("AWS_ENDPOINT_URL_STS", "https://sts.test")],
        "a FIPS endpoint and a custom endpoint URL of STS (AWS_ENDPOINT_URL_STS) cannot be combined; remove one of them",
    )
    .await;
    check(
        "use_dualstack_endpoint = 1",
        &[],
        "profile `default`: `use_dualstack_endpoint` is `1`; use `true` or `false`",
    )
    .await;
    check(
        "",
        &[("AWS_REGION", "a.test/")],
        "the region of STS is `a.test/`; use letters, digits and hyphens only, such as us-east-1",
    )
    .await;
    check("", &[("AWS_USE_FIPS_ENDPOINT", "yes")], "AWS_USE_FIPS_ENDPOINT is `yes`; use `true` or `false`")
        .await;
    check(
        "services = x",
        &[],
        "profile `default`: `services` is `x`, but there is no section [services x]; add it",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn urls_of_sso_and_instance_metadata_are_checked() {
    let not_a_url = "is not an http or https URL without user, password, query and fragment";
    for url in [
        "http://user:secret@a.test",
        "http://a.test:",
        "http://user:secret",
        "http://a.test?secret",
        "secret",
    ] {
        let fake = Fake::new(&[]);
        let error = session().set("AWS_SSO_ENDPOINT", url).error(&fake).await;
        let expected = format!("profile `default`: SSO: AWS_SSO_ENDPOINT {not_a_url}");
        assert!(error.starts_with(&expected) && !error.contains("secret"), "{error}");
        let home = Home::new().unset("AWS_EC2_METADATA_DISABLED");
        let error = home.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", url).error(&fake).await;
        let expected = format!("instance metadata: AWS_EC2_METADATA_SERVICE_ENDPOINT {not_a_url}");
        assert!(error.contains(&expected) && !error.contains("secret"), "{error}");
        assert!(fake.requests().is_empty());
    }
    let home = Home::new().unset("AWS_EC2_METADATA_DISABLED");
    let error = home.set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5").error(&Fake::new(&[])).await;
    assert!(error.contains("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is `IPv5`; use IPv4 or IPv6"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn instance_metadata_settings_of_the_profile() {
    let settings = "[default]\nec2_metadata_service_endpoint = http://[::1]:1/\nregion = eu-west-1\n";
    let home = Home::config(settings).unset("AWS_EC2_METADATA_DISABLED");
    let script = [(200, "the-token"), (200, "role"), (200, &instance_response("ASIAINSTANCE"))];
    let fake = Fake::new(&script);
    assert_eq!(home.load(&fake).await.0, "ASIAINSTANCE");
    assert_eq!(fake.requests()[0].uri(), "http://[::1]:1/latest/api/token");
    let home = Home::config("[default]\nec2_metadata_service_endpoint_mode = IPv6\n");
    let fake = Fake::new(&script);
    home.unset("AWS_EC2_METADATA_DISABLED").load(&fake).await;
    assert_eq!(fake.requests()[0].uri(), "http://[fd00:ec2::254]/latest/api/token");
}
