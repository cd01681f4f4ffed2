//! AWS Signature Version 4 in header fields and in queries, signed events, and bearer tokens, as pure functions.
//!
//! [`Signer::sign`] adds a signature to an [`http`] request, [`Verifier::verify`] checks one and explains what does
//! not match, [`set_bearer_token`] sets a token. Time and credentials are arguments: nothing here does input or output,
//! reads a clock or the environment, or knows a service.
//!
//! [`Signer::presign`] signs in the query, so that a URL is enough; [`Signer::event_signer`] signs the messages of an event
//! stream. Not here: verification of these two, signed chunks of other bodies, and SigV4a.
//!
//! # The contract
//!
//! * Sign last. The request must go on the wire as it was signed: method, path, query, signed fields, body.
//! * Method, path and query are signed as they stand in the request. Whoever built the URI has percent-encoded
//!   it already; signing encodes the path once more and changes nothing in the request.
//! * Each attempt is signed anew: a signature is good for five minutes around its time. Signing replaces the
//!   fields of an earlier signature.
//! * `Debug` and `Display` of every type hide secrets, tokens and fields marked sensitive.
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
//! let signer = Signer::new("us-east-1", "bedrock"); // one for all calls: it keeps the signing key
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160); // yours: `SystemTime::now()`
//!
//! let (mut parts, body) = request.into_parts();
//! let signed = signer.sign(&mut parts, &credentials, &PayloadHash::of(body), now)?;
//! let request = http::Request::from_parts(parts, body); // send this one
//!
//! assert_eq!(request.headers()["x-amz-date"], "20150830T123600Z");
//! assert!(request.headers()["authorization"].is_sensitive());
//! assert!(signed.canonical_request().as_str().starts_with(
//!     "POST\n/model/amazon.titan-embed-text-v2%253A0/invoke\n"
//! ));
//! # Ok(())
//! # }
//! ```

mod ascii;
mod authorization;
mod bearer;
mod calendar;
mod canonical;
mod credentials;
mod date;
mod error;
mod event;
mod header;
mod key;
mod likely_cause;
mod mismatch;
mod path;
mod payload;
mod presign;
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
pub use event::{EventSigner, SignedEvent};
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
