//! Signing and verification of event streams. The signature of each message covers the signature of the
//! message before it. The signature of the first message covers the signature of the request.
//!
//! <https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html>

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use subtle::ConstantTimeEq;

use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::{SignError, VerifyError};
use crate::hex::HexDigest;
use crate::payload::sha256_hex;
use crate::scope::CredentialScope;
use crate::sign::{Signer, SigningOutput};
use crate::verify::{VerifiedSignature, Verifier, check_skew};

/// The first line of the string to sign. It is the same for all messages.
const ALGORITHM: &str = "AWS4-HMAC-SHA256-PAYLOAD";

/// Signs the messages of one event stream, in order.
///
/// Send each message as the payload of an outer message with the headers `:date` (a timestamp) and
/// `:chunk-signature` (a byte array). End the stream with an outer message whose payload is empty. To sign
/// the request that contains the stream, use the payload hash
/// [`PayloadHash::streaming_events`](crate::PayloadHash::streaming_events).
///
/// `Debug` redacts secrets.
///
/// ```
/// # use std::time::{Duration, SystemTime};
/// # use invoke_model_signing::{Credentials, PayloadHash, SigningSettings, Signer};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = SigningSettings { content_sha256: true, ..SigningSettings::default() };
/// let signer = Signer::new("us-east-1", "transcribe").with_settings(settings);
/// let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
/// let request = http::Request::post("https://transcribestreaming.us-east-1.amazonaws.com/stream-transcription");
/// let (mut parts, ()) = request.body(())?.into_parts();
/// let output = signer.sign(&mut parts, &credentials, &PayloadHash::streaming_events(), now)?;
///
/// let mut events = signer.event_signer(&credentials, &output);
/// let frame = b"an encoded message";
/// let event = events.sign(frame, now)?;
/// assert_eq!(event.date, 1_440_938_160_000); // `:date`
/// assert_eq!(event.signature.len(), 32); // `:chunk-signature`
/// let end = events.sign(b"", now)?;
/// assert_ne!(end.signature, event.signature);
/// # Ok(())
/// # }
/// ```
pub struct EventSigner {
    signer: Signer,
    credentials: Credentials,
    previous: HexDigest,
}

/// The headers of a signed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedEvent {
    /// Value of `:date` in milliseconds since 1970-01-01T00:00:00Z. [`EventSigner`] returns whole seconds, but
    /// other clients also send fractions of a second.
    pub date: i64,
    /// Value of `:chunk-signature`.
    pub signature: [u8; 32],
}

impl Signer {
    /// Creates a signer for the event stream of a signed request. `request` is the output of
    /// [`sign`](Self::sign).
    pub fn event_signer(&self, credentials: &Credentials, request: &SigningOutput) -> EventSigner {
        EventSigner::new(self.with_empty_cache(), credentials, request.signature)
    }
}

impl EventSigner {
    fn new(signer: Signer, credentials: &Credentials, previous: HexDigest) -> Self {
        Self { signer, credentials: credentials.clone(), previous }
    }

    /// Signs the next message. `message` is the encoded message. At the end of the stream, pass an empty
    /// `message`.
    ///
    /// # Errors
    ///
    /// See [`SignError`]. After an error, the signer is unchanged.
    pub fn sign(&mut self, message: &[u8], time: SystemTime) -> Result<SignedEvent, SignError> {
        let date = AmzDate::try_from(time)?;
        let milliseconds = date.milliseconds();
        let signature = self.signature(message, &date, milliseconds)?;
        self.previous = HexDigest::encode(signature);
        Ok(SignedEvent { date: milliseconds, signature })
    }

    /// Computes the signature of the next message. `milliseconds` is the value of `:date`.
    fn signature(&self, message: &[u8], date: &AmzDate, milliseconds: i64) -> Result<[u8; 32], SignError> {
        let scope = self.signer.scope(date, &self.credentials)?;
        let string_to_sign = string_to_sign(date, &scope, self.previous.as_str(), milliseconds, message);
        Ok(self.signer.key(&self.credentials, &scope).sign(&string_to_sign))
    }
}

