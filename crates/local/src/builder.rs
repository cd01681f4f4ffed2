//! How an endpoint is set up.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use invoke_model_signing::{Credentials, Verifier};
use invoke_model_types::service::SIGNING_NAME;
use tokio::sync::watch;

use crate::authenticate::{Authenticator, TemporaryKeys, Token};
use crate::call_log::CallLog;
use crate::connections::Connections;
use crate::endpoint::{Clock, Endpoint};
use crate::fault::{FaultRule, Faults, Script, TemporaryCredentials};
use crate::policy::Policy;
use crate::queue::Queue;
use crate::quotas::{Meters, Quotas};
use crate::server::{LocalEndpoint, StartError};

/// The settings of a [`LocalEndpoint`] endpoint, each with a default that suits tests.
#[derive(Debug)]
pub struct Builder {
    port: u16,
    credentials: Credentials,
    bearer_token: Option<Token>,
    region: Option<String>,
    clock: Clock,
    policy: Policy,
    verify: bool,
    pace: Duration,
    script: Script,
    quotas: Quotas,
    temporary: TemporaryKeys,
    /// Those whose time begins with the endpoint's.
    expiring: Vec<TemporaryCredentials>,
}

impl Builder {
    /// The access key id that is known unless [`credentials`](Self::credentials) sets another. Good for nothing but
    /// this endpoint.
    pub const ACCESS_KEY_ID: &'static str = "LOCALACCESSKEYID";
    /// The secret that goes with [`ACCESS_KEY_ID`](Self::ACCESS_KEY_ID).
    pub const SECRET_ACCESS_KEY: &'static str = "local/secret/access/key/that/is/not/secret";
    /// The region that the endpoint says it is in, unless [`region`](Self::region) sets another.
    pub const REGION: &'static str = "us-east-1";

    pub(crate) fn new() -> Self {
        Self {
            port: 0,
            credentials: Credentials::new(Self::ACCESS_KEY_ID, Self::SECRET_ACCESS_KEY, None),
            bearer_token: None,
            region: None,
            clock: Clock::default(),
            policy: Policy::allow_all(),
            verify: true,
            pace: Duration::ZERO,
            script: Script::default(),
            quotas: Quotas::default(),
            temporary: TemporaryKeys::default(),
            expiring: Vec::new(),
        }
    }

    /// The port on 127.0.0.1; 0, the default, takes any that is free.
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// The credentials that callers sign with; with a session token, they must send it.
    pub fn credentials(
        self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        Self { credentials: Credentials::new(access_key_id, secret_access_key, session_token), ..self }
    }

    /// Credentials that callers may sign with as well, until a time by [`clock`](Self::clock); afterwards, they are refused with
    /// `ExpiredTokenException`. May be called for several, of which one replaces another with its access key id.
    pub fn temporary_credentials(
        self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: impl Into<String>,
        until: SystemTime,
    ) -> Self {
        let token = Some(session_token.into());
        self.temporary.insert(Credentials::new(access_key_id, secret_access_key, token), Some(until));
        self
    }

    /// A token that callers may send as `Authorization: Bearer ..` in place of a signature. By default there is
    /// none, and every bearer token is refused.
    pub fn bearer_token(self, token: impl Into<String>) -> Self {
        Self { bearer_token: Some(Token(token.into())), ..self }
    }

    /// The region that signatures must be made for. By default, any.
    pub fn region(self, region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// The clock by which signatures expire, and which the `Date` of an answer is read from. By default, the system's.
    pub fn clock(self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { clock: Clock::new(now), ..self }
    }

    /// Which models may be invoked. By default, all.
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Whether callers must authenticate. Without, signatures and tokens are not looked at.
    pub fn verify(self, verify: bool) -> Self {
        Self { verify, ..self }
    }

    /// How long a stream waits before each of its events. By default, not at all: then it takes no timer, and an event
    /// leaves when the connection has taken the one before it.
    pub fn pace(self, pace: Duration) -> Self {
        Self { pace, ..self }
    }

    /// What goes wrong, and when. Rules that are given later come after those given before. By default, nothing.
    pub fn faults(self, rules: impl IntoIterator<Item = FaultRule>) -> Self {
        rules.into_iter().for_each(|rule| self.script.push(rule));
        self
    }

    /// How much may be asked of each model in a time. By default, anything.
    pub fn quotas(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }

    /// All that a file of faults says: its rules come after those given before, its quotas replace any, and its credentials
    /// begin to expire when the endpoint is started.
    pub fn script(mut self, faults: Faults) -> Self {
        let Faults { rules, quotas, credentials } = faults;
        self.expiring.extend(credentials);
        self.faults(rules).quotas(quotas)
    }

    /// Starts the endpoint.
    ///
    /// # Errors
    /// The port cannot be listened on.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with its IO driver enabled, and its time driver for a pace.
    pub async fn start(self) -> Result<LocalEndpoint, StartError> {
        let port = self.port;
        LocalEndpoint::serve(self.endpoint(), port).await
    }

    pub(crate) fn endpoint(self) -> Arc<Endpoint> {
        let started = self.clock.now();
        for expiring in self.expiring {
            let lifetime = Duration::from_secs(expiring.expire_in_seconds);
            // Never, where there is no such time.
            let until = started.checked_add(lifetime);
            self.temporary.insert(expiring.into(), until);
        }
        let verifier = Verifier::new(SIGNING_NAME);
        let verifier = match &self.region {
            Some(region) => verifier.with_region(region),
            None => verifier,
        };
        Arc::new(Endpoint {
            authenticator: Authenticator {
                verifier,
                credentials: self.credentials,
                temporary: self.temporary,
                bearer_token: self.bearer_token,
                anybody: !self.verify,
            },
            policy: self.policy,
            region: self.region.unwrap_or_else(|| Self::REGION.to_owned()),
            clock: self.clock,
            log: CallLog::default(),
            raise: Queue::default(),
            faults: Queue::default(),
            script: self.script,
            meters: Meters::new(self.quotas),
            pace: self.pace,
            streams: watch::Sender::new(0),
            calls: watch::Sender::new(0),
            connections: Connections::default(),
            requests: AtomicU64::new(0),
        })
    }
}
