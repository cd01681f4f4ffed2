//! Verification of signed requests.

use std::fmt;
use std::time::{Duration, SystemTime};

use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName};
use http::request::Parts;
use subtle::ConstantTimeEq;

use crate::authorization::Authorization;
use crate::canonical::{CanonicalRequest, SignableRequest};
use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::VerifyError;
use crate::header::{
    self, SECURITY_TOKEN, SignableHeader, X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN,
};
use crate::hex::HexDigest;
use crate::key::SigningKeyCache;
use crate::likely_cause;
use crate::mismatch::SignatureMismatch;
use crate::payload::PayloadHash;
use crate::presigned;
use crate::scope::CredentialScope;
use crate::settings::SigningSettings;
use crate::sign::string_to_sign;

/// The pseudo-header that contains the host of an HTTP/2 request
/// ([RFC 9113](https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1)). The AWS SDK for JavaScript signs it
/// instead of `host` if it uses HTTP/2.
const AUTHORITY: &str = ":authority";

/// Verifies signed requests to one service.
///
/// A verifier caches the signing key of the most recent secret access key and credential scope. Therefore
/// share one verifier among requests and threads.
#[derive(Debug)]
pub struct Verifier {
    region: Option<String>,
    service: String,
    max_skew: Duration,
    settings: SigningSettings,
    keys: SigningKeyCache,
}

