//! Signing: canonical request, string to sign, signature, `authorization` field.

use std::sync::Arc;
use std::time::SystemTime;

use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue};
use http::request::Parts;

use crate::ascii::Hex;
use crate::authorization::{self, ALGORITHM};
use crate::canonical::{CanonicalRequest, SignableRequest};
use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::SignError;
use crate::header::{self, SignableHeader, X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN};
use crate::key::{KeyCache, SigningKey};
use crate::payload::{PayloadHash, sha256_hex};
use crate::scope::CredentialScope;
use crate::settings::SigningSettings;

/// Signs requests to one service in one region.
///
/// Keeps the signing key of the last (secret, day), so share one signer among calls and threads.
#[derive(Debug)]
pub struct Signer {
    region: Arc<str>,
    service: Arc<str>,
    /// Which of the two cannot stand in a scope: told when something is to be signed.
    invalid: Option<&'static str>,
    settings: SigningSettings,
    keys: KeyCache,
}

impl Signer {
    /// A signer for a region (`us-east-1`) and a service by its signing name (`bedrock`), with default
    /// [`SigningSettings`].
    pub fn new(region: impl Into<String>, service: impl Into<String>) -> Self {
        let (region, service): (Arc<str>, Arc<str>) = (region.into().into(), service.into().into());
        let invalid = match (is_part(&region), is_part(&service)) {
            (false, _) => Some("region"),
            (true, false) => Some("service"),
            (true, true) => None,
        };
        Self { region, service, invalid, settings: SigningSettings::default(), keys: KeyCache::default() }
    }

    /// The same signer for a service with other rules.
    pub fn with_settings(self, settings: SigningSettings) -> Self {
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
    ) -> Result<SigningOutput, SignError> {
        let signed = self.signed(request, credentials, payload, time);
        match signed {
            Ok((signed, fields)) => {
                fields.insert(&mut request.headers);
                Ok(signed)
            }
            Err(error) => {
                request.headers.remove(AUTHORIZATION);
                request.headers.remove(X_AMZ_SECURITY_TOKEN);
                Err(error)
            }
        }
    }

    /// The signature, and the fields that the request is to have then.
    fn signed(
        &self,
        request: &Parts,
        credentials: &Credentials,
        payload: &PayloadHash,
        time: SystemTime,
    ) -> Result<(SigningOutput, Fields), SignError> {
        let date = AmzDate::try_from(time)?;
        let scope = self.scope(&date, credentials)?;
        let token = credentials.session_token();

        // Fields of an earlier signature make room for those of this one.
        let (mut had_hash, mut had_token) = (false, false);
        let mut signed = fields(request, |name| {
            had_hash |= name == header::CONTENT_SHA256;
            had_token |= name == header::SECURITY_TOKEN;
            matches!(name, header::DATE | header::CONTENT_SHA256 | header::SECURITY_TOKEN)
        })?;
        let states_hash = self.settings.content_sha256 || had_hash;
        signed.push(SignableHeader::lower_case(header::DATE, date.as_str()));
        if states_hash {
            signed.push(SignableHeader::lower_case(header::CONTENT_SHA256, payload.as_str()));
        }
        if let Some(token) = token.filter(|_| self.settings.sign_session_token) {
            signed.push(SignableHeader::lower_case(header::SECURITY_TOKEN, token));
        }

        let canonical_request = SignableRequest::of(request, signed, payload).canonical(&self.settings);
        let string_to_sign = string_to_sign(&date, &scope, canonical_request.as_str());
        let signature = Hex::of(self.key(credentials, &scope).sign(&string_to_sign));
        let authorization = authorization::write(
            credentials.access_key_id(),
            &scope,
            canonical_request.signed_headers(),
            signature.as_str(),
        );
        let token = token.map(|token| sensitive(token.to_owned(), "session token")).transpose()?;
        let fields = Fields {
            authorization: sensitive(authorization, "authorization")?,
            date: text(date.as_str().to_owned(), "date")?,
            hash: states_hash.then(|| text(payload.as_str().to_owned(), "payload hash")).transpose()?,
            token: if token.is_some() || had_token { Some(token) } else { None },
        };
        Ok((SigningOutput::new(canonical_request, string_to_sign, signature), fields))
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
        if !is_part(credentials.access_key_id()) {
            return Err(SignError::InvalidParameter { parameter: "access key id" });
        }
        Ok(CredentialScope::shared(date, self.region.clone(), self.service.clone()))
    }
}

/// What a signature sets in a request.
struct Fields {
    authorization: HeaderValue,
    date: HeaderValue,
    hash: Option<HeaderValue>,
    /// The inner `None` takes away that of an earlier signature.
    token: Option<Option<HeaderValue>>,
}

impl Fields {
    fn insert(self, headers: &mut HeaderMap) {
        headers.insert(X_AMZ_DATE, self.date);
        if let Some(hash) = self.hash {
            headers.insert(X_AMZ_CONTENT_SHA256, hash);
        }
        match self.token {
            Some(Some(token)) => drop(headers.insert(X_AMZ_SECURITY_TOKEN, token)),
            Some(None) => drop(headers.remove(X_AMZ_SECURITY_TOKEN)),
            None => {}
        }
        headers.insert(AUTHORIZATION, self.authorization);
    }
}

/// What was signed, for display; the request already has its fields or query parameters.
#[derive(Debug, Clone)]
pub struct SigningOutput {
    canonical_request: CanonicalRequest,
    string_to_sign: String,
    pub(crate) signature: Hex,
}

impl SigningOutput {
    pub(crate) fn new(canonical_request: CanonicalRequest, string_to_sign: String, signature: Hex) -> Self {
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
        self.signature.as_str()
    }
}

/// Algorithm, time, scope and hash of the canonical request: what the signing key signs.
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

/// The fields of a request that are signed, but for those that take the place of others, and the host.
pub(crate) fn fields(
    request: &Parts,
    mut replaced: impl FnMut(&str) -> bool,
) -> Result<Vec<SignableHeader<'_>>, SignError> {
    // Room for the host, and for what the signature itself adds.
    let mut fields = Vec::with_capacity(request.headers.len() + 4);
    let mut has_host = false;
    for (name, value) in &request.headers {
        let name = name.as_str();
        if header::is_signed(name) && !replaced(name) {
            has_host |= name == HOST;
            let invalid = || SignError::InvalidHeader { name: name.to_owned() };
            fields.push(SignableHeader::from_value(name, value).ok_or_else(invalid)?);
        }
    }
    if !has_host {
        fields.push(SignableHeader::lower_case(
            "host",
            header::host(&request.uri).ok_or(SignError::MissingHost)?,
        ));
    }
    Ok(fields)
}

/// Whether a text can be a part of the credential: `/` and `,` would end it early in the `authorization` field.
fn is_part(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/' && b != b',')
}

fn text(value: String, parameter: &'static str) -> Result<HeaderValue, SignError> {
    HeaderValue::try_from(value).map_err(|_| SignError::InvalidParameter { parameter })
}

/// A value that `Debug` of a header map does not show, and that HTTP/2 does not put into its tables.
pub(crate) fn sensitive(value: String, parameter: &'static str) -> Result<HeaderValue, SignError> {
    let mut value = text(value, parameter)?;
    value.set_sensitive(true);
    Ok(value)
}
