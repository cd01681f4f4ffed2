//! The default credentials chain: shared profiles, web identity, containers and instance metadata.
//!
//! This module selects the source and converts the errors. The library `reqsign-aws-core` loads the
//! credentials from that source. The library uses the transport, environment and signer of this project. The
//! variables `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` take precedence over the chain: see
//! `ConfigBuilder::from_env`.

mod context;
mod error;
mod http;
mod metadata;
mod plan;
mod shared_files;
mod sts;

use std::sync::Arc;

use invoke_model_signing::Credentials;
use invoke_model_transport::Transport;
use reqsign_aws_core::{Credential, ProcessCredentialProvider, SSOCredentialProvider};
use reqsign_core::{Context, ProvideCredential};

use self::context::{Disk, Shell, Variables};
use self::error::{ChainError, SourceError};
use self::http::{HttpClient, HttpRetryLimit};
use self::plan::{BaseSource, Plan, ROLE_ADVICE, Sso};
use self::shared_files::SharedFiles;
use super::provide::{CredentialsFuture, ProvideCredentials};
use crate::env::{self, Environment};
use crate::time_source::TimeSource;

/// Settings of the default chain.
#[derive(Clone, Debug)]
pub(crate) struct ChainSettings {
    pub(crate) environment: Environment,
    /// The profile that the program selects. It takes precedence over `AWS_PROFILE`.
    pub(crate) profile_name: Option<String>,
}

impl ChainSettings {
    /// Returns settings with the environment of the process and no profile name.
    pub(crate) fn from_process_env() -> Self {
        Self { environment: Environment::process(), profile_name: None }
    }

    /// Returns the `region` of the profile. Reads the shared files.
    pub(crate) fn region(&self) -> Option<String> {
        let name = self.profile().unwrap_or_else(default_profile);
        let files = SharedFiles::read_blocking(&self.environment);
        files.profile(&name)?.get("region").filter(|region| !region.is_empty()).cloned()
    }

    /// Returns the name of the profile that the program or `AWS_PROFILE` selects.
    fn profile(&self) -> Option<String> {
        self.profile_name.clone().or_else(|| self.environment.read("AWS_PROFILE"))
    }
}

fn default_profile() -> String {
    "default".to_owned()
}

/// The default chain as a credentials provider, for a client in one region. It does not cache credentials.
#[derive(Debug)]
pub(crate) struct DefaultChain {
    settings: ChainSettings,
    region: String,
    transport: Arc<dyn Transport>,
    /// A transport without proxies, for containers and instance metadata.
    direct: Arc<dyn Transport>,
    time_source: TimeSource,
}

/// Credentials and the description of their source.
type Found = (Credential, String);

impl DefaultChain {
    pub(crate) fn new(
        settings: ChainSettings,
        region: String,
        transport: Arc<dyn Transport>,
        direct: Arc<dyn Transport>,
        time_source: TimeSource,
    ) -> Self {
        Self { settings, region, transport, direct, time_source }
    }

    /// Loads credentials from the first configured source.
    ///
    /// If that source fails, the chain fails too, because the credentials of the next source would belong to
    /// another identity.
    async fn find(&self) -> Result<Found, ChainError> {
        let environment = &self.settings.environment;
        let files = SharedFiles::read(environment).await;
        let chosen = self.settings.profile();
        let profile = chosen.clone().unwrap_or_else(default_profile);
        if let Some(plan) = plan::from_profile(&files, &profile)? {
            return self.follow(plan).await;
        }
        if chosen.is_some() && !files.has(&profile) {
            return Err(ChainError::NoProfile { name: profile, files: files.paths() });
        }
        if let Some(plan) = plan::from_web_identity(environment)? {
            return self.follow(plan).await;
        }
        if metadata::is_container(environment) {
            return self.follow(Plan::new(BaseSource::Container)).await;
        }
        let nothing = |instance| ChainError::NothingConfigured { profile, files: files.paths(), instance };
        if metadata::is_disabled(environment) {
            return Err(nothing("disabled by AWS_EC2_METADATA_DISABLED".to_owned()));
        }
        let instance = BaseSource::Instance;
        let credential = self.load_base(&instance).await.map_err(|error| nothing(error.into_reason()))?;
        Ok((credential, instance.description().to_owned()))
    }

