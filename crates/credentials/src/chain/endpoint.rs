//! Endpoints of STS and SSO.

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use reqsign_core::{Error, HttpSend};

use super::error::SourceError;
use super::http::HttpClient;
use crate::environment::Environment;
use crate::shared_files::{ProfileSettings, SharedFilesError};

/// A service that returns credentials.
pub(super) struct Service {
    name: &'static str,
    /// The key of the service in a `services` section.
    id: &'static str,
    variable: &'static str,
    /// The start of the host name.
    prefix: &'static str,
}

pub(super) const STS: Service =
    Service { name: "STS", id: "sts", variable: "AWS_ENDPOINT_URL_STS", prefix: "sts" };
pub(super) const SSO: Service =
    Service { name: "SSO", id: "sso", variable: "AWS_ENDPOINT_URL_SSO", prefix: "portal.sso" };

/// The settings that determine the endpoints of STS and SSO. They are the same as for the service that the
/// program calls: a program that must use FIPS endpoints must not load its credentials from another endpoint.
pub(super) struct ServiceEndpoints<'a> {
    environment: &'a Environment,
    profile: Option<ProfileSettings>,
    use_fips: Option<bool>,
    use_dual_stack: Option<bool>,
}

/// A partition of AWS: the prefix of its regions, its DNS suffix, and the DNS suffix of dual-stack endpoints.
struct Partition(&'static str, &'static str, &'static str);

/// The partitions, except for the default.
const PARTITIONS: [Partition; 7] = [
    Partition("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    Partition("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    Partition("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    Partition("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    Partition("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    Partition("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    GOV,
];
const GOV: Partition = Partition("us-gov-", "amazonaws.com", "api.aws");
const DEFAULT: Partition = Partition("", "amazonaws.com", "api.aws");

impl<'a> ServiceEndpoints<'a> {
    pub(super) fn new(environment: &'a Environment, profile: Option<ProfileSettings>) -> Self {
        Self { environment, profile, use_fips: None, use_dual_stack: None }
    }

    /// Sets the FIPS flag of the program, which takes precedence over the environment and the profile.
    pub(super) fn use_fips(self, use_fips: Option<bool>) -> Self {
        Self { use_fips, ..self }
    }

    /// Sets the dual-stack flag of the program, which takes precedence over the environment and the profile.
    pub(super) fn use_dual_stack(self, use_dual_stack: Option<bool>) -> Self {
        Self { use_dual_stack, ..self }
    }

    /// Returns the URL of a service in a region, without a slash at the end.
    ///
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>
    ///
    /// # Errors
    /// Returns an error if the region or a setting is invalid, or if a custom URL is combined with FIPS or dual-stack.
    pub(super) fn url(&self, service: &Service, region: &str) -> Result<String, SourceError> {
        let fips = self.flag(self.use_fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?;
        let dual_stack =
            self.flag(self.use_dual_stack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?;
        if let Some((origin, url)) = self.custom_url(service)? {
            let flag = match (fips, dual_stack) {
                (true, _) => "a FIPS endpoint",
                (false, true) => "a dual-stack endpoint",
                (false, false) => return check_url(url, &origin),
            };
            return Err(SourceError::with_advice(format!(
                "{flag} and a custom endpoint URL of {} ({origin}) cannot be combined; remove one of them",
                service.name
            )));
        }
        if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(SourceError::with_advice(format!(
                "the region of {} is `{}`; use letters, digits and hyphens only, such as us-east-1",
                service.name,
                region.escape_debug()
            )));
        }
        let Partition(prefix, suffix, dual_stack_suffix) =
            PARTITIONS.iter().find(|partition| region.starts_with(partition.0)).unwrap_or(&DEFAULT);
        let suffix = if dual_stack { dual_stack_suffix } else { suffix };
        // In GovCloud, the regular endpoints are FIPS endpoints. Only dual-stack endpoints have another name.
        let fips = if fips && (dual_stack || *prefix != GOV.0) { "-fips" } else { "" };
        Ok(format!("https://{}{fips}.{region}.{suffix}", service.prefix))
    }

    /// Returns the environment of the instance metadata. The settings of the profile replace unset variables.
    pub(super) fn metadata_environment(&self) -> Environment {
        let (environment, profile) = (self.environment.clone(), self.profile.clone());
        Environment::new(move |name| {
            let of_profile = || {
                let key = match name {
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT"
                    | "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
                    | "AWS_METADATA_SERVICE_TIMEOUT"
                    | "AWS_METADATA_SERVICE_NUM_ATTEMPTS" => name.strip_prefix("AWS_")?.to_ascii_lowercase(),
                    _ => return None,
                };
                profile.as_ref()?.get(&key).map(str::to_owned)
            };
            environment.read(name).or_else(of_profile)
        })
    }

    /// Returns the custom URL of a service, and the setting that contains it.
    fn custom_url(&self, service: &Service) -> Result<Option<(String, String)>, SourceError> {
        let ignored = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
        if self.flag(None, ignored, "ignore_configured_endpoint_urls")? {
            return Ok(None);
        }
        for variable in [service.variable, "AWS_ENDPOINT_URL"] {
            if let Some(url) = self.environment.read(variable) {
                return Ok(Some((variable.to_owned(), url)));
            }
        }
        let Some(profile) = &self.profile else { return Ok(None) };
        let url = profile.endpoint_url(service.id).map_err(in_profile)?;
        Ok(url.map(|url| {
            (format!("`endpoint_url` of profile `{}`", profile.name().escape_debug()), url.to_owned())
        }))
    }

    fn flag(&self, in_code: Option<bool>, variable: &str, key: &str) -> Result<bool, SourceError> {
        if let Some(flag) = in_code {
            return Ok(flag);
        }
        match self.environment.read(variable) {
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(text) => Err(SourceError::with_advice(format!(
                "{variable} is `{}`; use `true` or `false`",
                text.escape_debug()
            ))),
            None => match &self.profile {
                Some(profile) => profile.flag(key).map(Option::unwrap_or_default).map_err(in_profile),
                None => Ok(false),
            },
        }
    }
}

fn in_profile(error: SharedFilesError) -> SourceError {
    SourceError::with_advice(error.to_string())
}

/// Checks a custom URL. The error does not contain the URL, because the URL can contain a password.
pub(super) fn check_url(url: String, origin: &str) -> Result<String, SourceError> {
    let uri = url.parse::<Uri>().ok();
    let is_host = |authority: &Authority| !authority.host().is_empty() && has_valid_port(authority);
    let has_host = uri.as_ref().and_then(Uri::authority).is_some_and(is_host);
    let scheme = uri.as_ref().and_then(Uri::scheme);
    let is_http = scheme == Some(&Scheme::HTTP) || scheme == Some(&Scheme::HTTPS);
    if is_http && has_host && !url.contains(['@', '?', '#']) {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    Err(SourceError::with_advice(format!(
        "{origin} is not an http or https URL without user, password, query and fragment; use a URL such as \
         https://example.com:8443"
    )))
}

/// Returns `true` if the authority has no port, or a port from 1 to 65535. The crate `http` also accepts an empty
/// port, a sign and any text. A token must not be sent to the default port instead.
pub(super) fn has_valid_port(authority: &Authority) -> bool {
    let port = authority.as_str().strip_prefix(authority.host()).and_then(|port| port.strip_prefix(':'));
    let is_valid = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    port.is_none_or(is_valid)
}

/// Replaces the scheme, the host and the port of a request. Prepends the path of the URL.
pub(super) fn redirect(uri: &Uri, url: &str) -> Result<Uri, Error> {
    let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    format!("{url}{target}").parse().map_err(|_| Error::request_invalid("the endpoint URL is too long"))
}

/// An HTTP client that sends all requests to one URL. The library cannot change the endpoint of STS.
#[derive(Clone, Debug)]
pub(super) struct Redirected {
    pub(super) http: HttpClient,
    pub(super) url: String,
}

impl HttpSend for Redirected {
    async fn http_send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        *request.uri_mut() = redirect(request.uri(), &self.url)?;
        self.http.http_send(request).await
    }
}
