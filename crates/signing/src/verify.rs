//! Verification: the same computation at the other end, and an answer that explains itself.

use std::time::{Duration, SystemTime};

use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName};
use http::request::Parts;
use subtle::ConstantTimeEq;

use crate::ascii::Hex;
use crate::authorization::Authorization;
use crate::canonical::{CanonicalRequest, SignableRequest};
use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::VerifyError;
use crate::header::{
    self, SECURITY_TOKEN, SignableHeader, X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN,
};
use crate::key::KeyCache;
use crate::likely_cause;
use crate::mismatch::SignatureMismatch;
use crate::payload::PayloadHash;
use crate::scope::CredentialScope;
use crate::settings::SigningSettings;
use crate::sign::string_to_sign;

/// Verifies signed requests to one service.
///
/// Keeps the signing key of the last (secret, scope), so share one verifier among requests and threads.
#[derive(Debug)]
pub struct Verifier {
    region: Option<String>,
    service: String,
    max_skew: Duration,
    settings: SigningSettings,
    keys: KeyCache,
}

impl Verifier {
    /// A verifier for a service by its signing name (`bedrock`), in any region, for clocks at most five minutes
    /// apart, with default [`SigningSettings`].
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            region: None,
            service: service.into(),
            max_skew: Duration::from_secs(5 * 60),
            settings: SigningSettings::default(),
            keys: KeyCache::default(),
        }
    }

    /// Accepts signatures for this region only.
    pub fn with_region(self, region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// How far the time of signing may lie before or after the time of verification.
    pub fn with_max_skew(self, max_skew: Duration) -> Self {
        Self { max_skew, ..self }
    }

    /// The same verifier for a service with other rules.
    pub fn with_settings(self, settings: SigningSettings) -> Self {
        Self { settings, ..self }
    }

    /// Accepts a request whose signature was made for exactly this method, path, query, signed fields and body,
    /// by the owner of the access key, near `now`.
    ///
    /// `payload` is the hash of the body as received. `lookup` finds the credentials of an access key id.
    ///
    /// # Errors
    ///
    /// See [`VerifyError`]; the first reason found, the signature last.
    pub fn verify(
        &self,
        request: &Parts,
        payload: &PayloadHash,
        lookup: impl FnOnce(&str) -> Option<Credentials>,
        now: SystemTime,
    ) -> Result<VerifiedSignature, VerifyError> {
        let headers = &request.headers;
        let value = single(headers, AUTHORIZATION)?.ok_or(VerifyError::MissingAuthentication)?;
        let claim = Authorization::parse(value).map_err(|problem| malformed(AUTHORIZATION, problem))?;
        let date = date(headers)?;
        let scope = self.check_scope(&claim, &date)?;
        self.check_skew(date.system_time(), now)?;

        let access_key_id = claim.access_key_id.to_owned();
        let Some(credentials) = lookup(&access_key_id) else {
            return Err(VerifyError::UnknownAccessKey { access_key_id });
        };
        if !same(single(headers, X_AMZ_SECURITY_TOKEN)?, credentials.session_token()) {
            return Err(VerifyError::WrongSessionToken { access_key_id });
        }
        self.check_signed_fields(headers, &claim)?;
        check_payload(headers, payload)?;

        let signable = signable(request, &claim.signed_headers, payload)?;
        let canonical_request = signable.canonical(&self.settings);
        let key = self.keys.key(credentials.secret_access_key(), &scope);
        let matches = |string_to_sign: &str| {
            same(Some(Hex::of(key.clone().sign(string_to_sign)).as_str()), Some(claim.signature))
        };

        let ours = string_to_sign(&date, &scope, canonical_request.as_str());
        if matches(&ours) {
            let signed_at = date.system_time();
            return Ok(VerifiedSignature { access_key_id, scope, signed_at, canonical_request });
        }
        let explanation = likely_cause::candidates(&signable, &canonical_request, &self.settings)
            .find(|(_, theirs)| matches(&string_to_sign(&date, &scope, theirs.as_str())));
        let mismatch = SignatureMismatch { canonical_request, string_to_sign: ours, explanation };
        Err(VerifyError::SignatureMismatch(Box::new(mismatch)))
    }

    /// The scope is redundant: it must be the day of `x-amz-date`, and where the request has arrived.
    fn check_scope(&self, claim: &Authorization<'_>, date: &AmzDate) -> Result<CredentialScope, VerifyError> {
        let [_, claimed_region, ..] = claim.scope;
        let region = self.region.as_deref().unwrap_or(claimed_region);
        let expected = CredentialScope::new(date, region, self.service.as_str());
        let found = claim.scope.join("/");
        match expected.to_string() {
            text if text == found => Ok(expected),
            expected => Err(VerifyError::WrongScope { expected, found }),
        }
    }

    fn check_skew(&self, signed_at: SystemTime, now: SystemTime) -> Result<(), VerifyError> {
        let skew = signed_at.duration_since(now).unwrap_or_else(|earlier| earlier.duration());
        match skew <= self.max_skew {
            true => Ok(()),
            false => Err(VerifyError::ClockSkew { signed_at, now, max_skew: self.max_skew }),
        }
    }

    /// `host` and all `x-amz-*` fields must be signed:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>
    fn check_signed_fields(&self, headers: &HeaderMap, claim: &Authorization<'_>) -> Result<(), VerifyError> {
        let exempt = |name: &str| name == SECURITY_TOKEN && !self.settings.sign_session_token;
        let present = headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
        let unsigned = std::iter::once(HOST.as_str())
            .chain(present.filter(|name| !exempt(name)))
            .find(|name| !claim.signed_headers.contains(name));
        match unsigned {
            None => Ok(()),
            Some(name) => Err(VerifyError::UnsignedHeader { name: name.to_owned() }),
        }
    }
}

