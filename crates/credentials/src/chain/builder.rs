//! The settings of the default chain.

use std::sync::Arc;

use invoke_model_transport::{HyperTransport, Transport};

use super::shared_files::SharedFiles;
use super::{DefaultCredentialsChain, default_profile};
use crate::environment::Environment;
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
    /// environment, because the program has set the profile. Default: `AWS_PROFILE`, otherwise `default`.
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

    /// Returns the `region` of the profile. Reads the shared files with blocking calls.
    #[must_use]
    pub fn profile_region(&self) -> Option<String> {
        let profile = self.profile_name.clone().or_else(|| self.environment.read("AWS_PROFILE"));
        let files = SharedFiles::read_blocking(&self.environment);
        let section = files.profile(&profile.unwrap_or_else(default_profile))?;
        section.get("region").filter(|region| !region.is_empty()).cloned()
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
            transport,
            metadata_transport,
            time_source: self.time_source,
            instance: Default::default(),
        }
    }
}
