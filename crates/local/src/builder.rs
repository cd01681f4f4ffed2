//! The configuration of an endpoint.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use invoke_model_signing::{Credentials, Verifier};
use invoke_model_types::service::SIGNING_NAME;

use crate::access_policy::AccessPolicy;
use crate::async_jobs::{self, AsyncJobs};
use crate::authentication::{Authenticator, BearerToken, TemporaryCredentialsStore};
use crate::backend::{Backend, Forward};
use crate::base_path::BasePath;
use crate::call_log::{CallLog, CallObserver};
use crate::call_record::CallRecord;
use crate::client_activity::IdleTimeouts;
use crate::clock::Clock;
use crate::connections::Connections;
use crate::fault::{Fault, FaultFile, FaultRule, FaultRules, ModelReply, TemporaryCredentials, When};
use crate::gauge::Gauge;
use crate::guardrail::{GuardrailFile, Guardrails};
use crate::local_endpoint::{LocalEndpoint, StartError};
use crate::prompt_cache::PromptCache;
use crate::quotas::{QuotaMeters, Quotas};
use crate::recording::{Recorder, Recordings, ReplayError};
use crate::server::ServerConfig;
use crate::state::{EndpointState, Queue};
use crate::upstream::{Upstream, UpstreamError};

/// A builder of [`LocalEndpoint`]. The defaults suit tests.
#[derive(Debug)]
pub struct LocalEndpointBuilder {
    host: IpAddr,
    port: u16,
    base_path: BasePath,
    #[cfg(feature = "tls")]
    tls: bool,
    max_connections: usize,
    timeouts: IdleTimeouts,
    max_calls: usize,
    observer: Option<CallObserver>,
    credentials: Credentials,
    bearer_token: Option<BearerToken>,
    region: Option<String>,
    default_region: String,
    clock: Clock,
    policy: AccessPolicy,
    verify: bool,
    pace: Duration,
    fault_rules: FaultRules,
    backend: Backend,
    quotas: Quotas,
    guardrails: Guardrails,
    async_invoke_duration: Duration,
    temporary: TemporaryCredentialsStore,
    /// Credentials whose lifetime begins when the endpoint starts.
    expiring: Vec<TemporaryCredentials>,
}

impl LocalEndpoint {
    /// Starts an endpoint with the default configuration on a free port.
    ///
    /// # Errors
    /// See [`LocalEndpointBuilder::start`].
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Returns a builder with the default configuration.
    pub fn builder() -> LocalEndpointBuilder {
        LocalEndpointBuilder::new()
    }
}

impl LocalEndpointBuilder {
    /// The default access key id. It is valid for local endpoints only.
    pub const ACCESS_KEY_ID: &'static str = "LOCALACCESSKEYID";
    /// The secret access key that belongs to [`ACCESS_KEY_ID`](Self::ACCESS_KEY_ID).
    pub const SECRET_ACCESS_KEY: &'static str = "local/secret/access/key/that/is/not/secret";
    /// The default region of the endpoint.
    pub const REGION: &'static str = "us-east-1";
    /// The default of [`max_connections`](Self::max_connections). It is less than 1,024, because many systems
    /// allow a process to open only 1,024 files.
    const MAX_CONNECTIONS: usize = 1_000;

