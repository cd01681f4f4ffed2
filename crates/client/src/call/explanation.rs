//! Signs a call without sending it.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use invoke_model_credentials::CredentialsSource;
use invoke_model_protocol::Operation;
use invoke_model_signing::SigningOutput;
use tracing::Span;

use super::prepared::{Payload, Prepared};
use super::{Call, OperationDescription};
use crate::authorization::Authorization;
use crate::call_context::CallContext;
use crate::config::{AuthScheme, Config, SettingSource};
use crate::error::{Error, ErrorKind};
use crate::timeout::OperationTimer;

/// The text that replaces secrets.
const REDACTED: &str = "[redacted]";

/// The request that a call would send, and the sources of its settings. [`Call::explain`] returns this type.
///
/// The output of `Display` has several lines. It shows the request, the endpoint, the source of the
/// credentials, and the signed text. It redacts secrets, and shows only the length of the body:
///
/// ```text
/// operation    InvokeModel
/// request      POST https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke
/// body         21 bytes
/// endpoint     https://bedrock-runtime.us-east-1.amazonaws.com (endpoint rules)
/// region       us-east-1 (environment variable AWS_REGION)
/// credentials  SigV4 (environment variable AWS_ACCESS_KEY_ID)
/// headers
///   content-type: application/json
///   authorization: AWS4-HMAC-SHA256 Credential=.., SignedHeaders=.., Signature=[redacted]
/// canonical request
///   ..
/// string to sign
///   ..
/// ```
///
/// `Debug` does not show the body or the values of headers. The field [`request`](Self::request) contains the
/// body and all headers, including the signature or the token.
#[non_exhaustive]
pub struct Explanation {
    /// The name of the operation in the model.
    pub operation: &'static str,
    /// The settings of the client, such as the endpoint and the region, with their sources.
    pub config: Config,
    /// The authentication scheme, or `None` if the operation requires no authentication.
    pub auth_scheme: Option<AuthScheme>,
    /// The source of the credentials or the bearer token. It is [`SettingSource::Call`] if the credentials or
    /// the token are set on the call.
    pub credentials: Option<SettingSource>,
    /// The source that the credentials provider reports, if any. For example, the default credentials chain
    /// reports the profile that contains the credentials.
    pub credentials_source: Option<CredentialsSource>,
    /// The request, ready to be sent.
    pub request: http::Request<Bytes>,
    /// The canonical request, the string to sign and the signature. This field is `None` if the request is
    /// not signed, for example because the request has a bearer token.
    pub signed: Option<SigningOutput>,
}

impl Explanation {
    /// Returns the headers of the request. `[redacted]` replaces secrets.
    pub fn redacted_headers(&self) -> impl Iterator<Item = (&HeaderName, Cow<'_, str>)> {
        self.request.headers().iter().map(|(name, value)| (name, redacted(name, value)))
    }
}

/// Returns the value of a header without secrets. [`REDACTED`] replaces the signature or token in
/// `Authorization`, and every value that is marked as sensitive.
fn redacted<'a>(name: &HeaderName, value: &'a HeaderValue) -> Cow<'a, str> {
    let text = String::from_utf8_lossy(value.as_bytes());
    match text.split_once("Signature=") {
        Some((before, _)) if *name == AUTHORIZATION => format!("{before}Signature={REDACTED}").into(),
        _ if value.is_sensitive() || *name == AUTHORIZATION => REDACTED.into(),
        _ => text,
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (request, config, sources) = (&self.request, &self.config, self.config.sources());
        let source = |source: Option<SettingSource>| {
            source.map_or_else(|| "not set".to_owned(), |source| source.to_string())
        };
        writeln!(f, "operation    {}", self.operation)?;
        writeln!(f, "request      {} {}", request.method(), request.uri())?;
        writeln!(f, "body         {} bytes", request.body().len())?;
        writeln!(f, "endpoint     {} ({})", config.endpoint_url(), sources.endpoint)?;
        writeln!(f, "region       {} ({})", config.region().unwrap_or("none"), source(sources.region))?;
        let scheme = self.auth_scheme.map_or_else(|| "none".to_owned(), |scheme| scheme.to_string());
        write!(f, "credentials  {scheme} ({}", source(self.credentials))?;
        match &self.credentials_source {
            Some(provider) => writeln!(f, ": {provider})")?,
            None => writeln!(f, ")")?,
        }
        write!(f, "headers")?;
        for (name, value) in self.redacted_headers() {
            write!(f, "\n  {name}: {value}")?;
        }
        let Some(signed) = &self.signed else { return Ok(()) };
        write!(f, "\ncanonical request")?;
        signed.canonical_request().to_string().lines().try_for_each(|line| write!(f, "\n  {line}"))?;
        write!(f, "\nstring to sign")?;
        signed.string_to_sign().lines().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.request.headers().keys().map(HeaderName::as_str).collect();
        f.debug_struct("Explanation")
            .field("operation", &self.operation)
            .field("config", &self.config)
            .field("auth_scheme", &self.auth_scheme)
            .field("credentials", &self.credentials)
            .field("credentials_source", &self.credentials_source)
            .field("method", self.request.method())
            .field("uri", self.request.uri())
            .field("headers", &names)
            .field("length", &self.request.body().len())
            .finish_non_exhaustive()
    }
}

impl<O: Operation> Call<O> {
    /// Returns the signed request that [`send`](Call::send) would send.
    ///
    /// The request has an absolute URI, so another HTTP client can send it. The signature is valid for five
    /// minutes. This function reads a body file into memory. If the operation sends events, the body is empty:
    /// an [`EventSigner`](invoke_model_signing::EventSigner) can sign the events.
    ///
    /// # Errors
    /// Returns the errors of [`send`](Call::send) that can occur before a request is sent.
    pub async fn sign(self) -> Result<http::Request<Bytes>, Error<O::Error>> {
        Ok(self.explain().await?.request)
    }

    /// Returns the request that [`send`](Call::send) would send, the sources of its settings, and the signed
    /// text. Loads credentials, but does not send the request. Runs only the hook
    /// [`before_sign`](crate::Intercept::before_sign) of the interceptors.
    ///
    /// # Errors
    /// Returns the same errors as [`sign`](Self::sign).
    #[doc(alias = "dry_run")]
    pub async fn explain(mut self) -> Result<Explanation, Error<O::Error>> {
        let timer = self.0.settings.timeouts.start();
        let mut context = self.0.settings.context(OperationDescription::of::<O>(), Span::none());
        let explanation = match self.prepare(&mut context) {
            Ok(prepared) => explanation(prepared, timer, &mut context).await,
            Err(kind) => Err(kind),
        };
        explanation.map_err(|kind| context.into_error(kind).of_operation())
    }
}

/// Authorizes a request, and explains it.
async fn explanation(
    mut prepared: Prepared,
    mut timer: OperationTimer,
    context: &mut CallContext,
) -> Result<Explanation, ErrorKind> {
    prepared.open_file(&timer).await?;
    let (parts, authorization) = prepared.authorized(&mut timer, context).await?;
    let config = prepared.client().config().clone();
    let body = match prepared.payload {
        Payload::Bytes(bytes) => bytes,
        Payload::Events => Bytes::new(),
        Payload::File(file) => timer.bound(file.into_bytes()).await??,
    };
    let credentials_source = authorization.credentials_source();
    let Authorization { scheme, source, signed, .. } = authorization;
    Ok(Explanation {
        operation: context.operation.name,
        config,
        auth_scheme: scheme,
        credentials: source,
        credentials_source,
        request: http::Request::from_parts(parts, body),
        signed,
    })
}
