//! Presigned requests. The signature is in the query, so the URL alone grants access until the signature
//! expires.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::time::{Duration, SystemTime};

use http::Uri;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::uri::PathAndQuery;
use percent_encoding::utf8_percent_encode;

use crate::authorization::ALGORITHM;
use crate::canonical::SignableRequest;
use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::SignError;
use crate::header::{X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN};
use crate::hex::HexDigest;
use crate::path::RESERVED;
use crate::payload::PayloadHash;
use crate::query;
use crate::scope::CredentialScope;
use crate::sign::{Signer, SigningOutput, signable_headers, string_to_sign, value};

/// The longest validity of a presigned request: seven days.
pub const MAX_PRESIGN_EXPIRY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(crate) const TOKEN: &str = "X-Amz-Security-Token";
pub(crate) const SIGNATURE: &str = "X-Amz-Signature";

/// Names of the query parameters that presigning adds.
const PARAMETERS: &[&str] = &[
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
    TOKEN,
    SIGNATURE,
];

/// The query parameters of a presigned request.
///
/// [`Signer::presign`] performs all steps for `http` types. Use this type with a [`SignableRequest`] for
/// requests that `http` types cannot represent.
#[derive(Clone, Copy, Debug)]
pub struct PresignParams<'a> {
    /// Access key id of the signer.
    pub access_key_id: &'a str,
    /// Credential scope of the signature.
    pub scope: &'a CredentialScope,
    /// Time of signing.
    pub date: &'a AmzDate,
    /// Time for which the request is valid after `date`, in whole seconds from 1 to 604,800.
    pub expires_in: Duration,
    /// Names of the signed headers, for example `content-type;host`.
    pub signed_headers: &'a str,
}

impl PresignParams<'_> {
    /// Appends the parameters to `query` and returns the query to sign. Also appends `session_token` if it is
    /// set. Set `session_token` only if the signature must cover the token.
    ///
    /// Pass the result to [`signed_query`](Self::signed_query) together with the signature.
    pub fn unsigned_query(&self, query: &str, session_token: Option<&str>) -> String {
        let credential = format!("{}/{}", self.access_key_id, self.scope);
        let expires = self.expires_in.as_secs().to_string();
        let mut unsigned = query.to_owned();
        for (name, value) in [
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", self.date.as_str()),
            ("X-Amz-SignedHeaders", self.signed_headers),
            ("X-Amz-Expires", &expires),
        ] {
            append(&mut unsigned, name, value);
        }
        if let Some(token) = session_token {
            append(&mut unsigned, TOKEN, token);
        }
        unsigned
    }

    /// Appends the signature to `query` and returns the query to send. Also appends `unsigned_token` if it is
    /// set.
    ///
    /// `query` is the result of [`unsigned_query`](Self::unsigned_query). `unsigned_token` is a session token
    /// that the signature does not cover.
    pub fn signed_query(mut query: String, unsigned_token: Option<&str>, signature: &str) -> String {
        if let Some(token) = unsigned_token {
            append(&mut query, TOKEN, token);
        }
        append(&mut query, SIGNATURE, signature);
        query
    }
}

impl Signer {
    /// Adds a signature to the query of a request. Replaces the query parameters and headers of an earlier
    /// signature.
    ///
    /// Anyone who has the URI can send the request until the signature expires. Store the URI like a
    /// password.
    ///
    /// * `payload`: usually [`PayloadHash::unsigned`], because the body is usually unknown at this time.
    /// * `expires_in`: the time for which the request is valid after `time`, from 1 second to
    ///   [`MAX_PRESIGN_EXPIRY`]. Fractions of a second are discarded.
    ///
    /// The signature covers the same headers as [`sign`](Self::sign). The sender must send all these headers,
    /// so presign a request with as few headers as possible. If the request has an `x-amz-content-sha256`
    /// header, this function sets its value to `payload`.
    /// [`SigningSettings::content_sha256`](crate::SigningSettings::content_sha256) has no effect.
    ///
    /// # Errors
    ///
    /// See [`SignError`]. After an error, the URI is unchanged. After [`SignError::InvalidExpiry`], the
    /// headers are unchanged, too. After all other errors, the headers of an earlier signature are removed.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use invoke_model_signing::{Credentials, PayloadHash, Signer};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (mut parts, ()) = http::Request::get("https://examplebucket.s3.amazonaws.com/test.txt").body(())?.into_parts();
    /// let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
    /// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
    ///
    /// let signer = Signer::new("us-east-1", "s3");
    /// signer.presign(&mut parts, &credentials, &PayloadHash::unsigned(), now, Duration::from_secs(900))?;
    ///
    /// let url = parts.uri.to_string();
    /// assert!(url.starts_with("https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&"));
    /// assert!(url.contains("&X-Amz-Expires=900&X-Amz-Signature="));
    /// # Ok(())
    /// # }
    /// ```
    pub fn presign(
        &self,
        request: &mut Parts,
        credentials: &Credentials,
        payload: &PayloadHash,
        time: SystemTime,
        expires_in: Duration,
    ) -> Result<SigningOutput, SignError> {
        if expires_in.as_secs() == 0 || expires_in > MAX_PRESIGN_EXPIRY {
            return Err(SignError::InvalidExpiry);
        }
        for name in [AUTHORIZATION, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN] {
            request.headers.remove(name);
        }
        if request.headers.contains_key(X_AMZ_CONTENT_SHA256) {
            request.headers.insert(X_AMZ_CONTENT_SHA256, value(payload.as_str().to_owned(), "payload hash")?);
        }
        let date = AmzDate::try_from(time)?;
        let scope = self.scope(&date, credentials)?;
        // Remove the parameters of an earlier signature.
        let query =
            query::retain(request.uri.query().unwrap_or_default(), |name| !PARAMETERS.contains(&name));
        // The query to sign must contain the names of the signed headers. To find these names, first build a
        // canonical request without the new parameters.
        let unsigned = SignableRequest::from_parts(request, signable_headers(request, |_| false)?, payload);
        let signed_headers = unsigned.canonical(self.settings()).signed_headers().to_owned();
        let (signed_token, unsigned_token) = match credentials.session_token() {
            token if self.settings().sign_session_token => (token, None),
            token => (None, token),
        };
        let params = PresignParams {
            access_key_id: credentials.access_key_id(),
            scope: &scope,
            date: &date,
            expires_in,
            signed_headers: &signed_headers,
        };
        let query = params.unsigned_query(&query, signed_token);
        let canonical_request = unsigned.with_query(&query).canonical(self.settings());
        let string_to_sign = string_to_sign(&date, &scope, canonical_request.as_str());
        let signature = HexDigest::encode(self.key(credentials, &scope).sign(&string_to_sign));
        let query = PresignParams::signed_query(query, unsigned_token, signature.as_str());
        request.uri = with_query(&request.uri, &query).ok_or(SignError::UriTooLong)?;
        Ok(SigningOutput::new(canonical_request, string_to_sign, signature))
    }
}

fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    query.extend(utf8_percent_encode(value, RESERVED));
}

fn with_query(uri: &Uri, query: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{}?{query}", uri.path())).ok()?);
    Uri::from_parts(parts).ok()
}
