//! The environment variables that direct AWS clients to the endpoint.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use invoke_model_local::LocalEndpoint;

use crate::curl::quoted;

/// Variables that override or change the endpoint, the credentials or the signature.
const UNSET: [&str; 6] = [
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    // If a profile is set, the SDK for JavaScript ignores the credentials in the environment.
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    BEARER_TOKEN,
];

/// Settings with which clients ignore or reject the URL of the endpoint. They are set to `false` and not unset,
/// because the profile of the user can turn them on.
const DISABLED: [&str; 3] =
    ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"];

/// The variable with a bearer token. Clients prefer this token to the credentials.
const BEARER_TOKEN: &str = "AWS_BEARER_TOKEN_BEDROCK";

/// Variables to set and to unset.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClientEnvironment {
    set: Vec<(&'static str, String)>,
    unset: Vec<&'static str>,
}

impl ClientEnvironment {
    /// Returns the variables for clients of an endpoint. `certificate` is the file with the certificate of
    /// the endpoint.
    pub(crate) fn new(local: &LocalEndpoint, certificate: Option<&Path>) -> Self {
        let (url, region) = (local.url(), local.region().to_owned());
        let mut set = vec![
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url.clone()),
            ("AWS_REGION", region.clone()),
            ("AWS_DEFAULT_REGION", region),
            ("AWS_ACCESS_KEY_ID", local.access_key_id().to_owned()),
            ("AWS_SECRET_ACCESS_KEY", local.secret_access_key().to_owned()),
            // The `anthropic` packages read the first variable, and other frameworks read the second
            // variable.
            ("ANTHROPIC_BEDROCK_BASE_URL", url.clone()),
            ("AWS_BEDROCK_RUNTIME_ENDPOINT", url),
        ];
        set.extend(DISABLED.map(|name| (name, "false".to_owned())));
        let no_proxy = no_proxy(&local.address().ip().to_string(), inherited_no_proxy().as_deref());
        set.extend(["NO_PROXY", "no_proxy"].map(|name| (name, no_proxy.clone())));
        if let Some(path) = certificate {
            // The clients run in other directories, so the path must be absolute.
            let path = std::path::absolute(path).map_or(Cow::Borrowed(path), Cow::Owned);
            let path = path.to_string_lossy().into_owned();
            set.extend(
                ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"].map(|name| (name, path.clone())),
            );
        }
        // Without HTTPS, boto3 rejects every call if the variable is set.
        let token = local.bearer_token().filter(|_| certificate.is_some());
        set.extend(token.map(|token| (BEARER_TOKEN, token.to_owned())));
        let is_set = |name: &str| set.iter().any(|(set, _)| *set == name);
        let unset = UNSET.into_iter().filter(|name| !is_set(name)).collect();
        Self { set, unset }
    }

    /// Prints the variables as commands of a POSIX shell.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for (name, value) in &self.set {
            writeln!(out, "export {name}={}", quote(value))?;
        }
        writeln!(out, "unset {}", self.unset.join(" "))?;
        out.flush()
    }

    /// Changes the environment of a command.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
        for name in &self.unset {
            command.env_remove(name);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the command extends the variable of its own environment")]
fn inherited_no_proxy() -> Option<String> {
    ["no_proxy", "NO_PROXY"].into_iter().find_map(|name| std::env::var(name).ok())
}

/// Returns the hosts for which clients must not use a proxy: this machine, the host of the endpoint, and the
/// hosts of the inherited variable.
fn no_proxy(host: &str, inherited: Option<&str>) -> String {
    let mut hosts = vec!["127.0.0.1", "localhost", "::1"];
    for other in [host].into_iter().chain(inherited.unwrap_or_default().split(',').map(str::trim)) {
        if !other.is_empty() && !hosts.contains(&other) {
            hosts.push(other);
        }
    }
    // `*` stands for all hosts, and must be the only entry.
    if hosts.contains(&"*") { "*".to_owned() } else { hosts.join(",") }
}

/// Returns a value as one word of a POSIX shell. Quotes a value that is empty or contains special characters.
fn quote(value: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:,+=@%".contains(&byte);
    if !value.is_empty() && value.bytes().all(is_plain) {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(quoted(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_for_a_shell() {
        let check = |value: &str, expected: &str| assert_eq!(quote(value), expected);
        check("http://127.0.0.1:8080", "http://127.0.0.1:8080");
        check("a/b+c=", "a/b+c=");
        check("", "''");
        check("two words", "'two words'");
        check("$(id)`id`;&|", "'$(id)`id`;&|'");
        check("it's", r"'it'\''s'");
        check("*", "'*'");
        check("https://[::1]:80", "'https://[::1]:80'");
    }

    #[test]
    fn proxies_are_not_used_for_the_endpoint() {
        let check = |host, inherited, expected: &str| assert_eq!(no_proxy(host, inherited), expected);
        check("127.0.0.1", None, "127.0.0.1,localhost,::1");
        check("10.0.0.1", Some(" .example.com, localhost,"), "127.0.0.1,localhost,::1,10.0.0.1,.example.com");
        check("::1", Some("*"), "*");
    }
}
