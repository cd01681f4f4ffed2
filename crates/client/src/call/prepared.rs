//! The unsigned request of a call. Each attempt signs and sends a copy of this request.

use std::pin::pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::Version;
use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http::request::Parts;
use invoke_model_families::TokenEstimate;
use invoke_model_protocol::metrics::RequestFacts;
use invoke_model_protocol::{Operation, Request, SerializeError, SerializeErrorKind};
use invoke_model_signing::{EventSigner, PayloadHash};
use invoke_model_transport::{RequestBody, TransportError, TransportErrorKind};
use tokio::runtime::Handle;

use super::{Call, OperationDescription, Settings, State, span};
use crate::authorization::{Authorization, Authorizer};
use crate::body::{BodyFile, BodySource, hash_on_other_thread};
use crate::call_context::CallContext;
use crate::client::Client;
use crate::config::{Config, SettingSource, region_of_arn};
use crate::error::{ErrorKind, HeaderError};
use crate::quota::QuotaLimiter;
use crate::tags::{self, Tags};
use crate::timeout::OperationTimer;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("invoke-model/", env!("CARGO_PKG_VERSION")));

/// The value of `Accept-Encoding`. Without this header, a gateway may compress the response. The client does
/// not ask for compression, because a compressor may delay the events of a stream.
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// Headers that callers and interceptors cannot change, because the client sets them to frame and sign the
/// request.
pub(crate) const RESERVED_HEADERS: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-amz-date",
    "x-amz-security-token",
];

/// The maximum number of headers of the caller and of interceptors. `http::HeaderMap` cannot hold an unlimited number
/// of names: an insertion panics from 24,577 names on, and with unlucky hash values from 6,554 names on.
pub(crate) const MAX_HEADERS: usize = 4_096;

/// The size from which a body is hashed on another thread. Hashing 1 MiB takes about a millisecond, and a task should not
/// block its thread for longer.
const LARGE_BODY: usize = 1 << 20;

/// A request without authorization.
pub(super) struct Prepared {
    client: Client,
    authorizer: Arc<Authorizer>,
    operation: &'static OperationDescription,
    /// The quota of the call, if the client has a quota limiter and the operation runs a model. It is boxed to keep the
    /// futures of calls small.
    pub(super) quota: Option<Box<Quota>>,
    parts: Parts,
    pub(super) payload: Payload,
    /// The file or reader of the body, if it is not open yet.
    file: Option<BodySource>,
    /// The hash of the body. It is computed when the first attempt is signed.
    hash: OnceLock<PayloadHash>,
}

/// The quota of a call.
pub(super) struct Quota {
    /// The limiter for the tags of the call.
    pub(super) limiter: QuotaLimiter,
    /// The model id, if the limiter needs the price of the model.
    pub(super) model_id: Option<String>,
    /// The limit of output tokens: `None` if the payload of the operation contains the limit, and `Some(None)` if the
    /// call has no limit.
    max_output_tokens: Option<Option<u64>>,
    /// The token estimate. It is computed when the first attempt acquires a quota permit.
    estimate: Option<TokenEstimate>,
}

pub(super) enum Payload {
    Bytes(Bytes),
    File(BodyFile),
    /// The body is a stream of events. Each attempt creates its own body.
    Events,
}

impl<O: Operation> Call<O> {
    /// Serializes the input, once for all attempts. Returns the request.
    pub(super) fn prepare(self, context: &mut CallContext) -> Result<Prepared, ErrorKind> {
        let State { mut input, required, invalid, file, mut settings } = *self.0;
        required.check()?;
        invalid.map_or(Ok(()), Err)?;
        // Fill the idempotency tokens once per call, because all attempts must send the same token.
        let tokens = &settings.client.config().idempotency_token_provider;
        O::fill_idempotency_tokens(&mut input, &mut || tokens.next());
        let tags = merged(&settings.client.config().tags, std::mem::take(&mut settings.tags))?;
        if !tags.is_empty() {
            O::add_request_metadata(&mut input, &tags)?;
        }
        let facts = O::request_facts(&input);
        let quota = record_request(context, &settings.client, facts, &|| O::span_name(&input), &tags)?;
        let host_prefix = O::host_prefix(&input)?;
        let request = O::serialize(input)?;
        Prepared::new(context, settings, quota, request, host_prefix, file)
    }
}

