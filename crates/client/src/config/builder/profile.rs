//! Settings of the profile in the shared files.

use super::ConfigBuilder;
use crate::config::authentication::Authentication;
use crate::config::error::ConfigError;

#[cfg(feature = "credentials-chain")]
mod with_chain {
    use invoke_model_credentials::SharedFilesError;

    use super::{Authentication, ConfigBuilder, ConfigError};
    use crate::config::builder::from_env;
    use crate::config::setting::{Setting, SettingSource};

    /// The service id of Bedrock Runtime in a `services` section.
    const SERVICE: &str = "bedrock_runtime";

    impl ConfigBuilder {
        /// Sets each setting that is unset to the value in the profile.
        ///
        /// Keys of the profile: <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>
        pub(in crate::config::builder) fn use_profile(&mut self) -> Result<(), ConfigError> {
            let Some(chain) = &self.chain else { return Ok(()) };
            if self.ignore_endpoint_urls.is_none() {
                self.ignore_endpoint_urls = from_env::ignore_endpoint_urls(&chain.environment);
            }
            let Some(profile) = chain.builder().profile_settings()? else { return Ok(()) };
            let text = |key: &str| {
                let text = profile.get(key)?.to_owned();
                Some(Setting::new(text, SettingSource::Profile))
            };
            let flag = |name, key: &str| {
                text(key).map(|setting| setting.map(|text, source| from_env::parse_bool(name, text, source)))
            };
            fn set<T>(setting: &mut Option<T>, value: impl FnOnce() -> Option<T>) {
                if setting.is_none() {
                    *setting = value();
                }
            }
            set(&mut self.region, || text("region"));
            set(&mut self.ignore_endpoint_urls, || {
                flag("flag to ignore endpoint URLs", "ignore_configured_endpoint_urls")
            });
            let ignored = self.ignore_endpoint_urls.as_ref().is_some_and(|flag| flag.value == Ok(true));
            if self.endpoint_url.is_none() && !ignored {
                let url = profile.endpoint_url(SERVICE)?;
                self.endpoint_url = url.map(|url| Setting::new(url.to_owned(), SettingSource::Profile));
            }
            set(&mut self.use_fips, || flag("FIPS flag", "use_fips_endpoint"));
            set(&mut self.use_dual_stack, || flag("dual-stack flag", "use_dualstack_endpoint"));
            set(&mut self.ca_bundle, || profile.get("ca_bundle").map(Into::into));
            set(&mut self.max_attempts, || {
                text("max_attempts").map(|setting| setting.map(from_env::parse_max_attempts))
            });
            set(&mut self.adaptive_mode, || {
                text("retry_mode").map(|setting| setting.map(from_env::parse_retry_mode))
            });
            Ok(())
        }

        /// Does nothing, because the client can read profiles.
        pub(in crate::config::builder) fn check_profile_support(
            &self,
            _: &Authentication,
        ) -> Result<(), ConfigError> {
            Ok(())
        }
    }

    impl From<SharedFilesError> for ConfigError {
        fn from(error: SharedFilesError) -> Self {
            let missing_profile = error.missing_profile().map(str::to_owned);
            Self::SharedFiles { problem: error.to_string(), missing_profile }
        }
    }
}

#[cfg(not(feature = "credentials-chain"))]
mod without_chain {
    use super::{Authentication, ConfigBuilder, ConfigError};
    use crate::config::setting::SettingSource;

    impl ConfigBuilder {
        pub(in crate::config::builder) fn use_profile(&mut self) -> Result<(), ConfigError> {
            Ok(())
        }

        /// Returns an error if `AWS_PROFILE` is set, and a setting is missing that the profile may contain.
        /// Otherwise logs a warning, because the other settings of the profile are not used.
        pub(in crate::config::builder) fn check_profile_support(
            &self,
            authentication: &Authentication,
        ) -> Result<(), ConfigError> {
            let Some(variable) = self.unread_profile else { return Ok(()) };
            let has_region = self.region.is_some() || self.endpoint_url.is_some();
            if has_region && !matches!(authentication, Authentication::SigV4(None)) {
                tracing::warn!(
                    "{variable} has no effect, because this program was built without the feature \
                     `credentials-chain` of invoke-model-client"
                );
                return Ok(());
            }
            Err(ConfigError::Invalid {
                setting: "profile",
                origin: SettingSource::Environment(variable),
                problem: format!(
                    "this program was built without the feature `credentials-chain` of invoke-model-client, so it cannot \
                     read profiles; enable the feature, or unset {variable} and set the region and the credentials in \
                     another way"
                ),
            })
        }
    }
}
