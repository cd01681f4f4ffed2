//! Signing: canonical request, string to sign, signature, `authorization` field.

use std::time::SystemTime;

use http::header::{AUTHORIZATION, HOST, HeaderValue};
use http::request::Parts;

use crate::authorization::{self, ALGORITHM};
use crate::canonical::{CanonicalRequest, SignableRequest};
use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::SignError;
use crate::field::{self, Field, X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN};
use crate::key::{KeyCache, SigningKey};
use crate::payload::{PayloadHash, sha256_hex};
use crate::scope::CredentialScope;
use crate::settings::Settings;

/// Signs requests to one service in one region.
///
/// Keeps the signing key of the last (secret, day), so share one signer among calls and threads.
#[derive(Debug)]
pub struct Signer {
    region: String,
    service: String,
    settings: Settings,
    keys: KeyCache,
}

impl Signer {
    /// A signer for a region (`us-east-1`) and a service by its signing name (`bedrock`), with default
    /// [`Settings`].
    pub fn new(region: impl Into<String>, service: impl Into<String>) -> Self {
        Self {
            region: region.into(),
            service: service.into(),
            settings: Settings::default(),
            keys: KeyCache::default(),
        }
    }

    /// The same signer for a service with other rules.
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// Adds `x-amz-date`, `x-amz-security-token` if there is a token, and `authorization`, in place of those of
    /// an earlier signature. Token and authorization are marked sensitive.
    ///
    /// Signed are the `host` (of the URI, if there is no such field), and all fields of the request but those
    /// that may change on the way: `authorization`, `user-agent`, `expect`, `x-amzn-trace-id` and the ones that
    /// hold for one connection (`connection`, `transfer-encoding`, `te`, `upgrade`, ..). An
    /// `x-amz-content-sha256` already present is made to agree with `payload`.
    ///
    /// # Errors
    ///
    /// See [`SignError`]. The request is then without `authorization`.
    pub fn sign(
        &self,
        request: &mut Parts,
        credentials: &Credentials,
        payload: &PayloadHash,
        time: SystemTime,
    ) -> Result<Signed, SignError> {
        let headers = &mut request.headers;
        headers.remove(AUTHORIZATION);
        headers.remove(X_AMZ_SECURITY_TOKEN);

        let date = AmzDate::try_from(time)?;
        let scope = self.scope(&date, credentials)?;
        let token = credentials.session_token().map(|token| sensitive(token, "session token")).transpose()?;

        headers.insert(X_AMZ_DATE, text(date.as_str(), "date")?);
        if self.settings.content_sha256 || headers.contains_key(X_AMZ_CONTENT_SHA256) {
            headers.insert(X_AMZ_CONTENT_SHA256, text(payload.as_str(), "payload hash")?);
        }
        if let Some(token) = token.clone().filter(|_| self.settings.sign_session_token) {
            headers.insert(X_AMZ_SECURITY_TOKEN, token);
        }

        let canonical_request = signable(request, payload)?.canonical(&self.settings);
        let string_to_sign = string_to_sign(&date, &scope, canonical_request.as_str());
        let signature = self.key(credentials, &scope).sign(&string_to_sign);
        let authorization = authorization::write(
            credentials.access_key_id(),
            &scope,
            canonical_request.signed_headers(),
            &signature,
        );

        request.headers.insert(AUTHORIZATION, sensitive(&authorization, "authorization")?);
        if let Some(token) = token {
            request.headers.insert(X_AMZ_SECURITY_TOKEN, token);
        }
        Ok(Signed::new(canonical_request, string_to_sign, signature))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn key(&self, credentials: &Credentials, scope: &CredentialScope) -> SigningKey {
        self.keys.key(credentials.secret_access_key(), scope)
    }

    pub(crate) fn scope(
        &self,
        date: &AmzDate,
        credentials: &Credentials,
    ) -> Result<CredentialScope, SignError> {
        for (part, text) in [
            ("access key id", credentials.access_key_id()),
            ("region", &self.region),
            ("service", &self.service),
        ] {
            // `/` and `,` would end the part early in the `authorization` field.
            let plain = |b: u8| b.is_ascii_graphic() && b != b'/' && b != b',';
            if text.is_empty() || !text.bytes().all(plain) {
                return Err(SignError::InvalidPart { part });
            }
        }
        Ok(CredentialScope::new(date, &self.region, &self.service))
    }
}

/// What was signed, for display; the request already has its fields or query parameters.
#[derive(Debug, Clone)]
pub struct Signed {
    canonical_request: CanonicalRequest,
    string_to_sign: String,
    signature: String,
}

impl Signed {
    pub(crate) fn new(
        canonical_request: CanonicalRequest,
        string_to_sign: String,
        signature: String,
    ) -> Self {
        Self { canonical_request, string_to_sign, signature }
    }

    /// The canonical request.
    pub fn canonical_request(&self) -> &CanonicalRequest {
        &self.canonical_request
    }

    /// The string to sign.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }

    /// The signature, 64 lower-case hex digits.
    pub fn signature(&self) -> &str {
        &self.signature
    }
}

/// Algorithm, time, scope and hash of the canonical request: what the signing key signs.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-string-to-sign>
pub fn string_to_sign(date: &AmzDate, scope: &CredentialScope, canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{date}\n{scope}\n{}", sha256_hex(canonical_request.as_bytes()))
}

pub(crate) fn signable<'a>(
    request: &'a Parts,
    payload: &'a PayloadHash,
) -> Result<SignableRequest<'a>, SignError> {
    let mut fields = Vec::with_capacity(request.headers.len() + 1);
    for (name, value) in request.headers.iter().filter(|(name, _)| field::is_signed(name.as_str())) {
        let invalid = || SignError::InvalidField { name: name.to_string() };
        fields.push(Field::from_value(name.as_str(), value).ok_or_else(invalid)?);
    }
    if !request.headers.contains_key(HOST) {
        fields.push(Field::new("host", field::host(&request.uri).ok_or(SignError::MissingHost)?));
    }
    let query = request.uri.query().unwrap_or_default();
    Ok(SignableRequest::new(request.method.as_str(), request.uri.path(), query, fields, payload.as_str()))
}

fn text(value: &str, part: &'static str) -> Result<HeaderValue, SignError> {
    HeaderValue::from_str(value).map_err(|_| SignError::InvalidPart { part })
}

/// A value that `Debug` of a header map does not show, and that HTTP/2 does not put into its tables.
pub(crate) fn sensitive(value: &str, part: &'static str) -> Result<HeaderValue, SignError> {
    let mut value = text(value, part)?;
    value.set_sensitive(true);
    Ok(value)
}
