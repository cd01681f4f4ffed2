//! Errors in the settings of a client.

use std::convert::Infallible;

use invoke_model_types::endpoint::NoEndpoint;

use super::setting::SettingSource;

/// An error in the settings: a missing setting, an invalid setting, or settings that contradict each other.
/// The error does not contain secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The region and the endpoint URL are both missing. Without an endpoint URL, the client derives the
    /// endpoint from the region.
    #[error("no region: set AWS_REGION, or `region` of ConfigBuilder")]
    NoRegion,

    /// An endpoint URL is set, but the region for the signature is missing.
    #[error(
        "no region to sign for: the endpoint URL ({endpoint}) does not contain one; set AWS_REGION, or `region` of \
         ConfigBuilder"
    )]
    NoSigningRegion {
        /// Source of the endpoint URL.
        endpoint: SettingSource,
    },

    /// The value of a setting is invalid.
    #[error("{setting} ({origin}): {problem}")]
    Invalid {
        /// The setting: `region`, `endpoint URL`, `bearer token`, `maximum number of attempts`, `retry mode`,
        /// `FIPS flag`, `dual-stack flag`, `flag to ignore endpoint URLs`, `profile` or `proxy`.
        setting: &'static str,
        /// Source of the setting.
        origin: SettingSource,
        /// A text that states the problem and a solution.
        problem: String,
    },

    /// A shared file or a setting of the profile is invalid.
    #[error("{problem}")]
    SharedFiles {
        /// A text that names the file or the profile, and states the problem and a solution.
        problem: String,
        /// The name of the selected profile, if this profile does not exist.
        missing_profile: Option<String>,
    },

    /// Only one of the two variables for an access key is set.
    #[error("{set} is set, but {missing} is not: set both, or neither")]
    IncompleteCredentials {
        /// The variable that is set.
        set: &'static str,
        /// The variable that is not set.
        missing: &'static str,
    },

    /// The endpoint rules of the service reject this combination of settings.
    #[error("no endpoint for these settings: {error} ({settings})")]
    Endpoint {
        /// The error of the endpoint rules.
        error: NoEndpoint,
        /// The settings that determine the endpoint, each with its source.
        settings: String,
    },
}

impl From<Infallible> for ConfigError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