    async fn follow(&self, plan: Plan) -> Result<Found, ChainError> {
        let failed = |error: SourceError, advice| error.in_source(&plan.description, advice);
        let base = self.load_base(&plan.base).await;
        let mut credential = base.map_err(|error| failed(error, plan.base.advice()))?;
        for role in &plan.roles {
            let http = self.http_client();
            let source = std::mem::take(&mut credential);
            let provider =
                sts::assume_role(role, source, &self.region, &self.time_source, self.context(&http));
            let assumed = load(&provider, &self.context(&http), &http).await;
            credential = assumed.map_err(|error| failed(error, ROLE_ADVICE))?;
        }
        Ok((credential, plan.description))
    }

    async fn load_base(&self, base: &BaseSource) -> Result<Credential, SourceError> {
        let environment = &self.settings.environment;
        let http = self.http_client();
        let context = self.context(&http);
        match base {
            BaseSource::Keys(keys) => Ok(keys.clone()),
            BaseSource::Environment => {
                let variable = |name| environment.read(name);
                match (variable(env::ACCESS_KEY_ID), variable(env::SECRET_ACCESS_KEY)) {
                    (Some(access_key_id), Some(secret_access_key)) => Ok(Credential {
                        access_key_id,
                        secret_access_key,
                        session_token: variable(env::SESSION_TOKEN),
                        expires_in: None,
                    }),
                    _ => Err(SourceError::with_advice(
                        "AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set; set both",
                    )),
                }
            }
            BaseSource::Process(command) => {
                let context = context.with_command_execute(Shell(command.clone()));
                let provider = ProcessCredentialProvider::new().with_command(command);
                load(&provider, &context, &http).await
            }
            BaseSource::Sso(sso) => load(&sso_provider(sso), &context, &http).await,
            BaseSource::WebIdentity(role) => {
                let provider = sts::assume_role_with_web_identity(role, &self.region, &self.time_source);
                load(&provider, &context, &http).await
            }
            BaseSource::Container => {
                let http = HttpClient::new(self.direct.clone(), HttpRetryLimit::CONTAINER);
                let provider = metadata::container(environment)?;
                load(&provider, &self.context(&http), &http).await
            }
            BaseSource::Instance => {
                let limit = metadata::retry_limit(environment)?;
                let http = HttpClient::new(self.direct.clone(), limit);
                load(&metadata::instance(environment), &self.context(&http), &http).await
            }
        }
    }

    fn http_client(&self) -> HttpClient {
        HttpClient::new(self.transport.clone(), HttpRetryLimit::NONE)
    }

    fn context(&self, http: &HttpClient) -> Context {
        let variables = Variables(self.settings.environment.clone());
        Context::new().with_http_send(http.clone()).with_file_read(Disk).with_env(variables)
    }
}

impl ProvideCredentials for DefaultChain {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async {
            let (found, description) = self.find().await?;
            let expiry = found.expires_in.map(|at| at.as_system_time());
            let (id, secret, token) = (found.access_key_id, found.secret_access_key, found.session_token);
            Ok(Credentials::new(id, secret, token).with_expiry(expiry).with_source(description))
        })
    }
}

/// Loads credentials from one source.
async fn load(
    provider: &impl ProvideCredential<Credential = Credential>,
    context: &Context,
    http: &HttpClient,
) -> Result<Credential, SourceError> {
    match provider.provide_credential(context).await {
        Ok(Some(credential)) => Ok(credential),
        Ok(None) => Err(SourceError::new("the source has no credentials")),
        Err(error) => Err(SourceError::from_library(&error, http.problem())),
    }
}

/// Returns the provider for an SSO login.
///
/// The library uses the start URL only to derive the file name of the cached login. If the profile has an SSO
/// session, AWS derives the file name from the session name. This function therefore passes
/// [`Sso::cache_key`] as the start URL.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html>
fn sso_provider(sso: &Sso) -> SSOCredentialProvider {
    let provider = SSOCredentialProvider::new()
        .with_account_id(&sso.account_id)
        .with_role_name(&sso.role_name)
        .with_region(&sso.region)
        .with_start_url(&sso.cache_key);
    match sso.region.starts_with("cn-") {
        true => provider.with_endpoint(format!(
            "https://portal.sso.{}.amazonaws.com.cn/federation/credentials",
            sso.region
        )),
        false => provider,
    }
}
