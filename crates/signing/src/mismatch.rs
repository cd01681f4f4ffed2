//! Why a signature does not match: both canonical requests and the first line that differs.

use std::fmt;

use crate::canonical::CanonicalRequest;
use crate::difference::Difference;
use crate::mistake::Mistake;

/// A signature that is not the one computed here.
///
/// The client's canonical request does not travel with the request. But if a known [`Mistake`] gives the client's
/// signature, that canonical request is the client's for certain, and is shown. If none does, the client has
/// another secret, or the body or a signed field changed after signing; whoever has the client's canonical
/// request can [`compare`](Self::compare) it.
///
/// `Display` is the whole explanation on several lines, without sensitive values.
#[derive(Debug, Clone)]
pub struct Mismatch {
    pub(crate) ours: CanonicalRequest,
    pub(crate) string_to_sign: String,
    pub(crate) explained: Option<(Mistake, CanonicalRequest)>,
}

impl Mismatch {
    /// The canonical request as computed here.
    pub fn ours(&self) -> &CanonicalRequest {
        &self.ours
    }

    /// The canonical request that the client signed, if it is known.
    pub fn theirs(&self) -> Option<&CanonicalRequest> {
        self.explained.as_ref().map(|(_, theirs)| theirs)
    }

    /// The string to sign as computed here.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }

    /// The mistake that explains the signature.
    pub fn mistake(&self) -> Option<Mistake> {
        self.explained.as_ref().map(|(mistake, _)| *mistake)
    }

    /// The first line in which ours and theirs differ, if theirs is known.
    pub fn difference(&self) -> Option<Difference> {
        self.compare(self.theirs()?.as_str())
    }

    /// The first line in which a canonical request, as the client printed it, differs from ours. None means that
    /// they are the same, so the secrets differ.
    pub fn compare(&self, client_canonical_request: &str) -> Option<Difference> {
        self.ours.first_difference(client_canonical_request)
    }

    /// The explanation in one line.
    pub fn summary(&self) -> String {
        match (self.mistake(), self.difference()) {
            (Some(mistake), Some(difference)) => format!("{mistake}; {difference}"),
            _ => {
                "the client has another secret access key, or the body or a signed header field is not as it \
                  was when signed"
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut section = |title: &str, text: &str| {
            writeln!(f, "{title}:")?;
            (1..).zip(text.split('\n')).try_for_each(|(number, line)| writeln!(f, "{number:>4} | {line}"))
        };
        section("Canonical request, computed here", &self.ours.to_string())?;
        if let Some(theirs) = self.theirs() {
            section("Canonical request, signed by the client", &theirs.to_string())?;
        }
        section("String to sign, computed here", &self.string_to_sign)?;
        write!(f, "The signature does not match: {}.", self.summary())
    }
}
