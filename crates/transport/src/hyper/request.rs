//! What is looked at before a request is sent.

use http::{
    Method, Request, Version,
    header::{CONTENT_LENGTH, HeaderValue},
    uri::Scheme,
};
use http_body::Body;

use crate::{RequestBody, TransportError, TransportErrorKind};

/// Completes `request` and gives its scheme, `http` or `https`.
pub(super) fn prepare(request: &mut Request<RequestBody>) -> Result<Scheme, TransportError> {
    if !matches!(request.version(), Version::HTTP_10 | Version::HTTP_11) {
        return Err(invalid("this transport speaks HTTP/1 only"));
    }
    let scheme = scheme(request)?;
    length(request)?;
    Ok(scheme)
}

fn scheme(request: &Request<RequestBody>) -> Result<Scheme, TransportError> {
    let uri = request.uri();
    if uri.host().is_none_or(str::is_empty) {
        return Err(invalid("its URI has no host: expected https://HOST/PATH or http://HOST/PATH"));
    }
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => Ok(scheme.clone()),
        Some(scheme) => {
            Err(invalid(format!("the scheme of its URI is `{scheme}`: expected `https` or `http`")))
        }
        None => Err(invalid("its URI has no scheme: expected `https` or `http`")),
    }
}

/// Holds `Content-Length` against the body. hyper takes the field's word: it would cut a longer body silently.
fn length(request: &mut Request<RequestBody>) -> Result<(), TransportError> {
    let Some(length) = request.body().size_hint().exact() else { return Ok(()) };
    match request.headers().get(CONTENT_LENGTH) {
        Some(field) if field.as_bytes() != length.to_string().as_bytes() => {
            Err(invalid(format!("its `Content-Length` is {field:?}, its body has {length} bytes")))
        }
        // "a user agent normally sends Content-Length in a POST request even when the value is 0"
        // https://www.rfc-editor.org/rfc/rfc9110#section-8.6-5
        None if length == 0 && matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) => {
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn invalid(words: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TransportError {
    TransportError::new(TransportErrorKind::InvalidRequest, words)
}
