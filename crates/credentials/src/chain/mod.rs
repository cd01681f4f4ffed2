//! The default credentials chain: access keys in the environment, shared profiles, web identity, containers
//! and instance metadata.
//!
//! This module selects the source and converts the errors. The library `reqsign-aws-core` loads the
//! credentials from that source. The library uses the transport, environment and signer of this project.

mod builder;
mod context;
mod endpoint;
mod error;
mod http;
mod metadata;
mod plan;
mod service_error;
mod static_stability;
mod sts;

use std::error::Error;
use std::iter::successors;
use std::sync::Arc;

use invoke_model_signing::Credentials;
use invoke_model_transport::Transport;
use reqsign_aws_core::{Credential, ProcessCredentialProvider, SSOCredentialProvider};
use reqsign_core::{Context, ProvideCredential};

pub use self::builder::DefaultCredentialsChainBuilder;
use self::context::{Disk, LoginFile, Shell, Variables};
use self::endpoint::{Redirected, SSO, STS, ServiceEndpoints};
use self::error::{ChainError, SourceError};
use self::http::{HttpClient, HttpPolicy};
use self::plan::{BaseSource, Plan, ROLE_ADVICE, Sso};
use self::static_stability::InstanceCredentials;
use crate::environment::Environment;
use crate::provide::{CredentialsFuture, ProvideCredentials};
use crate::shared_files::SharedFiles;
use crate::time_source::TimeSource;

const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
/// The name of the session token in older tools.
const SECURITY_TOKEN: &str = "AWS_SECURITY_TOKEN";
/// The URL that returns the credentials of an SSO login. The credentials library also has this variable.
const SSO_ENDPOINT: &str = "AWS_SSO_ENDPOINT";

/// Returns `true` if an error states that the chain has found no source.
pub(crate) fn is_not_configured(error: &(dyn Error + 'static)) -> bool {
    successors(Some(error), |&error| error.source())
        .any(|error| matches!(error.downcast_ref(), Some(ChainError::NothingConfigured { .. })))
}

/// The default credentials chain. It loads credentials from the first of these sources that is configured:
///
/// 1. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, unless the program sets
///    [`profile_name`](DefaultCredentialsChainBuilder::profile_name) or
///    [`ignore_access_keys`](DefaultCredentialsChainBuilder::ignore_access_keys)
/// 2. the profile that the program or `AWS_PROFILE` selects, otherwise the profile `default`: keys, roles,
///    SSO or a `credential_process`
/// 3. the web identity in `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`
/// 4. the container agent of ECS or EKS
/// 5. instance metadata, version 2, unless `AWS_EC2_METADATA_DISABLED` is `true`
///
/// If that source fails, the chain fails too, because the credentials of the next source would belong to
/// another identity.
///
/// The chain does not cache credentials. To cache them, use a [`CredentialsCache`](crate::CredentialsCache).
///
/// ```
/// use invoke_model_credentials::{CredentialsCache, DefaultCredentialsChain, Environment};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let environment = Environment::new(|name| match name {
///     "AWS_REGION" => Some("eu-west-1".to_owned()),
///     "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".to_owned()),
///     "AWS_SECRET_ACCESS_KEY" => Some("secret".to_owned()),
///     _ => None,
/// });
/// let chain = DefaultCredentialsChain::builder().environment(environment).build();
/// assert_eq!(chain.region(), Some("eu-west-1"));
/// let credentials = CredentialsCache::new(chain).credentials().await?;
/// assert_eq!(credentials.access_key_id(), "AKIDEXAMPLE");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DefaultCredentialsChain {
    environment: Environment,
    ignores_access_keys: bool,
    /// The profile that the program selects. It takes precedence over `AWS_PROFILE`.
    profile_name: Option<String>,
    region: Option<String>,
    use_fips: Option<bool>,
    use_dual_stack: Option<bool>,
    transport: Arc<dyn Transport>,
    /// The transport for containers and instance metadata.
    metadata_transport: Arc<dyn Transport>,
    time_source: TimeSource,
    instance: InstanceCredentials,
}

fn default_profile() -> String {
    "default".to_owned()
}

/// Credentials and the description of their source.
type Found = (Credentials, String);

