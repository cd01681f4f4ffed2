//! AWS Signature Version 4. This crate signs `http` requests, presigns URLs, signs event streams and verifies
//! signed requests.
//!
//! All functions are pure. The caller passes credentials and the current time. The crate performs no I/O,
//! reads neither the clock nor the environment, and contains no service-specific code.
//!
//! | to | use |
//! |---|---|
//! | sign a request with headers | [`Signer::sign`] |
//! | presign a URL | [`Signer::presign`] |
//! | sign the messages of an event stream | [`Signer::event_signer`] |
//! | send a bearer token instead of a signature | [`set_bearer_token`] |
//! | verify a request or a presigned URL, and explain a signature that does not match | [`Verifier::verify`] |
//! | verify the messages of an event stream | [`Verifier::event_verifier`] |
//! | perform single steps of signing | [`SignableRequest`], [`string_to_sign`], [`calculate_signature`] |
//!
//! The crate does not support:
//!
//! * SigV4a
//! * signed chunks of bodies, except the messages of event streams
//!
//! # Requirements for the caller
//!
//! * Sign the request after all other changes. Send it with the method, path, query, signed headers and body
//!   that were signed.
//! * Percent-encode path and query before signing. SigV4 requires a second encoding of the path in the
//!   canonical request. Signing performs this encoding, but does not change the URI of the request.
//! * Sign the request again for each attempt, because AWS services reject signatures that are more than five
//!   minutes old. Signing replaces the headers of an earlier signature.
//!
//! `Debug` and `Display` of all types redact secrets, session tokens and header values that are marked
//! sensitive.
//!
//! # Sign for your own HTTP client
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use invoke_model_signing::{Credentials, PayloadHash, Signer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let body = br#"{"inputText":"hello"}"#;
//! let uri = "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke";
//! let request = http::Request::post(uri).header("content-type", "application/json").body(&body[..])?;
//!
//! let signer = Signer::new("us-east-1", "bedrock"); // share the signer: it caches the signing key
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160); // in your program: `SystemTime::now()`
//!
//! let (mut parts, body) = request.into_parts();
//! let output = signer.sign(&mut parts, &credentials, &PayloadHash::of(body), now)?;
//! let request = http::Request::from_parts(parts, body); // send this request
//!
//! assert_eq!(request.headers()["x-amz-date"], "20150830T123600Z");
//! assert!(request.headers()["authorization"].is_sensitive());
//! assert!(output.canonical_request().as_str().starts_with(
//!     "POST\n/model/amazon.titan-embed-text-v2%253A0/invoke\n"
//! ));
//! # Ok(())
//! # }
//! ```

mod authorization;
mod bearer;
mod canonical;
mod credentials;
mod date;
mod error;
mod event;
mod header;
mod hex;
mod key;
mod likely_cause;
mod mismatch;
mod path;
mod payload;
mod presign;
mod presigned;
mod query;
mod scope;
mod settings;
mod sign;
mod verify;

pub use bearer::set_bearer_token;
pub use canonical::{CanonicalRequest, CanonicalRequestDiff, SignableRequest};
pub use credentials::Credentials;
pub use date::{AmzDate, AmzDateError};
pub use error::{SignError, VerifyError};
pub use event::{EventSigner, EventVerifier, SignedEvent};
pub use header::SignableHeader;
pub use key::calculate_signature;
pub use likely_cause::LikelyCause;
pub use mismatch::SignatureMismatch;
pub use payload::{PayloadHash, PayloadHasher};
pub use presign::{MAX_PRESIGN_EXPIRY, PresignParams};
pub use scope::CredentialScope;
pub use settings::SigningSettings;
pub use sign::{Signer, SigningOutput, string_to_sign};
pub use verify::{VerifiedSignature, Verifier};
