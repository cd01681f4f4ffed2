//! Setters for credentials and the bearer token.

use invoke_model_credentials::{CredentialsCacheConfig, ProvideCredentials, SharedCredentialsProvider};

use super::ConfigBuilder;
use crate::config::authentication::BearerToken;
use crate::config::setting::Setting;

impl ConfigBuilder {
    /// Sets the credentials provider: static [`Credentials`](crate::Credentials), or any type that implements
    /// [`ProvideCredentials`].
    ///
    /// The client calls the provider once for all calls, and calls it again before the credentials expire.
    /// [`credentials_cache`](Self::credentials_cache) configures these refreshes. With the feature
    /// `aws-credential-types`, `AwsProvider` wraps a provider of the AWS SDK. To share credentials between
    /// clients, pass the same [`CredentialsCache`](crate::CredentialsCache) to each of them.
    ///
    /// Settings take precedence in this order:
    ///
    /// 1. [`bearer_token`](Self::bearer_token)
    /// 2. this setter
    /// 3. `profile_name`
    /// 4. `AWS_BEARER_TOKEN_BEDROCK`
    /// 5. `AWS_ACCESS_KEY_ID` with `AWS_SECRET_ACCESS_KEY` and, for temporary credentials,
    ///    `AWS_SESSION_TOKEN`
    /// 6. the default chain
    ///
    /// `docs/credentials.md` lists the complete order. If all of these settings are missing, `build`
    /// succeeds, and each call fails with a [`CredentialsError`](crate::CredentialsError).
    ///
    /// ```
    /// use invoke_model_client::{AuthScheme, Config, Credentials, CredentialsFuture, ProvideCredentials};
    ///
    /// /// Fetches credentials from a vault.
    /// struct Vault;
    ///
    /// impl ProvideCredentials for Vault {
    ///     fn provide_credentials(&self) -> CredentialsFuture<'_> {
    ///         Box::pin(async { Ok(Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()))) })
    ///     }
    /// }
    ///
    /// let config = Config::builder().region("us-east-1").credentials_provider(Vault).build()?;
    /// assert_eq!(config.auth_scheme(), AuthScheme::SigV4);
    /// # Ok::<(), invoke_model_client::ConfigError>(())
    /// ```
    #[doc(alias = "AWS_ACCESS_KEY_ID")]
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials) -> Self {
        self.credentials = Some(Setting::in_code(Ok(SharedCredentialsProvider::new(provider))));
        self
    }

    /// Uses the default credentials chain with this profile of the shared files `config` and `credentials`.
    ///
    /// This setter takes precedence over `AWS_PROFILE`. It also takes precedence over the bearer token and
    /// the access keys in the environment, because the program has set the profile.
    ///
    /// The client reads the files when it loads credentials. [`build`](Self::build) also reads the files, and
    /// uses settings of the profile such as `region`, `endpoint_url` and `use_fips_endpoint`.
    /// [`from_env`](Self::from_env) lists these settings.
    ///
    /// Default: `AWS_PROFILE`, otherwise `AWS_DEFAULT_PROFILE`, otherwise `default`.
    #[cfg(feature = "credentials-chain")]
    #[doc(alias = "profile")]
    #[doc(alias = "AWS_PROFILE")]
    pub fn profile_name(mut self, name: impl Into<String>) -> Self {
        let chain = self.chain.get_or_insert_default();
        chain.profile_name = Some(name.into());
        self
    }

    /// Uses the default credentials chain if no bearer token and no credentials are set. The chain tries the
    /// profile in `AWS_PROFILE` or `default`, then web identity, containers, and instance metadata.
    ///
    /// A builder from [`from_env`](Self::from_env) already uses the chain.
    #[cfg(feature = "credentials-chain")]
    pub fn default_credentials_chain(mut self) -> Self {
        self.chain.get_or_insert_default();
        self
    }

    /// Sets an Amazon Bedrock API key. The client sends the key as `Authorization: Bearer`. It does not sign
    /// requests, and does not load credentials.
    ///
    /// This setter takes precedence over credentials. Default: `AWS_BEARER_TOKEN_BEDROCK`. If the program
    /// sets credentials or a profile, the client ignores this variable.
    #[doc(alias = "api_key")]
    #[doc(alias = "AWS_BEARER_TOKEN_BEDROCK")]
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.bearer_token = Some(Setting::in_code(BearerToken::new(token)));
        self
    }

    /// Signs requests with credentials, and ignores a bearer token from code or from
    /// `AWS_BEARER_TOKEN_BEDROCK`. Use this setter if a shell may still set the variable by mistake.
    pub fn disable_bearer_token(mut self) -> Self {
        self.disable_bearer_token = true;
        self
    }

    /// Configures the refresh of credentials from a provider, and the timeout for loading them. No
    /// environment variable changes this configuration. Default: [`CredentialsCacheConfig::default`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use invoke_model_client::{Config, CredentialsCacheConfig};
    ///
    /// let cache = CredentialsCacheConfig::default().load_timeout(Duration::from_secs(5));
    /// let builder = Config::builder().credentials_cache(cache);
    /// ```
    #[doc(alias = "identity_cache")]
    pub fn credentials_cache(mut self, config: CredentialsCacheConfig) -> Self {
        self.credentials_cache = config;
        self
    }
}
