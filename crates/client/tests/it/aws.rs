//! Credentials and providers of the AWS crates.

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use invoke_model_client::{AwsProvider, Client, ErrorKind};

use crate::fake::{Fake, now};

fn temporary() -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::new("AKIDAWS", "secret", Some("token".into()), Some(now()), "test")
}

/// Gives what it has, or says that there is nothing.
#[derive(Debug)]
struct Given(Option<aws_credential_types::Credentials>);

impl ProvideCredentials for Given {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let nothing = || CredentialsError::not_loaded("nobody is logged in");
        future::ProvideCredentials::ready(self.0.clone().ok_or_else(nothing))
    }
}

#[tokio::test]
async fn a_provider_signs_for_a_client_and_for_a_call() {
    let fake = Fake::default();
    let provider = || {
        let good =
            aws_credential_types::Credentials::new("AKIDAWS", "secret", Some("token".into()), None, "test");
        AwsProvider(SharedCredentialsProvider::new(Given(Some(good))))
    };
    let of_client = Client::new(fake.settings().credentials_provider(provider())).unwrap();
    let of_call = fake.client();
    let calls = [
        of_client.invoke_model().model_id("a"),
        of_call.invoke_model().model_id("a").credentials_provider(provider()),
    ];
    for call in calls {
        let request = call.sign().await.unwrap();
        let signature = request.headers()["authorization"].to_str().unwrap();
        assert!(signature.contains("Credential=AKIDAWS/"), "{signature}");
        assert_eq!(request.headers()["x-amz-security-token"], "token");
    }
}

#[tokio::test]
async fn why_a_provider_has_none_is_said_in_its_own_words() {
    let client =
        Client::new(Fake::default().settings().credentials_provider(AwsProvider(Given(None)))).unwrap();
    let error = client.invoke_model().model_id("a").sign().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "InvokeModel was not sent: no credentials: nobody is logged in (region us-east-1, modelId a)"
    );
}

#[tokio::test]
async fn their_credentials_are_taken_whole_and_their_expiry_is_kept() {
    let taken = invoke_model_client::ProvideCredentials::provide_credentials(&temporary()).await.unwrap();
    assert_eq!((taken.access_key_id(), taken.secret_access_key()), ("AKIDAWS", "secret"));
    assert_eq!((taken.session_token(), taken.expiry()), (Some("token"), Some(now())));
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
async fn an_sdk_config_is_taken() {
    use invoke_model_client::SettingSource;

    let sdk = aws_config::SdkConfig::builder()
        .region(aws_config::Region::new("eu-west-1"))
        .use_fips(true)
        .credentials_provider(SharedCredentialsProvider::new(Given(None)))
        .build();
    let client = Client::new(&sdk).unwrap();
    assert_eq!(client.config().endpoint_url(), "https://bedrock-runtime-fips.eu-west-1.amazonaws.com");
    assert_eq!(client.config().sources().region, Some(SettingSource::SdkConfig));
    assert_eq!(client.config().sources().credentials, Some(SettingSource::SdkConfig));
    let error = client.invoke_model().model_id("a").sign().await.unwrap_err();
    assert!(error.to_string().contains("nobody is logged in"), "{error}");
}
