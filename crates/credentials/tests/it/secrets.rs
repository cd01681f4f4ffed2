//! Checks that `Debug` output, errors and logs of the default chain contain no secrets.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata};

use crate::fake::Fake;
use crate::home::Home;
use crate::responses::{container_response, sts_response};

const SECRETS: [&str; 9] = [
    "profile-secret",
    "profile-token",
    "sts-secret",
    "sts-token",
    "agent-secret",
    "agent-token",
    "the-token",
    "the.web.token",
    "imds-secret",
];

fn check(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn debug_redacts_secrets() {
    let config = "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = b\n[profile b]\n\
        aws_access_key_id = AKIDB\naws_secret_access_key = profile-secret\naws_session_token = profile-token\n";
    let role = (Home::config(config), sts_response("AssumeRole", "ASIAROLE123456789012"));
    let container =
        (Home::new().set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a"), container_response("ASIATASK"));
    for (home, response) in [role, container] {
        let home = home.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the-token");
        let fake = Fake::new(&[(200, &response)]);
        check(&format!("{:?} {:?}", home.chain(&fake), home.chain(&fake).build()));
        let cache = home.cache(&fake);
        let credentials = cache.credentials().await.unwrap();
        check(&format!("{cache:?} {credentials:?}"));
        check(&format!("{:?}", fake.requests()[0]));
    }
}

/// Checks errors that result from responses with secrets.
#[tokio::test(start_paused = true)]
async fn errors_contain_no_response_body() {
    let home = Home::new().file("token", "the.web.token");
    let file = home.path("token").to_str().unwrap().to_owned();
    let web = home
        .set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/a")
        .set("AWS_WEB_IDENTITY_TOKEN_FILE", &file);
    let container = Home::new()
        .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a")
        .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the-token");
    let instance = Home::new().unset("AWS_EC2_METADATA_DISABLED");
    let proxy = "<html>cannot get /?WebIdentityToken=the.web.token</html>";
    for (home, status, body) in [
        (&web, 502, proxy),
        (&web, 400, proxy),
        (&web, 200, proxy),
        (&web, 200, "<AssumeRoleWithWebIdentityResponse>sts-secret"),
        (&container, 403, "denied: agent-secret"),
        (&container, 404, "agent-secret"),
        (&container, 409, "conflict: agent-secret"),
        (&container, 500, "error: agent-secret"),
        (&instance, 401, "imds-secret"),
        (&instance, 404, "imds-secret"),
        (&instance, 409, "imds-secret"),
        (&instance, 500, "imds-secret"),
        (&container, 200, "\"agent-secret\""),
        (&container, 200, r#"{"AccessKeyId":"a","SecretAccessKey":["agent-secret"]}"#),
        (
            &container,
            200,
            r#"{"AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"agent-secret"}"#,
        ),
    ] {
        let fake = Fake::new(&[(status, body); 3]);
        let error = home.cache(&fake).credentials().await.unwrap_err();
        check(&format!("{error} {error:?} {error:#?}"));
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            check(&format!("{error} {error:?}"));
            cause = error.source();
        }
    }
}

/// A subscriber that writes all spans and events into one string.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.writer());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.writer());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.writer());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Log {
    fn writer(&self) -> impl Visit + use<> {
        struct Writer(Log);
        impl Visit for Writer {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                let mut text = self.0.0.lock().unwrap();
                writeln!(text, "{field} {value:?}").unwrap();
            }
        }
        Writer(self.clone())
    }
}

/// Loads credentials twice. The first load succeeds, and the second load fails.
async fn load_twice() {
    let home = Home::new()
        .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a")
        .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the-token");
    home.load(&Fake::new(&[(200, &container_response("ASIATASK"))])).await;
    let fake = Fake::new(&[(200, "\"agent-secret\"")]);
    home.cache(&fake).credentials().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn log_events_contain_no_secrets() {
    // For each callsite, `tracing` keeps a flag in a global cache. The thread of another test can disable a
    // callsite before this test reaches it. Therefore this test installs a global subscriber, and also checks
    // the events of the other tests.
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    tracing::callsite::rebuild_interest_cache();
    load_twice().await;
    let log = log.0.lock().unwrap();
    check(&log);
    assert!(log.contains("credentials loaded") && log.contains("credentials could not be loaded"), "{log}");
}
