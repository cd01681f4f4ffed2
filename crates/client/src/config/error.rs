//! Errors of the settings of a client.

use std::convert::Infallible;

use invoke_model_types::endpoint::NoEndpoint;

use super::setting::SettingSource;

/// A setting that is missing, invalid, or contradicts another. Contains no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither a region, from which the endpoint is derived, nor an endpoint URL is set.
    #[error("no region: set AWS_REGION, or `region` of ConfigBuilder")]
    NoRegion,

    /// An endpoint URL is set, but no region to sign for.
    #[error(
        "no region to sign for: the endpoint URL ({endpoint}) does not name one; set AWS_REGION, or `region` of \
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
        /// `FIPS flag`, `dual-stack flag` or `proxy`.
        setting: &'static str,
        /// Source of the setting.
        origin: SettingSource,
        /// The problem and what to do, in words.
        problem: String,
    },

    /// Only one half of an access key pair is set.
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
