//! SettingSources on the machine itself: the agent of a container, the metadata of an instance.

use std::net::IpAddr;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use reqsign_aws_core::{ECSCredentialProvider, IMDSv2CredentialProvider};

use super::error::ChainError;
use super::http::Limit;
use crate::env::Environment;

const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const ENDPOINT_MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const TIMEOUT: &str = "AWS_METADATA_SERVICE_TIMEOUT";
const ATTEMPTS: &str = "AWS_METADATA_SERVICE_NUM_ATTEMPTS";

/// Hosts that a container's agent has: ECS, EKS over IPv4 and over IPv6.
const AGENTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

pub(super) fn is_container(environment: &Environment) -> bool {
    environment.read(RELATIVE_URI).or_else(|| environment.read(FULL_URI)).is_some()
}

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
///
/// # Errors
/// Neither variable is set, or the URL is one to which no token may go.
pub(super) fn container(environment: &Environment) -> Result<ECSCredentialProvider, ChainError> {
    let url = match (environment.read(RELATIVE_URI), environment.read(FULL_URI)) {
        (Some(path), _) => format!("http://{}{path}", AGENTS[0]),
        (None, Some(url)) => checked(url)?,
        (None, None) => {
            return Err(ChainError::failed(format!("neither {RELATIVE_URI} nor {FULL_URI} is set")));
        }
    };
    let provider = ECSCredentialProvider::new().with_endpoint(url);
    Ok(match (environment.read(TOKEN_FILE), environment.read(TOKEN)) {
        // The file changes while the program runs, and so goes before.
        (Some(file), _) => provider.with_auth_token_file(file),
        (None, Some(token)) => provider.with_auth_token(token),
        (None, None) => provider,
    })
}

/// The token goes there: over TLS, or to this machine.
fn checked(url: String) -> Result<String, ChainError> {
    let uri = url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host.parse().is_ok_and(|address: IpAddr| address.is_loopback()) || host == "localhost";
    let encrypted = uri.as_ref().and_then(Uri::scheme) == Some(&Scheme::HTTPS);
    if !host.is_empty() && (encrypted || loopback || AGENTS.contains(&host)) {
        return Ok(url);
    }
    Err(ChainError::failed(format!(
        "{FULL_URI} is neither an https URL nor one of this machine, and a token would be sent to it"
    )))
}

pub(super) fn is_disabled(environment: &Environment) -> bool {
    environment.read("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html>
pub(super) fn instance(environment: &Environment) -> IMDSv2CredentialProvider {
    let six = environment.read(ENDPOINT_MODE).is_some_and(|mode| mode.eq_ignore_ascii_case("IPv6"));
    let usual = if six { "http://[fd00:ec2::254]" } else { "http://169.254.169.254" };
    let endpoint = environment.read(ENDPOINT).unwrap_or_else(|| usual.to_owned());
    IMDSv2CredentialProvider::new().with_endpoint(endpoint.trim_end_matches('/'))
}

/// How long the metadata is waited for: a second, once, where nobody says otherwise, for most machines have none.
pub(super) fn limit(environment: &Environment) -> Result<Limit, ChainError> {
    let number = |variable| match environment.read(variable) {
        None => Ok(1),
        Some(text) => match text.parse::<u32>() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(ChainError::failed(format!(
                "{variable} is `{}`: give a whole number above 0",
                text.escape_debug()
            ))),
        },
    };
    Ok(Limit { timeout: Duration::from_secs(number(TIMEOUT)?.into()), attempts: number(ATTEMPTS)? })
}
