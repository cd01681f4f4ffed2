//! The credential scope: where and when a signing key is good for.

use std::fmt;

use crate::date::AmzDate;

/// The last part of every scope, and the last input of every signing key.
pub(crate) const TERMINATOR: &str = "aws4_request";

/// Day, region and service, written `20150830/us-east-1/bedrock/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialScope {
    day: String,
    region: String,
    service: String,
}

impl CredentialScope {
    /// The scope of a signature made at `date`.
    pub fn new(date: &AmzDate, region: impl Into<String>, service: impl Into<String>) -> Self {
        Self { day: date.day().to_owned(), region: region.into(), service: service.into() }
    }

    /// The day in UTC, `20150830`.
    pub fn day(&self) -> &str {
        &self.day
    }

    /// The region, `us-east-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The service's signing name, `bedrock`.
    pub fn service(&self) -> &str {
        &self.service
    }
}

impl fmt::Display for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{TERMINATOR}", self.day, self.region, self.service)
    }
}