impl fmt::Debug for EventSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSigner")
            .field("signer", &self.signer)
            .field("previous", &self.previous)
            .finish_non_exhaustive()
    }
}

/// Verifies the messages of one event stream, in order. [`Verifier::event_verifier`] returns it.
///
/// `Debug` redacts secrets.
#[derive(Debug)]
pub struct EventVerifier {
    signer: EventSigner,
    max_skew: Duration,
}

impl Verifier {
    /// Creates a verifier for the event stream of a verified request. `request` is the output of
    /// [`verify`](Self::verify), and `credentials` are the credentials that signed the request.
    ///
    /// The maximum difference between the signing time of a message and the time of verification is the same
    /// as for a request.
    pub fn event_verifier(&self, credentials: &Credentials, request: &VerifiedSignature) -> EventVerifier {
        let scope = request.scope();
        let signer = Signer::new(scope.region(), scope.service());
        EventVerifier {
            signer: EventSigner::new(signer, credentials, request.signature),
            max_skew: self.max_skew(),
        }
    }
}

impl EventVerifier {
    /// Verifies the next message. `event` contains the headers of the outer message, and `message` is its
    /// payload. At the end of the stream, `message` is empty.
    ///
    /// # Errors
    ///
    /// Returns [`VerifyError::ClockSkew`] if the time of the message is too far from `now`. Returns
    /// [`VerifyError::EventSignatureMismatch`] if the client signed another message, another time or another
    /// position in the stream, or used another secret access key. After an error, the verifier is unchanged.
    pub fn verify(
        &mut self,
        event: &SignedEvent,
        message: &[u8],
        now: SystemTime,
    ) -> Result<(), VerifyError> {
        let milliseconds = u64::try_from(event.date).unwrap_or_default();
        let signed_at = UNIX_EPOCH + Duration::from_millis(milliseconds);
        check_skew(signed_at, now, self.max_skew)?;
        let signature = AmzDate::try_from(signed_at)
            .ok()
            .and_then(|date| self.signer.signature(message, &date, event.date).ok());
        match signature {
            Some(signature) if bool::from(signature.ct_eq(&event.signature)) => {
                self.signer.previous = HexDigest::encode(signature);
                Ok(())
            }
            _ => Err(VerifyError::EventSignatureMismatch),
        }
    }
}

fn string_to_sign(
    date: &AmzDate,
    scope: &CredentialScope,
    previous: &str,
    milliseconds: i64,
    message: &[u8],
) -> String {
    let (headers, message) = (sha256_hex(&date_header(milliseconds)), sha256_hex(message));
    let (headers, message) = (headers.as_str(), message.as_str());
    format!("{ALGORITHM}\n{date}\n{scope}\n{previous}\n{headers}\n{message}")
}

