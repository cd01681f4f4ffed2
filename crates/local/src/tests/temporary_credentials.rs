//! Tests of credentials that expire, and of their replacement.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::{FaultFile, LocalEndpoint};

/// A clock that tests set. The value is the number of seconds after [`now`](super::now).
#[derive(Default)]
struct TestClock(Arc<AtomicU64>);

impl TestClock {
    fn now(&self) -> SystemTime {
        now() + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn builder(&self) -> LocalEndpointBuilder {
        let seconds = Arc::clone(&self.0);
        LocalEndpointBuilder::new()
            .clock(move || now() + Duration::from_secs(seconds.load(Ordering::Relaxed)))
    }

    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::Relaxed);
    }

    fn signed(&self, credentials: &Credentials) -> Request<Bytes> {
        sign_as(request(input(TITAN, BODY)), credentials, &Signer::new("us-east-1", "bedrock"), self.now())
    }
}

fn temporary(id: &str) -> Credentials {
    Credentials::new(id, "secret", Some("token".to_owned()))
}

#[test]
fn credentials_are_accepted_until_they_expire() {
    let clock = TestClock::default();
    let expiry = now() + Duration::from_secs(900);
    let endpoint =
        clock.builder().temporary_credentials("TEMPORARY", "secret", "token", expiry).build_state();
    for (seconds, accepted) in [(0, true), (899, true), (900, false), (10_000, false)] {
        clock.set(seconds);
        let request = clock.signed(&temporary("TEMPORARY"));
        if accepted {
            assert_eq!(send(&endpoint, request).status(), 200);
        } else {
            let message = check_error(&endpoint, request, 403, "ExpiredTokenException");
            assert_eq!(message, "The security token included in the request is expired");
        }
        assert_eq!(
            send(&endpoint, clock.signed(&credentials())).status(),
            200,
            "the endpoint's own credentials do not expire"
        );
    }
    let wrong = Credentials::new("TEMPORARY", "secret", Some("other".to_owned()));
    check_error(&endpoint, clock.signed(&wrong), 403, "UnrecognizedClientException");
    let wrong = Credentials::new("TEMPORARY", "wrong", Some("token".to_owned()));
    check_error(&endpoint, clock.signed(&wrong), 403, "InvalidSignatureException");
}

#[tokio::test]
async fn replaced_credentials_are_accepted() {
    let clock = TestClock::default();
    let builder = clock.builder().temporary_credentials("FIRST", "secret", "token", now());
    let local = builder.start().await.unwrap();
    let status = async |local: &LocalEndpoint, id: &str| {
        let mut socket = super::wire::connect(local).await;
        let request = super::wire::wire(&clock.signed(&temporary(id)));
        tokio::io::AsyncWriteExt::write_all(&mut socket, &request).await.unwrap();
        super::wire::read(&mut socket).await.0
    };
    assert!(status(&local, "FIRST").await.starts_with("http/1.1 403 "));
    assert!(status(&local, "SECOND").await.contains("unrecognizedclientexception"));
    local.add_temporary_credentials("SECOND", "secret", "token", now() + Duration::from_secs(1));
    assert!(status(&local, "SECOND").await.starts_with("http/1.1 200 "));
    local.add_temporary_credentials("FIRST", "secret", "token", now() + Duration::from_secs(1));
    assert!(status(&local, "FIRST").await.starts_with("http/1.1 200 "));
}

#[test]
fn the_lifetime_of_credentials_from_a_file_begins_when_the_endpoint_starts() {
    let file = FaultFile::from_json(
        r#"{"credentials": [{"access_key_id": "A", "secret_access_key": "secret", "session_token": "token", "expire_in_seconds": 60}]}"#,
    );
    let file = file.unwrap();
    assert!(!format!("{file:?}").contains("secret"), "{file:?}");
    let clock = TestClock::default();
    clock.set(1_000);
    let endpoint = clock.builder().fault_file(file).build_state();
    clock.set(1_059);
    assert_eq!(send(&endpoint, clock.signed(&temporary("A"))).status(), 200);
    clock.set(1_060);
    check_error(&endpoint, clock.signed(&temporary("A")), 403, "ExpiredTokenException");
}
