//! Tests settings from environment variables.

use std::collections::BTreeMap;

use invoke_model_transport::{HyperTransport, Proxies};

use crate::{AuthScheme, Config, ConfigBuilder, ConfigError, Credentials, RetryConfig, SettingSource};

const REGION: (&str, &str) = ("AWS_REGION", "us-west-2");
const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "secret");
const BEARER: (&str, &str) = ("AWS_BEARER_TOKEN_BEDROCK", "token");

fn builder(environment: &[(&str, &str)]) -> ConfigBuilder {
    let variables: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ConfigBuilder::from_env_with(move |name| variables.get(name).cloned())
}

fn config(environment: &[(&str, &str)]) -> Config {
    builder(environment).build().unwrap()
}

fn check_error(environment: &[(&str, &str)], expected: &str) {
    assert_eq!(builder(environment).build().unwrap_err().to_string(), expected, "{environment:?}");
}

#[test]
fn aws_region_takes_precedence_over_aws_default_region() {
    let check = |environment: &[(&str, &str)], expected: &str, source| {
        let config = config(environment);
        assert_eq!((config.region(), config.sources().region), (Some(expected), Some(source)));
    };
    let other = ("AWS_DEFAULT_REGION", "eu-west-1");
    check(&[REGION, other], "us-west-2", SettingSource::Environment("AWS_REGION"));
    check(&[other], "eu-west-1", SettingSource::Environment("AWS_DEFAULT_REGION"));
    check(&[("AWS_REGION", ""), other], "eu-west-1", SettingSource::Environment("AWS_DEFAULT_REGION"));
}

#[test]
fn names_missing_settings() {
    check_error(&[], "no region: set AWS_REGION, or `region` of ConfigBuilder");
    check_error(
        &[("AWS_ENDPOINT_URL", "http://localhost")],
        "no region to sign for: the endpoint URL (environment variable AWS_ENDPOINT_URL) does not contain one; set \
         AWS_REGION, or `region` of ConfigBuilder",
    );
    check_error(
        &[REGION, ID],
        "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not: set both, or neither",
    );
    check_error(
        &[REGION, SECRET],
        "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not: set both, or neither",
    );
}

#[test]
fn rejects_invalid_values_and_names_the_variable() {
    check_error(
        &[("AWS_REGION", "us-east-1.example.test/\n")],
        "region (environment variable AWS_REGION): `us-east-1.example.test/\\n` is not a region name; use letters, \
         digits and hyphens only, such as us-east-1",
    );
    check_error(
        &[REGION, ("AWS_USE_FIPS_ENDPOINT", "yes")],
        "FIPS flag (environment variable AWS_USE_FIPS_ENDPOINT): `yes` is not valid; use `true` or `false`",
    );
    check_error(
        &[REGION, ("AWS_USE_DUALSTACK_ENDPOINT", "1")],
        "dual-stack flag (environment variable AWS_USE_DUALSTACK_ENDPOINT): `1` is not valid; use `true` or `false`",
    );
    check_error(
        &[REGION, ("AWS_BEARER_TOKEN_BEDROCK", "a token\n")],
        "bearer token (environment variable AWS_BEARER_TOKEN_BEDROCK): the token is empty or contains a character that is \
         not visible ASCII, such as a space or a line break; copy the API key again",
    );
    check_error(
        &[REGION, ("AWS_ENDPOINT_URL", "http://localhost"), ("AWS_USE_FIPS_ENDPOINT", "true")],
        "no endpoint for these settings: Invalid Configuration: FIPS and custom endpoint are not supported (region: environment \
         variable AWS_REGION, endpoint URL: environment variable AWS_ENDPOINT_URL, FIPS: environment variable \
         AWS_USE_FIPS_ENDPOINT)",
    );
}

