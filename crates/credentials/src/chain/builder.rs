//! The settings of the default chain.

use std::sync::Arc;

use invoke_model_transport::{HyperTransport, Transport};

use super::DefaultCredentialsChain;
use crate::environment::Environment;
use crate::shared_files::{ProfileSettings, SharedFilesError};
use crate::time_source::TimeSource;

impl DefaultCredentialsChain {
    /// Creates a builder with default settings.
    pub fn builder() -> DefaultCredentialsChainBuilder {
        DefaultCredentialsChainBuilder::default()
    }
}

/// A builder of a [`DefaultCredentialsChain`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DefaultCredentialsChainBuilder {
    environment: Environment,
    ignores_access_keys: bool,
    profile_name: Option<String>,
    region: Option<String>,
    use_fips: Option<bool>,
    use_dual_stack: Option<bool>,
    transport: Option<Arc<dyn Transport>>,
    metadata_transport: Option<Arc<dyn Transport>>,
    time_source: TimeSource,
}

impl DefaultCredentialsChainBuilder {
    /// Sets the environment variables that the chain reads, including the home directory. Default: the
    /// environment of the process.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Ignores `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. A profile that refers to these variables with
    /// `credential_source = Environment` still uses them. Use this setter if the program reads the variables
    /// itself.
    pub fn ignore_access_keys(mut self) -> Self {
        self.ignores_access_keys = true;
        self
    }

    /// Selects a profile of the shared files `config` and `credentials`.
    ///
    /// This setter takes precedence over `AWS_PROFILE`. It also takes precedence over the access keys in the
    /// environment, because the program has set the profile. Default: `AWS_PROFILE`, otherwise
    /// `AWS_DEFAULT_PROFILE`, otherwise `default`.
    pub fn profile_name(mut self, name: impl Into<String>) -> Self {
        self.profile_name = Some(name.into());
        self
    }

    /// Sets the region of the STS endpoint. The chain calls STS to assume roles. Default: `AWS_REGION`,
    /// otherwise `AWS_DEFAULT_REGION`, otherwise [`profile_region`](Self::profile_region).
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Uses the FIPS endpoints of STS and SSO if `use_fips` is `true`. Default: `AWS_USE_FIPS_ENDPOINT`, otherwise
    /// `use_fips_endpoint` of the profile.
    pub fn use_fips(mut self, use_fips: bool) -> Self {
        self.use_fips = Some(use_fips);
        self
    }

    /// Uses the dual-stack endpoints of STS and SSO if `use_dual_stack` is `true`. Default:
    /// `AWS_USE_DUALSTACK_ENDPOINT`, otherwise `use_dualstack_endpoint` of the profile.
    pub fn use_dual_stack(mut self, use_dual_stack: bool) -> Self {
        self.use_dual_stack = Some(use_dual_stack);
        self
    }

    /// Sets the transport of requests to STS, SSO, containers and instance metadata. Default: a
    /// [`HyperTransport`] without proxies.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the transport of requests to containers and instance metadata. Default:
    /// [`transport`](Self::transport).
    ///
    /// Use this setter if [`transport`](Self::transport) has a proxy, because containers and instance
    /// metadata cannot be reached through a proxy.
    pub fn metadata_transport(mut self, transport: impl Transport) -> Self {
        self.metadata_transport = Some(Arc::new(transport));
        self
    }

    /// Sets the clock for signatures of STS requests. Default: the system clock.
    pub fn time_source(mut self, time_source: TimeSource) -> Self {
        self.time_source = time_source;
        self
    }

    /// Returns the settings of the profile that the chain uses, or `None` if no profile is selected and the profile
    /// `default` does not exist. Reads the shared files with blocking calls.
    ///
    /// # Errors
    /// Returns an error if a shared file cannot be parsed. If `AWS_PROFILE` or
    /// [`profile_name`](Self::profile_name) selects a profile, also returns an error if the profile does not exist
    /// or a file cannot be read. If a variable sets the path of a file, also returns an error if this file cannot
    /// be read.
    pub fn profile_settings(&self) -> Result<Option<ProfileSettings>, SharedFilesError> {
        let selected = self.profile_name.clone().or_else(|| self.environment.profile());
        ProfileSettings::read(&self.environment, selected.as_deref())
    }

    /// Returns the `region` of the profile. Reads the shared files with blocking calls. Returns `None` if a shared
    /// file is invalid: the chain then fails when it loads credentials.
    #[must_use]
    pub fn profile_region(&self) -> Option<String> {
        Some(self.profile_settings().ok()??.get("region")?.to_owned())
    }

    /// Creates the chain. Loads no credentials. Reads the shared files only if neither
    /// [`region`](Self::region) nor the environment sets the region.
    #[must_use]
    pub fn build(self) -> DefaultCredentialsChain {
        let region = || {
            let variable = |name| self.environment.read(name);
            variable("AWS_REGION")
                .or_else(|| variable("AWS_DEFAULT_REGION"))
                .or_else(|| self.profile_region())
        };
        let region = self.region.clone().or_else(region);
        let transport = self.transport.unwrap_or_else(|| Arc::new(HyperTransport::new()));
        let metadata_transport = self.metadata_transport.unwrap_or_else(|| transport.clone());
        DefaultCredentialsChain {
            environment: self.environment,
            ignores_access_keys: self.ignores_access_keys,
            profile_name: self.profile_name,
            region,
            use_fips: self.use_fips,
            use_dual_stack: self.use_dual_stack,
            transport,
            metadata_transport,
            time_source: self.time_source,
            instance: Default::default(),
        }
    }
}
