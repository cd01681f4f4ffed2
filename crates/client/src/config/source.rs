//! Where a setting came from.

use std::fmt;

/// Where a setting came from, so that a surprising one can be traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingSource {
    /// The program set it on the [`ConfigBuilder`](crate::ConfigBuilder).
    Code,
    /// The program set it on the [`Call`](crate::Call), for this call alone.
    Call,
    /// An environment variable.
    Environment(&'static str),
    /// An `SdkConfig` of the `aws-config` crate, which has sources of its own.
    SdkConfig,
    /// A profile of the shared files `config` and `credentials`.
    Profile,
    /// The default chain of credentials: profiles, web identity, containers, instance metadata.
    DefaultChain,
    /// The ARN of what is called: see [`ConfigBuilder::region_from_arn`](crate::ConfigBuilder::region_from_arn).
    Arn,
    /// The service's endpoint rules made it from the region and the flags.
    EndpointRules,
}

impl fmt::Display for SettingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code => f.write_str("set in code"),
            Self::Call => f.write_str("set on the call"),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::SdkConfig => f.write_str("SdkConfig"),
            Self::Profile => f.write_str("profile in the shared files"),
            Self::DefaultChain => f.write_str("default chain"),
            Self::Arn => f.write_str("the ARN of the model"),
            Self::EndpointRules => f.write_str("endpoint rules"),
        }
    }
}

/// Where the settings of a [`Config`](crate::Config) came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingSources {
    /// The region's; `None` if there is no region.
    pub region: Option<SettingSource>,
    /// The endpoint's.
    pub endpoint: SettingSource,
    /// Those of the bearer token or the credentials; `None` if there are neither, and every call will fail.
    pub credentials: Option<SettingSource>,
}

/// A value and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) source: SettingSource,
}

impl<T> Setting<T> {
    pub(crate) const fn new(value: T, source: SettingSource) -> Self {
        Self { value, source }
    }

    pub(crate) const fn in_code(value: T) -> Self {
        Self::new(value, SettingSource::Code)
    }
}
