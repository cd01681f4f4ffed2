//! The explanation of a signature that does not match.

use std::fmt;

use crate::canonical::{CanonicalRequest, CanonicalRequestDiff};
use crate::likely_cause::LikelyCause;

/// The explanation of a signature that differs from the signature that the verifier computed.
///
/// A request does not contain the canonical request that the client signed. Therefore the verifier computes a
/// canonical request and its signature for each [`LikelyCause`]. If one of these signatures equals the
/// client's signature, [`client_canonical_request`](Self::client_canonical_request) returns the corresponding
/// canonical request.
///
/// If no [`LikelyCause`] explains the signature, the client probably used another secret access key, or the
/// body or a signed header changed after signing. In this case, call [`diff_with`](Self::diff_with) with the
/// canonical request that the client logged.
///
/// `Display` prints the complete explanation on several lines. [`summary`](Self::summary) returns one line.
/// Both texts redact sensitive header values.
#[derive(Clone, Debug)]
pub struct SignatureMismatch {
    pub(crate) canonical_request: CanonicalRequest,
    pub(crate) string_to_sign: String,
    pub(crate) explanation: Option<(LikelyCause, CanonicalRequest)>,
}

impl SignatureMismatch {
    /// Returns the canonical request that the verifier computed.
    pub fn canonical_request(&self) -> &CanonicalRequest {
        &self.canonical_request
    }

    /// Returns the canonical request that the client signed, or `None` if no [`LikelyCause`] explains the
    /// signature.
    pub fn client_canonical_request(&self) -> Option<&CanonicalRequest> {
        self.explanation.as_ref().map(|(_, canonical_request)| canonical_request)
    }

    /// Returns the SigV4 string to sign, as computed by the verifier.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }

    /// Returns the client error that produces exactly this signature, or `None` if no known error produces
    /// this signature.
    pub fn likely_cause(&self) -> Option<LikelyCause> {
        self.explanation.as_ref().map(|(cause, _)| *cause)
    }

    /// Returns the first line in which the two canonical requests differ, or `None` if the client's canonical
    /// request is unknown.
    pub fn diff(&self) -> Option<CanonicalRequestDiff> {
        self.diff_with(self.client_canonical_request()?.as_str())
    }

    /// Returns the first line in which `client_canonical_request` differs from the canonical request of the
    /// verifier. Pass the canonical request that the client logged.
    ///
    /// Returns `None` if both canonical requests are equal. In this case, the secret access keys differ.
    pub fn diff_with(&self, client_canonical_request: &str) -> Option<CanonicalRequestDiff> {
        self.canonical_request.diff(client_canonical_request)
    }

    /// Returns the explanation in one line.
    pub fn summary(&self) -> String {
        match (self.likely_cause(), self.diff()) {
            (Some(cause), Some(diff)) => format!("{cause}; {diff}"),
            _ => "the client used another secret access key, or the body or a signed header changed after signing"
                .to_owned(),
        }
    }
}

impl fmt::Display for SignatureMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut section = |title: &str, text: &str| {
            writeln!(f, "{title}:")?;
            (1..).zip(text.split('\n')).try_for_each(|(number, line)| writeln!(f, "{number:>4} | {line}"))
        };
        section("Canonical request computed by the verifier", &self.canonical_request.to_string())?;
        if let Some(client) = self.client_canonical_request() {
            section("Canonical request signed by the client", &client.to_string())?;
        }
        section("String to sign computed by the verifier", &self.string_to_sign)?;
        write!(f, "The signature does not match: {}.", self.summary())
    }
}
