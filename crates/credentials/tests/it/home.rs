//! A home directory and environment variables for the default chain.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use invoke_model_credentials::{
    Credentials, CredentialsCache, CredentialsCacheConfig, CredentialsError, DefaultCredentialsChain,
    DefaultCredentialsChainBuilder, Environment, TimeSource,
};

use crate::fake::Fake;

/// A home directory and environment variables.
pub(crate) struct Home {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) variables: BTreeMap<String, String>,
}

impl Home {
    /// Creates an empty home directory, sets a region, and disables instance metadata.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = Self { directory, variables: BTreeMap::new() };
        let path = home.path("").to_str().unwrap().to_owned();
        let home = home.set(if cfg!(windows) { "USERPROFILE" } else { "HOME" }, &path);
        home.set("AWS_REGION", "us-west-2").set("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// Writes `~/.aws/config`.
    pub(crate) fn config(text: &str) -> Self {
        Self::new().file(".aws/config", text)
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn chain(&self, fake: &Fake) -> DefaultCredentialsChainBuilder {
        let variables = self.variables.clone();
        let environment = Environment::new(move |name| variables.get(name).cloned());
        let builder = DefaultCredentialsChain::builder().environment(environment);
        builder.transport(fake.clone()).time_source(TimeSource::new(now))
    }

    pub(crate) fn cache(&self, fake: &Fake) -> CredentialsCache {
        cache(self.chain(fake))
    }

    /// Loads credentials. Returns the access key id and the session token.
    pub(crate) async fn load(&self, fake: &Fake) -> (String, Option<String>) {
        let credentials = self.credentials(fake).await;
        (credentials.access_key_id().to_owned(), credentials.session_token().map(str::to_owned))
    }

    /// Returns the text of the error that occurs when credentials are loaded.
    pub(crate) async fn error(&self, fake: &Fake) -> String {
        let error = self.cache(fake).credentials().await.unwrap_err().to_string();
        let text = error.strip_prefix("no credentials: ").unwrap_or(&error);
        text.replace(self.path("").to_str().unwrap(), "HOME/")
    }

    /// Returns the name of the source of the credentials.
    pub(crate) async fn source(&self, fake: &Fake) -> String {
        self.credentials(fake).await.source().unwrap().to_owned()
    }

    async fn credentials(&self, fake: &Fake) -> Arc<Credentials> {
        let result: Result<_, CredentialsError> = self.cache(fake).credentials().await;
        result.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Returns a cache of the credentials of a chain.
pub(crate) fn cache(chain: DefaultCredentialsChainBuilder) -> CredentialsCache {
    CredentialsCache::with_config(chain.build(), CredentialsCacheConfig::default(), TimeSource::new(now))
}

/// Returns 2015-08-30T12:36:00Z.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}
