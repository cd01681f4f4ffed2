//! Why there is no configuration.

use std::convert::Infallible;

use invoke_model_types::endpoint::NoEndpoint;

use super::SettingSource;

/// A setting that is missing, that contradicts another, or that cannot be what it is. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither a region, which makes the endpoint, nor an endpoint.
    #[error("no region: set AWS_REGION, or the region in Config")]
    NoRegion,

    /// An endpoint, but no region to sign for.
    #[error(
        "no region to sign for: the endpoint URL ({endpoint}) does not say one; set AWS_REGION, or the region in \
         Config"
    )]
    NoSigningRegion {
        /// Where the endpoint came from.
        endpoint: SettingSource,
    },

    /// A setting with a value that it cannot have.
    #[error("the {setting} ({origin}) {problem}")]
    Invalid {
        /// What it is: `region`, `endpoint URL`, `bearer token`, `FIPS flag`, `dual-stack flag`, `proxy`.
        setting: &'static str,
        /// Where it came from.
        origin: SettingSource,
        /// What is wrong and what to do, as the rest of a sentence.
        problem: String,
    },

    /// One half of a key pair.
    #[error("{given} is set, but {missing} is not: set both, or neither")]
    HalfCredentials {
        /// The variable that is set.
        given: &'static str,
        /// The variable that is not.
        missing: &'static str,
    },

    /// The endpoint rules refuse this combination of settings.
    #[error("no endpoint: {error} ({settings})")]
    Endpoint {
        /// In the words of the rules.
        error: NoEndpoint,
        /// The settings that made it, each with its source.
        settings: String,
    },
}

impl From<Infallible> for ConfigError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
