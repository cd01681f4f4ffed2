//! Environment variables that configure a client. The type [`Environment`] reads them.
//!
//! This module applies the precedence between variables and returns plain values. `ConfigBuilder::from_env`
//! parses and checks the values.
//!
//! Names of the variables: <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>

use invoke_model_credentials::Environment;

pub(crate) const BEARER_TOKEN: &str = "AWS_BEARER_TOKEN_BEDROCK";
pub(crate) const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
pub(crate) const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
pub(crate) const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
/// The name of the session token in older tools.
pub(crate) const SECURITY_TOKEN: &str = "AWS_SECURITY_TOKEN";
#[cfg(not(feature = "credentials-chain"))]
pub(crate) const PROFILES: [&str; 2] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];
pub(crate) const IGNORE_ENDPOINT_URLS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
pub(crate) const MAX_ATTEMPTS: &str = "AWS_MAX_ATTEMPTS";
pub(crate) const RETRY_MODE: &str = "AWS_RETRY_MODE";
pub(crate) const USE_FIPS: &str = "AWS_USE_FIPS_ENDPOINT";
pub(crate) const USE_DUAL_STACK: &str = "AWS_USE_DUALSTACK_ENDPOINT";
pub(crate) const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// The name and the value of a variable that is set.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

/// Returns the name and the value of a variable.
pub(crate) fn variable(environment: &Environment, name: &'static str) -> Option<Variable> {
    environment.read(name).map(|value| Variable { name, value })
}

fn first(environment: &Environment, names: [&'static str; 2]) -> Option<Variable> {
    names.into_iter().find_map(|name| variable(environment, name))
}

pub(crate) fn region(environment: &Environment) -> Option<Variable> {
    first(environment, ["AWS_REGION", "AWS_DEFAULT_REGION"])
}

/// Returns the endpoint URL, which [`IGNORE_ENDPOINT_URLS`] can disable.
pub(crate) fn endpoint_url(environment: &Environment) -> Option<Variable> {
    first(environment, ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"])
}

/// Returns the proxy for `http` requests. The variables have the same precedence as in curl and botocore:
/// <https://everything.curl.dev/usingcurl/proxies/env.html>.
///
/// Ignores `HTTP_PROXY` if `REQUEST_METHOD` is set, because the process is then a CGI program. In a CGI
/// program, `HTTP_PROXY` contains the `Proxy` header of the incoming request: <https://httpoxy.org>.
pub(crate) fn http_proxy(environment: &Environment) -> Option<Variable> {
    let proxy = match environment.read("REQUEST_METHOD") {
        Some(_) => variable(environment, "http_proxy"),
        None => first(environment, ["http_proxy", "HTTP_PROXY"]),
    };
    proxy.or_else(|| all_proxy(environment))
}

/// Returns the proxy for `https` requests.
pub(crate) fn https_proxy(environment: &Environment) -> Option<Variable> {
    first(environment, ["https_proxy", "HTTPS_PROXY"]).or_else(|| all_proxy(environment))
}

fn all_proxy(environment: &Environment) -> Option<Variable> {
    first(environment, ["all_proxy", "ALL_PROXY"])
}

/// Returns the hosts that are called without a proxy.
pub(crate) fn no_proxy(environment: &Environment) -> Option<Variable> {
    first(environment, ["no_proxy", "NO_PROXY"])
}
