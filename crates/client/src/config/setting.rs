//! A setting and its source.

use std::fmt;

/// The source of a setting. The source helps to find the reason for an unexpected value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingSource {
    /// A setter of [`ConfigBuilder`](crate::ConfigBuilder).
    Code,
    /// A setter of [`Call`](crate::Call). The setting applies only to that call.
    Call,
    /// The environment variable with this name.
    Environment(&'static str),
    /// An `SdkConfig` of the `aws-config` crate. `SdkConfig` does not expose the original source of the
    /// setting.
    SdkConfig,
    /// A profile in the shared files `config` and `credentials`.
    Profile,
    /// The default credentials chain: profiles, web identity, containers and instance metadata.
    DefaultChain,
    /// The ARN of a model that the program passed to
    /// [`ConfigBuilder::region_from_arn`](crate::ConfigBuilder::region_from_arn).
    Arn,
    /// The endpoint rules of the service. These rules derive the endpoint from the region, the FIPS flag and
    /// the dual-stack flag.
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
            Self::Arn => f.write_str("ARN of the model"),
            Self::EndpointRules => f.write_str("endpoint rules"),
        }
    }
}

/// The sources of the settings in a [`Config`](crate::Config).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingSources {
    /// Source of the region, or `None` if there is no region.
    pub region: Option<SettingSource>,
    /// Source of the endpoint.
    pub endpoint: SettingSource,
    /// Source of the bearer token or the credentials. If this source is `None`, every call without its own
    /// credentials or token fails.
    pub credentials: Option<SettingSource>,
}

/// Returns the region in an ARN, or `None` if the text is not an ARN or the ARN contains no region.
pub(crate) fn region_of_arn(text: &str) -> Option<&str> {
    // arn:partition:service:region:account:resource
    let region = text.strip_prefix("arn:")?.split(':').nth(2)?;
    Some(region).filter(|region| !region.is_empty())
}

/// A value and its source.
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

    pub(super) fn map<U>(self, parse: impl FnOnce(T, SettingSource) -> U) -> Setting<U> {
        Setting { value: parse(self.value, self.source), source: self.source }
    }
}
