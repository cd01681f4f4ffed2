//! Credentials sources of the local machine: the container agent and instance metadata.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use reqsign_aws_core::{ECSCredentialProvider, IMDSv2CredentialProvider};

use super::endpoint::{self, has_valid_port};
use super::error::SourceError;
use super::http::{HttpPolicy, MAX_ATTEMPTS};
use crate::environment::Environment;
use crate::loopback::{address_of, is_loopback_host};

const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const ENDPOINT_MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const TIMEOUT: &str = "AWS_METADATA_SERVICE_TIMEOUT";
const ATTEMPTS: &str = "AWS_METADATA_SERVICE_NUM_ATTEMPTS";

/// Address of the container agent of ECS.
const ECS_AGENT: &str = "169.254.170.2";

/// Addresses of the container agent for ECS, EKS over IPv4, and EKS over IPv6.
const AGENTS: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

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
        (Some(path), _) => agent_url(&path)?,
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

/// Returns the URL of a path on the container agent of ECS.
///
/// The text must be a path. Otherwise, the text could change the host of the URL, so the authorization token
/// would be sent to that host. For example, `http://169.254.170.2` and `@example.com/` form a URL of
/// `example.com`.
fn agent_url(path: &str) -> Result<String, SourceError> {
    // Some parsers treat `//` and `\` at the start of a path as the start of a host.
    let is_path = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    let url = format!("http://{ECS_AGENT}{path}");
    let stays = |uri: Uri| uri.authority().is_some_and(|authority| authority == ECS_AGENT);
    if is_path && path.parse::<PathAndQuery>().is_ok() && url.parse().is_ok_and(stays) {
        return Ok(url);
    }
    Err(SourceError::with_advice(format!(
        "{RELATIVE_URI} is not a path, so no token was read or sent; use a path that starts with one `/`, or set \
         {FULL_URI} to a URL"
    )))
}

/// Checks that the authorization token is sent only over TLS or to this machine.
///
/// The error does not contain the URL, because the URL can contain a secret.
fn check_url(url: String) -> Result<String, SourceError> {
    let uri = url.parse::<Uri>().ok();
    let authority =
        uri.as_ref().and_then(Uri::authority).filter(|authority| !authority.as_str().contains('@'));
    let scheme = uri.as_ref().and_then(Uri::scheme);
    let is_safe = |authority: &Authority| match scheme {
        Some(scheme) if *scheme == Scheme::HTTPS => !authority.host().is_empty(),
        Some(scheme) if *scheme == Scheme::HTTP => is_local(authority),
        _ => false,
    };
    if authority.is_some_and(|authority| is_safe(authority) && has_valid_port(authority)) {
        return Ok(url);
    }
    Err(SourceError::with_advice(format!(
        "{FULL_URI} is neither an https URL nor a URL of this machine, so a token must not be sent to it; use an \
         https URL or a URL of this machine, without a user name and with a valid port"
    )))
}

/// Returns `true` if the host is this machine or a container agent.
fn is_local(authority: &Authority) -> bool {
    let host = authority.host();
    is_loopback_host(host) || address_of(host).is_some_and(|address| AGENTS.contains(&address))
}

/// Returns `true` if the environment disables instance metadata.
pub(super) fn is_disabled(environment: &Environment) -> bool {
    environment.read("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Returns the provider for instance metadata, version 2:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html>
///
/// # Errors
/// Returns an error if the endpoint or its mode is invalid.
pub(super) fn instance(environment: &Environment) -> Result<IMDSv2CredentialProvider, SourceError> {
    let endpoint = match (environment.read(ENDPOINT), environment.read(ENDPOINT_MODE)) {
        (Some(url), _) => endpoint::check_url(url, ENDPOINT)?,
        (None, Some(mode)) if mode.eq_ignore_ascii_case("IPv6") => "http://[fd00:ec2::254]".to_owned(),
        (None, Some(mode)) if !mode.eq_ignore_ascii_case("IPv4") => {
            let mode = mode.escape_debug();
            return Err(SourceError::with_advice(format!("{ENDPOINT_MODE} is `{mode}`; use IPv4 or IPv6")));
        }
        (None, _) => "http://169.254.169.254".to_owned(),
    };
    Ok(IMDSv2CredentialProvider::new().with_endpoint(endpoint))
}

/// Returns the policy for requests to instance metadata.
///
/// If the environment sets no number of attempts, there are 3 attempts, but no retry before instance metadata
/// has responded, because most machines have no instance metadata.
pub(super) fn http_policy(environment: &Environment) -> Result<HttpPolicy, SourceError> {
    let number = |variable| match environment.read(variable) {
        None => Ok(None),
        Some(text) => match text.parse::<u32>() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(SourceError::with_advice(format!(
                "{variable} is `{}`; use a whole number of at least 1",
                text.escape_debug()
            ))),
        },
    };
    let (timeout, max_attempts) = (number(TIMEOUT)?, number(ATTEMPTS)?);
    Ok(HttpPolicy {
        attempt_timeout: Duration::from_secs(timeout.unwrap_or(1).into()),
        max_attempts: max_attempts.unwrap_or(MAX_ATTEMPTS),
        retries_silence: max_attempts.is_some(),
        quotes_errors: false,
    })
}
