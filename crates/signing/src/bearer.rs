//! Bearer tokens. Amazon Bedrock accepts a bearer token instead of a signature.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html>

use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::error::SignError;
use crate::header::{X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN};
use crate::sign::secret_value;

const SCHEME: &str = "Bearer ";

/// Sets `authorization: Bearer <token>` ([RFC 6750, section 2.1]) and removes the headers of an earlier
/// signature.
///
/// The header value is marked sensitive, and wiped from memory on drop.
///
/// # Errors
///
/// Returns [`SignError::InvalidParameter`] if the token is empty or contains a character that is not visible
/// ASCII. The error does not contain the token. After an error, the request has no `authorization` header.
///
/// [RFC 6750, section 2.1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
pub fn set_bearer_token(request: &mut Parts, token: &str) -> Result<(), SignError> {
    for name in [AUTHORIZATION, X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN] {
        request.headers.remove(name);
    }
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(SignError::InvalidParameter { parameter: "bearer token" });
    }
    // The capacity is exact, because a reallocation would leave a copy of the token in memory.
    let mut text = String::with_capacity(SCHEME.len() + token.len());
    text.push_str(SCHEME);
    text.push_str(token);
    request.headers.insert(AUTHORIZATION, secret_value(text, "bearer token")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: &str) -> (Result<(), SignError>, Parts) {
        let mut request = http::Request::post("/")
            .header("authorization", "AWS4-HMAC-SHA256 ..")
            .header("x-amz-date", "20150830T123600Z")
            .header("x-amz-security-token", "token")
            .header("accept", "*/*")
            .body(())
            .unwrap()
            .into_parts()
            .0;
        (set_bearer_token(&mut request, token), request)
    }

    #[test]
    fn replaces_an_earlier_signature() {
        let (result, request) = check("bedrock-api-key-YWJj==");
        assert_eq!(result, Ok(()));
        assert_eq!(request.headers["authorization"], "Bearer bedrock-api-key-YWJj==");
        assert!(request.headers["authorization"].is_sensitive());
        assert_eq!(request.headers.len(), 2, "{:?}", request.headers);
    }

    #[test]
    fn rejects_invalid_tokens() {
        for token in ["", "a b", "secret\n", "sécret", " secret", "\u{0}"] {
            let (result, request) = check(token);
            assert_eq!(result, Err(SignError::InvalidParameter { parameter: "bearer token" }));
            assert!(!request.headers.contains_key(AUTHORIZATION));
        }
    }
}
