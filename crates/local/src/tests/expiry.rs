//! Credentials that expire, and others that take their place.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::{Faults, LocalEndpoint};

/// A clock that a test moves, in seconds.
#[derive(Default)]
struct Moving(Arc<AtomicU64>);

impl Moving {
    fn now(&self) -> SystemTime {
        now() + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn builder(&self) -> Builder {
        let seconds = Arc::clone(&self.0);
        Builder::new().clock(move || now() + Duration::from_secs(seconds.load(Ordering::Relaxed)))
    }

    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::Relaxed);
    }

    fn signed(&self, who: &Credentials) -> Request<Bytes> {
        sign_as(request(input(TITAN, BODY)), who, &Signer::new("us-east-1", "bedrock"), self.now())
    }
}

fn temporary(id: &str) -> Credentials {
    Credentials::new(id, "secret", Some("token".to_owned()))
}

#[test]
fn credentials_are_good_until_they_expire() {
    let clock = Moving::default();
    let later = now() + Duration::from_secs(900);
    let endpoint = clock.builder().temporary_credentials("TEMPORARY", "secret", "token", later).endpoint();
    for (seconds, good) in [(0, true), (899, true), (900, false), (10_000, false)] {
        clock.set(seconds);
        let request = clock.signed(&temporary("TEMPORARY"));
        if good {
            assert_eq!(send(&endpoint, request).status(), 200);
        } else {
            let message = refused(&endpoint, request, 403, "ExpiredTokenException");
            assert_eq!(message, "The security token included in the request is expired");
        }
        assert_eq!(
            send(&endpoint, clock.signed(&credentials())).status(),
            200,
            "the endpoint's own do not expire"
        );
    }
    let wrong = Credentials::new("TEMPORARY", "secret", Some("other".to_owned()));
    refused(&endpoint, clock.signed(&wrong), 403, "UnrecognizedClientException");
    let wrong = Credentials::new("TEMPORARY", "wrong", Some("token".to_owned()));
    refused(&endpoint, clock.signed(&wrong), 403, "InvalidSignatureException");
}

#[tokio::test]
async fn refreshed_credentials_are_good() {
    let clock = Moving::default();
    let builder = clock.builder().temporary_credentials("FIRST", "secret", "token", now());
    let local = builder.start().await.unwrap();
    let status = async |local: &LocalEndpoint, who: &str| {
        let mut socket = super::wire::connect(local).await;
        let request = super::wire::wire(&clock.signed(&temporary(who)));
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
fn those_of_a_file_begin_with_the_endpoint() {
    let faults = Faults::from_json(
        r#"{"credentials": [{"access_key_id": "A", "secret_access_key": "secret", "session_token": "token", "expire_in_seconds": 60}]}"#,
    );
    let faults = faults.unwrap();
    assert!(!format!("{faults:?}").contains("secret"), "{faults:?}");
    let clock = Moving::default();
    clock.set(1_000);
    let endpoint = clock.builder().script(faults).endpoint();
    clock.set(1_059);
    assert_eq!(send(&endpoint, clock.signed(&temporary("A"))).status(), 200);
    clock.set(1_060);
    refused(&endpoint, clock.signed(&temporary("A")), 403, "ExpiredTokenException");
}
