//! Verification of presigned requests. The signature and its parameters are in the query.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::time::{Duration, SystemTime};

use http::Uri;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::authorization::{
    ALGORITHM, Authorization, parse_credential, parse_signature, parse_signed_headers,
};
use crate::credentials::Credentials;
use crate::date::AmzDate;
use crate::error::VerifyError;
use crate::payload::PayloadHash;
use crate::presign::{MAX_PRESIGN_EXPIRY, SIGNATURE, TOKEN};
use crate::query::{retain, sent_parameters};
use crate::verify::{VerifiedSignature, Verifier, check_payload, find_credentials, signable_request};

/// Returns `true` if the query contains a signature.
pub(crate) fn is_presigned(uri: &Uri) -> bool {
    sent_parameters(uri.query().unwrap_or_default()).any(|(name, _)| name == SIGNATURE)
}

impl Verifier {
    /// Verifies a request whose signature is in the query.
    pub(crate) fn verify_presigned(
        &self,
        request: &Parts,
        payload: &PayloadHash,
        lookup: impl FnOnce(&str) -> Option<Credentials>,
        now: SystemTime,
    ) -> Result<VerifiedSignature, VerifyError> {
        let query = request.uri.query().unwrap_or_default();
        let required = |name| value(query, name)?.ok_or(malformed(name, "is missing"));
        if required("X-Amz-Algorithm")? != ALGORITHM {
            return Err(malformed("X-Amz-Algorithm", "is not AWS4-HMAC-SHA256"));
        }
        let (credential, signed_headers) = (required("X-Amz-Credential")?, required("X-Amz-SignedHeaders")?);
        let signature = required(SIGNATURE)?;
        let parsed = |name| move |problem| malformed(name, problem);
        let (access_key_id, scope) = parse_credential(&credential).map_err(parsed("X-Amz-Credential"))?;
        let authorization = Authorization {
            access_key_id,
            scope,
            signed_headers: parse_signed_headers(&signed_headers).map_err(parsed("X-Amz-SignedHeaders"))?,
            signature: parse_signature(&signature).map_err(parsed(SIGNATURE))?,
        };
        let date = required("X-Amz-Date")?.parse();
        let date: AmzDate =
            date.map_err(|_| malformed("X-Amz-Date", "is not of the form 20150830T123600Z"))?;
        let scope = self.check_scope(&authorization, &date)?;
        self.check_validity(&date, &required("X-Amz-Expires")?, now)?;
        let token = value(query, TOKEN)?;
        let credentials = find_credentials(lookup, access_key_id, token.as_deref())?;
        self.check_signed_headers(&request.headers, &authorization)?;
        check_payload(&request.headers, payload)?;

        let unsigned_query = self.without_signature(query);
        let check = |payload: &PayloadHash| {
            let signable = signable_request(request, &authorization.signed_headers, payload)?;
            let signable = signable.with_query(&unsigned_query);
            self.check_signature(&signable, &authorization, scope.clone(), &date, &credentials)
        };
        // The signature may cover the hash of the body or `UNSIGNED-PAYLOAD`. If neither matches, return the
        // error for the hash of the body, because its explanation is more useful.
        check(payload).or_else(|error| check(&PayloadHash::unsigned()).map_err(|_| error))
    }

    /// Checks that the request is already valid and has not expired.
    fn check_validity(&self, date: &AmzDate, expires: &str, now: SystemTime) -> Result<(), VerifyError> {
        let expires = expires.parse().map(Duration::from_secs).ok();
        let expires = expires
            .filter(|expires| (Duration::from_secs(1)..=MAX_PRESIGN_EXPIRY).contains(expires))
            .ok_or(malformed("X-Amz-Expires", "is not a number of seconds from 1 to 604800"))?;
        let (signed_at, max_skew) = (date.system_time(), self.max_skew());
        if signed_at.duration_since(now).is_ok_and(|early| early > max_skew) {
            return Err(VerifyError::ClockSkew { signed_at, now, max_skew });
        }
        let expired_at = signed_at + expires;
        if now > expired_at { Err(VerifyError::Expired { expired_at, now }) } else { Ok(()) }
    }

    /// Returns the parameters that the signature covers, as they were sent.
    fn without_signature(&self, query: &str) -> String {
        retain(query, |name| name != SIGNATURE && (name != TOKEN || self.settings().sign_session_token))
    }
}

/// Returns the decoded value of a parameter, or `None` if the parameter is missing.
fn value(query: &str, name: &'static str) -> Result<Option<String>, VerifyError> {
    let mut values = sent_parameters(query).filter(|(found, _)| *found == name).map(|(_, value)| value);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed(name, "is repeated"));
    }
    let decoded = percent_decode_str(value).decode_utf8().map_err(|_| malformed(name, "is not UTF-8"))?;
    Ok(Some(decoded.into_owned()))
}

fn malformed(name: &'static str, problem: &'static str) -> VerifyError {
    VerifyError::MalformedParameter { name, problem }
}
