//! The servers of one scenario: the local endpoint and, if the scenario needs them, the proxy and the server for
//! container credentials.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use invoke_model_local::LocalEndpoint;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::expectation::Expectation;
use crate::judge::Observation;
use crate::load;
use crate::scenario::{Cancel, Environment, KeyPair, Scenario, Settings};
use crate::side_servers::{self, RequestLog, SideServer};

/// The maximum time to wait until the endpoint has finished all calls, after the response of the adapter.
const SETTLE: Duration = Duration::from_secs(2);

/// The maximum time to wait until the expected calls have arrived at the endpoint, after the response of the adapter.
const ARRIVAL: Duration = Duration::from_millis(500);

/// The time in which the endpoint must not receive another request that the service would bill.
const LATE: Duration = Duration::from_millis(100);

/// The interval between two checks of the number of calls.
const POLL: Duration = Duration::from_millis(5);

/// The servers of one scenario. They stop when this value is dropped.
pub(crate) struct Servers {
    endpoint: Arc<LocalEndpoint>,
    proxy: Option<(SideServer, RequestLog)>,
    credentials: Option<(SideServer, RequestLog)>,
}

impl Servers {
    /// Starts the servers.
    pub(crate) async fn start(scenario: &Scenario) -> Result<Self, String> {
        let settings = &scenario.settings;
        let rules = load::fault_file(&scenario.server.rules)?;
        let mut builder = LocalEndpoint::builder().fault_file(rules).tls(settings.tls);
        if !settings.base_path.is_empty() {
            builder = builder.base_path(&settings.base_path);
        }
        if let Some(region) = settings.signing_region.as_ref().or(settings.region.as_ref()) {
            builder = builder.region(region);
        }
        if let Some(token) = settings.known_bearer_token.as_ref().or(settings.bearer_token.as_ref()) {
            builder = builder.bearer_token(token);
        }
        let known = match &settings.known_credentials[..] {
            [] => settings.credentials.as_slice(),
            known => known,
        };
        let (permanent, temporary): (Vec<_>, Vec<_>) =
            known.iter().partition(|pair| pair.expires_in_ms.is_none());
        let (first, others) =
            permanent.split_first().map_or((None, &[][..]), |(first, others)| (Some(*first), others));
        let KeyPair { access_key_id, secret_access_key, session_token, .. } =
            first.cloned().unwrap_or_default();
        builder = builder.credentials(access_key_id, secret_access_key, session_token);
        let endpoint = Arc::new(builder.start().await.map_err(|error| error.to_string())?);
        for pair in others.iter().chain(&temporary) {
            side_servers::accept(&endpoint, pair);
        }
        let proxy = match settings.proxy {
            Some(behavior) => {
                Some(side_servers::proxy(behavior, endpoint.address()).await.map_err(in_words)?)
            }
            None => None,
        };
        let responses = settings.credentials_server.clone();
        let credentials = match responses.is_empty() {
            true => None,
            false => {
                let server = side_servers::credentials_server(responses, Arc::clone(&endpoint)).await;
                Some(server.map_err(in_words)?)
            }
        };
        Ok(Self { endpoint, proxy, credentials })
    }

    /// Returns the environment variables that the adapter must set and remove.
    pub(crate) fn environment(&self, settings: &Environment) -> Environment {
        let fill = |value: &Option<String>| value.as_ref().map(|value| self.fill(value));
        settings.iter().map(|(name, value)| (name.clone(), fill(value))).collect()
    }

    /// Replaces `{endpoint}`, `{port}` and `{credentials_url}`.
    fn fill(&self, template: &str) -> String {
        let credentials = self.credentials.as_ref().map(|(server, _)| server.url()).unwrap_or_default();
        template
            .replace("{endpoint}", &self.endpoint_url())
            .replace("{port}", &self.endpoint.address().port().to_string())
            .replace("{credentials_url}", &credentials)
    }

