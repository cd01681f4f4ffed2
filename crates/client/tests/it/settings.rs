//! Settings and the endpoint that they make.

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
fn what_is_wrong_is_named() {
    let builder = || Fake::default().bare();
    check_error(builder(), "no region: set AWS_REGION, or the region in Config");
    check_error(
        builder().endpoint_url("http://localhost"),
        "no region to sign for: the endpoint URL (set in code) does not say one; set AWS_REGION, or the region in \
         Config",
    );
    check_error(
        builder().region("us-east-1").endpoint_url("localhost"),
        "the endpoint URL (set in code) `localhost` is no absolute http or https URL: give one such as \
         https://bedrock-runtime.us-east-1.amazonaws.com",
    );
    check_error(
        builder().region(""),
        "the region (set in code) is ``: a region has letters, digits and hyphens only, such as us-east-1",
    );
    check_error(
        builder().region("us-iso-east-1").endpoint_url("http://localhost").use_dual_stack(true),
        "no endpoint: Invalid Configuration: Dualstack and custom endpoint are not supported (region: set in code, \
         endpoint URL: set in code, dual-stack: set in code)",
    );
}

#[test]
fn endpoints() {
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
fn a_client_takes_settings_in_any_form() {
    let config: Config = Fake::default().settings().build().unwrap();
    assert_eq!(config.sources().credentials, Some(SettingSource::Code));
    assert_eq!(Client::new(config.clone()).unwrap().config().region(), Some("us-east-1"));
    assert_eq!(Client::from(config).config().region(), Some("us-east-1"));
    let shared: Arc<dyn Transport> = Arc::new(Fake::default());
    assert!(Client::new(Config::builder().region("us-east-1").transport(shared)).is_ok());
}

/// Counts how often it is asked, and has nothing.
#[derive(Default)]
struct Counting(Arc<AtomicUsize>);

impl ProvideCredentials for Counting {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Err("metadata\nservice is away".into()) })
    }
}

#[tokio::test]
async fn a_provider_is_asked_for_a_signature_and_never_for_a_token() {
    let asked = Arc::new(AtomicUsize::new(0));
    let fake = Fake::ok();
    let settings = fake.settings().credentials_provider(Counting(asked.clone()));
    let with_token = Client::new(settings.clone().bearer_token("token")).unwrap();
    with_token.invoke_model().model_id("a").send().await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 0);

    let error = Client::new(settings).unwrap().invoke_model().model_id("a").send().await.unwrap_err();
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(
        error.to_string(),
        "InvokeModel was not sent: no credentials: metadata service is \
         away (region us-east-1, modelId a)"
    );
}

#[test]
fn a_contradiction_is_an_error_that_can_be_matched() {
    let error =
        Fake::default().settings().endpoint_url("http://localhost").use_fips(true).build().unwrap_err();
    assert!(matches!(error, ConfigError::Endpoint { .. }));
}

#[test]
fn clients_can_share_an_admission() {
    let admission = QuotaLimiter::builder().max_concurrency(3).build();
    let clients =
        [(); 2].map(|()| Client::new(Fake::default().settings().quota_limiter(admission.clone())).unwrap());
    let permit = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(clients[0].config().quota_limiter().unwrap().admit(TokenEstimate::default()))
        .unwrap();
    assert_eq!(clients[1].config().quota_limiter().unwrap().load().in_flight, 1);
    assert!(format!("{:?}", clients[1].config()).contains("max_concurrency: Some(3)"));
    drop(permit);
    assert!(Client::new(Fake::default().settings()).unwrap().config().quota_limiter().is_none());
}
