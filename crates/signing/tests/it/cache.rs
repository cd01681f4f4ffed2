//! Tests that a cached signing key produces the same signatures as a new signing key.

use std::time::Duration;

use invoke_model_signing::{AmzDate, CredentialScope, Credentials, PayloadHash, Signer, calculate_signature};

use crate::{ID, SECRET, now, parts, signer};

fn check(signer: &Signer, secret: &str, hours: u64) {
    let credentials = Credentials::new(ID, secret, None);
    let time = now() + Duration::from_secs(hours * 60 * 60);
    let mut request = parts("https://localhost/", &[]);
    let signed = signer.sign(&mut request, &credentials, &PayloadHash::EMPTY, time).unwrap();
    let scope = CredentialScope::new(&AmzDate::try_from(time).unwrap(), "us-east-1", "bedrock");
    assert_eq!(signed.signature(), calculate_signature(&credentials, &scope, signed.string_to_sign()));
}

#[test]
fn replaces_the_key_when_day_or_secret_changes() {
    let signer = signer();
    for (secret, hours) in
        [(SECRET, 0), (SECRET, 1), (SECRET, 12), ("other", 12), ("other", 0), (SECRET, 0), ("", 0), ("S", 0)]
    {
        check(&signer, secret, hours);
    }
}

#[test]
fn can_be_shared_among_threads() {
    let signer = signer();
    std::thread::scope(|scope| {
        for secret in ["one", "two", "three"] {
            let signer = &signer;
            scope.spawn(move || (0..50).for_each(|hours| check(signer, secret, hours)));
        }
    });
}
