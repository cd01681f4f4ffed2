//! Presigned requests: the signature stands in the query, so that a URL alone is enough until it expires.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::time::{Duration, SystemTime};

use http::Uri;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::uri::PathAndQuery;
use percent_encoding::utf8_percent_encode;

use crate::ascii::Hex;
use crate::authorization::ALGORITHM;
use crate::canonical::SignableRequest;
use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::SignError;
use crate::header::{X_AMZ_DATE, X_AMZ_SECURITY_TOKEN};
use crate::path::RESERVED;
use crate::payload::PayloadHash;
use crate::scope::CredentialScope;
use crate::sign::{Signer, SigningOutput, fields, string_to_sign};

/// The longest time that a presigned request is good for: seven days.
pub const MAX_PRESIGN_EXPIRY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The query parameters of a presigned request.
///
/// [`Signer::presign`] makes them from `http` types; by hand they go with a
/// [`SignableRequest`](crate::SignableRequest).
#[derive(Debug, Clone, Copy)]
pub struct PresignParams<'a> {
    /// Who signs.
    pub access_key_id: &'a str,
    /// What the signature is good for.
    pub scope: &'a CredentialScope,
    /// When it was made.
    pub date: &'a AmzDate,
    /// How long it is good for, in whole seconds: 1 to 604,800.
    pub expires: Duration,
    /// The names of the signed fields, `content-type;host`.
    pub signed_headers: &'a str,
}

impl PresignParams<'_> {
    /// The query with the parameters behind those that it has, and the session token if it is to be signed. What goes
    /// on the wire has [`X-Amz-Signature`](Self::signed_query) behind that.
    pub fn unsigned_query(&self, query: &str, session_token: Option<&str>) -> String {
        let credential = format!("{}/{}", self.access_key_id, self.scope);
        let expires = self.expires.as_secs().to_string();
        let mut all = query.to_owned();
        for (name, value) in [
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", self.date.as_str()),
            ("X-Amz-SignedHeaders", self.signed_headers),
            ("X-Amz-Expires", &expires),
        ] {
            append(&mut all, name, value);
        }
        if let Some(token) = session_token {
            append(&mut all, TOKEN, token);
        }
        all
    }

    /// The query as it goes on the wire: with the token, if it was not signed, and the signature.
    pub fn signed_query(mut query: String, unsigned_token: Option<&str>, signature: &str) -> String {
        if let Some(token) = unsigned_token {
            append(&mut query, TOKEN, token);
        }
        append(&mut query, "X-Amz-Signature", signature);
        query
    }
}

const TOKEN: &str = "X-Amz-Security-Token";

/// The parameters of an earlier signature.
const PARAMETERS: &[&str] = &[
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
    TOKEN,
    "X-Amz-Signature",
];

impl Signer {
    /// Signs a request in its query, in place of an earlier signature, and leaves the rest of its target as it is.
    /// Whoever has the URI can send the request until it expires: keep it as you keep a password.
    ///
    /// All fields of the request are signed, as [`sign`](Self::sign) does it, so whoever sends the request must send them
    /// too: presign a request with as few as it can do with. `payload` is often [`PayloadHash::unsigned`], as the body is
    /// not known yet; [`SigningSettings::content_sha256`](crate::SigningSettings) has no part in it. [`Verifier`](crate::Verifier) does
    /// not read presigned requests.
    ///
    /// # Errors
    ///
    /// See [`SignError`]; `expires` must be 1 second to [`MAX_PRESIGN_EXPIRY`], fractions are cut off. The request is then as
    /// it was, but without the fields of an earlier signature.
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
        expires: Duration,
    ) -> Result<SigningOutput, SignError> {
        if expires.as_secs() == 0 || expires > MAX_PRESIGN_EXPIRY {
            return Err(SignError::InvalidExpiry);
        }
        for field in [AUTHORIZATION, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN] {
            request.headers.remove(field);
        }
        let date = AmzDate::try_from(time)?;
        let scope = self.scope(&date, credentials)?;
        let query = without_signature(request.uri.query().unwrap_or_default());
        // The names are known only when all fields are, and stand in the query that is signed.
        let unsigned = SignableRequest::of(request, fields(request, |_| false)?, payload);
        let signed_headers = unsigned.canonical(self.settings()).signed_headers().to_owned();
        let (signed_token, unsigned_token) = match credentials.session_token() {
            token if self.settings().sign_session_token => (token, None),
            token => (None, token),
        };
        let access_key_id = credentials.access_key_id();
        let params = PresignParams {
            access_key_id,
            scope: &scope,
            date: &date,
            expires,
            signed_headers: &signed_headers,
        };
        let query = params.unsigned_query(&query, signed_token);
        let canonical_request = unsigned.with_query(&query).canonical(self.settings());
        let string_to_sign = string_to_sign(&date, &scope, canonical_request.as_str());
        let signature = Hex::of(self.key(credentials, &scope).sign(&string_to_sign));
        let query = PresignParams::signed_query(query, unsigned_token, signature.as_str());
        request.uri = with_query(&request.uri, &query).ok_or(SignError::UriTooLong)?;
        Ok(SigningOutput::new(canonical_request, string_to_sign, signature))
    }
}

/// The query without the parameters of an earlier signature, otherwise as it is.
fn without_signature(query: &str) -> String {
    let of_signature = |parameter: &&str| {
        PARAMETERS.contains(&parameter.split_once('=').map_or(*parameter, |(name, _)| name))
    };
    let kept: Vec<&str> = query.split('&').filter(|parameter| !of_signature(parameter)).collect();
    kept.join("&")
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
