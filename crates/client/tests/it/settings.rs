//! Tests of settings in code, and of the endpoint that the client resolves from these settings.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use invoke_model_client::{
    Client, Config, ConfigBuilder, ConfigError, CredentialsFuture, ProvideCredentials, QuotaLimiter,
    SettingSource, TokenEstimate, Transport,
};

use crate::fake::Fake;

fn check_error(builder: ConfigBuilder, expected: &str) {
    assert_eq!(Client::new(builder).unwrap_err().to_string(), expected);
}

#[test]
fn errors_name_missing_and_invalid_settings() {
    let builder = || Fake::default().bare();
    check_error(builder(), "no region: set AWS_REGION, or `region` of ConfigBuilder");
    check_error(
        builder().endpoint_url("http://localhost"),
        "no region to sign for: the endpoint URL (set in code) does not contain one; set AWS_REGION, or `region` of \
         ConfigBuilder",
    );
    check_error(
        builder().region("us-east-1").endpoint_url("localhost"),
        "endpoint URL (set in code): the value is not an absolute http or https URL; use a URL such as \
         https://bedrock-runtime.us-east-1.amazonaws.com",
    );
    check_error(
        builder().region(""),
        "region (set in code): `` is not a region name; use letters, digits and hyphens only, such as us-east-1",
    );
    for name in ["fips-us-east-1", "us-east-1-fips"] {
        check_error(
            builder().region(name),
            &format!(
                "region (set in code): `{name}` is not a region name; use the region us-east-1, and select its FIPS \
                 endpoint with AWS_USE_FIPS_ENDPOINT=true"
            ),
        );
    }
    check_error(
        builder().region("us-iso-east-1").endpoint_url("http://localhost").use_dual_stack(true),
        "no endpoint for these settings: Invalid Configuration: Dualstack and custom endpoint are not supported (region: \
         set in code, endpoint URL: set in code, dual-stack: set in code)",
    );
}

#[test]
fn resolves_endpoints() {
    let check = |change: fn(ConfigBuilder) -> ConfigBuilder, expected: &str| {
        assert_eq!(change(Fake::default().bare()).build().unwrap().endpoint_url(), expected);
    };
    check(|builder| builder.region("eu-west-1"), "https://bedrock-runtime.eu-west-1.amazonaws.com");
    check(|builder| builder.region("cn-north-1"), "https://bedrock-runtime.cn-north-1.amazonaws.com.cn");
    check(
        |builder| builder.region("us-east-1").use_fips(true),
        "https://bedrock-runtime-fips.us-east-1.amazonaws.com",
    );
    check(
        |builder| builder.region("us-east-1").use_dual_stack(true),
        "https://bedrock-runtime.us-east-1.api.aws",
    );
    check(|builder| builder.endpoint_url("http://[::1]:80/").bearer_token("token"), "http://[::1]:80");
}

#[test]
fn a_client_accepts_a_config_or_a_builder() {
    let config: Config = Fake::default().settings().build().unwrap();
    assert_eq!(config.sources().credentials, Some(SettingSource::Code));
    assert_eq!(Client::new(config.clone()).unwrap().config().region(), Some("us-east-1"));
    assert_eq!(Client::from(config).config().region(), Some("us-east-1"));
    let shared: Arc<dyn Transport> = Arc::new(Fake::default());
    assert!(Client::new(Config::builder().region("us-east-1").transport(shared)).is_ok());
}

/// A provider that counts its calls and always fails.
#[derive(Default)]
struct FailingProvider(Arc<AtomicUsize>);

impl ProvideCredentials for FailingProvider {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Err("metadata\nservice is unavailable".into()) })
    }
}

#[tokio::test]
async fn a_bearer_token_never_calls_the_credentials_provider() {
    let calls = Arc::new(AtomicUsize::new(0));
    let fake = Fake::ok();
    let settings = fake.settings().credentials_provider(FailingProvider(calls.clone()));
    let with_token = Client::new(settings.clone().bearer_token("token")).unwrap();
    with_token.invoke_model().model_id("a").send().await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 0);

    let error = Client::new(settings).unwrap().invoke_model().model_id("a").send().await.unwrap_err();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(
        error.to_string(),
        "InvokeModel: request not sent: no credentials: metadata service is \
         unavailable (region us-east-1, modelId a)"
    );
}

#[test]
fn conflicting_settings_are_a_typed_error() {
    let error =
        Fake::default().settings().endpoint_url("http://localhost").use_fips(true).build().unwrap_err();
    assert!(matches!(error, ConfigError::Endpoint { .. }));
}

#[test]
fn clients_can_share_a_quota_limiter() {
    let limiter = QuotaLimiter::builder().max_concurrency(3).build();
    let clients =
        [(); 2].map(|()| Client::new(Fake::default().settings().quota_limiter(limiter.clone())).unwrap());
    let permit = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(clients[0].config().quota_limiter().unwrap().acquire(TokenEstimate::default()))
        .unwrap();
    assert_eq!(clients[1].config().quota_limiter().unwrap().usage().in_flight, 1);
    assert!(format!("{:?}", clients[1].config()).contains("max_concurrency: Some(3)"));
    drop(permit);
    assert!(Client::new(Fake::default().settings()).unwrap().config().quota_limiter().is_none());
}