impl DefaultCredentialsChain {
    /// Returns the region of the STS endpoint. The program, the environment or the profile sets this region.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Loads credentials from the first configured source.
    async fn find(&self) -> Result<Found, ChainError> {
        let environment = &self.environment;
        if self.has_access_keys() {
            let endpoints = ServiceEndpoints::new(environment, None);
            return self.follow(Plan::new(BaseSource::Environment), &endpoints).await;
        }
        let files = SharedFiles::read(environment).await?;
        let chosen = self.profile_name.clone().or_else(|| environment.profile());
        if let (Some(error), Some(_)) = (files.unreadable(), &chosen) {
            return Err(error.clone().into());
        }
        let profile = chosen.clone().unwrap_or_else(default_profile);
        let endpoints = ServiceEndpoints::new(environment, files.profile(&profile))
            .use_fips(self.use_fips)
            .use_dual_stack(self.use_dual_stack);
        if let Some(plan) = plan::from_profile(&files, &profile)? {
            return self.follow(plan, &endpoints).await;
        }
        if chosen.is_some() && !files.has(&profile) {
            return Err(ChainError::NoProfile { name: profile, files: files.paths() });
        }
        if let Some(plan) = plan::from_web_identity(environment)? {
            return self.follow(plan, &endpoints).await;
        }
        if metadata::is_container(environment) {
            return self.follow(Plan::new(BaseSource::Container), &endpoints).await;
        }
        let nothing = |instance| ChainError::NothingConfigured { profile, files: files.paths(), instance };
        if metadata::is_disabled(environment) {
            return Err(nothing("disabled by AWS_EC2_METADATA_DISABLED".to_owned()));
        }
        let instance = BaseSource::Instance;
        let found = self
            .load_base(&instance, &endpoints)
            .await
            .map_err(|error| nothing(error.reason().to_owned()))?;
        Ok((found, instance.description().to_owned()))
    }

    /// Returns `true` if the chain must use the access keys in the environment.
    fn has_access_keys(&self) -> bool {
        let is_set = |name| self.environment.read(name).is_some();
        !self.ignores_access_keys
            && self.profile_name.is_none()
            && (is_set(ACCESS_KEY_ID) || is_set(SECRET_ACCESS_KEY))
    }

    async fn follow(&self, plan: Plan, endpoints: &ServiceEndpoints<'_>) -> Result<Found, ChainError> {
        let failed = |error: SourceError, advice| error.in_source(&plan.description, advice);
        let base = self.load_base(&plan.base, endpoints).await;
        let mut credentials = base.map_err(|error| failed(error, plan.base.advice()))?;
        for role in &plan.roles {
            let http = self.http_client();
            let region = self.sts_region().map_err(|error| failed(error, ROLE_ADVICE))?;
            let url = endpoints.url(&STS, region).map_err(|error| failed(error, ROLE_ADVICE))?;
            let context = self.context(&http);
            let provider =
                sts::assume_role(role, &credentials, region, url, &self.time_source, context.clone());
            let assumed = load(&provider, &context, &http).await;
            credentials = assumed.map_err(|error| failed(error, ROLE_ADVICE))?;
        }
        Ok((credentials, plan.description))
    }

