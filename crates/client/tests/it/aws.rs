//! Tests with credentials and credentials providers of the AWS SDK.

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use invoke_model_client::{AwsProvider, Client, ErrorKind};

use crate::fake::{Fake, now};

fn temporary() -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::new("AKIDAWS", "secret", Some("token".into()), Some(now()), "test")
}

/// A provider that returns its credentials, or an error if it has no credentials.
#[derive(Debug)]
struct StaticProvider(Option<aws_credential_types::Credentials>);

impl ProvideCredentials for StaticProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let not_loaded = || CredentialsError::not_loaded("not logged in");
        future::ProvideCredentials::ready(self.0.clone().ok_or_else(not_loaded))
    }
}

#[tokio::test]
async fn a_provider_works_for_a_client_and_for_a_call() {
    let fake = Fake::default();
    let provider = || {
        let credentials =
            aws_credential_types::Credentials::new("AKIDAWS", "secret", Some("token".into()), None, "test");
        AwsProvider(SharedCredentialsProvider::new(StaticProvider(Some(credentials))))
    };
    let client = Client::new(fake.settings().credentials_provider(provider())).unwrap();
    let other = fake.client();
    let calls = [
        client.invoke_model().model_id("a"),
        other.invoke_model().model_id("a").credentials_provider(provider()),
    ];
    for call in calls {
        let request = call.sign().await.unwrap();
        let signature = request.headers()["authorization"].to_str().unwrap();
        assert!(signature.contains("Credential=AKIDAWS/"), "{signature}");
        assert_eq!(request.headers()["x-amz-security-token"], "token");
    }
}

#[tokio::test]
async fn the_error_contains_the_error_text_of_the_provider() {
    let client =
        Client::new(Fake::default().settings().credentials_provider(AwsProvider(StaticProvider(None))))
            .unwrap();
    let error = client.invoke_model().model_id("a").sign().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "InvokeModel: request not sent: no credentials: not logged in (region us-east-1, modelId a)"
    );
}

#[tokio::test]
async fn static_credentials_keep_their_token_and_expiry() {
    let credentials =
        invoke_model_client::ProvideCredentials::provide_credentials(&temporary()).await.unwrap();
    assert_eq!((credentials.access_key_id(), credentials.secret_access_key()), ("AKIDAWS", "secret"));
    assert_eq!((credentials.session_token(), credentials.expiry()), (Some("token"), Some(now())));
    let settings = || Fake::default().settings();
    for settings in [
        settings().credentials_provider(temporary()),
        settings().credentials_provider(AwsProvider(temporary())),
    ] {
        let client = Client::new(settings).unwrap();
        let error = client.invoke_model().model_id("a").sign().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Credentials(_)), "{error}");
        assert!(
            error.to_string().contains("the credentials expired at Sun, 30 Aug 2015 12:36:00 GMT"),
            "{error}"
        );
    }
}

#[cfg(feature = "aws-config")]
#[tokio::test]
async fn a_client_accepts_an_sdk_config() {
    use invoke_model_client::SettingSource;

    let sdk = aws_config::SdkConfig::builder()
        .region(aws_config::Region::new("eu-west-1"))
        .use_fips(true)
        .credentials_provider(SharedCredentialsProvider::new(StaticProvider(None)))
        .build();
    let client = Client::new(&sdk).unwrap();
    assert_eq!(client.config().endpoint_url(), "https://bedrock-runtime-fips.eu-west-1.amazonaws.com");
    assert_eq!(client.config().sources().region, Some(SettingSource::SdkConfig));
    assert_eq!(client.config().sources().credentials, Some(SettingSource::SdkConfig));
    let error = client.invoke_model().model_id("a").sign().await.unwrap_err();
    assert!(error.to_string().contains("not logged in"), "{error}");
}
