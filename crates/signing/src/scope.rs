//! The credential scope: where and when a signing key is good for.

use std::fmt;
use std::sync::Arc;

use crate::date::AmzDate;

/// The last part of every scope, and the last input of every signing key.
pub(crate) const TERMINATOR: &str = "aws4_request";

/// Day, region and service, written `20150830/us-east-1/bedrock/aws4_request`.
#[derive(Debug, Clone)]
pub struct CredentialScope {
    date: AmzDate,
    region: Arc<str>,
    service: Arc<str>,
}

impl CredentialScope {
    /// The scope of a signature made at `date`.
    pub fn new(date: &AmzDate, region: impl Into<String>, service: impl Into<String>) -> Self {
        Self::shared(date, region.into().into(), service.into().into())
    }

    /// The same, of a region and service that are shared with whoever made them.
    pub(crate) fn shared(date: &AmzDate, region: Arc<str>, service: Arc<str>) -> Self {
        Self { date: *date, region, service }
    }

    /// The day in UTC, `20150830`.
    pub fn day(&self) -> &str {
        self.date.day()
    }

    /// The region, `us-east-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The service's signing name, `bedrock`.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The parts, in their order.
    pub(crate) fn parts(&self) -> [&str; 4] {
        [self.day(), self.region(), self.service(), TERMINATOR]
    }

    /// The length of the whole as text.
    pub(crate) fn len(&self) -> usize {
        self.parts().iter().map(|part| part.len() + 1).sum::<usize>() - 1
    }

    /// Appends the whole.
    pub(crate) fn write(&self, text: &mut String) {
        for (index, part) in self.parts().iter().enumerate() {
            if index > 0 {
                text.push('/');
            }
            text.push_str(part);
        }
    }
}

/// Two scopes are one if they are of one day.
impl PartialEq for CredentialScope {
    fn eq(&self, other: &Self) -> bool {
        self.date.is_of_the_day_of(&other.date)
            && self.region == other.region
            && self.service == other.service
    }
}

impl Eq for CredentialScope {}

impl fmt::Display for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [day, region, service, terminator] = self.parts();
        write!(f, "{day}/{region}/{service}/{terminator}")
    }
}
