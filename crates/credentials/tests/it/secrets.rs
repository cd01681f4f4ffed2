//! Checks that `Debug` output, errors and logs of the default chain contain no secrets.

use std::error::Error;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata};

use crate::fake::{Fake, Step};
use crate::home::Home;
use crate::responses::{container_response, sts_response};
use crate::sso;

const SECRETS: [&str; 10] = [
    "profile-secret",
    "profile-token",
    "sts-secret",
    "sts-token",
    "agent-secret",
    "agent-token",
    "the-token",
    "the.web.token",
    "the-login",
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

/// Returns the text of an error, of its causes, and of their `Debug` output.
fn texts(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(|error| format!("{error} {error:?} {error:#?}\n")).collect()
}

/// Loads credentials from a source that responds with `status` and `body` to each request. `before` contains
/// the responses to earlier requests.
async fn refused(home: &Home, before: &[&str], status: u16, body: &str) -> String {
    let before = before.iter().map(|body| Step::responds(200, body));
    let responses = std::iter::repeat_n(Step::responds(status, body), 3);
    let fake = Fake::with_steps(before.chain(responses));
    texts(&home.cache(&fake).credentials().await.unwrap_err())
}

/// Returns all sources, the secret in the last request to each source, and the responses to earlier requests.
fn sources() -> [(Home, &'static str, &'static [&'static str]); 6] {
    let web = Home::new().file("token", "the.web.token");
    let file = web.path("token").to_str().unwrap().to_owned();
    let web =
        web.set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/a").set("AWS_WEB_IDENTITY_TOKEN_FILE", &file);
    let role = Home::config(
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = b\n[profile b]\n\
         aws_access_key_id = AKIDB\naws_secret_access_key = profile-secret\naws_session_token = profile-token\n",
    );
    let container = Home::new()
        .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a")
        .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the-token");
    let instance = || Home::new().unset("AWS_EC2_METADATA_DISABLED");
    [
        (web, "the.web.token", &[]),
        (role, "profile-token", &[]),
        (sso::session(), "the-login", &[]),
        (container, "the-token", &[]),
        (instance(), "the-token", &[]),
        (instance(), "the-token", &["the-token", "role-name"]),
    ]
}

/// Checks errors that result from responses with secrets: the tokens of the request, and secrets that only the
/// source knows.
#[tokio::test(start_paused = true)]
async fn errors_contain_no_response_body() {
    for (home, echo, before) in sources() {
        let json = format!(r#"{{"Code":"{echo}","Message":"{echo}","message":"{echo}","__type":"{echo}"}}"#);
        let named = format!(r#"{{"code":"AccessDenied","Code":"Failed","Message":"rejected {echo}"}}"#);
        let xml = format!(
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>rejected {echo}</Message></Error></ErrorResponse>"
        );
        let code =
            format!("<ErrorResponse><Error><Code>{echo}</Code><Message>m</Message></Error></ErrorResponse>");
        let html = format!("<html>cannot get /?WebIdentityToken={echo}</html>");
        let text = format!("denied: {echo}");
        for body in [&json, &named, &xml, &code, &html, &text, &echo.to_owned()] {
            for status in [201, 302, 400, 401, 403, 404, 409, 429, 500, 503] {
                check(&refused(&home, before, status, body).await);
            }
        }
        for body in [
            "sts-secret",
            "\"agent-secret\"",
            "<AssumeRoleWithWebIdentityResponse>sts-secret",
            r#"{"AccessKeyId":"a","SecretAccessKey":["agent-secret"]}"#,
            r#"{"AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"agent-secret"}"#,
            r#"{"Code":"agent-secret","Message":"imds-secret"}"#,
            r#"{"roleCredentials":"sts-secret"}"#,
        ] {
            for status in [200, 403, 500] {
                check(&refused(&home, before, status, body).await);
            }
        }
    }
}

/// Checks the text that remains.
#[tokio::test(start_paused = true)]
async fn only_messages_of_services_without_secrets_are_shown() {
    let error = |message: &str| {
        format!(
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>{message}</Message></Error></ErrorResponse>"
        )
    };
    for (index, (home, secret, before)) in sources().iter().enumerate() {
        let is_service = index < 3;
        let shown = refused(home, before, 403, &error("not you")).await;
        assert_eq!(shown.contains("AccessDenied: not you"), is_service, "{shown}");
        let hidden = refused(home, before, 403, &error(&format!("not {secret}"))).await;
        assert_eq!(hidden.contains("AccessDenied (the message may contain a secret"), is_service, "{hidden}");
        assert!(is_service || hidden.contains("HTTP 403"), "{hidden}");
    }
}

/// Uses real time, because virtual time does not wait for a process.
#[cfg(unix)]
#[tokio::test]
async fn errors_contain_no_output_of_a_command() {
    for command in [
        "echo agent-secret; exit 1",
        "echo agent-secret >&2; exit 1",
        "echo agent-secret >&2; kill $$",
        "echo '{\"Version\":\"agent-secret\"}'",
        "echo '{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":{\"agent-secret\":1}}'",
        "agent-secret-does-not-exist",
    ] {
        let home = Home::config(&format!("[default]\ncredential_process = {command}\n"));
        check(&texts(&home.cache(&Fake::new(&[])).credentials().await.unwrap_err()));
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
