//! What is looked at before a request is sent.

use http::{
    Method, Request, Uri, Version,
    header::{CONTENT_LENGTH, HOST, HeaderValue, PROXY_AUTHORIZATION},
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body::Body;

use crate::{RequestBody, TransportError, TransportErrorKind, proxies::Proxy};

/// Completes `request` and gives where it goes: its scheme, `http` or `https`, and its authority.
pub(super) fn prepare(request: &mut Request<RequestBody>) -> Result<(Scheme, Authority), TransportError> {
    if !matches!(request.version(), Version::HTTP_10 | Version::HTTP_11) {
        return Err(invalid("its version is not HTTP/1: what goes over the wire is the transport's choice"));
    }
    if *request.method() == Method::CONNECT {
        return Err(invalid("its method is CONNECT, which makes a tunnel and has no response to read"));
    }
    let target = target(request.uri())?;
    length(request)?;
    Ok(target)
}

fn target(uri: &Uri) -> Result<(Scheme, Authority), TransportError> {
    let Some(authority) = uri.authority().cloned() else { return Err(no_host()) };
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => {
            Ok((scheme.clone(), authority))
        }
        Some(scheme) => {
            Err(invalid(format!("the scheme of its URI is `{scheme}`: expected `https` or `http`")))
        }
        None => Err(invalid("its URI has no scheme: expected `https` or `http`")),
    }
}

/// Gives `request` the target and the fields that HTTP/1 wants: the path and query alone, and the host beside them; for
/// a proxy that relays it, the whole URL, and who asks.
/// <https://www.rfc-editor.org/rfc/rfc9112#section-3.2>
pub(super) fn for_http1(
    request: &mut Request<RequestBody>,
    host: &HeaderValue,
    relay: Option<&Proxy>,
) -> Result<(), TransportError> {
    if request.uri().authority().is_none() {
        // It has that form already, and comes back from a connection that did not take it.
        return Ok(());
    }
    let path = path(request.uri());
    *request.uri_mut() = match relay {
        None => path.into(),
        Some(_) => whole(&Scheme::HTTP, host.as_bytes(), path)?,
    };
    request.headers_mut().entry(HOST).or_insert_with(|| host.clone());
    if let Some(authorization) = relay.and_then(Proxy::authorization) {
        request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
    }
    Ok(())
}

/// Gives `request` the target that HTTP/2 wants: the whole URL, the host in it instead of beside it.
/// "Clients that generate HTTP/2 requests directly MUST use the ":authority" pseudo-header field [..] unless there is no
/// authority": <https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1>
#[cfg(feature = "http2")]
pub(super) fn for_http2(
    request: &mut Request<RequestBody>,
    host: &HeaderValue,
    scheme: &Scheme,
) -> Result<(), TransportError> {
    let path = path(request.uri());
    // What the caller says of the host, and has perhaps signed, stands above what the URI says.
    let given = request.headers_mut().remove(HOST);
    *request.uri_mut() = whole(scheme, given.as_ref().unwrap_or(host).as_bytes(), path)?;
    Ok(())
}

/// Built anew: "A sender MUST NOT generate the userinfo subcomponent (and its "@" delimiter)"
/// <https://www.rfc-editor.org/rfc/rfc9110#section-4.2.4-2>
fn whole<A>(scheme: &Scheme, authority: A, path: PathAndQuery) -> Result<Uri, TransportError>
where
    A: TryInto<Authority, Error: Into<http::Error>>,
{
    let whole = Uri::builder().scheme(scheme.clone()).authority(authority).path_and_query(path).build();
    whole.map_err(|error| invalid(Box::new(error)))
}

fn path(uri: &Uri) -> PathAndQuery {
    uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"))
}

/// What `Host` says: the host, and the port unless it is the scheme's own.
pub(super) fn host(scheme: &Scheme, authority: &Authority) -> Result<HeaderValue, TransportError> {
    if authority.host().is_empty() {
        return Err(no_host());
    }
    let host = match (scheme.as_str(), authority.port_u16()) {
        ("http", Some(80)) | ("https", Some(443)) | (_, None) => HeaderValue::from_str(authority.host()),
        (_, Some(port)) => HeaderValue::try_from(format!("{}:{port}", authority.host())),
    };
    host.map_err(|error| invalid(Box::new(error)))
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

fn no_host() -> TransportError {
    invalid("its URI has no host: expected https://HOST/PATH or http://HOST/PATH")
}

fn invalid(words: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TransportError {
    TransportError::new(TransportErrorKind::InvalidRequest, words)
}
