//! Credentials sources of the local machine: the container agent and instance metadata.

use std::net::IpAddr;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use reqsign_aws_core::{ECSCredentialProvider, IMDSv2CredentialProvider};

use super::error::SourceError;
use super::http::HttpRetryLimit;
use crate::environment::Environment;

const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const ENDPOINT_MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const TIMEOUT: &str = "AWS_METADATA_SERVICE_TIMEOUT";
const ATTEMPTS: &str = "AWS_METADATA_SERVICE_NUM_ATTEMPTS";

/// Hosts of the container agent for ECS, EKS over IPv4, and EKS over IPv6.
const AGENTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

/// Returns `true` if the environment configures a container agent.
pub(super) fn is_container(environment: &Environment) -> bool {
    environment.read(RELATIVE_URI).or_else(|| environment.read(FULL_URI)).is_some()
}

/// Returns the provider for a container:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
///
/// # Errors
/// Returns an error if the variables contain no URL, or if it is unsafe to send the token to the URL.
pub(super) fn container(environment: &Environment) -> Result<ECSCredentialProvider, SourceError> {
    let url = match (environment.read(RELATIVE_URI), environment.read(FULL_URI)) {
        (Some(path), _) => format!("http://{}{path}", AGENTS[0]),
        (None, Some(url)) => check_url(url)?,
        (None, None) => {
            return Err(SourceError::with_advice(format!(
                "neither {RELATIVE_URI} nor {FULL_URI} is set; set one of them"
            )));
        }
    };
    let provider = ECSCredentialProvider::new().with_endpoint(url);
    Ok(match (environment.read(TOKEN_FILE), environment.read(TOKEN)) {
        // The file takes precedence, because the container agent replaces the token in the file while the
        // program runs.
        (Some(file), _) => provider.with_auth_token_file(file),
        (None, Some(token)) => provider.with_auth_token(token),
        (None, None) => provider,
    })
}

/// Checks that the authorization token is sent only over TLS or to this machine.
fn check_url(url: String) -> Result<String, SourceError> {
    let uri = url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host.parse().is_ok_and(|address: IpAddr| address.is_loopback()) || host == "localhost";
    let encrypted = uri.as_ref().and_then(Uri::scheme) == Some(&Scheme::HTTPS);
    if !host.is_empty() && (encrypted || loopback || AGENTS.contains(&host)) {
        return Ok(url);
    }
    Err(SourceError::with_advice(format!(
        "{FULL_URI} is neither an https URL nor a URL of this machine, so a token must not be sent to it; use an \
         https URL or a URL of this machine"
    )))
}

/// Returns `true` if the environment disables instance metadata.
pub(super) fn is_disabled(environment: &Environment) -> bool {
    environment.read("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Returns the provider for instance metadata, version 2:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html>
pub(super) fn instance(environment: &Environment) -> IMDSv2CredentialProvider {
    let is_ipv6 = environment.read(ENDPOINT_MODE).is_some_and(|mode| mode.eq_ignore_ascii_case("IPv6"));
    let default = if is_ipv6 { "http://[fd00:ec2::254]" } else { "http://169.254.169.254" };
    let endpoint = environment.read(ENDPOINT).unwrap_or_else(|| default.to_owned());
    IMDSv2CredentialProvider::new().with_endpoint(endpoint.trim_end_matches('/'))
}

/// Returns the timeout and the number of attempts for instance metadata.
///
/// The default is one attempt with a timeout of one second, because most machines have no instance metadata.
pub(super) fn retry_limit(environment: &Environment) -> Result<HttpRetryLimit, SourceError> {
    let number = |variable| match environment.read(variable) {
        None => Ok(1),
        Some(text) => match text.parse::<u32>() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(SourceError::with_advice(format!(
                "{variable} is `{}`; use a whole number of at least 1",
                text.escape_debug()
            ))),
        },
    };
    let timeout = Duration::from_secs(number(TIMEOUT)?.into());
    Ok(HttpRetryLimit { timeout, max_attempts: number(ATTEMPTS)? })
}