impl Verifier {
    /// Creates a verifier for the signing name of a service (`bedrock`).
    ///
    /// The verifier accepts all regions. The signing time may differ from the time of verification by at most
    /// five minutes. The verifier uses the default [`SigningSettings`].
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            region: None,
            service: service.into(),
            max_skew: Duration::from_secs(5 * 60),
            settings: SigningSettings::default(),
            keys: SigningKeyCache::default(),
        }
    }

    /// Accepts only signatures for this region.
    #[must_use]
    pub fn with_region(self, region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// Sets the maximum difference between the times of signing and verification, in either direction.
    #[must_use]
    pub fn with_max_skew(self, max_skew: Duration) -> Self {
        Self { max_skew, ..self }
    }

    /// Sets the signing rules of the service.
    #[must_use]
    pub fn with_settings(self, settings: SigningSettings) -> Self {
        Self { settings, ..self }
    }

    pub(crate) fn settings(&self) -> &SigningSettings {
        &self.settings
    }

    pub(crate) fn max_skew(&self) -> Duration {
        self.max_skew
    }

    /// Verifies that the owner of the access key signed exactly this method, path, query, headers and body.
    /// Also verifies that the signing time is close to `now`.
    ///
    /// The signature is in the `authorization` header, or in the query of a presigned request. A presigned
    /// request is valid from its signing time until its expiry. Its signature may cover `UNSIGNED-PAYLOAD`
    /// instead of the hash of the body.
    ///
    /// * `payload`: the hash of the received body.
    /// * `lookup`: returns the credentials of an access key id, or `None` if the id is unknown. The verifier
    ///   does not check the expiry of the credentials.
    ///
    /// # Errors
    ///
    /// Returns the first problem that the verifier finds. The verifier checks the signature last. See
    /// [`VerifyError`].
    pub fn verify(
        &self,
        request: &Parts,
        payload: &PayloadHash,
        lookup: impl FnOnce(&str) -> Option<Credentials>,
        now: SystemTime,
    ) -> Result<VerifiedSignature, VerifyError> {
        let headers = &request.headers;
        let Some(value) = single_value(headers, AUTHORIZATION)? else {
            return match presigned::is_presigned(&request.uri) {
                true => self.verify_presigned(request, payload, lookup, now),
                false => Err(VerifyError::MissingAuthentication),
            };
        };
        let authorization =
            Authorization::parse(value).map_err(|problem| malformed(AUTHORIZATION, problem))?;
        let date = date(headers)?;
        let scope = self.check_scope(&authorization, &date)?;
        check_skew(date.system_time(), now, self.max_skew)?;
        let token = single_value(headers, X_AMZ_SECURITY_TOKEN)?;
        let credentials = find_credentials(lookup, authorization.access_key_id, token)?;
        self.check_signed_headers(headers, &authorization)?;
        check_payload(headers, payload)?;
        let signable = signable_request(request, &authorization.signed_headers, payload)?;
        self.check_signature(&signable, &authorization, scope, &date, &credentials)
    }

    /// Compares the signature of the client with the signature of this request.
    pub(crate) fn check_signature(
        &self,
        signable: &SignableRequest<'_>,
        authorization: &Authorization<'_>,
        scope: CredentialScope,
        date: &AmzDate,
        credentials: &Credentials,
    ) -> Result<VerifiedSignature, VerifyError> {
        let canonical_request = signable.canonical(&self.settings);
        let key = self.keys.key(credentials.secret_access_key(), &scope);
        let sign = |string_to_sign: &str| HexDigest::encode(key.clone().sign(string_to_sign));
        let is_sent =
            |signature: &HexDigest| is_equal(Some(signature.as_str()), Some(authorization.signature));

        let computed = string_to_sign(date, &scope, canonical_request.as_str());
        let signature = sign(&computed);
        if is_sent(&signature) {
            let access_key_id = authorization.access_key_id.to_owned();
            let signed_at = date.system_time();
            return Ok(VerifiedSignature { access_key_id, scope, signed_at, canonical_request, signature });
        }
        let explanation = likely_cause::candidates(signable, &canonical_request, &self.settings)
            .find(|(_, candidate)| is_sent(&sign(&string_to_sign(date, &scope, candidate.as_str()))));
        let mismatch = SignatureMismatch { canonical_request, string_to_sign: computed, explanation };
        Err(VerifyError::SignatureMismatch(Box::new(mismatch)))
    }

    /// Checks that the credential scope contains the day of `x-amz-date`, and the region and service of this
    /// verifier.
    pub(crate) fn check_scope(
        &self,
        authorization: &Authorization<'_>,
        date: &AmzDate,
    ) -> Result<CredentialScope, VerifyError> {
        let [_, claimed_region, ..] = authorization.scope;
        // `*` stands for any region. An empty region is not a region.
        let any_region = if claimed_region.is_empty() { "*" } else { claimed_region };
        let region = self.region.as_deref().unwrap_or(any_region);
        let scope = CredentialScope::new(date, region, self.service.as_str());
        let (expected, found) = (scope.to_string(), authorization.scope.join("/"));
        if expected == found { Ok(scope) } else { Err(VerifyError::WrongScope { expected, found }) }
    }

    /// Checks that `host` or [`AUTHORITY`], and all `x-amz-*` headers are signed.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>
    pub(crate) fn check_signed_headers(
        &self,
        headers: &HeaderMap,
        authorization: &Authorization<'_>,
    ) -> Result<(), VerifyError> {
        let exempt = |name: &str| name == SECURITY_TOKEN && !self.settings.sign_session_token;
        let present = headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
        let is_signed = |name: &str| authorization.signed_headers.contains(&name);
        let unsigned = std::iter::once(HOST.as_str())
            .chain(present.filter(|name| !exempt(name)))
            .find(|name| !is_signed(name) && (*name != HOST.as_str() || !is_signed(AUTHORITY)));
        match unsigned {
            None => Ok(()),
            Some(name) => Err(VerifyError::UnsignedHeader { name: name.to_owned() }),
        }
    }
}

/// The result of a successful verification.
#[derive(Clone, Debug)]
pub struct VerifiedSignature {
    access_key_id: String,
    scope: CredentialScope,
    signed_at: SystemTime,
    canonical_request: CanonicalRequest,
    pub(crate) signature: HexDigest,
}

impl VerifiedSignature {
    /// Returns the access key id that signed the request.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Returns day, region and service of the signature.
    pub fn scope(&self) -> &CredentialScope {
        &self.scope
    }

    /// Returns the time in `x-amz-date`.
    pub fn signed_at(&self) -> SystemTime {
        self.signed_at
    }

