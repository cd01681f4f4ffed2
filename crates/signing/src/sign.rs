//! Signing of requests with headers.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue};
use http::request::Parts;
use zeroize::Zeroizing;

use crate::authorization::{self, ALGORITHM};
use crate::canonical::{CanonicalRequest, SignableRequest};
use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::SignError;
use crate::header::{self, SignableHeader, X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN};
use crate::hex::HexDigest;
use crate::key::{SigningKey, SigningKeyCache};
use crate::payload::{PayloadHash, sha256_hex};
use crate::scope::CredentialScope;
use crate::settings::SigningSettings;

/// Signs requests to one service in one region.
///
/// A signer caches the signing key of the most recent secret access key and day. Therefore share one signer
/// among calls and threads. `Debug` redacts secrets.
#[derive(Debug)]
pub struct Signer {
    region: Arc<str>,
    service: Arc<str>,
    /// The name of the invalid parameter of `new`: `region` or `service`. `new` cannot fail, so signing
    /// returns the error.
    invalid: Option<&'static str>,
    settings: SigningSettings,
    keys: SigningKeyCache,
}

impl Signer {
    /// Creates a signer for a region (`us-east-1`) and the signing name of a service (`bedrock`). The signer
    /// uses the default [`SigningSettings`].
    ///
    /// If the region or service is invalid, signing a request returns an error.
    pub fn new(region: impl Into<String>, service: impl Into<String>) -> Self {
        let (region, service): (Arc<str>, Arc<str>) = (region.into().into(), service.into().into());
        let invalid = match (is_scope_part(&region), is_scope_part(&service)) {
            (false, _) => Some("region"),
            (true, false) => Some("service"),
            (true, true) => None,
        };
        let (settings, keys) = (SigningSettings::default(), SigningKeyCache::default());
        Self { region, service, invalid, settings, keys }
    }

    /// Sets the signing rules of the service.
    #[must_use]
    pub fn with_settings(self, settings: SigningSettings) -> Self {
        Self { settings, ..self }
    }

    /// Signs a request by adding the headers `x-amz-date` and `authorization`. For temporary credentials,
    /// also adds `x-amz-security-token`. The new headers replace the headers of an earlier signature. The
    /// values of `authorization` and `x-amz-security-token` are marked sensitive.
    ///
    /// The signature covers the method, the path, the query, the hash of the body, the host and most headers.
    /// The host is the value of the `host` header. If the request has no `host` header, the host is taken
    /// from the URI. The signature does not cover headers that may change on the way to the service:
    /// `authorization`, `user-agent`, `expect`, `x-amzn-trace-id` and hop-by-hop headers (`connection`,
    /// `transfer-encoding`, `te`, `upgrade`, ..). If the request has an `x-amz-content-sha256` header, this
    /// function sets its value to `payload`.
    ///
    /// # Errors
    ///
    /// See [`SignError`]. After an error, the request has neither `authorization` nor `x-amz-security-token`.
    pub fn sign(
        &self,
        request: &mut Parts,
        credentials: &Credentials,
        payload: &PayloadHash,
        time: SystemTime,
    ) -> Result<SigningOutput, SignError> {
        match self.signed(request, credentials, payload, time) {
            Ok((output, headers)) => {
                headers.insert(&mut request.headers);
                Ok(output)
            }
            Err(error) => {
                request.headers.remove(AUTHORIZATION);
                request.headers.remove(X_AMZ_SECURITY_TOKEN);
                Err(error)
            }
        }
    }

    /// Computes the signature and the headers to add.
    fn signed(
        &self,
        request: &Parts,
        credentials: &Credentials,
        payload: &PayloadHash,
        time: SystemTime,
    ) -> Result<(SigningOutput, SignatureHeaders), SignError> {
        let date = AmzDate::try_from(time)?;
        let scope = self.scope(&date, credentials)?;
        let token = credentials.session_token();

        // Leave out the headers of an earlier signature.
        let (mut had_hash, mut had_token) = (false, false);
        let mut headers = signable_headers(request, |name| {
            had_hash |= name == header::CONTENT_SHA256;
            had_token |= name == header::SECURITY_TOKEN;
            matches!(name, header::DATE | header::CONTENT_SHA256 | header::SECURITY_TOKEN)
        })?;
        let sends_hash = self.settings.content_sha256 || had_hash;
        headers.push(SignableHeader::lower_case(header::DATE, date.as_str()));
        if sends_hash {
            headers.push(SignableHeader::lower_case(header::CONTENT_SHA256, payload.as_str()));
        }
        if let Some(token) = token.filter(|_| self.settings.sign_session_token) {
            headers.push(SignableHeader::lower_case(header::SECURITY_TOKEN, token));
        }

        let canonical_request =
            SignableRequest::from_parts(request, headers, payload).canonical(&self.settings);
        let string_to_sign = string_to_sign(&date, &scope, canonical_request.as_str());
        let signature = HexDigest::encode(self.key(credentials, &scope).sign(&string_to_sign));
        let authorization = authorization::write(
            credentials.access_key_id(),
            &scope,
            canonical_request.signed_headers(),
            signature.as_str(),
        );
        let token = token.map(|token| secret_value(token.to_owned(), "session token")).transpose()?;
        let headers = SignatureHeaders {
            authorization: sensitive_value(authorization, "authorization")?,
            date: value(date.as_str().to_owned(), "date")?,
            hash: sends_hash.then(|| value(payload.as_str().to_owned(), "payload hash")).transpose()?,
            token,
            had_token,
        };
        Ok((SigningOutput::new(canonical_request, string_to_sign, signature), headers))
    }