    async fn load_base(
        &self,
        base: &BaseSource,
        endpoints: &ServiceEndpoints<'_>,
    ) -> Result<Credentials, SourceError> {
        let environment = &self.environment;
        let http = self.http_client();
        let context = self.context(&http);
        match base {
            BaseSource::Keys(keys) => Ok(to_credentials(keys.clone())),
            BaseSource::Environment => {
                let variable = |name| environment.read(name);
                match (variable(ACCESS_KEY_ID), variable(SECRET_ACCESS_KEY)) {
                    (Some(access_key_id), Some(secret_access_key)) => {
                        let credential = Credential {
                            access_key_id,
                            secret_access_key,
                            session_token: variable(SESSION_TOKEN).or_else(|| variable(SECURITY_TOKEN)),
                            expires_in: None,
                        };
                        check(credential).map(to_credentials)
                    }
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
            BaseSource::Sso(sso) => {
                let provider = sso_provider(sso);
                let url = match environment.read(SSO_ENDPOINT) {
                    Some(url) => endpoint::check_url(url, SSO_ENDPOINT)?,
                    None => format!("{}/federation/credentials", endpoints.url(&SSO, &sso.region)?),
                };
                let provider = provider.with_endpoint(url);
                let file = LoginFile::default();
                let context = context.with_file_read(file.clone());
                let loaded = load(&provider, &context, &http).await;
                loaded.map_err(|error| file.expired().unwrap_or(error))
            }
            BaseSource::WebIdentity(role) => {
                let region = self.sts_region()?;
                let provider = sts::assume_role_with_web_identity(role, region, &self.time_source);
                let url = endpoints.url(&STS, region)?;
                let context = context.with_http_send(Redirected { http: http.clone(), url });
                load(&provider, &context, &http).await
            }
            BaseSource::Container => {
                let http = HttpClient::new(self.metadata_transport.clone(), HttpPolicy::CONTAINER);
                let provider = metadata::container(environment)?;
                load(&provider, &self.context(&http), &http).await
            }
            BaseSource::Instance => {
                let environment = &endpoints.metadata_environment();
                let policy = metadata::http_policy(environment)?;
                let http = HttpClient::new(self.metadata_transport.clone(), policy);
                let loaded = load(&metadata::instance(environment)?, &self.context(&http), &http).await;
                // All credentials of an instance are temporary.
                let loaded = loaded.and_then(|credentials| match credentials.session_token() {
                    Some(_) => Ok(credentials),
                    None => Err(SourceError::new("the source returned credentials without session token")),
                });
                self.instance.update(loaded, self.time_source.now())
            }
        }
    }

    fn sts_region(&self) -> Result<&str, SourceError> {
        self.region().ok_or_else(|| {
            SourceError::with_advice(
                "no region for the STS endpoint; set AWS_REGION, or `region` in the profile",
            )
        })
    }

    fn http_client(&self) -> HttpClient {
        HttpClient::new(self.transport.clone(), HttpPolicy::SERVICE)
    }

    fn context(&self, http: &HttpClient) -> Context {
        let variables = Variables(self.environment.clone());
        Context::new().with_http_send(http.clone()).with_file_read(Disk).with_env(variables)
    }
}

impl ProvideCredentials for DefaultCredentialsChain {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async {
            let (credentials, description) = self.find().await?;
            Ok(credentials.with_source(description))
        })
    }
}

/// Loads credentials from one source.
async fn load(
    provider: &impl ProvideCredential<Credential = Credential>,
    context: &Context,
    http: &HttpClient,
) -> Result<Credentials, SourceError> {
    match provider.provide_credential(context).await {
        Ok(Some(credential)) => check(credential).map(to_credentials),
        Ok(None) => Err(SourceError::new("the source has no credentials")),
        Err(error) => Err(SourceError::from_library(&error, http.outcome())),
    }
}

/// Checks that credentials are complete, because the library accepts responses without some of their members.
/// Also checks the ends of the secret access key, because a secret from a file can end with a line break.
fn check(credential: Credential) -> Result<Credential, SourceError> {
    let secret = credential.secret_access_key.as_str();
    let is_clean = secret.trim() == secret && !secret.ends_with(char::is_control);
    let problem = match (credential.access_key_id.as_str(), secret) {
        ("", _) => "the source returned credentials without access key id",
        (_, "") => "the source returned credentials without secret access key",
        _ if !is_clean => "the secret access key starts or ends with a blank or a line break",
        _ => return Ok(credential),
    };
    Err(SourceError::new(problem))
}

/// Converts credentials of the library.
fn to_credentials(credential: Credential) -> Credentials {
    let Credential { access_key_id, secret_access_key, session_token, expires_in } = credential;
    let expiry = expires_in.map(|expiry| expiry.as_system_time());
    Credentials::new(access_key_id, secret_access_key, session_token).with_expiry(expiry)
}

/// Returns the provider for an SSO login.
///
/// The library uses the start URL only to derive the file name of the cached login. If the profile has an SSO
/// session, `aws sso login` derives the file name from the session name. This function therefore passes
/// [`Sso::cache_key`] as the start URL.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html>
fn sso_provider(sso: &Sso) -> SSOCredentialProvider {
    SSOCredentialProvider::new()
        .with_account_id(&sso.account_id)
        .with_role_name(&sso.role_name)
        .with_region(&sso.region)
        .with_start_url(&sso.cache_key)
}