/// A request whose signature is right.
#[derive(Debug, Clone)]
pub struct VerifiedSignature {
    access_key_id: String,
    scope: CredentialScope,
    signed_at: SystemTime,
    canonical_request: CanonicalRequest,
}

impl VerifiedSignature {
    /// Whose key signed the request.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Day, region and service that the signature was made for.
    pub fn scope(&self) -> &CredentialScope {
        &self.scope
    }

    /// The time in `x-amz-date`.
    pub fn signed_at(&self) -> SystemTime {
        self.signed_at
    }

    /// The canonical request that both ends agree on.
    pub fn canonical_request(&self) -> &CanonicalRequest {
        &self.canonical_request
    }
}

fn date(headers: &HeaderMap) -> Result<AmzDate, VerifyError> {
    single(headers, X_AMZ_DATE)?
        .ok_or_else(|| malformed(X_AMZ_DATE, "is missing"))?
        .trim()
        .parse()
        .map_err(|_| malformed(X_AMZ_DATE, "is not of the form 20150830T123600Z"))
}

fn check_payload(headers: &HeaderMap, payload: &PayloadHash) -> Result<(), VerifyError> {
    match single(headers, X_AMZ_CONTENT_SHA256)? {
        Some(stated) if stated.trim() != payload.as_str() => Err(VerifyError::PayloadMismatch {
            declared: stated.to_owned(),
            actual: payload.as_str().to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The request as the client says that it signed it: with these fields and no others.
fn signable<'a>(
    request: &'a Parts,
    signed_headers: &[&'a str],
    payload: &'a PayloadHash,
) -> Result<SignableRequest<'a>, VerifyError> {
    let mut fields = Vec::with_capacity(signed_headers.len());
    for &name in signed_headers {
        let mut values = request.headers.get_all(name).iter().peekable();
        if values.peek().is_none() {
            let host = header::host(&request.uri).filter(|_| name == HOST.as_str());
            let value = host.ok_or_else(|| malformed(name, "is in SignedHeaders, but not in the request"))?;
            fields.push(SignableHeader::new(name, value));
        }
        for value in values {
            let field = SignableHeader::from_value(name, value);
            fields.push(field.ok_or_else(|| malformed(name, "is signed, but its value is not UTF-8 text"))?);
        }
    }
    Ok(SignableRequest::of(request, fields, payload))
}

/// The value of a field that must not be repeated.
fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, VerifyError> {
    let mut values = headers.get_all(&name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| malformed(&name, "is not visible ASCII text"))
        }
        _ => Err(malformed(&name, "is there more than once")),
    }
}

fn malformed(name: impl AsRef<str>, problem: &'static str) -> VerifyError {
    VerifyError::MalformedHeader { name: name.as_ref().to_owned(), problem }
}

/// Compares in constant time, so that nobody finds a signature or token byte by byte.
fn same(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.as_bytes().ct_eq(b.as_bytes()).into(),
        (None, None) => true,
        _ => false,
    }
}
