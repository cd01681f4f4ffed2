//! The client as a `tower::Service`.

use std::error::Error as StdError;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONNECTION, HeaderMap, HeaderName};
use http::{Request, Response};
use http_body::Body;
use invoke_model_protocol::Operation;
use invoke_model_transport::{BoxFuture, ResponseBody, TransportError, TransportErrorKind};
use tower_service::Service;

use super::{RawRequest, RawRequestInput};
use crate::call::{Call, IncompleteErrorBody, RESERVED_HEADERS};
use crate::client::Client;
use crate::error::{Error, ErrorKind, HeaderError};

/// Headers that apply to one connection, in addition to the headers that `connection` lists. The client decodes the
/// transfer coding of a response, and drops its trailers.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The client as a service that sends [raw requests](Client::request), for the layers of `tower` and
/// `tower-http`, and for gateways.
///
/// ```no_run
/// use std::time::Duration;
///
/// use http::{Request, StatusCode};
/// use invoke_model_client::Client;
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_http::timeout::TimeoutLayer;
/// use tower_http::trace::TraceLayer;
///
/// # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(TraceLayer::new_for_http())
///     .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(60)))
///     .service(client);
/// let body = r#"{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"hi"}]}"#;
/// let request = Request::post("/openai/v1/chat/completions").body(body.to_owned())?;
/// let response = service.oneshot(request).await?;
/// println!("{}", response.status());
/// # Ok(())
/// # }
/// ```
///
/// * The service sends the method, the path, the query, the headers and the body. It ignores the host of the
///   URI and the extensions, because each request goes to the endpoint of the client.
/// * The client replaces the headers that it sets itself, such as `host`, `content-length` and `authorization`. It
///   removes `accept-encoding`, because it decodes only gzip.
/// * The client removes the headers that apply to one connection from the request and from the response.
/// * The service reads the complete request body into memory before the call starts, because the signature covers
///   the hash of the body. To limit the size, add a layer such as `RequestBodyLimitLayer`.
/// * The settings of the client apply, such as retries, timeouts, quotas and interceptors. The response body is
///   read in chunks.
/// * A response with an error status is a success of the service, after the retries of the client. The service
///   returns an error only if it has no complete response: see [`ErrorKind`].
impl<B> Service<Request<B>> for Client
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = BoxFuture<Result<Response<ResponseBody>, Error>>;

    /// Returns `Ready`, because limits of the client apply to each attempt.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // `ResponseBody` reads any body.
        let request = request.map(ResponseBody::from_body);
        Box::pin(send(self.clone(), request))
    }
}

async fn send(client: Client, request: Request<ResponseBody>) -> Result<Response<ResponseBody>, Error> {
    let (head, body) = request.into_parts();
    let not_sent = |kind| Error::not_sent(RawRequest::NAME, kind, client.config());
    let headers = forwarded(head.headers);
    HeaderError::check_count(headers.len()).map_err(|error| not_sent(error.into()))?;
    let body = body.collect().await.map_err(|error| {
        not_sent(ErrorKind::Transport(TransportError::new(TransportErrorKind::RequestBody, error)))
    })?;
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let input = RawRequestInput { method: head.method, target, headers, body: Ok(body) };
    let mut response = match Call::<RawRequest>::filled(&client, input).send_streaming().await {
        Ok(output) => output.output.map(|_| output.body),
        Err(error) => match error.kind() {
            ErrorKind::Service { response, .. }
                if response.extensions().get::<IncompleteErrorBody>().is_none() =>
            {
                response.as_ref().clone().map(ResponseBody::from)
            }
            _ => return Err(error.into()),
        },
    };
    remove_hop_by_hop(response.headers_mut());
    Ok(response)
}

/// Removes the headers that the client sets itself, and the headers that apply to one connection.
fn forwarded(mut headers: HeaderMap) -> HeaderMap {
    remove_hop_by_hop(&mut headers);
    RESERVED_HEADERS.iter().for_each(|name| _ = headers.remove(*name));
    headers.remove(ACCEPT_ENCODING);
    headers
}

/// Removes the headers that apply to one connection.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let listed = listed.flat_map(|names| names.split(',')).filter_map(|name| name.trim().parse().ok());
    let listed: Vec<HeaderName> = listed.collect();
    listed.iter().for_each(|name| _ = headers.remove(name));
    HOP_BY_HOP.iter().for_each(|name| _ = headers.remove(*name));
}