/// Records the facts about a request in the span, the metrics and the interceptors of the call. Returns the quota of
/// the call.
fn record_request(
    context: &mut CallContext,
    client: &Client,
    facts: RequestFacts<'_>,
    span_name: &dyn Fn() -> Option<String>,
    tags: &Arc<Tags>,
) -> Result<Option<Box<Quota>>, SerializeError> {
    let operation = context.operation;
    span::record_request(&context.span, operation, facts, span_name, tags);
    context.call_metrics.set_request(facts.model_id, tags);
    check_regions(client.config(), operation, &facts)?;
    if let Some(interception) = &mut context.interception {
        interception.set_request(facts.model_id, tags);
    }
    if operation.model_id_label.is_none() {
        context.model_id = facts.model_id.map(str::to_owned);
    }
    let limiter = client.config().quota_limiter().filter(|_| operation.uses_tokens);
    Ok(limiter.map(|limiter| {
        let limiter = limiter.for_tags(tags);
        let model_id = facts.model_id.filter(|_| limiter.limits_money()).map(str::to_owned);
        let max_output_tokens = (!operation.has_model_payload).then_some(facts.max_output_tokens);
        Box::new(Quota { limiter, model_id, max_output_tokens, estimate: None })
    }))
}

impl Prepared {
    /// Adds the headers of the caller to a request, and applies the endpoint.
    fn new(
        context: &mut CallContext,
        settings: Settings,
        quota: Option<Box<Quota>>,
        request: Request,
        host_prefix: Option<String>,
        file: Option<BodySource>,
    ) -> Result<Self, ErrorKind> {
        let Settings { client, authorizer, headers, .. } = settings;
        let (mut parts, bytes) = request.into_parts();
        parts.headers.entry(USER_AGENT).or_insert(AGENT);
        insert_headers(&mut parts.headers, headers)?;
        let target = context.target.insert(std::mem::take(&mut parts.uri));
        let endpoint = &client.config().endpoint;
        parts.uri = endpoint
            .apply(target, host_prefix.as_deref())
            .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error))?;
        let payload = match context.operation.has_input_events {
            true => {
                // The client sends events while it receives the response. HTTP/1.1 clients cannot do this.
                parts.version = Version::HTTP_2;
                Payload::Events
            }
            false => Payload::Bytes(bytes),
        };
        Ok(Self {
            client,
            authorizer,
            operation: context.operation,
            quota,
            parts,
            payload,
            file,
            hash: OnceLock::new(),
        })
    }

    /// Opens the file or reader of the body, and makes it the payload. Does nothing if the body is in memory.
    ///
    /// A file may be on a slow disk, and a reader may block. Therefore this function and the functions that read the
    /// file again end with the operation timeout. Their futures are boxed to keep the futures of calls small.
    pub(super) async fn open_file(&mut self, timer: &OperationTimer) -> Result<(), ErrorKind> {
        if let Some(source) = self.file.take() {
            self.payload = Payload::File(Box::pin(timer.bound(BodyFile::open(source))).await??);
        }
        Ok(())
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the signer for the events of a request. Returns `None` if the request is not signed.
    pub(super) fn event_signer(&self, authorization: &Authorization) -> Option<EventSigner> {
        self.authorizer.event_signer(authorization)
    }

    /// Returns the head of the request with a signature or a bearer token. Uses the credentials and the time
    /// that are current when this attempt is signed. Before that, runs the hooks `before_sign`.
    pub(super) async fn authorized(
        &mut self,
        timer: &mut OperationTimer,
        context: &mut CallContext,
    ) -> Result<(Parts, Authorization), ErrorKind> {
        // Keep the clone for a retry and send the original, because only the original has spare capacity for
        // the new headers.
        let clone = self.parts.clone();
        let mut parts = std::mem::replace(&mut self.parts, clone);
        if let Some(interception) = &mut context.interception {
            Box::pin(interception.before_sign(&mut parts, timer)).await?;
        }
        if let Some(body) = self.large_body() {
            let hash = Box::pin(timer.bound(hash_on_other_thread(body))).await?;
            self.hash.get_or_init(|| hash);
        }
        let hash =
            || if self.operation.signs_payload { self.hash().clone() } else { PayloadHash::unsigned() };
        let now = || self.client.now();
        let authorizing = self.authorizer.authorize(self.operation.authentication, &mut parts, hash, now);
        let authorization = timer.credentials(pin!(authorizing)).await??;
        // The header is added after signing, because a proxy may replace it.
        parts.headers.entry(ACCEPT_ENCODING).or_insert(IDENTITY);
        Ok((parts, authorization))
    }

    /// Returns the authorizer of the call.
    pub(super) fn authorizer(&self) -> &Arc<Authorizer> {
        &self.authorizer
    }

    /// Returns `true` if the next attempt may use other credentials.
    pub(super) fn has_renewable_credentials(&self) -> bool {
        self.authorizer.can_reload()
    }

    /// Returns an estimate of the tokens that the request may use, or no tokens if the call has no limit for them.
    pub(super) async fn token_estimate(
        &mut self,
        timer: &OperationTimer,
    ) -> Result<TokenEstimate, ErrorKind> {
        let Some(quota) = self.quota.as_mut().filter(|quota| quota.limiter.limits_tokens()) else {
            return Ok(TokenEstimate::default());
        };
        if let Some(estimate) = quota.estimate {
            return Ok(estimate);
        }
        let mut estimate = match &self.payload {
            Payload::Bytes(bytes) => TokenEstimate::from_body(bytes),
            Payload::Events => TokenEstimate::default(),
            Payload::File(file) => Box::pin(timer.bound(file.token_estimate())).await??,
        };
        if let Some(limit) = quota.max_output_tokens {
            estimate.max_output_tokens = limit;
        }
        Ok(*quota.estimate.insert(estimate))
    }

    /// Returns the body for one attempt.
    pub(super) async fn body(&self, timer: &OperationTimer) -> Result<RequestBody, ErrorKind> {
        Ok(match &self.payload {
            Payload::Bytes(bytes) => bytes.clone().into(),
            Payload::Events => RequestBody::default(),
            Payload::File(file) => RequestBody::from_body(Box::pin(timer.bound(file.stream())).await??),
        })
    }

    /// Returns the body if it is large and another thread must hash it: its hash is needed and not known yet. Returns `None`
    /// without a runtime, because `Call::sign` does not need one.
    fn large_body(&self) -> Option<&Bytes> {
        let operation = self.operation;
        let needs_hash = || {
            let signs = operation.signs_payload && self.authorizer.signs(operation.authentication);
            signs && Handle::try_current().is_ok()
        };
        match &self.payload {
            Payload::Bytes(body) if body.len() >= LARGE_BODY && self.hash.get().is_none() && needs_hash() => {
                Some(body)
            }
            _ => None,
        }
    }

    fn hash(&self) -> &PayloadHash {
        match &self.payload {
            Payload::Bytes(bytes) => self.hash.get_or_init(|| PayloadHash::of(bytes)),
            Payload::Events => self.hash.get_or_init(PayloadHash::streaming_events),
            Payload::File(file) => file.hash(),
        }
    }
}