    /// Returns the URL of the endpoint. With TLS, the host is `localhost`, because some clients do not accept
    /// certificates for IP addresses.
    fn endpoint_url(&self) -> String {
        match self.endpoint.certificate_pem() {
            Some(_) => format!("https://localhost:{}", self.endpoint.address().port()),
            None => self.endpoint.url(),
        }
    }

    /// Returns the request to the adapter.
    pub(crate) fn request(
        &self,
        scenario: &Scenario,
        cancel: Option<Cancel>,
        ca_file: &Path,
    ) -> io::Result<Value> {
        let mut settings = self.settings(&scenario.settings);
        if let Some(certificate) = self.endpoint.certificate_pem() {
            std::fs::write(ca_file, certificate)?;
            settings.insert("ca_file".to_owned(), json!(ca_file));
        }
        let mut request = json!({
            "scenario": scenario.id, "operation": scenario.operation, "input": scenario.input, "settings": settings,
        });
        if let Some(cancel) = cancel {
            request["cancel"] = json!(cancel);
        }
        Ok(request)
    }

    fn settings(&self, settings: &Settings) -> Map<String, Value> {
        let proxy_url = self.proxy.as_ref().zip(settings.proxy);
        let proxy_url = proxy_url.map(|((server, _), behavior)| side_servers::proxy_url(server, behavior));
        let all = json!({
            "endpoint_url": settings.endpoint_url.as_ref().map(|url| self.fill(url)),
            "region": settings.region,
            "credentials": settings.credentials,
            "bearer_token": settings.bearer_token,
            "max_attempts": settings.max_attempts,
            "retry_mode": settings.retry_mode,
            "max_backoff_ms": settings.max_backoff_ms,
            "timeouts_ms": settings.timeouts_ms,
            "proxy_url": proxy_url,
            "use_fips": settings.use_fips.then_some(true),
            "use_dual_stack": settings.use_dual_stack.then_some(true),
            "http_version": settings.http_version,
        });
        match all {
            Value::Object(members) => members.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            _ => Map::new(),
        }
    }

    /// Waits until the client connects to the endpoint, or sends a request to the proxy.
    pub(crate) async fn connected(&self) {
        while !self.is_connected() {
            tokio::time::sleep(POLL).await;
        }
    }

    /// Returns `true` if the client has connected to the endpoint, or has sent a request to the proxy.
    pub(crate) fn is_connected(&self) -> bool {
        let is_proxy_used = || self.proxy.as_ref().is_some_and(|(_, log)| !log.heads().is_empty());
        self.endpoint.stats().connections > 0 || is_proxy_used()
    }

    /// Waits a limited time until the expected calls have arrived and ended, and returns the records of the servers. A
    /// call can end later at the endpoint than in the client, for example if the client closes the connection.
    pub(crate) async fn observe(&self, expect: &Expectation, took: Option<Duration>) -> Observation {
        let expected = expect.minimum_attempts();
        let arrived = async {
            while self.endpoint.stats().request_heads < expected {
                tokio::time::sleep(POLL).await;
            }
        };
        // After a timeout, the judge compares the incomplete records.
        let _ = timeout(ARRIVAL, arrived).await;
        if expect.worked_on.is_some() {
            // A client that sends a request again after it has reported the result could be billed twice.
            tokio::time::sleep(LATE).await;
        }
        let _ = timeout(SETTLE, self.endpoint.wait_for_calls()).await;
        let mut calls = self.endpoint.calls();
        calls.sort_by_key(|call| call.time);
        let heads = |server: &Option<(SideServer, RequestLog)>| {
            server.as_ref().map(|(_, log)| log.heads()).unwrap_or_default()
        };
        Observation {
            calls,
            connections: self.endpoint.stats().connections,
            proxy_heads: heads(&self.proxy),
            credentials_requests: heads(&self.credentials).len() as u64,
            port: self.endpoint.address().port(),
            took,
        }
    }
}

fn in_words(error: io::Error) -> String {
    format!("cannot start a server: {error}")
}
