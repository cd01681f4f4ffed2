//! Checks a request and converts it to the form that the HTTP version requires.

use std::error::Error;

use http::header::{CONTENT_LENGTH, HOST, HeaderValue, PROXY_AUTHORIZATION};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Uri, Version};
use http_body::Body;

use crate::body::RequestBody;
use crate::error::{TransportError, TransportErrorKind};
use crate::proxies::Proxy;

/// Checks and completes `request`. Returns its scheme (`http` or `https`) and its authority.
pub(super) fn prepare(request: &mut Request<RequestBody>) -> Result<(Scheme, Authority), TransportError> {
    if !matches!(request.version(), Version::HTTP_10 | Version::HTTP_11 | Version::HTTP_2) {
        return Err(invalid(
            "unsupported HTTP version: use HTTP/1.1, or use HTTP/2 to require an HTTP/2 connection",
        ));
    }
    if *request.method() == Method::CONNECT {
        return Err(invalid("the method CONNECT is not supported, because it opens a tunnel"));
    }
    let target = target(request.uri())?;
    check_content_length(request)?;
    Ok(target)
}

fn target(uri: &Uri) -> Result<(Scheme, Authority), TransportError> {
    let Some(authority) = uri.authority().cloned() else { return Err(missing_host()) };
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => {
            Ok((scheme.clone(), authority))
        }
        Some(scheme) => {
            Err(invalid(format!("the scheme of the URI is `{scheme}`: expected `https` or `http`")))
        }
        None => Err(invalid("the URI has no scheme: expected `https` or `http`")),
    }
}

/// Sets the request target and the headers that HTTP/1 requires ([RFC 9112,
/// 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)). The target is the path and query, and the
/// `Host` header contains the host. If a proxy relays the request, the target is the complete URL, and
/// `Proxy-Authorization` contains the credentials for the proxy.
pub(super) fn for_http1(
    request: &mut Request<RequestBody>,
    host: &HeaderValue,
    relay: Option<&Proxy>,
) -> Result<(), TransportError> {
    if request.uri().authority().is_none() {
        // The request already has this form, because it was prepared for an earlier connection that did not
        // accept the request.
        return Ok(());
    }
    let path = path(request.uri());
    *request.uri_mut() = match relay {
        None => path.into(),
        Some(_) => absolute(&Scheme::HTTP, host.as_bytes(), path)?,
    };
    request.headers_mut().entry(HOST).or_insert_with(|| host.clone());
    if let Some(authorization) = relay.and_then(Proxy::authorization) {
        request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
    }
    Ok(())
}

/// Sets the request target that HTTP/2 requires: the complete URL, including the host. Removes the `Host`
/// header. "Clients that generate HTTP/2 requests directly MUST use the ":authority" pseudo-header field [..]
/// unless there is no authority" ([RFC 9113, 8.3.1](https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1)).
pub(super) fn for_http2(
    request: &mut Request<RequestBody>,
    host: &HeaderValue,
    scheme: &Scheme,
) -> Result<(), TransportError> {
    let path = path(request.uri());
    // The caller may have signed the `Host` header, so the header takes precedence over the URI.
    let header = request.headers_mut().remove(HOST);
    *request.uri_mut() = absolute(scheme, header.as_ref().unwrap_or(host).as_bytes(), path)?;
    Ok(())
}

/// Builds an absolute URL without user information: "A sender MUST NOT generate the userinfo subcomponent
/// (and its "@" delimiter)" ([RFC 9110, 4.2.4](https://www.rfc-editor.org/rfc/rfc9110#section-4.2.4-2)).
fn absolute<A>(scheme: &Scheme, authority: A, path: PathAndQuery) -> Result<Uri, TransportError>
where
    A: TryInto<Authority, Error: Into<http::Error>>,
{
    let uri = Uri::builder().scheme(scheme.clone()).authority(authority).path_and_query(path).build();
    uri.map_err(|error| invalid(Box::new(error)))
}

fn path(uri: &Uri) -> PathAndQuery {
    uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"))
}

/// Returns the value of the `Host` header: the authority without the user information, and without the port
/// if it is empty or the default port of the scheme.
///
/// Does not change the case of the host or the digits of the port, because the caller may have signed the
/// host as it is in the URI.
pub(super) fn host_header(scheme: &Scheme, authority: &Authority) -> Result<HeaderValue, TransportError> {
    if authority.host().is_empty() {
        return Err(missing_host());
    }
    let text = authority.as_str();
    let text = text.rsplit_once('@').map_or(text, |(_, text)| text);
    let port = text.strip_prefix(authority.host()).unwrap_or_default();
    // The crate `http` accepts a port with any number of digits.
    if port.len() > 1 && authority.port_u16().is_none() {
        return Err(invalid(format!("the port in `{text}` is invalid: expected a number from 0 to 65535")));
    }
    let host = match (scheme.as_str(), port) {
        ("http", ":80") | ("https", ":443") | (_, ":") => authority.host(),
        _ => text,
    };
    HeaderValue::from_str(host).map_err(|error| invalid(Box::new(error)))
}

/// Checks that `Content-Length` is the length of the body. hyper does not check this, and silently truncates
/// a longer body. Adds `Content-Length: 0` to a POST, PUT or PATCH request with an empty body.
fn check_content_length(request: &mut Request<RequestBody>) -> Result<(), TransportError> {
    let Some(length) = request.body().size_hint().exact() else { return Ok(()) };
    match request.headers().get(CONTENT_LENGTH) {
        Some(value) if value.as_bytes() != length.to_string().as_bytes() => {
            Err(invalid(format!("`Content-Length` is {value:?}, but the body has {length} bytes")))
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

fn missing_host() -> TransportError {
    invalid("the URI has no host: expected https://HOST/PATH or http://HOST/PATH")
}

fn invalid(message: impl Into<Box<dyn Error + Send + Sync>>) -> TransportError {
    TransportError::new(TransportErrorKind::InvalidRequest, message)
}