    /// Returns the canonical request that was signed.
    pub fn canonical_request(&self) -> &CanonicalRequest {
        &self.canonical_request
    }
}

/// Prints the access key id, the credential scope and the time of signing, in one line.
impl fmt::Display for VerifiedSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "signed by access key `{}` for `{}` at {}",
            self.access_key_id,
            self.scope,
            self.scope.date()
        )
    }
}

/// Checks that the signing time is close to `now`.
pub(crate) fn check_skew(
    signed_at: SystemTime,
    now: SystemTime,
    max_skew: Duration,
) -> Result<(), VerifyError> {
    let skew = signed_at.duration_since(now).unwrap_or_else(|earlier| earlier.duration());
    match skew <= max_skew {
        true => Ok(()),
        false => Err(VerifyError::ClockSkew { signed_at, now, max_skew }),
    }
}

/// Returns the credentials of an access key id. Returns an error if the id is unknown, or if `token` is not
/// the session token of the credentials.
pub(crate) fn find_credentials(
    lookup: impl FnOnce(&str) -> Option<Credentials>,
    access_key_id: &str,
    token: Option<&str>,
) -> Result<Credentials, VerifyError> {
    let access_key_id = access_key_id.to_owned();
    match lookup(&access_key_id) {
        None => Err(VerifyError::UnknownAccessKey { access_key_id }),
        Some(credentials) if is_equal(token, credentials.session_token()) => Ok(credentials),
        Some(_) => Err(VerifyError::WrongSessionToken { access_key_id }),
    }
}

fn date(headers: &HeaderMap) -> Result<AmzDate, VerifyError> {
    single_value(headers, X_AMZ_DATE)?
        .ok_or_else(|| malformed(X_AMZ_DATE, "is missing"))?
        .trim()
        .parse()
        .map_err(|_| malformed(X_AMZ_DATE, "is not of the form 20150830T123600Z"))
}

pub(crate) fn check_payload(headers: &HeaderMap, payload: &PayloadHash) -> Result<(), VerifyError> {
    match single_value(headers, X_AMZ_CONTENT_SHA256)? {
        Some(declared) if declared.trim() != payload.as_str() => Err(VerifyError::PayloadMismatch {
            declared: declared.to_owned(),
            actual: payload.as_str().to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Returns the request with only the headers that the client signed.
pub(crate) fn signable_request<'a>(
    request: &'a Parts,
    signed_headers: &[&'a str],
    payload: &'a PayloadHash,
) -> Result<SignableRequest<'a>, VerifyError> {
    let mut headers = Vec::with_capacity(signed_headers.len());
    for &name in signed_headers {
        let is_host = name == HOST.as_str() || name == AUTHORITY;
        let source = if is_host { HOST.as_str() } else { name };
        let mut values = request.headers.get_all(source).iter().peekable();
        if values.peek().is_none() {
            let host = header::host(&request.uri).filter(|_| is_host);
            let value = host.ok_or_else(|| malformed(name, "is in SignedHeaders, but not in the request"))?;
            headers.push(SignableHeader::new(name, value));
        }
        for value in values {
            let header = SignableHeader::from_value(name, value);
            headers.push(header.ok_or_else(|| malformed(name, "is signed, but its value is not UTF-8"))?);
        }
    }
    Ok(SignableRequest::from_parts(request, headers, payload))
}

/// Returns the value of a header, or `None` if the header is missing. Returns an error if the header is
/// repeated.
fn single_value(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, VerifyError> {
    let mut values = headers.get_all(&name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| malformed(&name, "is not visible ASCII text"))
        }
        _ => Err(malformed(&name, "is repeated")),
    }
}

fn malformed(name: impl AsRef<str>, problem: &'static str) -> VerifyError {
    VerifyError::MalformedHeader { name: name.as_ref().to_owned(), problem }
}

/// Compares two texts in constant time. Otherwise response times could reveal a signature or token byte by
/// byte.
fn is_equal(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.as_bytes().ct_eq(b.as_bytes()).into(),
        (None, None) => true,
        _ => false,
    }
}
