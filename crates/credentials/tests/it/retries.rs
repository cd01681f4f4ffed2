//! Retries of requests to credentials sources.

use std::time::Duration;

use invoke_model_credentials::{CredentialsCache, CredentialsCacheConfig, CredentialsError, TimeSource};
use invoke_model_transport::TransportErrorKind;
use tokio::time::Instant;

use crate::fake::{Fake, Step};
use crate::home::{Home, now};
use crate::responses::{container_response, instance_response, sts_response};
use crate::sso;

const ROLE: &str = "arn:aws:iam::123456789012:role/reader";

/// A credentials source and the responses of a successful load.
struct Source {
    name: &'static str,
    home: Home,
    responses: Vec<String>,
}

/// Returns all sources that send requests.
fn sources() -> Vec<Source> {
    let web = Home::new().file("token", "the.web.token");
    let file = web.path("token").to_str().unwrap().to_owned();
    let web = web.set("AWS_ROLE_ARN", ROLE).set("AWS_WEB_IDENTITY_TOKEN_FILE", &file);
    let role = Home::config(&format!(
        "[default]\nrole_arn = {ROLE}\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n"
    ));
    let container = Home::new().set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a");
    let instance = Home::new().unset("AWS_EC2_METADATA_DISABLED");
    let source = |name, home, responses| Source { name, home, responses };
    vec![
        source("role", role, vec![sts_response("AssumeRole", "ASIALOADED12345678901")]),
        source("web", web, vec![sts_response("AssumeRoleWithWebIdentity", "ASIALOADED12345678901")]),
        source("sso", sso::session(), vec![sso::ROLE.replace("ASIASSO", "ASIALOADED12345678901")]),
        source("container", container, vec![container_response("ASIALOADED12345678901")]),
        source(
            "instance",
            instance,
            vec!["the-token".to_owned(), "role-name".to_owned(), instance_response("ASIALOADED12345678901")],
        ),
    ]
}

fn sts_error(code: &str) -> Step {
    Step::Responds(
        400,
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"),
    )
}

/// Inserts `failures` before each request of a successful load. Checks that the load succeeds.
async fn check_recovers(source: &Source, failures: &[Step]) {
    let steps = |response: &String| failures.iter().cloned().chain([Step::responds(200, response)]).collect();
    let steps: Vec<Vec<Step>> = source.responses.iter().map(steps).collect();
    let fake = Fake::with_steps(steps.concat());
    let loaded = source.home.cache(&fake).credentials().await;
    let loaded = loaded.unwrap_or_else(|error| panic!("{}, {failures:?}: {error}", source.name));
    assert_eq!(loaded.access_key_id(), "ASIALOADED12345678901");
    assert_eq!(fake.requests().len(), source.responses.len() * (failures.len() + 1));
}

#[tokio::test(start_paused = true)]
async fn transient_failures_are_retried() {
    let responds = |status| Step::responds(status, "<html>");
    for source in sources() {
        for status in [500, 502, 503, 504, 429] {
            check_recovers(&source, &[responds(status)]).await;
            check_recovers(&source, &[responds(status), responds(503)]).await;
        }
        for kind in
            [TransportErrorKind::Send, TransportErrorKind::BodyIncomplete, TransportErrorKind::Refused]
        {
            check_recovers(&source, &[Step::Fails(kind)]).await;
        }
        if source.name != "instance" {
            for kind in
                [TransportErrorKind::Resolve, TransportErrorKind::Connect, TransportErrorKind::ConnectTimeout]
            {
                check_recovers(&source, &[Step::Fails(kind)]).await;
            }
            check_recovers(&source, &[Step::Stalls, Step::Stalls]).await;
        }
        if matches!(source.name, "role" | "web") {
            for code in ["Throttling", "IDPCommunicationError", "RequestLimitExceeded"] {
                check_recovers(&source, &[sts_error(code)]).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rejections_are_not_retried() {
    let mut steps: Vec<_> = [400, 401, 403, 404, 301].map(|status| Step::responds(status, "{}")).into();
    steps.extend([TransportErrorKind::Tls, TransportErrorKind::InvalidRequest].map(Step::Fails));
    steps.extend(["AccessDenied", "InvalidIdentityToken", "ExpiredTokenException"].map(sts_error));
    for source in sources() {
        for step in &steps {
            let fake = Fake::with_steps([step.clone()]);
            source.home.cache(&fake).credentials().await.unwrap_err();
            assert_eq!(fake.requests().len(), 1, "{}, {step:?}", source.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn there_are_three_attempts_with_a_backoff() {
    for source in sources() {
        let fake = Fake::new(&[(503, ""); 3]);
        let start = Instant::now();
        let error = source.home.error(&fake).await;
        assert!(error.contains("HTTP 503"), "{error}");
        assert_eq!(fake.requests().len(), 3);
        // The backoffs are random times of at most one and two seconds.
        let elapsed = start.elapsed();
        assert!(elapsed > Duration::ZERO && elapsed <= Duration::from_secs(3), "{elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_responds_is_an_error_before_the_load_timeout() {
    for source in sources().iter().filter(|source| source.name != "instance") {
        let fake = Fake::with_steps([Step::Stalls, Step::Stalls, Step::Stalls]);
        let start = Instant::now();
        let error = source.home.error(&fake).await;
        assert!(error.contains("no response within "), "{error}");
        assert!(start.elapsed() < CredentialsCacheConfig::default().load_timeout);
    }
}

#[tokio::test(start_paused = true)]
async fn the_load_timeout_ends_the_retries() {
    let source = &sources()[0];
    let fake = Fake::with_steps([Step::responds(503, ""), Step::Stalls]);
    let config = CredentialsCacheConfig::default().load_timeout(Duration::from_secs(4));
    let cache = CredentialsCache::with_config(source.home.chain(&fake).build(), config, TimeSource::new(now));
    let start = Instant::now();
    let error = cache.credentials().await.unwrap_err();
    assert!(matches!(error, CredentialsError::TimedOut { .. }), "{error}");
    assert_eq!((start.elapsed().as_secs(), fake.requests().len()), (4, 2));
}

/// Most machines have no instance metadata. A retry would only delay the error.
#[tokio::test(start_paused = true)]
async fn missing_instance_metadata_is_not_retried_by_default() {
    let home = || Home::new().unset("AWS_EC2_METADATA_DISABLED");
    for step in [Step::Stalls, Step::Fails(TransportErrorKind::Connect)] {
        let fake = Fake::with_steps([step.clone()]);
        home().error(&fake).await;
        assert_eq!(fake.requests().len(), 1);

        let explicit = home().set("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2");
        let fake = Fake::with_steps([step.clone(), step.clone()]);
        explicit.error(&fake).await;
        assert_eq!(fake.requests().len(), 2);

        // Instance metadata that has responded exists, so later requests are retried.
        let steps = [Step::responds(200, "the-token"), step.clone(), Step::responds(200, "role-name"), step];
        let fake = Fake::with_steps(steps);
        fake.add([Step::responds(200, &instance_response("ASIAINSTANCE"))]);
        assert_eq!(home().load(&fake).await.0, "ASIAINSTANCE");
    }
    let once = home().set("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1");
    let fake = Fake::new(&[(503, "")]);
    once.error(&fake).await;
    assert_eq!(fake.requests().len(), 1);
}
