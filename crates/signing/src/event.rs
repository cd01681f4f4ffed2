//! Signing of event streams. The signature of each message covers the signature of the message before it. The
//! signature of the first message covers the signature of the request.
//!
//! <https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html>

use std::fmt;
use std::time::SystemTime;

use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::SignError;
use crate::hex::HexDigest;
use crate::payload::sha256_hex;
use crate::scope::CredentialScope;
use crate::sign::{Signer, SigningOutput};

/// The first line of the string to sign. It is the same for all messages.
const ALGORITHM: &str = "AWS4-HMAC-SHA256-PAYLOAD";

/// Signs the messages of one event stream, in order.
///
/// Send each message as the payload of an outer message with the headers `:date` (a timestamp) and
/// `:chunk-signature` (a byte array). End the stream with an outer message whose payload is empty. Sign the
/// request that contains the stream with
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
pub struct EventSigner<'a> {
    signer: &'a Signer,
    credentials: Credentials,
    previous: HexDigest,
}

/// The headers of a signed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedEvent {
    /// Value of `:date` in milliseconds since 1970-01-01T00:00:00Z. The value is always a multiple of 1,000.
    pub date: i64,
    /// Value of `:chunk-signature`.
    pub signature: [u8; 32],
}

impl Signer {
    /// Creates a signer for the event stream of a signed request. `request` is the output of
    /// [`sign`](Self::sign).
    pub fn event_signer(&self, credentials: &Credentials, request: &SigningOutput) -> EventSigner<'_> {
        EventSigner { signer: self, credentials: credentials.clone(), previous: request.signature }
    }
}

impl EventSigner<'_> {
    /// Signs the next message. `message` is the encoded message. At the end of the stream, pass an empty
    /// `message`.
    ///
    /// # Errors
    ///
    /// See [`SignError`]. After an error, the signer is unchanged.
    pub fn sign(&mut self, message: &[u8], time: SystemTime) -> Result<SignedEvent, SignError> {
        let date = AmzDate::try_from(time)?;
        let scope = self.signer.scope(&date, &self.credentials)?;
        let milliseconds = date.milliseconds();
        let string_to_sign = string_to_sign(&date, &scope, self.previous.as_str(), milliseconds, message);
        let signature = self.signer.key(&self.credentials, &scope).sign(&string_to_sign);
        self.previous = HexDigest::encode(signature);
        Ok(SignedEvent { date: milliseconds, signature })
    }
}

impl fmt::Debug for EventSigner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSigner")
            .field("signer", self.signer)
            .field("previous", &self.previous)
            .finish_non_exhaustive()
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
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::payload::PayloadHash;

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
        let events = EventSigner { signer: &signer, credentials, previous: HexDigest::encode([0; 32]) };
        assert!(!format!("{events:?}").contains("hidden"));
    }

    #[test]
    fn encodes_the_date_header() {
        assert_eq!(date_header(1), b"\x05:date\x08\0\0\0\0\0\0\0\x01");
    }
}