    /// Returns a signer with the same region, service and settings, and with its own cache.
    pub(crate) fn with_empty_cache(&self) -> Self {
        let Self { region, service, invalid, settings, .. } = self;
        let (region, service, keys) = (region.clone(), service.clone(), SigningKeyCache::default());
        Self { region, service, invalid: *invalid, settings: *settings, keys }
    }

    pub(crate) fn settings(&self) -> &SigningSettings {
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
        if let Some(parameter) = self.invalid {
            return Err(SignError::InvalidParameter { parameter });
        }
        if !is_scope_part(credentials.access_key_id()) {
            return Err(SignError::InvalidParameter { parameter: "access key id" });
        }
        // A secret that was read from a file can end with a line break. The service would reject the signature,
        // and its error would not name the reason.
        if credentials.secret_access_key().ends_with(['\r', '\n']) {
            return Err(SignError::InvalidParameter { parameter: "secret access key" });
        }
        Ok(CredentialScope::shared(date, self.region.clone(), self.service.clone()))
    }
}

/// The headers that a signature adds to a request.
struct SignatureHeaders {
    authorization: HeaderValue,
    date: HeaderValue,
    hash: Option<HeaderValue>,
    token: Option<HeaderValue>,
    /// `true` if the request has the session token of an earlier signature.
    had_token: bool,
}

impl SignatureHeaders {
    fn insert(self, headers: &mut HeaderMap) {
        headers.insert(X_AMZ_DATE, self.date);
        if let Some(hash) = self.hash {
            headers.insert(X_AMZ_CONTENT_SHA256, hash);
        }
        if let Some(token) = self.token {
            headers.insert(X_AMZ_SECURITY_TOKEN, token);
        } else if self.had_token {
            headers.remove(X_AMZ_SECURITY_TOKEN);
        }
        headers.insert(AUTHORIZATION, self.authorization);
    }
}

/// The intermediate results of signing, for debugging and for [`Signer::event_signer`]. The signed request
/// already contains the signature.
#[derive(Clone, Debug)]
pub struct SigningOutput {
    canonical_request: CanonicalRequest,
    string_to_sign: String,
    pub(crate) signature: HexDigest,
}

impl SigningOutput {
    pub(crate) fn new(
        canonical_request: CanonicalRequest,
        string_to_sign: String,
        signature: HexDigest,
    ) -> Self {
        Self { canonical_request, string_to_sign, signature }
    }

    /// Returns the canonical request.
    pub fn canonical_request(&self) -> &CanonicalRequest {
        &self.canonical_request
    }

    /// Returns the string to sign.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }

    /// Returns the signature as 64 lower-case hex digits.
    pub fn signature(&self) -> &str {
        self.signature.as_str()
    }
}

/// Returns the SigV4 string to sign: algorithm, time, credential scope and hash of the canonical request.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-string-to-sign>
pub fn string_to_sign(date: &AmzDate, scope: &CredentialScope, canonical_request: &str) -> String {
    let hash = sha256_hex(canonical_request.as_bytes());
    let (date, hash) = (date.as_str(), hash.as_str());
    let mut text = String::with_capacity(ALGORITHM.len() + date.len() + scope.len() + hash.len() + 3);
    text.push_str(ALGORITHM);
    text.push('\n');
    text.push_str(date);
    text.push('\n');
    scope.write(&mut text);
    text.push('\n');
    text.push_str(hash);
    text
}

/// Returns the headers to sign, including `host`. Skips headers for which `is_replaced` returns `true`.
pub(crate) fn signable_headers(
    request: &Parts,
    mut is_replaced: impl FnMut(&str) -> bool,
) -> Result<Vec<SignableHeader<'_>>, SignError> {
    // Reserve space for `host` and for the headers that the signature adds.
    let mut headers = Vec::with_capacity(request.headers.len() + 4);
    let mut has_host = false;
    for (name, value) in &request.headers {
        let name = name.as_str();
        if header::is_signed(name) && !is_replaced(name) {
            has_host |= name == HOST;
            let invalid = || SignError::InvalidHeader { name: name.to_owned() };
            headers.push(SignableHeader::from_value(name, value).ok_or_else(invalid)?);
        }
    }
    if !has_host {
        let host = header::host(&request.uri).ok_or(SignError::MissingHost)?;
        headers.push(SignableHeader::lower_case("host", host));
    }
    Ok(headers)
}

/// Returns `true` if the text can be a part of the `Credential` parameter. The text must not contain `/` or
/// `,`, because these characters are delimiters.
fn is_scope_part(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/' && b != b',')
}

pub(crate) fn value(text: String, parameter: &'static str) -> Result<HeaderValue, SignError> {
    HeaderValue::try_from(text).map_err(|_| SignError::InvalidParameter { parameter })
}

/// Returns a sensitive header value. All clones of the value share one buffer, which is wiped from memory when
/// the last clone is dropped.
pub(crate) fn secret_value(text: String, parameter: &'static str) -> Result<HeaderValue, SignError> {
    let bytes = Bytes::from_owner(Zeroizing::new(text));
    let value = HeaderValue::from_maybe_shared(bytes);
    let mut value = value.map_err(|_| SignError::InvalidParameter { parameter })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns a header value that `Debug` redacts and that HTTP/2 never adds to its compression table.
pub(crate) fn sensitive_value(text: String, parameter: &'static str) -> Result<HeaderValue, SignError> {
    let mut value = value(text, parameter)?;
    value.set_sensitive(true);
    Ok(value)
}
