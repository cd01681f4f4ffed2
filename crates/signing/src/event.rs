//! Signed event streams: each message is signed with the signature before it, the first with that of the request.
//!
//! <https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html>

use std::fmt;
use std::time::SystemTime;

use crate::ascii::Hex;
use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::SignError;
use crate::payload::sha256_hex;
use crate::scope::CredentialScope;
use crate::sign::{Signer, SigningOutput};

/// What stands before each string to sign.
const ALGORITHM: &str = "AWS4-HMAC-SHA256-PAYLOAD";

/// Signs the messages of one stream, in their order.
///
/// A message goes on the wire as the payload of another one, with the headers `:date` (a timestamp) and
/// `:chunk-signature` (a byte array); the stream ends with one whose payload is empty. The request that the stream belongs
/// to is signed with [`PayloadHash::streaming_events`](crate::PayloadHash::streaming_events), which it says in
/// `x-amz-content-sha256`. `Debug` shows no secret.
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
/// let signed = signer.sign(&mut parts, &credentials, &PayloadHash::streaming_events(), now)?;
///
/// let mut events = signer.event_signer(&credentials, &signed);
/// let frame = b"a message as a frame";
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
    previous: Hex,
}

/// What the headers of a signed message say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedEvent {
    /// `:date`, in milliseconds since 1970; whole seconds.
    pub date: i64,
    /// `:chunk-signature`.
    pub signature: [u8; 32],
}

impl Signer {
    /// A signer of the events that follow a signed request.
    pub fn event_signer(&self, credentials: &Credentials, request: &SigningOutput) -> EventSigner<'_> {
        EventSigner { signer: self, credentials: credentials.clone(), previous: request.signature }
    }
}

impl EventSigner<'_> {
    /// Signs the next message: the frame that goes on the wire inside, or nothing at the end of the stream.
    ///
    /// # Errors
    ///
    /// See [`SignError`]. The next message is then signed as if this one had not been.
    pub fn sign(&mut self, message: &[u8], time: SystemTime) -> Result<SignedEvent, SignError> {
        let date = AmzDate::try_from(time)?;
        let scope = self.signer.scope(&date, &self.credentials)?;
        let milliseconds = date.milliseconds();
        let string_to_sign = string_to_sign(&date, &scope, self.previous.as_str(), milliseconds, message);
        let signature = self.signer.key(&self.credentials, &scope).sign(&string_to_sign);
        self.previous = Hex::of(signature);
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

/// The headers that are signed, as they stand in a frame: `:date`, which is type 8.
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
    fn each_signature_stands_on_the_one_before() {
        let (whole, changed) = (signed(&[b"a", b"b", b""]), signed(&[b"x", b"b", b""]));
        assert!(whole.iter().zip(&changed).all(|(left, right)| left != right));
        assert_eq!(whole[0], signed(&[b"a", b"c"])[0]);
        assert_ne!(whole[1], signed(&[b"b", b"a"])[1]);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let signer = Signer::new("us-east-1", "demo");
        let credentials = Credentials::new("access", "hidden", Some("hidden".to_owned()));
        let events = EventSigner { signer: &signer, credentials, previous: Hex::of([0; 32]) };
        assert!(!format!("{events:?}").contains("hidden"));
    }

    #[test]
    fn the_date_is_encoded_as_in_a_frame() {
        assert_eq!(date_header(1), b"\x05:date\x08\0\0\0\0\0\0\0\x01");
    }
}
