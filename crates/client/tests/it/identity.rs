//! Who calls, over a transport that answers from a script.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use invoke_model_client::types::InvokeModelError;
use invoke_model_client::{
    AuthScheme, Client, Credentials, CredentialsError, CredentialsFuture, Error, ErrorKind,
    ProvideCredentials, SettingSource,
};

use crate::fake::{Fake, now, response};

const ID: &str = "a";
const HOUR: Duration = Duration::from_secs(3600);

/// Gives other credentials each time, good for an hour, and counts.
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl Counting {
    fn asked(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl ProvideCredentials for Counting {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        let id = format!("AKID{}", self.0.fetch_add(1, Ordering::Relaxed) + 1);
        let given = Credentials::new(id, "secret", Some("token".into())).with_expiry(now() + HOUR);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(given)
        })
    }
}

/// Has nothing.
struct Nothing;

impl ProvideCredentials for Nothing {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async { Err("nobody is logged in".into()) })
    }
}

/// A service that answers every call, and those with these words in its `authorization` with a refusal.
fn service(answers: usize, refused: &[u16]) -> Fake {
    let fake = Fake::default();
    for index in 0..answers {
        let answer = match refused.iter().any(|refused| usize::from(*refused) == index) {
            true => response(
                403,
                &[("x-amzn-errortype", "ExpiredTokenException")],
                Bytes::from_static(br#"{"message":"The security token included in the request is expired"}"#)
                    .into(),
            ),
            false => response(200, &[("content-type", "application/json")], Bytes::from_static(b"{}").into()),
        };
        fake.push([Ok(answer)]);
    }
    fake
}

/// Who signed each request, or whose token it has.
fn callers(fake: &Fake) -> Vec<String> {
    let requests = fake.requests();
    let fields = requests.iter().map(|request| request.headers()["authorization"].to_str().unwrap());
    fields
        .map(|field| match field.split_once("Credential=") {
            Some((_, rest)) => rest.split('/').next().unwrap().to_owned(),
            None => field.to_owned(),
        })
        .collect()
}

async fn call(client: &Client) -> Result<(), Error<InvokeModelError>> {
    client.invoke_model().model_id(ID).body("{}").send().await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn sixty_four_calls_load_once() {
    let (fake, provider) = (service(64, &[]), Counting::default());
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
    assert_eq!(provider.asked(), 1);
    assert_eq!(callers(&fake), vec!["AKID1"; 64]);
}

#[tokio::test(start_paused = true)]
async fn those_that_the_service_calls_expired_are_loaded_anew_within_the_call() {
    let (fake, provider) = (service(4, &[1]), Counting::default());
    let client = Client::new(fake.settings().credentials_provider(provider)).unwrap();
    call(&client).await.unwrap();
    // This call is refused, signed anew with others, and answered.
    call(&client).await.unwrap();
    call(&client).await.unwrap();
    assert_eq!(callers(&fake), ["AKID1", "AKID1", "AKID2", "AKID2"]);
}

#[tokio::test(start_paused = true)]
async fn new_ones_that_are_refused_too_end_the_call_and_are_not_used_again() {
    let (fake, provider) = (service(3, &[0, 1]), Counting::default());
    let client = Client::new(fake.settings().credentials_provider(provider)).unwrap();
    let error = call(&client).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some("ExpiredTokenException"), 2));
    call(&client).await.unwrap();
    assert_eq!(callers(&fake), ["AKID1", "AKID2", "AKID3"]);
}

#[tokio::test(start_paused = true)]
async fn fixed_ones_that_are_refused_are_not_sent_again() {
    let fake = service(1, &[0]);
    let error = call(&fake.client()).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some("ExpiredTokenException"), 1));
}

#[tokio::test(start_paused = true)]
async fn those_that_expire_between_two_calls_are_loaded_anew() {
    let (fake, provider) = (service(2, &[]), Counting::default());
    let time = Arc::new(Mutex::new(now()));
    let clock = time.clone();
    let settings = fake.settings().credentials_provider(provider.clone());
    let client = Client::new(settings.time_source(move || *clock.lock().unwrap())).unwrap();
    call(&client).await.unwrap();
    *time.lock().unwrap() += HOUR;
    // The provider goes on giving what has expired: none of it is used, and nothing is sent.
    let error = call(&client).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Credentials(CredentialsError::Expired { .. })), "{error}");
    assert_eq!((provider.asked(), fake.requests().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_with_its_own_provider_leaves_the_client_s_alone() {
    let (fake, provider) = (service(4, &[]), Counting::default());
    let client = Client::new(fake.settings().credentials_provider(provider.clone())).unwrap();
    let own = || Credentials::new("AKIDOWN", "other", None);
    let with_own = || client.invoke_model().model_id(ID).body("{}").credentials_provider(own());
    with_own().send().await.unwrap();
    assert_eq!(provider.asked(), 0);
    call(&client).await.unwrap();
    with_own().send().await.unwrap();
    call(&client).await.unwrap();
    assert_eq!(callers(&fake), ["AKIDOWN", "AKID1", "AKIDOWN", "AKID1"]);
    assert_eq!(provider.asked(), 1);
    // The token that goes with the client's credentials is the client's, too.
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
async fn a_call_whose_own_provider_has_nothing_asks_nobody_else() {
    let (fake, provider) = (service(0, &[]), Counting::default());
    for settings in
        [fake.settings().credentials_provider(provider.clone()), fake.settings().bearer_token("the-client-s")]
    {
        let client = Client::new(settings).unwrap();
        let call = client.invoke_model().model_id(ID).body("{}").credentials_provider(Nothing);
        assert_eq!(
            call.send().await.unwrap_err().to_string(),
            "InvokeModel was not sent: no credentials: nobody is logged in \
             (the call has its own credentials provider, and no other is asked) (region us-east-1, modelId a)"
        );
    }
    assert_eq!((provider.asked(), fake.requests().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_with_its_own_token_looks_for_no_credentials() {
    let (fake, provider) = (service(2, &[]), Counting::default());
    let client = Client::new(fake.settings().credentials_provider(provider.clone())).unwrap();
    let call = || client.invoke_model().model_id(ID).body("{}");
    call().bearer_token("one-s-own").send().await.unwrap();
    assert_eq!((provider.asked(), callers(&fake)), (0, vec!["Bearer one-s-own".to_owned()]));
    for bad in ["", "a token\n"] {
        let error = call().bearer_token(bad).send().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Sign(_)), "{error}");
        assert!(!error.to_string().contains("a token"), "{error}");
    }
    assert_eq!((provider.asked(), fake.requests().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_cannot_be_signed_where_there_is_no_region() {
    let fake = service(0, &[]);
    let settings = fake.bare().endpoint_url("http://localhost").bearer_token("token");
    let client = Client::new(settings).unwrap();
    let own = Credentials::new("AKIDOWN", "other", None);
    let call = client.invoke_model().model_id(ID).body("{}").credentials_provider(own);
    assert_eq!(
        call.send().await.unwrap_err().to_string(),
        "InvokeModel was not sent: no region to sign for: set AWS_REGION, or the region in Config (modelId a)"
    );
}
