//! Authentication of requests by SigV4 signature or bearer token, with the error messages of the service.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap};
use http::request::Parts;
use invoke_model_signing::{
    AmzDate, Credentials, EventVerifier, PayloadHash, VerifiedSignature, Verifier, VerifyError,
};
use invoke_model_types::service::SIGNING_NAME;
use subtle::ConstantTimeEq;

use crate::fault::TemporaryCredentials;
use crate::service_error::ServiceError;

/// The credentials and tokens that the endpoint accepts.
#[derive(Debug)]
pub(crate) struct Authenticator {
    pub(crate) verifier: Verifier,
    pub(crate) credentials: Credentials,
    pub(crate) temporary: TemporaryCredentialsStore,
    pub(crate) bearer_token: Option<BearerToken>,
    /// `true` if requests are accepted without authentication.
    pub(crate) skip_verification: bool,
}

/// Temporary credentials by access key id, each with an optional expiry. Credentials without an expiry never
/// expire.
#[derive(Debug, Default)]
pub(crate) struct TemporaryCredentialsStore(RwLock<BTreeMap<String, (Credentials, Option<SystemTime>)>>);

impl TemporaryCredentialsStore {
    pub(crate) fn insert(&self, credentials: Credentials, expiry: Option<SystemTime>) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(credentials.access_key_id().to_owned(), (credentials, expiry));
    }

    /// Adds credentials whose lifetime begins now.
    pub(crate) fn insert_all(
        &self,
        credentials: impl IntoIterator<Item = TemporaryCredentials>,
        now: SystemTime,
    ) {
        for credentials in credentials {
            let lifetime = Duration::from_secs(credentials.expire_in_seconds);
            // If the expiry is out of range, the credentials do not expire.
            let expiry = now.checked_add(lifetime);
            self.insert(credentials.into(), expiry);
        }
    }

    fn find(&self, access_key_id: &str) -> Option<(Credentials, Option<SystemTime>)> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(access_key_id).cloned()
    }
}

/// A bearer token. `Debug` redacts it.
pub(crate) struct BearerToken(pub(crate) String);

impl std::fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A caller whose request was accepted.
#[derive(Debug)]
pub(crate) enum Caller {
    /// The request has a valid signature.
    Signed(Box<VerifiedSignature>),
    /// The request has the bearer token of the endpoint.
    Bearer,
    /// Verification is turned off.
    Unverified,
}

impl Authenticator {
    pub(crate) fn authenticate(
        &self,
        request: &Parts,
        payload: &PayloadHash,
        now: SystemTime,
    ) -> Result<Caller, ServiceError> {
        if self.skip_verification {
            return Ok(Caller::Unverified);
        }
        // Otherwise a proxy and the endpoint could use different values.
        if request.headers.get_all(AUTHORIZATION).iter().nth(1).is_some() {
            return Err(error_response(VerifyError::MalformedHeader {
                name: AUTHORIZATION.to_string(),
                problem: "is repeated",
            }));
        }
        if let Some(token) = bearer(&request.headers) {
            return self.check_bearer(token);
        }
        let lookup = |id: &str| self.find(id);
        let verified = self.verifier.verify(request, payload, lookup, now).map_err(error_response)?;
        let expiry = self.temporary.find(verified.access_key_id()).and_then(|(_, expiry)| expiry);
        if expiry.is_some_and(|expiry| now >= expiry) {
            let message = "The security token included in the request is expired";
            return Err(ServiceError::forbidden("ExpiredTokenException", message));
        }
        Ok(Caller::Signed(Box::new(verified)))
    }

    /// Returns a verifier for the events of a request, or `None` if the request is not signed.
    pub(crate) fn event_verifier(&self, caller: &Caller) -> Option<EventVerifier> {
        let Caller::Signed(verified) = caller else { return None };
        let credentials = self.find(verified.access_key_id())?;
        Some(self.verifier.event_verifier(&credentials, verified))
    }

