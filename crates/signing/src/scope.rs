//! The credential scope: day, region and service for which a signing key is valid.

use std::fmt;
use std::sync::Arc;

use crate::date::AmzDate;

/// The last part of each credential scope. It is also the last input of the derivation of a signing key.
pub(crate) const TERMINATOR: &str = "aws4_request";

/// Day, region and service of a signature. `Display` writes `20150830/us-east-1/bedrock/aws4_request`.
#[derive(Clone, Debug)]
pub struct CredentialScope {
    date: AmzDate,
    region: Arc<str>,
    service: Arc<str>,
}

impl CredentialScope {
    /// Creates the scope of a signature made at `date`.
    pub fn new(date: &AmzDate, region: impl Into<String>, service: impl Into<String>) -> Self {
        Self::shared(date, region.into().into(), service.into().into())
    }

    /// Creates a scope that shares its strings with a signer.
    pub(crate) fn shared(date: &AmzDate, region: Arc<str>, service: Arc<str>) -> Self {
        Self { date: *date, region, service }
    }

    /// Returns the day in UTC, for example `20150830`.
    pub fn day(&self) -> &str {
        self.date.day()
    }

    /// Returns the region, for example `us-east-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the signing name of the service, for example `bedrock`.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns the time of signing. The text of the scope contains only the day.
    pub(crate) fn date(&self) -> &AmzDate {
        &self.date
    }

    pub(crate) fn parts(&self) -> [&str; 4] {
        [self.day(), self.region(), self.service(), TERMINATOR]
    }

    /// Returns the length of the scope as text.
    pub(crate) fn len(&self) -> usize {
        self.parts().iter().map(|part| part.len() + 1).sum::<usize>() - 1
    }

    /// Appends the scope as text.
    pub(crate) fn write(&self, text: &mut String) {
        for (index, part) in self.parts().iter().enumerate() {
            if index > 0 {
                text.push('/');
            }
            text.push_str(part);
        }
    }
}

/// Compares day, region and service. The time of day is not part of a scope.
impl PartialEq for CredentialScope {
    fn eq(&self, other: &Self) -> bool {
        self.date.is_same_day(&other.date) && self.region == other.region && self.service == other.service
    }
}

impl Eq for CredentialScope {}

impl fmt::Display for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [day, region, service, terminator] = self.parts();
        write!(f, "{day}/{region}/{service}/{terminator}")
    }
}
