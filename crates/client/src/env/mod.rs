//! Environment variables that configure a client. Only this module of the crate reads the environment.
//!
//! This module applies the precedence between variables and returns plain values. `ConfigBuilder::from_env`
//! parses and checks the values.
//!
//! Names of the variables: <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>

use std::fmt;
#[cfg(feature = "credentials-chain")]
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) const BEARER_TOKEN: &str = "AWS_BEARER_TOKEN_BEDROCK";
pub(crate) const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
pub(crate) const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
pub(crate) const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
pub(crate) const MAX_ATTEMPTS: &str = "AWS_MAX_ATTEMPTS";
pub(crate) const RETRY_MODE: &str = "AWS_RETRY_MODE";
pub(crate) const USE_FIPS: &str = "AWS_USE_FIPS_ENDPOINT";
pub(crate) const USE_DUAL_STACK: &str = "AWS_USE_DUALSTACK_ENDPOINT";
pub(crate) const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// A function that returns the value of the variable with the given name.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The environment variables of the process, or variables that the program passes instead.
///
/// An empty variable counts as unset. `Debug` prints no values, because some of them are secret.
#[derive(Clone)]
pub(crate) struct Environment(Arc<Lookup>);

/// The name and the value of a variable that is set.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

impl Environment {
    pub(crate) fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// Returns the environment of the process.
    ///
    /// Bytes that are not UTF-8 become replacement characters. The check of the setting then fails with an
    /// error that names the variable. Without the replacement, the setting would count as unset.
    pub(crate) fn process() -> Self {
        Self::new(|name| {
            #[expect(
                clippy::disallowed_methods,
                reason = "the only place of the library that reads the environment"
            )]
            let value = std::env::var_os(name)?;
            Some(value.to_string_lossy().into_owned())
        })
    }

    /// Returns the value of a variable.
    pub(crate) fn read(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// Returns the name and the value of a variable.
    pub(crate) fn variable(&self, name: &'static str) -> Option<Variable> {
        self.read(name).map(|value| Variable { name, value })
    }

    fn first(&self, names: [&'static str; 2]) -> Option<Variable> {
        names.into_iter().find_map(|name| self.variable(name))
    }

    pub(crate) fn region(&self) -> Option<Variable> {
        self.first(["AWS_REGION", "AWS_DEFAULT_REGION"])
    }

    /// Returns the endpoint URL. Returns `None` if `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`, or if no
    /// endpoint URL is set.
    pub(crate) fn endpoint_url(&self) -> Option<Variable> {
        let ignored = self.read("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        if ignored.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return None;
        }
        self.first(["AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"])
    }

    /// Returns the proxy for `http` requests. The variables have the same precedence as in curl and botocore:
    /// <https://everything.curl.dev/usingcurl/proxies/env.html>.
    ///
    /// Ignores `HTTP_PROXY` if `REQUEST_METHOD` is set, because the process is then a CGI program. In a CGI
    /// program, `HTTP_PROXY` contains the `Proxy` header of the incoming request: <https://httpoxy.org>.
    pub(crate) fn http_proxy(&self) -> Option<Variable> {
        let proxy = match self.read("REQUEST_METHOD") {
            Some(_) => self.variable("http_proxy"),
            None => self.first(["http_proxy", "HTTP_PROXY"]),
        };
        proxy.or_else(|| self.all_proxy())
    }

    /// Returns the proxy for `https` requests.
    pub(crate) fn https_proxy(&self) -> Option<Variable> {
        self.first(["https_proxy", "HTTPS_PROXY"]).or_else(|| self.all_proxy())
    }

    fn all_proxy(&self) -> Option<Variable> {
        self.first(["all_proxy", "ALL_PROXY"])
    }

    /// Returns the hosts that are called without a proxy.
    pub(crate) fn no_proxy(&self) -> Option<Variable> {
        self.first(["no_proxy", "NO_PROXY"])
    }

    /// Returns the home directory of the user.
    #[cfg(feature = "credentials-chain")]
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.read(name).map(PathBuf::from)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
