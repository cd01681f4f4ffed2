//! Checks that `Debug` output and error texts contain no secrets and no sensitive members.

use invoke_model_client::{Client, Credentials};

use crate::fake::{Fake, SECRET};

const TOKEN: &str = "session-token-value";
const BEARER: &str = "bedrock-api-key-value";
const PROMPT: &str = "sensitive-prompt";
const RESPONSE: &str = "sensitive-response";

fn check(text: &str) {
    for secret in [SECRET, TOKEN, BEARER, PROMPT, RESPONSE] {
        assert!(!text.contains(secret), "{text}");
    }
}

fn clients(fake: &Fake) -> [Client; 2] {
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN.into()));
    let settings = fake.settings().credentials_provider(credentials);
    check(&format!("{settings:?}"));
    let with_token = settings.clone().bearer_token(BEARER);
    check(&format!("{with_token:?}"));
    [settings, with_token].map(|settings| Client::new(settings).unwrap())
}

#[tokio::test]
async fn settings_calls_and_errors_redact_secrets() {
    let headers = [("x-amzn-bedrock-service-tier", "flex"), ("content-type", "application/json")];
    for index in 0..2 {
        let fake = Fake::with(500, &headers, r#"{"other":"sensitive-response"}"#);
        let client = clients(&fake)[index].clone();
        check(&format!("{client:?} {:?}", client.config()));
        let call = || {
            let call = client.invoke_model().model_id("a").body(PROMPT).request_metadata(PROMPT);
            call.header("x-new", PROMPT)
        };
        check(&format!("{:?}", call()));
        let explanation = call().explain().await.unwrap();
        check(&format!("{explanation:?}"));
        let explanation = call().header("x-new", "plain").explain().await.unwrap();
        check(&explanation.to_string());
        if let Some(signed) = explanation.signed {
            check(&format!("{} {signed:?}", signed.canonical_request()));
            assert!(signed.canonical_request().as_str().contains(PROMPT));
        }
        let error = call().send().await.unwrap_err();
        check(&format!("{error} {error:?} {error:#?} {:?}", error.kind()));
        assert!(std::str::from_utf8(error.response().unwrap().body()).unwrap().contains(RESPONSE));
    }
}

#[test]
fn a_builder_redacts_a_password_in_its_url() {
    let builder = Fake::default().settings().endpoint_url(format!("https://user:{SECRET}@example.test"));
    check(&format!("{builder:?}"));
    let error = builder.build().unwrap_err();
    check(&format!("{error} {error:?}"));
    assert_eq!(
        error.to_string(),
        "endpoint URL (set in code): the URL has a user or a password before `@`; remove them"
    );
}

#[test]
fn a_body_redacts_its_content() {
    check(&format!("{:?}", invoke_model_client::Body::from(PROMPT)));
}
