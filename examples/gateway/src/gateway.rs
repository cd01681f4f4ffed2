//! The routes of the service. A route parses the request with the server code of the generated types, and makes the call
//! with the client.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use invoke_model_client::types::{Converse, ConverseStream, InvokeModel, InvokeModelWithResponseStream};
use invoke_model_client::{
    Call, Client, ConfigBuilder, Failover, FailoverTarget, Metadata, PriceTable, QuotaLimiter,
    RedisQuotaStore,
};
use invoke_model_protocol::json::strict::{from_value, value_from_text};
use invoke_model_protocol::{OutputEventStream, ServerOperation, delivery, server};
use opentelemetry::global::set_meter_provider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{TextEncoder, default_registry, gather};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::failure::{failure, internal, invalid, of_call};
use crate::settings::{Settings, Target, Tenant};

pub(crate) struct Gateway {
    failover: Failover,
    tenants: Arc<BTreeMap<String, Tenant>>,
    pub(crate) store: RedisQuotaStore,
}

impl Gateway {
    pub(crate) fn new(settings: Settings) -> Result<Self, Box<dyn Error>> {
        let store = RedisQuotaStore::builder(settings.redis_url)
            .lease(Duration::from_secs(settings.redis_lease_seconds))
            // With its append-only file, the server keeps all counts over a restart.
            .wait_after_server_start(false)
            .timeout(Duration::from_secs(5))
            .build()?;
        let tenants = Arc::new(settings.tenants);
        let limits = tenants.clone();
        let limiter = QuotaLimiter::builder()
            .store(store.clone())
            .key_of_tag("tenant", move |tenant| limits.get(tenant).map(Tenant::limits).unwrap_or_default())
            .price_table(PriceTable::from_json(&settings.prices.to_string())?)
            .default_output_tokens(4_096)
            .max_wait(Duration::from_secs(10))
            .build();
        let exporter = opentelemetry_prometheus::exporter().with_registry(default_registry().clone());
        set_meter_provider(SdkMeterProvider::builder().with_reader(exporter.build()?).build());
        let mut failover = Failover::builder();
        for Target { name, region, endpoint_url, model_id } in settings.targets {
            let config = ConfigBuilder::from_env().region(region).quota_limiter(limiter.clone());
            let config = config.metric_tag("tenant").keep_response_headers(true);
            let config = endpoint_url.into_iter().fold(config, ConfigBuilder::endpoint_url);
            let target = FailoverTarget::new(name, Client::new(config)?);
            failover = failover.target(model_id.into_iter().fold(target, FailoverTarget::model_id));
        }
        Ok(Self { failover: failover.build()?, tenants, store })
    }

    /// Returns the tenant with the API key of a request.
    fn tenant(&self, request: &Request) -> Option<(&String, &Tenant)> {
        let key = request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")?;
        let hash: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
        self.tenants.iter().find(|(_, tenant)| tenant.key_hashes.contains(&hash))
    }

    /// Creates the call of a request, if its tenant may use the model. Reads the body only after the API key.
    async fn call<O>(&self, request: Request) -> Result<Call<O>, Response>
    where
        O: ServerOperation<Input: DeserializeOwned>,
    {
        let Some((name, tenant)) = self.tenant(&request) else {
            let message = "the bearer token is not an API key of this gateway: set AWS_BEARER_TOKEN_BEDROCK";
            return Err(failure(StatusCode::FORBIDDEN, "UnrecognizedClientException", message));
        };
        let (head, body) = request.into_parts();
        let body = to_bytes(body, 25_000_000).await.map_err(invalid)?;
        let input = parse::<O>(&http::Request::from_parts(head, body)).map_err(invalid)?;
        let model_id = O::request_facts(&input).model_id.unwrap_or_default();
        if !tenant.models.iter().any(|allowed| allowed == model_id) {
            let message = format!("the tenant `{name}` may not use the model `{model_id}`");
            return Err(failure(StatusCode::FORBIDDEN, "AccessDeniedException", message));
        }
        // The limiter, the metrics, the spans and the invocation logs of the service contain the tag.
        Ok(self.failover.client().call(input).tag("tenant", name))
    }
}

pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/model/{id}/converse", post(output::<Converse>))
        .route("/model/{id}/converse-stream", post(stream::<ConverseStream>))
        .route("/model/{id}/invoke", post(output::<InvokeModel>))
        .route("/model/{id}/invoke-with-response-stream", post(stream::<InvokeModelWithResponseStream>))
        .route("/metrics", get(metrics))
        .route("/health", get(async || "ok\n"))
        .fallback(async || failure(StatusCode::NOT_FOUND, "UnknownOperationException", "unknown operation"))
        .with_state(gateway)
}

async fn output<O>(State(gateway): State<Arc<Gateway>>, request: Request) -> Result<Response, Response>
where
    O: ServerOperation<Input: Clone + DeserializeOwned, Delivery = delivery::Buffered>,
{
    let call = gateway.call::<O>(request).await?;
    let answer = gateway.failover.send(call).await.map_err(of_call)?;
    Ok(respond::<O>(answer.output, &answer.metadata, Body::from))
}

async fn stream<O>(State(gateway): State<Arc<Gateway>>, request: Request) -> Result<Response, Response>
where
    O: ServerOperation<Input: Clone + DeserializeOwned, Output: Send, Delivery = delivery::Streaming>
        + OutputEventStream,
{
    let call = gateway.call::<O>(request).await?;
    let answer = gateway.failover.send(call).await.map_err(of_call)?;
    let events = answer.output.events.into_body();
    Ok(respond::<O>(answer.output.output, &answer.metadata, |_| Body::new(events)))
}

async fn metrics() -> Result<String, Response> {
    TextEncoder::new().encode_to_string(&gather()).map_err(internal)
}

/// Parses the input of an operation. In a JSON body, a member that is not in the model is an error, because the gateway
/// could not pass it on.
fn parse<O: ServerOperation<Input: DeserializeOwned>>(
    request: &http::Request<Bytes>,
) -> Result<O::Input, Box<dyn Error>> {
    if O::INPUT_PAYLOAD.is_some() {
        return Ok(O::parse_request(request)?);
    }
    let mut input = value_from_text(request.body())?;
    if let Some(members) = input.as_object_mut() {
        let labels = server::labels::<O>(request)?;
        members.extend(labels.iter().map(|(name, value)| ((*name).to_owned(), (&**value).into())));
    }
    Ok(from_value(input)?)
}

/// Serializes an output, and adds the headers with the request id and the token counts.
fn respond<O: ServerOperation>(
    output: O::Output,
    metadata: &Metadata,
    body: impl FnOnce(Bytes) -> Body,
) -> Response {
    let Ok(response) = O::serialize_response(output) else { return internal("invalid output") };
    let mut response = response.map(body);
    let headers = metadata.headers.iter().flat_map(|headers| headers.iter());
    for (name, value) in headers.filter(|(name, _)| name.as_str().starts_with("x-amzn-")) {
        response.headers_mut().insert(name, value.clone());
    }
    response
}