    pub(crate) fn new() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            base_path: BasePath::default(),
            #[cfg(feature = "tls")]
            tls: false,
            max_connections: Self::MAX_CONNECTIONS,
            timeouts: IdleTimeouts::default(),
            max_calls: CallLog::MAX_CALLS,
            observer: None,
            credentials: Credentials::new(Self::ACCESS_KEY_ID, Self::SECRET_ACCESS_KEY, None),
            bearer_token: None,
            region: None,
            default_region: Self::REGION.to_owned(),
            clock: Clock::default(),
            policy: AccessPolicy::allow_all(),
            verify: true,
            pace: Duration::ZERO,
            fault_rules: FaultRules::default(),
            backend: Backend::default(),
            quotas: Quotas::default(),
            guardrails: Guardrails::default(),
            async_invoke_duration: async_jobs::DEFAULT_DURATION,
            temporary: TemporaryCredentialsStore::default(),
            expiring: Vec::new(),
        }
    }

    /// Sets the address on which the endpoint listens. The default is 127.0.0.1. With 0.0.0.0 or `::`, the
    /// endpoint listens on all addresses, and any machine of the network can read the records of calls.
    pub fn host(self, host: impl Into<IpAddr>) -> Self {
        Self { host: host.into(), ..self }
    }

    /// Sets the port. The default is 0. Port 0 selects a free port.
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Sets the path under which the endpoint serves the operations, for example `/bedrock`. Calls of other
    /// paths fail with 404 `UnknownOperationException`. The default is no path. The records under `/_local/`
    /// keep their paths, and [`LocalEndpoint::url`] does not contain the path.
    pub fn base_path(self, path: impl AsRef<str>) -> Self {
        Self { base_path: BasePath::new(path.as_ref()), ..self }
    }

    /// Enables or disables TLS. With TLS, the endpoint generates a certificate for `localhost`, 127.0.0.1,
    /// `::1` and [`host`](Self::host) when it starts. Clients must trust
    /// [`LocalEndpoint::certificate_pem`].
    #[cfg(feature = "tls")]
    pub fn tls(self, tls: bool) -> Self {
        Self { tls, ..self }
    }

    /// Sets the maximum number of open connections. The default is 1,000. If that many connections are open
    /// and another client connects, the endpoint closes the connection that has waited longest for its
    /// client. It closes only connections that have waited for a second or more, and no connection with a
    /// response in progress. If there is no such connection, the new client waits.
    pub fn max_connections(self, number: usize) -> Self {
        Self { max_connections: number, ..self }
    }

    #[cfg(test)]
    pub(crate) fn timeouts(self, timeouts: IdleTimeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// Sets the maximum number of calls that [`LocalEndpoint::calls`] returns. The default is 10,000. The
    /// endpoint drops the records of older calls. It also drops the oldest records if all records have more
    /// than 256 MiB.
    pub fn max_recorded_calls(self, number: usize) -> Self {
        Self { max_calls: number.max(1), ..self }
    }

    /// Sets a function that observes the calls, for example to print a log. The endpoint passes each call to
    /// the function after the response was sent or lost. The function must not block for a long time, because
    /// it delays other calls.
    pub fn on_call(self, observe: impl Fn(&CallRecord) + Send + Sync + 'static) -> Self {
        Self { observer: Some(CallObserver(Arc::new(observe))), ..self }
    }

    /// Sets the credentials that requests must be signed with. If the credentials contain a session token,
    /// requests must contain the same token.
    pub fn credentials(
        self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        Self { credentials: Credentials::new(access_key_id, secret_access_key, session_token), ..self }
    }

    /// Adds temporary credentials that clients may also sign requests with. Replaces earlier credentials that
    /// have the same access key id.
    ///
    /// The endpoint compares `expiry` with the time of [`clock`](Self::clock). From `expiry` on, the endpoint
    /// rejects requests that are signed with these credentials, and returns `ExpiredTokenException`.
    pub fn temporary_credentials(
        self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: impl Into<String>,
        expiry: SystemTime,
    ) -> Self {
        let token = Some(session_token.into());
        self.temporary.insert(Credentials::new(access_key_id, secret_access_key, token), Some(expiry));
        self
    }

    /// Sets a token that requests may send as `Authorization: Bearer ..` instead of a signature. By default,
    /// all bearer tokens are rejected.
    pub fn bearer_token(self, token: impl Into<String>) -> Self {
        Self { bearer_token: Some(BearerToken(token.into())), ..self }
    }

    /// Sets the region that signatures must contain. By default, the endpoint accepts any region.
    pub fn region(self, region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// Sets the region of requests without a signature, and of [`LocalEndpoint::region`]. The default is
    /// [`REGION`](Self::REGION). In contrast to [`region`](Self::region), signatures may contain any region.
    pub fn default_region(self, region: impl Into<String>) -> Self {
        Self { default_region: region.into(), ..self }
    }

    /// Sets the clock for the expiry of signatures and credentials, and for the `Date` header. The default is
    /// the system clock.
    pub fn clock(self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { clock: Clock::new(now), ..self }
    }

    /// Sets the policy that allows or denies models. By default, all models are allowed.
    pub fn policy(self, policy: AccessPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Enables or disables authentication. If authentication is disabled, the endpoint ignores signatures and
    /// tokens.
    pub fn verify(self, verify: bool) -> Self {
        Self { verify, ..self }
    }

    /// Sets a delay before each event of a stream. By default, the endpoint sends each event as soon as the
    /// socket has accepted the previous event.
    pub fn pace(self, pace: Duration) -> Self {
        Self { pace, ..self }
    }

    /// Adds fault rules after the existing rules. By default there are no rules.
    pub fn fault_rules(self, rules: impl IntoIterator<Item = FaultRule>) -> Self {
        rules.into_iter().for_each(|rule| self.fault_rules.push(rule));
        self
    }

    /// Adds a rule after the existing rules. The rule gives a reply to all calls that meet the conditions.
    ///
    /// ```
    /// use invoke_model_local::{LocalEndpoint, ModelReply, When};
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let local = LocalEndpoint::builder()
    ///     .reply(When::new().tool_result("get_weather"), "It is sunny in Paris.")
    ///     .reply(
    ///         When::new().prompt_contains("weather").tool("get_weather"),
    ///         ModelReply::tool_call("get_weather", json!({"city": "Paris"})),
    ///     )
    ///     .start()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reply(self, when: When, reply: impl Into<ModelReply>) -> Self {
        self.fault_rules.push(Fault::new().when(when).reply(reply).into());
        self
    }

    /// Adds one rule for each reply. The new rules follow the existing rules. Each reply is given to one call
    /// that meets the conditions. After the last reply, the new rules do not apply any more.
    pub fn replies<R: Into<ModelReply>>(self, when: &When, replies: impl IntoIterator<Item = R>) -> Self {
        for reply in replies {
            self.fault_rules.push(Fault::new().when(when.clone()).reply(reply).first(1));
        }
        self
    }

    /// Forwards all requests to the service, and records each exchange in a file of `folder`. `service` must
    /// add the authority of the service and a signature, because the endpoint removes the signature of the
    /// caller. Rules with a reply, and all faults, take precedence. `docs/recording.md` describes the files.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created or read.
    pub fn record(self, folder: impl AsRef<Path>, service: impl Forward) -> io::Result<Self> {
        Ok(Self { backend: Backend::Record(Recorder::new(folder.as_ref(), Arc::new(service))?), ..self })
    }

    /// Replays the exchanges that [`record`](Self::record) wrote to `folder`. A request that matches no exchange
    /// fails with 404 `RecordingNotFoundException`. The message names the nearest exchange and the first
    /// difference. Rules with a reply, and all faults, take precedence.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read or is not an exchange, or if there is no exchange.
    pub fn replay(self, folder: impl AsRef<Path>) -> Result<Self, ReplayError> {
        Ok(Self { backend: Backend::Replay(Recordings::read(folder.as_ref())?), ..self })
    }

    /// Lets a server with the chat completions API of OpenAI generate the replies of text models. `url` is the
    /// base URL of the server, for example `http://127.0.0.1:11434`. `model` is the name of the model on this
    /// server. By default, it is the model id of the call. `client` sends the requests. Rules with a reply, and
    /// all faults, take precedence.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid.
    pub fn upstream(
        self,
        url: &str,
        model: Option<String>,
        client: impl Forward,
    ) -> Result<Self, UpstreamError> {
        Ok(Self { backend: Backend::Upstream(Upstream::new(url, model, Arc::new(client))?), ..self })
    }

    /// Sets the quotas of each model. By default, calls are unlimited.
    pub fn quotas(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }

    /// Applies a fault file. Adds the rules of the file after the existing rules, and adds the temporary
    /// credentials of the file. If the file has quotas, they replace the existing quotas. The lifetime of the
    /// credentials begins when the endpoint starts.
    pub fn fault_file(mut self, file: FaultFile) -> Self {
        let FaultFile { rules, quotas, credentials } = file;
        self.expiring.extend(credentials);
        if quotas != Quotas::default() {
            self.quotas = quotas;
        }
        self.fault_rules(rules)
    }

    /// Sets the guardrails of the endpoint. Replaces the guardrails of earlier files. By default there are no
    /// guardrails, and calls that name a guardrail fail.
    pub fn guardrail_file(self, file: GuardrailFile) -> Self {
        Self { guardrails: file.into(), ..self }
    }

    /// Sets the time from `StartAsyncInvoke` until the invocation is complete. The default is one second. The
    /// [`clock`](Self::clock) of the endpoint measures this time.
    pub fn async_invoke_duration(self, duration: Duration) -> Self {
        Self { async_invoke_duration: duration, ..self }
    }

    /// Starts the endpoint.
    ///
    /// # Errors
    /// Returns an error if the address or the port is not available, or if the certificate for TLS cannot be
    /// generated.
    ///
    /// # Panics
    /// Panics outside a Tokio runtime, or if the I/O driver of the runtime is disabled. Pace, delays and
    /// [`LocalEndpoint::stop`] also require the time driver.
    pub async fn start(self) -> Result<LocalEndpoint, StartError> {
        let address = SocketAddr::new(self.host, self.port);
        #[cfg(feature = "tls")]
        let tls = match self.tls {
            true => Some(
                crate::tls::generate(self.host)
                    .map_err(|source| StartError::Certificate { source: source.into() })?,
            ),
            false => None,
        };
        #[cfg(feature = "tls")]
        let certificate = tls.as_ref().map(|tls| tls.authority_pem.clone());
        #[cfg(not(feature = "tls"))]
        let certificate = None;
        let config = ServerConfig {
            max_connections: self.max_connections,
            timeouts: self.timeouts,
            #[cfg(feature = "tls")]
            tls: tls.map(|tls| tls.acceptor),
        };
        LocalEndpoint::serve(self.build_state(), address, config, certificate).await
    }

    pub(crate) fn build_state(self) -> Arc<EndpointState> {
        let started = self.clock.now();
        self.temporary.insert_all(self.expiring, started);
        let verifier = Verifier::new(SIGNING_NAME);
        let verifier = match &self.region {
            Some(region) => verifier.with_region(region),
            None => verifier,
        };
        Arc::new(EndpointState {
            authenticator: Authenticator {
                verifier,
                credentials: self.credentials,
                temporary: self.temporary,
                bearer_token: self.bearer_token,
                skip_verification: !self.verify,
            },
            policy: self.policy,
            base_path: self.base_path,
            region: self.region.unwrap_or(self.default_region),
            clock: self.clock,
            log: CallLog::new(self.max_calls, self.observer),
            is_loopback: self.host.is_loopback(),
            started,
            next_errors: Queue::default(),
            next_stream_faults: Queue::default(),
            fault_rules: self.fault_rules,
            backend: self.backend,
            quotas: Arc::new(QuotaMeters::new(self.quotas)),
            guardrails: self.guardrails,
            async_jobs: AsyncJobs::new(self.async_invoke_duration),
            prompt_cache: PromptCache::default(),
            pace: self.pace,
            streams: Gauge::default(),
            calls: Gauge::default(),
            connections: Connections::default(),
            requests: AtomicU64::new(0),
        })
    }
}
