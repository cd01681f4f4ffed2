//! The default chain: shared profiles, web identity, containers, instance metadata.
//!
//! What speaks to each source is `reqsign-aws-core`, over our transport, environment and signer; here stands which
//! source is asked, in which order, and what is said when none has credentials. The variables `AWS_ACCESS_KEY_ID` and
//! `AWS_SECRET_ACCESS_KEY` stand before the chain: see [`crate::env`].

mod error;
mod files;
mod http;
mod metadata;
mod outside;
mod plan;
mod settings;
mod sts;

use std::sync::Arc;

use invoke_model_transport::Transport;
use reqsign_aws_core::{Credential, ProcessCredentialProvider, SSOCredentialProvider};
use reqsign_core::{Context, ProvideCredential};

pub(crate) use settings::ChainSettings;

use self::error::ChainError;
use self::files::SharedFiles;
use self::http::{Http, Limit};
use self::outside::{Shell, Variables};
use self::plan::{Base, Plan, Sso};
use super::{Credentials, CredentialsFuture, ProvideCredentials};
use crate::config::Clock;
use crate::env::{self, Environment};

/// The provider that the chain is, for a client in that region. It asks anew each time; the cache before it keeps.
#[derive(Debug)]
pub(crate) struct Chain {
    environment: Environment,
    /// The profile that the program names; else `AWS_PROFILE` does.
    profile: Option<String>,
    region: String,
    transport: Arc<dyn Transport>,
    /// For sources on this machine.
    direct: Arc<dyn Transport>,
    clock: Clock,
}

/// Credentials, and the words of the link that gave them.
type Found = (Credential, String);

impl Chain {
    pub(crate) fn new(
        settings: ChainSettings,
        region: String,
        transport: Arc<dyn Transport>,
        direct: Arc<dyn Transport>,
        clock: Clock,
    ) -> Self {
        let ChainSettings { environment, profile } = settings;
        Self { environment, profile, region, transport, direct, clock }
    }

    /// The first link that is set up. If that one fails the chain ends: going on would call as somebody else.
    async fn find(&self) -> Result<Found, ChainError> {
        let files = SharedFiles::read(&self.environment).await;
        let name = settings::profile(self.profile.as_deref(), &self.environment);
        if let Some(plan) = plan::plan(&files, &name.value)? {
            return self.follow(plan).await;
        }
        if name.chosen && !files.has(&name.value) {
            return Err(ChainError::NoProfile { name: name.value, files: files.paths() });
        }
        if let Some(plan) = plan::web_identity(&self.environment)? {
            return self.follow(plan).await;
        }
        if metadata::is_container(&self.environment) {
            return self.follow(Plan::of(Base::Container)).await;
        }
        let nothing = |instance| ChainError::Nothing { profile: name.value, files: files.paths(), instance };
        if metadata::is_disabled(&self.environment) {
            return Err(nothing("turned off by AWS_EC2_METADATA_DISABLED".to_owned()));
        }
        self.follow(Plan::of(Base::Instance)).await.map_err(|error| nothing(error.reason()))
    }

    async fn follow(&self, plan: Plan) -> Result<Found, ChainError> {
        let named = |error: ChainError| error.of(&plan.words);
        let mut credential = self.base(&plan.base).await.map_err(named)?;
        for role in &plan.roles {
            let http = self.http();
            let source = std::mem::take(&mut credential);
            let provider = sts::assume(role, source, &self.region, &self.clock, self.context(&http));
            credential = ask(&provider, &self.context(&http), &http).await.map_err(named)?;
        }
        Ok((credential, plan.words))
    }

    async fn base(&self, base: &Base) -> Result<Credential, ChainError> {
        let http = self.http();
        let context = self.context(&http);
        match base {
            Base::Keys(keys) => Ok(keys.clone()),
            Base::Environment => {
                let keys = |name| self.environment.read(name);
                match (keys(env::ACCESS_KEY_ID), keys(env::SECRET_ACCESS_KEY)) {
                    (Some(access_key_id), Some(secret_access_key)) => Ok(Credential {
                        access_key_id,
                        secret_access_key,
                        session_token: keys(env::SESSION_TOKEN),
                        expires_in: None,
                    }),
                    _ => Err(ChainError::failed("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set")),
                }
            }
            Base::Process(command) => {
                let context = context.with_command_execute(Shell(command.clone()));
                let provider = ProcessCredentialProvider::new().with_command(command);
                ask(&provider, &context, &http).await
            }
            Base::Sso(sso) => ask(&login(sso), &context, &http).await,
            Base::WebIdentity(role) => {
                ask(&sts::web_identity(role, &self.region, &self.clock), &context, &http).await
            }
            Base::Container => {
                let http = Http::new(self.direct.clone(), Limit::CONTAINER);
                let provider = metadata::container(&self.environment)?;
                ask(&provider, &self.context(&http), &http).await
            }
            Base::Instance => {
                let http = Http::new(self.direct.clone(), metadata::limit(&self.environment)?);
                ask(&metadata::instance(&self.environment), &self.context(&http), &http).await
            }
        }
    }

    fn http(&self) -> Http {
        Http::new(self.transport.clone(), Limit::NONE)
    }

    fn context(&self, http: &Http) -> Context {
        let variables = Variables(self.environment.clone());
        Context::new().with_http_send(http.clone()).with_file_read(outside::Disk).with_env(variables)
    }
}

/// What a source gives, or why it does not.
async fn ask(
    source: &impl ProvideCredential<Credential = Credential>,
    context: &Context,
    http: &Http,
) -> Result<Credential, ChainError> {
    match source.provide_credential(context).await {
        Ok(Some(credential)) => Ok(credential),
        Ok(None) => Err(ChainError::failed("it has none")),
        Err(error) => Err(ChainError::source(&error, http.failure())),
    }
}

/// The library takes the start URL for the name of the cached login alone, which since there are sessions is the
/// session's: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html>
fn login(sso: &Sso) -> SSOCredentialProvider {
    let provider = SSOCredentialProvider::new()
        .with_account_id(&sso.account)
        .with_role_name(&sso.role)
        .with_region(&sso.region)
        .with_start_url(&sso.login);
    match sso.region.starts_with("cn-") {
        true => provider.with_endpoint(format!(
            "https://portal.sso.{}.amazonaws.com.cn/federation/credentials",
            sso.region
        )),
        false => provider,
    }
}

impl ProvideCredentials for Chain {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async {
            let (found, words) = self.find().await?;
            let expiry = found.expires_in.map(|at| at.as_system_time());
            let (id, secret, token) = (found.access_key_id, found.secret_access_key, found.session_token);
            Ok(Credentials::new(id, secret, token).with_expiry(expiry).with_source(words))
        })
    }
}