/// Returns an error if the id of the model, guardrail, project or invocation is an ARN whose region is not
/// the region of the client. The service would reject such a call. A custom endpoint may accept every region.
/// Therefore this function checks only endpoints from the endpoint rules.
fn check_regions(
    config: &Config,
    operation: &OperationDescription,
    facts: &RequestFacts<'_>,
) -> Result<(), SerializeError> {
    let arns = [
        (operation.model_id_label.unwrap_or("modelId"), facts.model_id),
        ("guardrailIdentifier", facts.guardrail_id),
        ("projectIdentifier", facts.project_id),
        ("invocationArn", facts.invocation_arn),
    ];
    for (member, id) in arns {
        let (Some(of_arn), Some(region)) = (id.and_then(region_of_arn), config.region()) else { continue };
        if of_arn != region && config.sources().endpoint == SettingSource::EndpointRules {
            let reason = format!(
                "is an ARN of the region `{of_arn}`, but the client calls the region `{region}`: create a client for \
                 the region of the ARN"
            );
            return Err(SerializeError::new(member, SerializeErrorKind::Invalid(reason)));
        }
    }
    Ok(())
}

/// Returns the tags of the client and of the call. A tag of the call replaces a tag of the client.
fn merged(of_client: &Arc<Tags>, of_call: Tags) -> Result<Arc<Tags>, SerializeError> {
    if of_call.is_empty() {
        return Ok(of_client.clone());
    }
    let mut merged = (**of_client).clone();
    merged.extend(of_call);
    tags::check(&merged).map_err(|reason| SerializeError::new("", SerializeErrorKind::Invalid(reason)))?;
    Ok(Arc::new(merged))
}

/// Inserts the headers of the caller. Each header replaces existing headers of the same name.
fn insert_headers(headers: &mut HeaderMap, added: Vec<(String, String)>) -> Result<(), HeaderError> {
    HeaderError::check_count(headers.len() + added.len())?;
    for (name, value) in added {
        let Ok(header) = name.parse::<HeaderName>() else { return Err(HeaderError::Name { name }) };
        if RESERVED_HEADERS.contains(&header.as_str()) {
            return Err(HeaderError::Reserved { name });
        }
        let Ok(value) = HeaderValue::from_str(&value) else { return Err(HeaderError::Value { name }) };
        headers.insert(header, value);
    }
    Ok(())
}
