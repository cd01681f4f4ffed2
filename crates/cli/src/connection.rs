//! The connection flags of all commands that make calls, and the client that these flags configure.

use std::time::Duration;

use clap::Args;
use invoke_model_client::{
    Client, ConfigBuilder, ConfigError, Credentials, Error, HttpVersionPolicy, RetryConfig, TimeoutConfig,
};
use invoke_model_local::LocalEndpoint;

use crate::aws_cli::AwsCliFlags;
use crate::exit::Failure;
use crate::settings::{Settings, variable};
use crate::suggestion;

/// The flags for connections.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Region [default: AWS_REGION, else the region of an ARN, else `region` in the configuration file, else the
    /// region of the profile]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Profile of the shared files, used instead of credentials in the environment [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["local", "bearer_token"])]
    profile: Option<String>,
    /// Endpoint URL [default: AWS_ENDPOINT_URL_BEDROCK_RUNTIME, else the endpoint of the region]
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Bedrock API key, used instead of credentials; AWS_BEARER_TOKEN_BEDROCK is safer, because other users of
    /// the machine can read command lines
    #[arg(long, value_name = "TOKEN", conflicts_with = "local")]
    bearer_token: Option<String>,
    /// Time limit of a call with all its attempts, as in `90`, `500ms` or `10m` [default: none]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Maximum number of attempts of a call [default: AWS_MAX_ATTEMPTS, else 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_attempts: Option<u32>,
    /// Start a local endpoint for this call; needs no AWS account and no network
    #[arg(long, conflicts_with = "endpoint_url")]
    local: bool,
    #[command(flatten)]
    aws_cli: AwsCliFlags,
}

/// Parses seconds, or a number with a unit.
fn duration(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let seconds = match &text[number.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        unit => return Err(format!("unknown unit `{unit}`: use ms, s, m or h")),
    };
    let number = number.parse::<f64>().ok().filter(|number| *number > 0.0);
    let duration = number.and_then(|number| Duration::try_from_secs_f64(number * seconds).ok());
    duration.ok_or_else(|| "use a number above 0, such as `90` or `1.5m`".to_owned())
}

/// Error of a call without a region. It replaces the error of the client, because that error names a Rust
/// method instead of a flag.
#[derive(Debug, thiserror::Error)]
#[error("no region: set --region or AWS_REGION")]
struct NoRegion;

/// The version of HTTP that a call needs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// Returns the failure for a setting that is missing or invalid.
pub(crate) fn failure(error: ConfigError) -> Failure {
    match error {
        ConfigError::NoRegion | ConfigError::NoSigningRegion { .. } => Failure::input(NoRegion),
        error => Failure::input(error),
    }
}

impl Connection {
    /// Creates the client, and starts the local endpoint if the flags request it.
    pub(crate) async fn open(&self, settings: Settings, model_id: Option<&str>) -> Result<Session, Failure> {
        self.open_with(settings, model_id, Protocol::Http1, |config| config).await
    }

    /// Creates the client like [`open`](Self::open), for calls that need this version of HTTP. `configure` adds
    /// settings that are not flags of connections.
    pub(crate) async fn open_with(
        &self,
        settings: Settings,
        model_id: Option<&str>,
        protocol: Protocol,
        configure: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
    ) -> Result<Session, Failure> {
        self.aws_cli.print_note();
        let local = match self.local {
            true => Some(LocalEndpoint::start().await.map_err(Failure::input)?),
            false => None,
        };
        let mut config = match &local {
            Some(local) => self.local_config(local),
            None => self.config(&settings, model_id.unwrap_or_default()),
        };
        if let Some(timeout) = self.timeout {
            config = config.timeout_config(TimeoutConfig::default().operation(timeout));
        }
        if let Some(attempts) = self.max_attempts {
            config = config.retry_config(RetryConfig::standard().max_attempts(attempts));
        }
        if protocol == Protocol::Http2 {
            // An `https` endpoint selects HTTP/2 in the handshake. An `http` endpoint must support HTTP/2 with
            // prior knowledge.
            let url = config.clone().build().map_err(failure)?.endpoint_url();
            config = config.http_version_policy(match url.starts_with("http://") {
                true => HttpVersionPolicy::Http2Only,
                false => HttpVersionPolicy::PreferHttp2,
            });
        }
        let client = Client::new(configure(config)).map_err(failure)?;
        Ok(Session { client, settings, local })
    }

    fn config(&self, settings: &Settings, model_id: &str) -> ConfigBuilder {
        let mut config = ConfigBuilder::from_env();
        if let Some(region) = &self.region {
            config = config.region(region);
        }
        if let Some(profile) = &self.profile {
            config = config.profile_name(profile);
        }
        if let Some(url) = &self.endpoint_url {
            config = config.endpoint_url(url);
        }
        if let Some(token) = &self.bearer_token {
            config = config.bearer_token(token);
        }
        // `region` in the configuration file of this command takes precedence only over the region of the
        // profile.
        let has_region = self.region.is_some()
            || model_id.starts_with("arn:")
            || ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().any(|name| variable(name).is_some());
        match &settings.region {
            Some(region) if !has_region => config.region(region),
            _ => config.region_from_arn(model_id),
        }
    }

    /// Returns a configuration for the local endpoint. The configuration ignores the environment, so the call is
    /// the same on every machine. Retries are disabled, because a retry to the local endpoint would fail in the
    /// same way.
    fn local_config(&self, local: &LocalEndpoint) -> ConfigBuilder {
        ConfigBuilder::default()
            .region(self.region.as_deref().unwrap_or(local.region()))
            .endpoint_url(local.url())
            .credentials_provider(Credentials::new(local.access_key_id(), local.secret_access_key(), None))
            .retry_config(RetryConfig::disabled())
    }
}

/// A client with its settings.
pub(crate) struct Session {
    pub(crate) client: Client,
    settings: Settings,
    /// Runs until the session is dropped.
    local: Option<LocalEndpoint>,
}

impl Session {
    /// Returns the port of the endpoint of `--local`.
    pub(crate) fn local_port(&self) -> Option<u16> {
        self.local.as_ref().map(|local| local.address().port())
    }

    /// Returns the failure of a call. If the service does not know the model, the failure proposes the closest
    /// known model.
    pub(crate) fn failure(&self, error: impl Into<Error>) -> Failure {
        let error = error.into();
        let model = suggestion::model(&error, self.settings.aliases.keys().map(String::as_str));
        let failure = Failure::call(error);
        match model {
            Some(model) => failure.with_advice(&format!("did you mean `{model}`?")),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests;