#[test]
fn endpoint_variables() {
    let check = |more: &[(&str, &str)], expected: &str, source| {
        let config = config(&[&[REGION], more].concat());
        assert_eq!((config.endpoint_url().as_str(), config.sources().endpoint), (expected, source));
    };
    let own = ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://localhost:1/a/");
    let all = ("AWS_ENDPOINT_URL", "http://localhost:2");
    let ignored = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True");
    let public = "https://bedrock-runtime.us-west-2.amazonaws.com";
    check(&[], public, SettingSource::EndpointRules);
    check(
        &[all, own],
        "http://localhost:1/a",
        SettingSource::Environment("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
    );
    check(&[all], "http://localhost:2", SettingSource::Environment("AWS_ENDPOINT_URL"));
    check(&[all, own, ignored], public, SettingSource::EndpointRules);
    check(
        &[all, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")],
        "http://localhost:2",
        SettingSource::Environment("AWS_ENDPOINT_URL"),
    );
    check(
        &[("AWS_USE_FIPS_ENDPOINT", "TRUE"), ("AWS_USE_DUALSTACK_ENDPOINT", "true")],
        "https://bedrock-runtime-fips.us-west-2.api.aws",
        SettingSource::EndpointRules,
    );
}

#[test]
fn authentication_precedence_in_the_environment() {
    let check = |config: Config, scheme, source| {
        assert_eq!((config.auth_scheme(), config.sources().credentials), (scheme, source));
        let is_signed = scheme == AuthScheme::SigV4 && source.is_some();
        assert_eq!(config.credentials_provider().is_some(), is_signed);
    };
    let (id, token) = (SettingSource::Environment(ID.0), SettingSource::Environment(BEARER.0));
    let chain = cfg!(feature = "credentials-chain").then_some(SettingSource::DefaultChain);
    check(config(&[REGION]), AuthScheme::SigV4, chain);
    check(config(&[REGION, ID, SECRET]), AuthScheme::SigV4, Some(id));
    check(config(&[REGION, ID, SECRET, BEARER]), AuthScheme::Bearer, Some(token));
    // An incomplete key pair is an error only if `build` uses the key pair.
    check(config(&[REGION, ID, BEARER]), AuthScheme::Bearer, Some(token));
    let disabled = builder(&[REGION, ID, SECRET, BEARER]).disable_bearer_token().build().unwrap();
    check(disabled, AuthScheme::SigV4, Some(id));
}

#[test]
fn setters_take_precedence_over_the_environment() {
    let keys = Credentials::new("AKIDOTHER", "secret", None);
    let environment = [REGION, ID, BEARER, ("AWS_USE_FIPS_ENDPOINT", "perhaps")];
    let config =
        builder(&environment).region("eu-west-1").credentials_provider(keys).use_fips(false).build().unwrap();
    assert_eq!(config.auth_scheme(), AuthScheme::SigV4);
    assert_eq!(config.sources().credentials, Some(SettingSource::Code));
    assert_eq!(config.sources().region, Some(SettingSource::Code));
    assert_eq!(config.endpoint_url(), "https://bedrock-runtime.eu-west-1.amazonaws.com");

    let config = builder(&[REGION, ID, SECRET]).bearer_token("token").build().unwrap();
    assert_eq!(
        (config.auth_scheme(), config.sources().credentials),
        (AuthScheme::Bearer, Some(SettingSource::Code))
    );
}

#[test]
fn a_bearer_token_needs_tls_or_a_loopback_host() {
    for url in ["https://example.test", "http://localhost:1", "http://127.0.0.2/base", "http://[::1]:1"] {
        config(&[REGION, BEARER, ("AWS_ENDPOINT_URL", url)]);
    }
    for url in ["http://example.test", "http://10.0.0.1:80", "http://localhost.example.test"] {
        check_error(
            &[REGION, BEARER, ("AWS_ENDPOINT_URL", url)],
            "endpoint URL (environment variable AWS_ENDPOINT_URL): the URL is an http URL, so the bearer token \
             (environment variable AWS_BEARER_TOKEN_BEDROCK) would be sent unencrypted; use an https URL, or credentials \
             instead of the token",
        );
        // A signature contains no secret.
        config(&[REGION, ID, SECRET, ("AWS_ENDPOINT_URL", url)]);
    }
}

#[test]
fn a_bearer_token_with_an_endpoint_url_needs_no_region() {
    let config = config(&[BEARER, ("AWS_ENDPOINT_URL", "http://localhost")]);
    assert_eq!(config.region(), None);
    assert_eq!(builder(&[BEARER]).build().unwrap_err(), ConfigError::NoRegion);
}

#[test]
fn max_attempts() {
    let retries = |attempts| config(&[REGION, ("AWS_MAX_ATTEMPTS", attempts)]).retry_config();
    assert_eq!(retries("7"), RetryConfig::standard().max_attempts(7));
    assert_eq!(retries(""), RetryConfig::default());
    for wrong in ["0", "-1", "many"] {
        let environment = [REGION, ("AWS_MAX_ATTEMPTS", wrong)];
        let error = builder(&environment).build().unwrap_err().to_string();
        assert!(
            error.contains("AWS_MAX_ATTEMPTS") && error.contains("use a number of at least 1"),
            "{error}"
        );
        // `build` does not check the variable if a setter replaces its value.
        assert_eq!(
            builder(&environment).retry_config(RetryConfig::disabled()).build().unwrap().retry_config(),
            RetryConfig::disabled()
        );
    }
}

#[test]
fn retry_mode() {
    let adaptive = |mode| config(&[REGION, ("AWS_RETRY_MODE", mode)]).adaptive_rate_limiter.is_some();
    assert_eq!(["adaptive", "Adaptive", "standard", ""].map(adaptive), [true, true, false, false]);
    check_error(
        &[REGION, ("AWS_RETRY_MODE", "legacy")],
        "retry mode (environment variable AWS_RETRY_MODE): `legacy` is not valid; use `standard` or `adaptive`",
    );
    let error = builder(&[REGION, ("AWS_RETRY_MODE", "eager")]).build().unwrap_err().to_string();
    assert!(error.contains("AWS_RETRY_MODE") && error.contains("use `standard` or `adaptive`"), "{error}");
    for mode in ["adaptive", "legacy"] {
        let builder = builder(&[REGION, ("AWS_RETRY_MODE", mode)]).disable_adaptive_rate_limiter();
        assert!(builder.build().unwrap().adaptive_rate_limiter.is_none());
    }
}

#[test]
fn proxies() {
    let check = |more: &[(&str, &str)], http: Option<&str>, https: Option<&str>| {
        let shown = format!("{:?}", config(&[&[REGION], more].concat()));
        for (scheme, expected) in [("http", http), ("https", https)] {
            let expected = expected.map_or("None".to_owned(), |proxy| format!("Some(http://{proxy}/)"));
            assert!(shown.contains(&format!(" {scheme}: {expected}")), "{more:?}: {scheme}, not {shown}");
        }
        assert!(!shown.contains("secret"), "{shown}");
    };
    let url = |more: &[(&str, &str)]| config(&[&[REGION], more].concat()).proxy_url().map(str::to_owned);
    assert_eq!(url(&[("HTTPS_PROXY", "http://user:secret@proxy:1")]).as_deref(), Some("http://proxy:1"));
    assert_eq!(url(&[("HTTPS_PROXY", "proxy:1"), ("NO_PROXY", "*")]), None);
    check(&[], None, None);
    check(&[("HTTPS_PROXY", "http://user:secret@proxy:1")], None, Some("proxy:1"));
    check(&[("HTTP_PROXY", "proxy:1"), ("https_proxy", "proxy:2")], Some("proxy:1"), Some("proxy:2"));
    check(&[("HTTP_PROXY", "upper:1"), ("http_proxy", "lower:2")], Some("lower:2"), None);
    check(&[("ALL_PROXY", "all:1"), ("HTTPS_PROXY", "proxy:2")], Some("all:1"), Some("proxy:2"));
    check(&[("all_proxy", "all:1"), ("HTTPS_PROXY", "")], Some("all:1"), Some("all:1"));
    check(&[("NO_PROXY", "*")], None, None);
    let shown = format!("{:?}", config(&[REGION, ("all_proxy", "socks5h://user:secret@proxy:1080")]));
    assert!(shown.contains(" https: Some(socks5h://proxy:1080/)") && !shown.contains("secret"), "{shown}");
    // In a CGI program, HTTP_PROXY is the `Proxy` header of the incoming request.
    let cgi = ("REQUEST_METHOD", "GET");
    check(&[cgi, ("HTTP_PROXY", "evil:1"), ("HTTPS_PROXY", "proxy:2")], None, Some("proxy:2"));
    check(&[cgi, ("HTTP_PROXY", "evil:1"), ("http_proxy", "proxy:2")], Some("proxy:2"), None);
    check(&[cgi, ("HTTP_PROXY", "evil:1"), ("ALL_PROXY", "all:2")], Some("all:2"), Some("all:2"));
}

#[test]
fn an_invalid_proxy_is_an_error_without_its_password() {
    check_error(
        &[REGION, ("HTTPS_PROXY", "ftp://user:secret@proxy:1080")],
        "proxy (environment variable HTTPS_PROXY): unsupported scheme `ftp`: use `http`, `https`, `socks4`, `socks4a`, \
         `socks5` or `socks5h`",
    );
    check_error(
        &[REGION, ("all_proxy", "http://user:secret word@proxy:1")],
        "proxy (environment variable all_proxy): percent-encode ' ' in the user or password",
    );
    for (url, problem) in [
        ("http://user:secret#1@host:9", "percent-encode '#' in the user or password"),
        ("http://user:secret?1@host:9", "percent-encode '?' in the user or password"),
        ("http://user:secret/1@host:9", "percent-encode '/' in the user or password"),
        ("http://user:secret@host:99999", "not a URL such as http://HOST:PORT"),
        ("http://user:secret@host:", "not a URL such as http://HOST:PORT"),
        ("http://user:secret@host", "add the port, because the URL contains a user or password"),
    ] {
        check_error(
            &[REGION, ("https_proxy", url)],
            &format!("proxy (environment variable https_proxy): {problem}"),
        );
    }
    let environment = [REGION, ("HTTPS_PROXY", "ftp://proxy")];
    builder(&environment).proxies(Proxies::default()).build().unwrap();
    builder(&environment).transport(HyperTransport::new()).build().unwrap();
}

/// A shell can set a proxy for other programs. It is an error only if the client needs the proxy.
#[test]
fn an_invalid_proxy_does_not_concern_other_calls() {
    let local = ("AWS_ENDPOINT_URL", "http://127.0.0.1:8080");
    let all = ("all_proxy", "socks://127.0.0.1:1080");
    let problem = "proxy (environment variable all_proxy): unsupported scheme `socks`: use `http`, `https`, `socks4`, \
                   `socks4a`, `socks5` or `socks5h`";
    config(&[REGION, all, ("https_proxy", "http://proxy:1")]);
    config(&[REGION, all, ("http_proxy", "http://proxy:1"), local]);
    config(&[REGION, all, ("no_proxy", "127.0.0.1"), local]);
    config(&[REGION, all, ("no_proxy", "amazonaws.com")]);
    check_error(&[REGION, all], problem);
    check_error(&[REGION, all, local], problem);
    check_error(&[REGION, all, ("http_proxy", "http://proxy:1")], problem);
    check_error(&[REGION, all, ("https_proxy", "http://proxy:1"), local], problem);
    // A request that needs the proxy, such as a request to SSO, is not sent.
    let shown = format!("{:?}", config(&[REGION, all, ("https_proxy", "http://proxy:1")]));
    assert!(shown.contains(" http: Some(Invalid("), "{shown}");
}

#[cfg(not(feature = "credentials-chain"))]
#[test]
fn a_profile_that_cannot_be_read_is_an_error() {
    let problem = "profile (environment variable AWS_PROFILE): this program was built without the feature \
                   `credentials-chain` of invoke-model-client, so it cannot read profiles; enable the feature, or unset \
                   AWS_PROFILE and set the region and the credentials in another way";
    let profile = ("AWS_PROFILE", "dev");
    check_error(&[profile], problem);
    check_error(&[profile, REGION], problem);
    check_error(&[profile, ID, SECRET], problem);
    config(&[profile, REGION, ID, SECRET]);
    config(&[profile, REGION, BEARER]);
    config(&[profile, BEARER, ("AWS_ENDPOINT_URL", "http://localhost")]);
    builder(&[profile])
        .region("us-east-1")
        .credentials_provider(Credentials::new("AKID", "s", None))
        .build()
        .unwrap();
}

#[test]
fn ca_bundle() {
    let shown = format!("{:?}", config(&[REGION, ("AWS_CA_BUNDLE", "/etc/our ca.pem")]));
    assert!(shown.contains("roots: \"/etc/our ca.pem\""), "{shown}");
    assert!(format!("{:?}", config(&[REGION])).contains("roots: the system's"));
}

#[test]
fn region_from_arn() {
    let arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0";
    let region = |environment: &[(&str, &str)], id| {
        let config = builder(environment).region_from_arn(id).build();
        config.map(|config| (config.region().unwrap_or_default().to_owned(), config.sources().region))
    };
    assert_eq!(region(&[], arn), Ok(("eu-west-1".to_owned(), Some(SettingSource::Arn))));
    assert_eq!(
        region(&[REGION], arn),
        Ok(("us-west-2".to_owned(), Some(SettingSource::Environment(REGION.0))))
    );
    for id in ["amazon.nova-lite-v1:0", "arn:aws:bedrock::123456789012:x/y", "arn:", ""] {
        assert_eq!(region(&[], id), Err(ConfigError::NoRegion), "{id}");
    }
}