/// Encodes the header `:date` in the header format of messages. `:date` is the only signed header. Type 8 is
/// a timestamp.
///
/// <https://smithy.io/2.0/aws/amazon-eventstream.html>
fn date_header(milliseconds: i64) -> Vec<u8> {
    let mut header = b"\x05:date\x08".to_vec();
    header.extend(milliseconds.to_be_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::PayloadHash;
    use crate::settings::SigningSettings;

    fn signed(messages: &[&[u8]]) -> Vec<[u8; 32]> {
        let signer = Signer::new("us-east-1", "demo");
        let credentials = Credentials::new("access", "secret", None);
        let (mut parts, ()) = http::Request::post("https://example.com/").body(()).unwrap().into_parts();
        let now = UNIX_EPOCH + Duration::from_millis(1_440_938_160_999);
        let request = signer.sign(&mut parts, &credentials, &PayloadHash::streaming_events(), now).unwrap();
        let mut events = signer.event_signer(&credentials, &request);
        messages.iter().map(|message| events.sign(message, now).unwrap().signature).collect()
    }

    #[test]
    fn each_signature_covers_the_one_before() {
        let (whole, changed) = (signed(&[b"a", b"b", b""]), signed(&[b"x", b"b", b""]));
        assert!(whole.iter().zip(&changed).all(|(left, right)| left != right));
        assert_eq!(whole[0], signed(&[b"a", b"c"])[0]);
        assert_ne!(whole[1], signed(&[b"b", b"a"])[1]);
    }

    #[test]
    fn debug_redacts_secrets() {
        let signer = Signer::new("us-east-1", "demo");
        let credentials = Credentials::new("access", "hidden", Some("hidden".to_owned()));
        let events = EventSigner { signer, credentials, previous: HexDigest::encode([0; 32]) };
        assert!(!format!("{events:?}").contains("hidden"));
    }

    #[test]
    fn verifies_a_message_only_at_its_position_and_time() {
        let settings = SigningSettings { content_sha256: true, ..SigningSettings::default() };
        let signer = Signer::new("us-east-1", "demo").with_settings(settings);
        let credentials = Credentials::new("access", "secret", None);
        let (mut parts, ()) = http::Request::post("https://example.com/").body(()).unwrap().into_parts();
        let (now, hash) = (UNIX_EPOCH + Duration::from_secs(1_440_938_160), PayloadHash::streaming_events());
        let request = signer.sign(&mut parts, &credentials, &hash, now).unwrap();
        let mut events = signer.event_signer(&credentials, &request);
        let signed = [b"a", b"b"].map(|message| events.sign(message, now).unwrap());

        let verifier = Verifier::new("demo");
        let verified = verifier.verify(&parts, &hash, |_| Some(credentials.clone()), now).unwrap();
        let mut events = verifier.event_verifier(&credentials, &verified);
        let is_mismatch = |result| matches!(result, Err(VerifyError::EventSignatureMismatch));
        assert!(is_mismatch(events.verify(&signed[1], b"b", now)));
        assert!(is_mismatch(events.verify(&signed[0], b"b", now)));
        let moved = SignedEvent { date: signed[0].date + 1_000, ..signed[0] };
        assert!(is_mismatch(events.verify(&moved, b"a", now)));
        let fraction = SignedEvent { date: signed[0].date + 1, ..signed[0] };
        assert!(is_mismatch(events.verify(&fraction, b"a", now)));
        let late = events.verify(&signed[0], b"a", now + Duration::from_secs(301));
        assert!(matches!(late, Err(VerifyError::ClockSkew { .. })));
        events.verify(&signed[0], b"a", now).unwrap();
        assert!(is_mismatch(events.verify(&signed[0], b"a", now)));
        events.verify(&signed[1], b"b", now).unwrap();
    }

    #[test]
    fn verifies_a_date_with_milliseconds() {
        let signer = Signer::new("us-east-1", "demo");
        let credentials = Credentials::new("access", "secret", None);
        let signer = EventSigner::new(signer, &credentials, HexDigest::encode([0; 32]));
        let mut events = EventVerifier { signer, max_skew: Duration::from_secs(300) };
        // `SignatureV4.signMessage` of `@smithy/signature-v4` returned this signature.
        let signature = [
            0xba, 0x6d, 0xc1, 0xf5, 0x73, 0x51, 0xd6, 0xe1, 0xa6, 0xd2, 0x45, 0x8d, 0x7d, 0x12, 0x6c, 0x44,
            0x9c, 0xfc, 0x75, 0x87, 0xd3, 0x9e, 0x8a, 0x04, 0xc9, 0x3e, 0x87, 0xbb, 0x2b, 0x8c, 0xd6, 0x20,
        ];
        let signed = SignedEvent { date: 1_440_938_160_123, signature };
        let now = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        assert!(events.verify(&SignedEvent { date: signed.date + 1, ..signed }, b"a", now).is_err());
        events.verify(&signed, b"a", now).unwrap();
    }

    #[test]
    fn encodes_the_date_header() {
        assert_eq!(date_header(1), b"\x05:date\x08\0\0\0\0\0\0\0\x01");
    }
}
