//! Settings from environment variables, the only place that reads them.
//! Names: <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>

use invoke_model_transport::{Proxies, ProxyError};

use crate::config::{ConfigBuilder, ConfigError, Setting, SettingSource};
#[cfg(feature = "credentials-chain")]
use crate::credentials::ChainSettings;
use crate::credentials::{Credentials, Given, Token};

mod environment;

pub(crate) use environment::Environment;

const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const ENDPOINT_URL: [&str; 2] = ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"];
const IGNORE_ENDPOINT_URL: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
const BEARER_TOKEN: &str = "AWS_BEARER_TOKEN_BEDROCK";
pub(crate) const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
pub(crate) const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
pub(crate) const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
const MAX_ATTEMPTS: &str = "AWS_MAX_ATTEMPTS";
const RETRY_MODE: &str = "AWS_RETRY_MODE";
const USE_FIPS: &str = "AWS_USE_FIPS_ENDPOINT";
const USE_DUAL_STACK: &str = "AWS_USE_DUALSTACK_ENDPOINT";
const CA_BUNDLE: &str = "AWS_CA_BUNDLE";
const HTTP_PROXY: [&str; 2] = ["http_proxy", "HTTP_PROXY"];
const HTTPS_PROXY: [&str; 2] = ["https_proxy", "HTTPS_PROXY"];
const ALL_PROXY: [&str; 2] = ["all_proxy", "ALL_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];
const CGI_METHOD: &str = "REQUEST_METHOD";

/// The settings in an environment.
pub(crate) fn builder(environment: Environment) -> ConfigBuilder {
    let read = |name: &str| environment.read(name);
    let setting = |name: &'static str| Some(Setting::new(read(name)?, SettingSource::Environment(name)));
    let first = |names: [&'static str; 2]| names.into_iter().find_map(setting);
    let ignores_urls = read(IGNORE_ENDPOINT_URL).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    ConfigBuilder {
        region: first(REGION),
        endpoint_url: first(ENDPOINT_URL).filter(|_| !ignores_urls),
        bearer_token: setting(BEARER_TOKEN).map(|token| Setting::new(Token::new(token.value), token.source)),
        credentials: credentials(read),
        max_attempts: setting(MAX_ATTEMPTS).map(|value| attempts(&value)),
        retry_mode: setting(RETRY_MODE).map(|value| retry_mode(&value)),
        use_fips: setting(USE_FIPS).map(|value| flag("FIPS flag", &value)),
        use_dual_stack: setting(USE_DUAL_STACK).map(|value| flag("dual-stack flag", &value)),
        proxies: proxies(setting),
        ca_bundle: read(CA_BUNDLE).map(Into::into),
        #[cfg(feature = "credentials-chain")]
        chain: Some(ChainSettings { environment: environment.clone(), profile: None }),
        ..ConfigBuilder::default()
    }
}

/// The proxies, as curl and botocore read them: <https://everything.curl.dev/usingcurl/proxies/env.html>.
fn proxies(
    setting: impl Fn(&'static str) -> Option<Setting<String>>,
) -> Option<Result<Proxies, ConfigError>> {
    let first = |names: [&'static str; 2]| names.into_iter().find_map(&setting);
    let all = || first(ALL_PROXY);
    // A web server hands the field `Proxy` of any request to its CGI programs as HTTP_PROXY.
    // https://httpoxy.org
    let http = if setting(CGI_METHOD).is_some() { setting(HTTP_PROXY[0]) } else { first(HTTP_PROXY) };
    let (http, https) = (http.or_else(all), first(HTTPS_PROXY).or_else(all));
    if http.is_none() && https.is_none() {
        return None;
    }
    let given = |proxies: Proxies, url: Option<Setting<String>>, set: SetProxy| {
        let Some(url) = url else { return Ok(proxies) };
        set(proxies, &url.value).map_err(|error| ConfigError::Invalid {
            setting: "proxy",
            origin: url.source,
            problem: error.to_string(),
        })
    };
    let proxies =
        first(NO_PROXY).map_or_else(Proxies::default, |list| Proxies::default().no_proxy(&list.value));
    let proxies = given(proxies, http, Proxies::http);
    Some(proxies.and_then(|proxies| given(proxies, https, Proxies::https)))
}

type SetProxy = fn(Proxies, &str) -> Result<Proxies, ProxyError>;

fn credentials(read: impl Fn(&str) -> Option<String>) -> Option<Setting<Result<Given, ConfigError>>> {
    let half = |given, missing| Err(ConfigError::HalfCredentials { given, missing });
    let value = match (read(ACCESS_KEY_ID), read(SECRET_ACCESS_KEY)) {
        (None, None) => return None,
        (Some(_), None) => half(ACCESS_KEY_ID, SECRET_ACCESS_KEY),
        (None, Some(_)) => half(SECRET_ACCESS_KEY, ACCESS_KEY_ID),
        (Some(id), Some(secret)) => {
            let fixed = Credentials::new(id, secret, read(SESSION_TOKEN));
            Ok(Given::Fixed(fixed))
        }
    };
    Some(Setting::new(value, SettingSource::Environment(ACCESS_KEY_ID)))
}

fn attempts(given: &Setting<String>) -> Setting<Result<u32, ConfigError>> {
    let number = given.value.parse().ok().filter(|number| *number > 0);
    let value = number.ok_or_else(|| ConfigError::Invalid {
        setting: "number of attempts",
        origin: given.source,
        problem: format!("is `{}`: give a number of at least 1", given.value.escape_debug()),
    });
    Setting::new(value, given.source)
}

/// Whether the mode is adaptive. `legacy` is what some SDKs had before `standard`.
fn retry_mode(given: &Setting<String>) -> Setting<Result<bool, ConfigError>> {
    let value = match given.value.to_ascii_lowercase().as_str() {
        "adaptive" => Ok(true),
        "standard" | "legacy" => Ok(false),
        _ => Err(ConfigError::Invalid {
            setting: "retry mode",
            origin: given.source,
            problem: format!("is `{}`: give standard or adaptive", given.value.escape_debug()),
        }),
    };
    Setting::new(value, given.source)
}

fn flag(setting: &'static str, given: &Setting<String>) -> Setting<Result<bool, ConfigError>> {
    let value = match given.value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(ConfigError::Invalid {
            setting,
            origin: given.source,
            problem: format!("is `{}`: give true or false", given.value.escape_debug()),
        }),
    };
    Setting::new(value, given.source)
}

#[cfg(test)]
mod tests;
