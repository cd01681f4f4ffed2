//! Errors of STS and SSO: the error code and the message in a response, and the check that they contain no
//! secret. STS responds with XML, and SSO with JSON.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::SystemTime;

use bytes::Bytes;
use http::{Request, Response};
use percent_encoding::percent_decode_str;
use reqsign_core::time::Timestamp;
use zeroize::Zeroizing;

use super::http::SECRET_HEADERS;

/// Error codes of errors that a retry may resolve: throttling, timeouts of the service, and an identity
/// provider that STS could not reach.
const TRANSIENT: [&str; 21] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "IDPCommunicationError",
    "IDPCommunicationErrorException",
    "InternalError",
    "InternalFailure",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// Maximum length of an error message.
const MAX_LENGTH: usize = 2048;

/// The length of the pieces of a secret that must not occur in a message.
const PIECE: usize = 8;

/// A word of this length with letters and digits may be a secret.
const SECRET_LENGTH: usize = 24;

/// The secrets in a request: its tokens and its signature.
pub(super) struct RequestSecrets(Vec<Zeroizing<String>>);

impl RequestSecrets {
    pub(super) fn of(request: &Request<Bytes>) -> Self {
        let headers = SECRET_HEADERS.iter().filter_map(|name| request.headers().get(*name)?.to_str().ok());
        let headers = headers.map(|value| match value.split_once("Signature=") {
            // Other parts of this header are not secret, for example the region.
            Some((_, signature)) => signature.to_owned(),
            None => value.to_owned(),
        });
        let parameters = request.uri().query().unwrap_or_default().split('&');
        let token = parameters.filter_map(|parameter| parameter.strip_prefix("WebIdentityToken="));
        let token = token
            .flat_map(|token| [token.to_owned(), percent_decode_str(token).decode_utf8_lossy().into_owned()]);
        Self(headers.chain(token).map(Zeroizing::new).collect())
    }

    /// Returns `true` if the text contains a secret of the request, or a piece of a secret. Ignores all characters
    /// except for letters and digits, because a service can divide a secret into lines or groups.
    fn occur_in(&self, text: &str) -> bool {
        let text = letters_and_digits(text);
        let pieces: HashSet<&[u8]> = text.as_bytes().windows(PIECE).collect();
        self.0.iter().any(|secret| {
            let secret = letters_and_digits(secret);
            match secret.len() {
                0 => false,
                length if length < PIECE => text.contains(&**secret),
                _ => secret.as_bytes().windows(PIECE).any(|piece| pieces.contains(piece)),
            }
        })
    }
}

