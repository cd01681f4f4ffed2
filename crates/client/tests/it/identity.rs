//! Credentials and bearer tokens of clients and calls, over a scripted transport.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use invoke_model_client::types::InvokeModelError;
use invoke_model_client::{
    AuthScheme, Client, Credentials, CredentialsCache, CredentialsCacheConfig, CredentialsError,
    CredentialsFuture, Error, ErrorKind, ProvideCredentials, SettingSource,
};
use invoke_model_credentials::TimeSource;

use crate::fake::{Fake, now, response};

const ID: &str = "a";
const HOUR: Duration = Duration::from_secs(3600);

/// A provider that counts its calls. Each call returns different credentials. They are valid for an hour.
#[derive(Clone, Debug, Default)]
struct CountingProvider(Arc<AtomicUsize>);

impl CountingProvider {
    fn calls(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl ProvideCredentials for CountingProvider {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        let id = format!("AKID{}", self.0.fetch_add(1, Ordering::Relaxed) + 1);
        let credentials = Credentials::new(id, "secret", Some("token".into())).with_expiry(now() + HOUR);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(credentials)
        })
    }
}

/// A provider that always fails.
struct FailingProvider;

impl ProvideCredentials for FailingProvider {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async { Err("not logged in".into()) })
    }
}

/// Returns a transport with `responses` responses. The responses at the indexes `rejected` reject the
/// credentials as expired. All other responses are successful.
fn service(responses: usize, rejected: &[usize]) -> Fake {
    let fake = Fake::default();
    for index in 0..responses {
        let response = match rejected.contains(&index) {
            true => response(
                403,
                &[("x-amzn-errortype", "ExpiredTokenException")],
                Bytes::from_static(br#"{"message":"The security token included in the request is expired"}"#)
                    .into(),
            ),
            false => response(200, &[("content-type", "application/json")], Bytes::from_static(b"{}").into()),
        };
        fake.push([Ok(response)]);
    }
    fake
}

/// Returns the access key id or the bearer token of each request.
fn identities(fake: &Fake) -> Vec<String> {
    let requests = fake.requests();
    let headers = requests.iter().map(|request| request.headers()["authorization"].to_str().unwrap());
    headers
        .map(|header| match header.split_once("Credential=") {
            Some((_, rest)) => rest.split('/').next().unwrap().to_owned(),
            None => header.to_owned(),
        })
        .collect()
}

async fn call(client: &Client) -> Result<(), Error<InvokeModelError>> {
    client.invoke_model().model_id(ID).body("{}").send().await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn concurrent_calls_load_credentials_once() {
    let (fake, provider) = (service(64, &[]), CountingProvider::default());
    let client = Client::new(fake.settings().credentials_provider(provider.clone())).unwrap();
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { call(&client).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(provider.calls(), 1);
    assert_eq!(identities(&fake), vec!["AKID1"; 64]);
}

#[tokio::test(start_paused = true)]
async fn reloads_credentials_that_the_service_rejects_as_expired() {
    let (fake, provider) = (service(4, &[1]), CountingProvider::default());
    let client = Client::new(fake.settings().credentials_provider(provider)).unwrap();
    call(&client).await.unwrap();
    // The service rejects this call. The client signs it again with new credentials, and the call succeeds.
    call(&client).await.unwrap();
    call(&client).await.unwrap();
    assert_eq!(identities(&fake), ["AKID1", "AKID1", "AKID2", "AKID2"]);
}

#[tokio::test(start_paused = true)]
async fn clients_and_calls_share_a_credentials_cache() {
    let (fake, provider) = (service(4, &[2]), CountingProvider::default());
    let cache = CredentialsCache::with_config(
        provider.clone(),
        CredentialsCacheConfig::default(),
        TimeSource::new(now),
    );
    let clients = [(); 2].map(|()| Client::new(fake.settings().credentials_provider(cache.clone())).unwrap());
    call(&clients[0]).await.unwrap();
    call(&clients[1]).await.unwrap();
    // The service rejects the credentials of this call. The call discards them in the cache, which the
    // clients share.
    let other = fake.client();
    let own = other.invoke_model().model_id(ID).body("{}").credentials_provider(cache.clone());
    own.send().await.unwrap();
    assert_eq!(cache.credentials().await.unwrap().access_key_id(), "AKID2");
    assert_eq!(identities(&fake), ["AKID1", "AKID1", "AKID1", "AKID2"]);
    assert_eq!(provider.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_second_rejection_fails_the_call_and_discards_the_credentials() {
    let (fake, provider) = (service(3, &[0, 1]), CountingProvider::default());
    let client = Client::new(fake.settings().credentials_provider(provider)).unwrap();
    let error = call(&client).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some("ExpiredTokenException"), 2));
    call(&client).await.unwrap();
    assert_eq!(identities(&fake), ["AKID1", "AKID2", "AKID3"]);
}

#[tokio::test(start_paused = true)]
async fn rejected_static_credentials_are_not_retried() {
    let fake = service(1, &[0]);
    let error = call(&fake.client()).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some("ExpiredTokenException"), 1));
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_between_two_calls_are_reloaded() {
    let (fake, provider) = (service(2, &[]), CountingProvider::default());
    let time = Arc::new(Mutex::new(now()));
    let shared = time.clone();
    let settings = fake.settings().credentials_provider(provider.clone());
    let client = Client::new(settings.time_source(move || *shared.lock().unwrap())).unwrap();
    call(&client).await.unwrap();
    *time.lock().unwrap() += HOUR;
    // The provider returns credentials that have already expired. The client does not use them, and sends no
    // request.
    let error = call(&client).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Credentials(CredentialsError::Expired { .. })), "{error}");
    assert_eq!((provider.calls(), fake.requests().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_with_its_own_credentials_does_not_affect_the_client() {
    let (fake, provider) = (service(4, &[]), CountingProvider::default());
    let client = Client::new(fake.settings().credentials_provider(provider.clone())).unwrap();
    let own = || Credentials::new("AKIDOWN", "other", None);
    let with_own = || client.invoke_model().model_id(ID).body("{}").credentials_provider(own());
    with_own().send().await.unwrap();
    assert_eq!(provider.calls(), 0);
    call(&client).await.unwrap();
    with_own().send().await.unwrap();
    call(&client).await.unwrap();
    assert_eq!(identities(&fake), ["AKIDOWN", "AKID1", "AKIDOWN", "AKID1"]);
    assert_eq!(provider.calls(), 1);
    // Only the credentials of the client have a session token.
    let tokens =
        fake.requests().iter().map(|r| r.headers().contains_key("x-amz-security-token")).collect::<Vec<_>>();
    assert_eq!(tokens, [false, true, false, true]);
    let explained = with_own().explain().await.unwrap();
    assert_eq!(
        (explained.auth_scheme, explained.credentials),
        (Some(AuthScheme::SigV4), Some(SettingSource::Call))
    );
}

#[tokio::test(start_paused = true)]
async fn a_failing_provider_of_a_call_does_not_fall_back_to_the_client() {
    let (fake, provider) = (service(0, &[]), CountingProvider::default());
    for settings in
        [fake.settings().credentials_provider(provider.clone()), fake.settings().bearer_token("client-token")]
    {
        let client = Client::new(settings).unwrap();
        let call = client.invoke_model().model_id(ID).body("{}").credentials_provider(FailingProvider);
        assert_eq!(
            call.send().await.unwrap_err().to_string(),
            "InvokeModel: request not sent: no credentials: not logged in \
             (from the credentials provider of the call; the client's provider is not used) (region us-east-1, modelId a)"
        );
    }
    assert_eq!((provider.calls(), fake.requests().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_with_its_own_token_loads_no_credentials() {
    let (fake, provider) = (service(2, &[]), CountingProvider::default());
    let client = Client::new(fake.settings().credentials_provider(provider.clone())).unwrap();
    let call = || client.invoke_model().model_id(ID).body("{}");
    call().bearer_token("own-token").send().await.unwrap();
    assert_eq!((provider.calls(), identities(&fake)), (0, vec!["Bearer own-token".to_owned()]));
    for bad in ["", "a token\n"] {
        let error = call().bearer_token(bad).send().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Sign(_)), "{error}");
        assert!(!error.to_string().contains("a token"), "{error}");
    }
    assert_eq!((provider.calls(), fake.requests().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_token_of_a_call_is_not_sent_without_tls() {
    let fake = service(2, &[]);
    let call = |url: &str| {
        let client = Client::new(fake.settings().endpoint_url(url)).unwrap();
        client.invoke_model().model_id(ID).body("{}").bearer_token("own-token")
    };
    let error = call("http://example.test").send().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Credentials(CredentialsError::WithoutTls)), "{error}");
    let expected = "InvokeModel: request not sent: the bearer token is not sent to an http URL: set an https endpoint URL, \
                    or use credentials instead of the token";
    assert!(error.to_string().starts_with(expected), "{error}");
    assert!(fake.requests().is_empty());
    for url in ["https://example.test", "http://localhost"] {
        call(url).send().await.unwrap();
    }
    assert_eq!(identities(&fake), ["Bearer own-token", "Bearer own-token"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_cannot_be_signed_without_a_region() {
    let fake = service(0, &[]);
    let settings = fake.bare().endpoint_url("http://localhost").bearer_token("token");
    let client = Client::new(settings).unwrap();
    let own = Credentials::new("AKIDOWN", "other", None);
    let call = client.invoke_model().model_id(ID).body("{}").credentials_provider(own);
    assert_eq!(
        call.send().await.unwrap_err().to_string(),
        "InvokeModel: request not sent: no region to sign for: set AWS_REGION, or `region` of ConfigBuilder (modelId a)"
    );
}
