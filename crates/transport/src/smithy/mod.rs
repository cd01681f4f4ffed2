//! HTTP clients made for `aws-smithy-runtime-api`.

mod classify;
mod components;

use std::fmt;

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::{BoxFuture, RequestBody, ResponseBody, Transport, TransportError, TransportErrorKind};

/// Sends requests through any `HttpClient` of `aws-smithy-runtime-api`: the connectors that AWS programs use
/// already, and the replay and mock clients of their tests.
///
/// An error is sorted by what a connector can say about it, which is less than what
/// [`TransportErrorKind`] can: where it leaves open whether the request was sent, the kind says it may have been.
/// That a body is complete is the connector's word.
#[derive(Clone)]
pub struct SmithyTransport {
    connector: SharedHttpConnector,
}

impl SmithyTransport {
    /// A transport over `client`, a `SharedHttpClient` for example, without connect and read timeouts.
    #[must_use]
    pub fn new(client: impl HttpClient + 'static) -> Self {
        Self::with_settings(client, &HttpConnectorSettings::default())
    }

    /// A transport over `client` with the timeouts in `settings`.
    ///
    /// The client is asked for its connector here, once. It gets no sleep implementation and no time source from
    /// this crate: one that applies timeouts needs its own.
    #[must_use]
    pub fn with_settings(client: impl HttpClient + 'static, settings: &HttpConnectorSettings) -> Self {
        Self { connector: client.http_connector(settings, &components::components()) }
    }
}

impl fmt::Debug for SmithyTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A replay client's own `Debug` shows bodies.
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
        // A field value that is not UTF-8.
        .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error))
}

/// Field by field: `try_into_http1x` would refuse the response of a connector that stands on `http` 0.2 and adds
/// extensions.
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