/// Returns the letters and digits of a text, in lower case.
fn letters_and_digits(text: &str) -> Zeroizing<String> {
    let mut result = Zeroizing::new(String::with_capacity(text.len()));
    result.extend(text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
    result
}

/// Returns `true` if the error code states that a retry may succeed.
pub(super) fn is_transient(response: &Response<Bytes>) -> bool {
    code(response).is_some_and(|code| TRANSIENT.contains(&code.as_str()))
}

/// Returns the error code and the message of an error response, or `None` if the response contains neither.
/// Omits the code or the message if it may contain a secret.
///
/// STS quotes parameters in some messages. Therefore a message can contain the token of the request.
pub(super) fn quote(response: &Response<Bytes>, secrets: &RequestSecrets) -> Option<String> {
    let code = code(response).filter(|code| is_safe(code, secrets));
    // Join the lines, because the error must be one line.
    let message = message(response).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    match (code, is_safe(&message, secrets)) {
        (code, true) if message.is_empty() => code,
        (Some(code), true) => Some(format!("{code}: {message}")),
        (Some(code), false) => Some(format!("{code} (the message may contain a secret, and is not shown)")),
        (None, true) => Some(message),
        (None, false) => None,
    }
}

/// Returns the expiry of the credentials in a response of STS.
pub(super) fn expiry(response: &Response<Bytes>) -> Option<SystemTime> {
    let body = std::str::from_utf8(response.body()).ok()?;
    Some(element(body, "Expiration")?.parse::<Timestamp>().ok()?.as_system_time())
}

/// Returns the error code of a response.
fn code(response: &Response<Bytes>) -> Option<String> {
    let code = match xml_error(response) {
        Some(xml) => element(xml, "Code")?,
        None => response.headers().get("x-amzn-errortype")?.to_str().ok()?.to_owned(),
    };
    // Remove the namespace and the URL that some services add to the code.
    let code = code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default().trim();
    let is_code =
        (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    is_code.then(|| code.to_owned())
}

fn message(response: &Response<Bytes>) -> Option<String> {
    match xml_error(response) {
        Some(xml) => element(xml, "Message"),
        None => {
            let body: serde_json::Value = serde_json::from_slice(response.body()).ok()?;
            Some(body.get("message")?.as_str()?.to_owned())
        }
    }
}

/// Returns the body of an error response of STS.
fn xml_error(response: &Response<Bytes>) -> Option<&str> {
    let body = std::str::from_utf8(response.body()).ok()?;
    body.contains("<ErrorResponse").then_some(body)
}

/// Returns the text of the first element with this name. The responses of STS have no attributes on these
/// elements.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    quick_xml::escape::unescape(text).ok().map(Cow::into_owned)
}

/// Returns `true` if the text contains no secret of the request, and no word that looks like a secret.
fn is_safe(text: &str, secrets: &RequestSecrets) -> bool {
    text.len() <= MAX_LENGTH
        && !text.contains(char::is_control)
        && !secrets.occur_in(text)
        && !text.split_whitespace().any(looks_secret)
}

/// Returns `true` if a part of the word is long and mixes letters with digits. ARNs and URLs of identity
/// providers contain such parts too, but are not secret.
fn looks_secret(word: &str) -> bool {
    let word = word.trim_start_matches(|c: char| c.is_ascii_punctuation());
    if word.starts_with("arn:") || (word.starts_with("https://") && !word.contains(['?', '@'])) {
        return false;
    }
    let mut parts = word.split(|c: char| !(c.is_ascii_alphanumeric() || "+/_=%".contains(c)));
    parts.any(|part| {
        part.len() >= SECRET_LENGTH
            && part.contains(|c: char| c.is_ascii_digit())
            && part.contains(|c: char| c.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwcyJ9.c2lnbmF0dXJl-_";

    fn secrets() -> RequestSecrets {
        let uri = format!("https://sts.us-west-2.amazonaws.com/?RoleArn=a&WebIdentityToken={JWT}%2Fend");
        let authorization =
            "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-west-2/sts, Signature=feedc0de00112233";
        let request = Request::get(uri).header("authorization", authorization);
        RequestSecrets::of(&request.header("x-amz-security-token", "the-token").body(Bytes::new()).unwrap())
    }

    fn quoted(code: &str, message: &str) -> Option<String> {
        let body = format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        );
        quote(&Response::new(body.into()), &secrets())
    }

    #[test]
    fn quotes_messages_without_secrets() {
        for message in [
            "User: arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/me is not authorized to \
             perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/reader",
            "No OpenIDConnect provider found in your account for \
             https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
            "Signature expired: 20150830T123600Z is now earlier than 20150830T124000Z (20150830T124500Z - 5 min.)",
            "Credential should be scoped to a valid region, us-west-2",
        ] {
            assert_eq!(quoted("AccessDenied", message), Some(format!("AccessDenied: {message}")));
        }
        assert_eq!(quoted("A", "&quot;a&quot; &lt;\n b &amp;lt;"), Some("A: \"a\" < b &lt;".to_owned()));
    }

    #[test]
    fn omits_messages_that_may_contain_a_secret() {
        for message in [
            &format!("Value '{JWT}' at 'webIdentityToken' failed to satisfy constraint"),
            "the token eyJhbGci.. is malformed",
            "the token EYJHBGCI is malformed",
            "the token ends in dXJl-_/end",
            "the token eyJh bGci OiJS is malformed",
            "the token eyJhb-GciOi-JSUzI is malformed",
            "the token &#101;&#121;&#x4a;&#x68;bGci is malformed",
            "rejected: the-token",
            "the signature 00112233 does not match",
            "c2VjcmV0IHRva2VuIG9mIGEgcmVxdWVzdCB3MQ==",
            "see https://example.com/?c2VjcmV0IHRva2VuIG9mIGEgcmVxdWVzdCB3MQ==",
            "bell \u{7}",
        ] {
            let expected = "ValidationError (the message may contain a secret, and is not shown)";
            assert_eq!(quoted("ValidationError", message).as_deref(), Some(expected), "{message}");
        }
    }

    #[test]
    fn ignores_codes_that_may_be_a_secret() {
        for code in ["", "the-token", "eyJhbGciOiJSUzI1NiJ9", "A B", &"A".repeat(65)] {
            assert_eq!(quoted(code, "not you").as_deref(), Some("not you"), "{code}");
            assert_eq!(quoted(code, "not the-token"), None, "{code}");
        }
        for body in
            ["", "<Code>A</Code>", "<ErrorResponse>", "<ErrorResponse><Code>", r#"{"Code":"A"}"#, "[1]"]
        {
            assert_eq!(quote(&Response::new(body.into()), &secrets()), None, "{body}");
        }
    }

    #[test]
    fn quotes_errors_of_sso() {
        let check = |code: &str, body: &str, expected: Option<&str>| {
            let response = Response::builder().header("x-amzn-errortype", code);
            let response = response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
            assert_eq!(quote(&response, &secrets()).as_deref(), expected, "{body}");
        };
        let code = "com.example#ForbiddenException:http://example.test/";
        check(code, r#"{"message":"No access"}"#, Some("ForbiddenException: No access"));
        check(code, "{}", Some("ForbiddenException"));
        check(code, "<html>", Some("ForbiddenException"));
        check("", r#"{"message":"No access"}"#, Some("No access"));
        check("the-token", r#"{"message":"the\u002dtoken"}"#, None);
        check("", r#"{"message":{"a":1}}"#, None);
    }

    #[test]
    fn transient_errors() {
        let check = |code: &str, expected| {
            let body = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
            assert_eq!(is_transient(&Response::new(body.into())), expected, "{code}");
        };
        check("Throttling", true);
        check("IDPCommunicationError", true);
        check("ThrottledException", true);
        check("BandwidthLimitExceeded", true);
        check("AccessDenied", false);
        check("InvalidIdentityToken", false);
        check("ExpiredTokenException", false);
    }
}
