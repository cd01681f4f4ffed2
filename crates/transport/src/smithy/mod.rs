//! A transport over the HTTP clients of `aws-smithy-runtime-api`.

mod classify;
mod components;

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::body::{RequestBody, ResponseBody};
use crate::error::{TransportError, TransportErrorKind};
use crate::transport::{BoxFuture, Transport};

/// A transport over any `HttpClient` of `aws-smithy-runtime-api`. Examples are the connectors that AWS
/// programs already use, and the replay and mock clients of their tests.
///
/// A connector does not always report whether the request was sent. In this case,
/// [`may_have_been_sent`](TransportErrorKind::may_have_been_sent) returns `true` for the error.
///
/// This transport does not check whether a response body is complete. The connector must check the body.
///
/// A [`ConnectTimeout`](crate::ConnectTimeout) of a request has no effect. Set the connect timeout in the
/// `HttpConnectorSettings`.
#[derive(Clone)]
pub struct SmithyTransport {
    connector: SharedHttpConnector,
}

impl SmithyTransport {
    /// Creates a transport over `client`, for example a `SharedHttpClient`, without connect and read
    /// timeouts.
    #[must_use]
    pub fn new(client: impl HttpClient + 'static) -> Self {
        Self::with_settings(client, &HttpConnectorSettings::default())
    }

    /// Creates a transport over `client` with the timeouts in `settings`.
    ///
    /// This function gets the connector from the client once. The client receives no sleep implementation and
    /// no time source. A client that applies timeouts must already have both.
    #[must_use]
    pub fn with_settings(client: impl HttpClient + 'static, settings: &HttpConnectorSettings) -> Self {
        Self { connector: client.http_connector(settings, &components::components()) }
    }
}

impl fmt::Debug for SmithyTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The connector is not shown, because the `Debug` output of a replay client contains bodies.
        f.debug_struct("SmithyTransport").finish_non_exhaustive()
    }
}

impl Transport for SmithyTransport {
    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        let connector = self.connector.clone();
        Box::pin(async move {
            let response = connector.call(to_smithy(request)?).await.map_err(classify::classify)?;
            from_smithy(response)
        })
    }
}

fn to_smithy(request: Request<RequestBody>) -> Result<HttpRequest, TransportError> {
    request
        .map(|body| match body.as_bytes() {
            Some(bytes) => SdkBody::from(bytes.clone()),
            None => SdkBody::from_body_1_x(body),
        })
        .try_into()
        // The conversion fails if a header value is not UTF-8.
        .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error))
}

/// Converts a response. The parts are converted separately, because `try_into_http1x` fails if a connector
/// over `http` 0.2 has added extensions to the response.
fn from_smithy(mut response: HttpResponse) -> Result<Response<ResponseBody>, TransportError> {
    let head = |error: http::Error| TransportError::new(TransportErrorKind::ResponseHead, error);
    let mut converted = Response::new(ResponseBody::from_body(response.take_body()));
    *converted.status_mut() =
        StatusCode::from_u16(response.status().as_u16()).map_err(|error| head(error.into()))?;
    for (name, value) in response.headers() {
        converted.headers_mut().append(
            HeaderName::from_bytes(name.as_bytes()).map_err(|error| head(error.into()))?,
            HeaderValue::from_bytes(value.as_bytes()).map_err(|error| head(error.into()))?,
        );
    }
    Ok(converted)
}