    /// Returns the credentials that belong to an access key id.
    fn find(&self, access_key_id: &str) -> Option<Credentials> {
        let temporary = self.temporary.find(access_key_id).map(|(credentials, _)| credentials);
        let own = &self.credentials;
        temporary.or_else(|| (access_key_id == own.access_key_id()).then(|| own.clone()))
    }

    fn check_bearer(&self, token: &[u8]) -> Result<Caller, ServiceError> {
        match &self.bearer_token {
            Some(BearerToken(own)) if own.as_bytes().ct_eq(token).into() => Ok(Caller::Bearer),
            _ => Err(ServiceError::forbidden(
                "AccessDeniedException",
                "Authentication failed: Please make sure your API Key is valid.",
            )),
        }
    }
}

/// Returns the token of `Authorization: Bearer ..`. The scheme is case-insensitive (RFC 9110 section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer ";
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(token)
}

/// Converts a [`VerifyError`] to the error code and the message of the service. Most messages also contain
/// the details of the [`VerifyError`].
fn error_response(error: VerifyError) -> ServiceError {
    const UNKNOWN_CLIENT: &str = "The security token included in the request is invalid.";
    const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check \
                            your AWS Secret Access Key and signing method. Consult the service documentation for \
                            details.";
    let message = match &error {
        VerifyError::MissingAuthentication => {
            return ServiceError::forbidden(
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            );
        }
        // The service returns status 400:
        // <https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html>
        VerifyError::MalformedHeader { .. } | VerifyError::MalformedParameter { .. } => {
            let message = format!("The request signature does not conform to AWS standards: {error}.");
            return ServiceError::new(StatusCode::BAD_REQUEST, "IncompleteSignatureException", message);
        }
        VerifyError::UnknownAccessKey { .. } | VerifyError::WrongSessionToken { .. } => {
            let message = format!("{UNKNOWN_CLIENT} ({error})");
            return ServiceError::forbidden("UnrecognizedClientException", message);
        }
        VerifyError::ClockSkew { signed_at, now, max_skew } => skewed(*signed_at, *now, *max_skew),
        VerifyError::Expired { expired_at, now } => {
            format!("Signature expired: {} is now earlier than {}", stamp(*expired_at), stamp(*now))
        }
        VerifyError::WrongScope { expected, found } => format!("{} ({error})", wrong_scope(expected, found)),
        VerifyError::SignatureMismatch(mismatch) => format!("{MISMATCH}\n\n{mismatch}"),
        _ => format!("{MISMATCH} ({error})"),
    };
    ServiceError::forbidden("InvalidSignatureException", message)
}

/// Returns the message of the service for a signature that is too old or too new.
fn skewed(signed_at: SystemTime, now: SystemTime, allowed: std::time::Duration) -> String {
    let (minutes, signed, here) = (allowed.as_secs() / 60, stamp(signed_at), stamp(now));
    if signed_at < now {
        let bound = now.checked_sub(allowed).map_or_else(|| "?".to_owned(), stamp);
        format!("Signature expired: {signed} is now earlier than {bound} ({here} - {minutes} min.)")
    } else {
        let bound = now.checked_add(allowed).map_or_else(|| "?".to_owned(), stamp);
        format!("Signature not yet current: {signed} is still later than {bound} ({here} + {minutes} min.)")
    }
}

fn stamp(time: SystemTime) -> String {
    AmzDate::try_from(time).map_or_else(|_| "?".to_owned(), |date| date.to_string())
}

/// Compares two credential scopes, such as `20150830/us-east-1/bedrock/aws4_request`. Returns the message of
/// the service for the first part that differs.
fn wrong_scope(expected: &str, found: &str) -> String {
    let differs = expected.split('/').zip(found.split('/')).position(|(expected, found)| expected != found);
    match differs {
        Some(0) => {
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
                .to_owned()
        }
        Some(1) => "Credential should be scoped to a valid region.".to_owned(),
        Some(2) => format!("Credential should be scoped to correct service: '{SIGNING_NAME}'."),
        _ => "Credential should be scoped with a valid terminator: 'aws4_request'.".to_owned(),
    }
}
