//! Checks that `Debug` output and explanations of a client with the default chain contain no secrets.

use super::{Home, container_response, responses, sts_response};

const SECRETS: [&str; 7] = [
    "profile-secret",
    "profile-token",
    "sts-secret",
    "sts-token",
    "agent-secret",
    "agent-token",
    "the-token",
];

fn check(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn debug_and_explanations_redact_secrets() {
    let config = "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = b\n[profile b]\n\
        aws_access_key_id = AKIDB\naws_secret_access_key = profile-secret\naws_session_token = profile-token\n";
    let role = (Home::config(config), sts_response("AssumeRole", "ASIAROLE123456789012"));
    let container =
        (Home::new().set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a"), container_response("ASIATASK"));
    for (home, response) in [role, container] {
        let home = home.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the-token");
        let fake = responses(&[(200, &response)]);
        check(&format!("{:?}", home.settings(&fake)));
        let client = home.client(&fake);
        let explained = client.invoke_model().model_id("a").body("{}").explain().await.unwrap();
        check(&format!("{client:?} {:?} {explained:?} {:?}", client.config(), explained.credentials_source));
        check(&format!("{:?}", explained.request));
        check(&format!("{:?}", fake.requests()[0]));
    }
}
