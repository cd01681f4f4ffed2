//! The handle of a running endpoint.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use invoke_model_signing::Credentials;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::call_record::CallRecord;
use crate::connections::{ConnectionRecord, Stats};
use crate::fault::{Fault, FaultRule, ModelReply, When};
use crate::server::{ServerConfig, accept};
use crate::service_error::ServiceError;
use crate::state::EndpointState;
use crate::stream::{PlannedStreamFault, StreamFault};

/// A Bedrock Runtime endpoint for tests. It runs until it is stopped or dropped.
///
/// ```
/// use invoke_model_local::{Fault, LocalEndpoint, RetryAfter};
/// use invoke_model_types::ThrottlingException;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let local = LocalEndpoint::builder().region("eu-west-1").bearer_token("test-token").start().await?;
/// // The next two calls are throttled.
/// let throttled = Fault::error(ThrottlingException::default()).retry_after(RetryAfter::Seconds(1));
/// local.inject(throttled.first(2));
///
/// // Call `local.url()` with the credentials of `local`, then check the recorded requests:
/// assert_eq!(local.stats().requests, 0);
/// assert!(local.calls().is_empty());
/// assert!(local.stop().await, "all calls were completed");
/// # Ok(())
/// # }
/// ```
#[doc(alias = "mock")]
#[doc(alias = "mock server")]
#[doc(alias = "fake")]
#[doc(alias = "stub")]
#[doc(alias = "emulator")]
#[doc(alias = "test server")]
#[derive(Debug)]
pub struct LocalEndpoint {
    state: Arc<EndpointState>,
    address: SocketAddr,
    /// The server stops when this sender is dropped.
    alive: watch::Sender<()>,
    close: oneshot::Sender<()>,
    server: JoinHandle<bool>,
    /// The certificate that clients must trust, if the endpoint uses TLS.
    certificate: Option<String>,
}

/// The error of an endpoint that cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not available.
    #[error("cannot listen on {address}: {source}; {}", listen_hint(source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The certificate for TLS cannot be generated.
    #[error("cannot generate a certificate: {source}")]
    Certificate {
        /// The error of the library that generates the certificate.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Returns the text that tells the user what to do about an error of `bind`.
fn listen_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => {
            "choose an address of this machine, for example 127.0.0.1, or 0.0.0.0 for all addresses"
        }
        io::ErrorKind::PermissionDenied => "choose a port of 1024 or more, or 0 for any free port",
        _ => "choose another port, or 0 for any free port",
    }
}

impl LocalEndpoint {
    /// Listens on an address and starts to serve.
    pub(crate) async fn serve(
        state: Arc<EndpointState>,
        address: SocketAddr,
        config: ServerConfig,
        certificate: Option<String>,
    ) -> Result<Self, StartError> {
        let listen_error = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let (alive, stopped) = watch::channel(());
        let (close, closed) = oneshot::channel();
        let server = tokio::spawn(accept(listener, config, Arc::clone(&state), stopped, closed));
        Ok(Self { state, address, alive, close, server, certificate })
    }

    /// Returns the URL of the endpoint, for example `http://127.0.0.1:PORT`. If the endpoint listens on all
    /// addresses of the machine, the URL contains the loopback address.
    pub fn url(&self) -> String {
        let mut address = self.address;
        match address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// Returns the address on which the endpoint listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the certificate that clients must trust, in the PEM format. Returns `None` if the endpoint
    /// does not use TLS. See [`LocalEndpointBuilder::tls`](crate::LocalEndpointBuilder::tls).
    #[cfg(feature = "tls")]
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Returns the access key id that the endpoint accepts.
    pub fn access_key_id(&self) -> &str {
        self.state.authenticator.credentials.access_key_id()
    }

    /// Returns the secret access key that belongs to [`access_key_id`](Self::access_key_id).
    pub fn secret_access_key(&self) -> &str {
        self.state.authenticator.credentials.secret_access_key()
    }

    /// Returns the session token that belongs to [`access_key_id`](Self::access_key_id), if one was set.
    pub fn session_token(&self) -> Option<&str> {
        self.state.authenticator.credentials.session_token()
    }

    /// Returns the bearer token that the endpoint accepts, if one was set.
    pub fn bearer_token(&self) -> Option<&str> {
        self.state.authenticator.bearer_token.as_ref().map(|token| token.0.as_str())
    }

    /// Adds temporary credentials that clients may also sign requests with until `expiry`. See
    /// [`LocalEndpointBuilder::temporary_credentials`](crate::LocalEndpointBuilder::temporary_credentials).
    pub fn add_temporary_credentials(
        &self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: impl Into<String>,
        expiry: SystemTime,
    ) {
        let token = Some(session_token.into());
        let credentials = Credentials::new(access_key_id, secret_access_key, token);
        self.state.authenticator.temporary.insert(credentials, Some(expiry));
    }

    /// Returns a region that the endpoint accepts in signatures.
    pub fn region(&self) -> &str {
        &self.state.region
    }

    /// Returns the calls since the endpoint started, or since the last call of
    /// [`clear_records`](Self::clear_records), in the order of their responses. The endpoint keeps only the
    /// latest calls: by default at most 10,000 calls, and 256 MiB of request bodies and headers. See
    /// [`LocalEndpointBuilder::max_recorded_calls`](crate::LocalEndpointBuilder::max_recorded_calls).
    pub fn calls(&self) -> Vec<CallRecord> {
        self.state.log.calls()
    }

    /// Returns the counters since the endpoint started, or since the last call of
    /// [`clear_records`](Self::clear_records).
    pub fn stats(&self) -> Stats {
        self.state.connections.stats()
    }

    /// Returns the connections since the endpoint started, or since the last call of
    /// [`clear_records`](Self::clear_records), in the order in which they were accepted. The endpoint keeps
    /// only the latest 10,000 connections.
    pub fn connections(&self) -> Vec<ConnectionRecord> {
        self.state.connections.records()
    }

    /// Clears the records of calls and connections, and resets the counters.
    pub fn clear_records(&self) {
        self.state.log.clear();
        self.state.connections.clear();
    }

    /// Adds a fault rule after the existing rules.
    pub fn inject(&self, rule: impl Into<FaultRule>) {
        self.state.fault_rules.push(rule.into());
    }

    /// Adds a rule after the existing rules. The rule gives a reply to all calls that meet the conditions. To
    /// limit the reply to a number of calls, create a rule with [`FaultRule::first`], and pass it to
    /// [`inject`](Self::inject).
    pub fn reply(&self, when: When, reply: impl Into<ModelReply>) {
        self.inject(Fault::new().when(when).reply(reply));
    }

    /// Removes all fault rules. Faults that have already happened are not undone.
    pub fn clear_faults(&self) {
        self.state.fault_rules.clear();
    }

    /// Responds to the next authenticated call with an error. If a test calls this method several times, the
    /// endpoint queues the errors and returns one error to each call. Accepts the errors of all operations.
    pub fn fail_next(&self, error: impl Into<ServiceError>) {
        self.state.next_errors.push(error.into());
    }

    /// Ends the next stream with an error after a number of events. If the stream has fewer events, the error
    /// follows the last event.
    pub fn fail_next_stream(&self, after_events: u64, error: impl Into<ServiceError>) {
        self.break_next_stream(after_events, StreamFault::Error(error.into()));
    }

    /// Injects a fault into the next stream after a number of events. If the stream has fewer events, the
    /// fault follows the last event. If a test calls this method several times, the endpoint queues the
    /// faults and injects one fault into each stream.
    ///
    /// ```
    /// use invoke_model_local::{LocalEndpoint, StreamFault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let local = LocalEndpoint::start().await?;
    /// // The client receives three events and ten bytes of the fourth event.
    /// local.break_next_stream(3, StreamFault::Truncate { bytes: 10 });
    /// # Ok(())
    /// # }
    /// ```
    pub fn break_next_stream(&self, after_events: u64, fault: StreamFault) {
        self.state.next_stream_faults.push(PlannedStreamFault { after_events, fault });
    }

    /// Waits until no stream is in progress. A stream is in progress until it has been sent completely,
    /// broken by a fault, or abandoned by its client.
    pub async fn wait_for_streams(&self) {
        self.state.streams.wait_until_idle().await;
    }

    /// Waits until no call is in progress. A call is in progress from the arrival of its request head until
    /// its response has been sent completely or lost. After this wait, the records of these calls are final.
    pub async fn wait_for_calls(&self) {
        self.state.calls.wait_until_idle().await;
    }

    /// Stops the endpoint: accepts no more connections and waits up to five seconds for calls in progress.
    /// The port is free afterwards. Returns `true` if all calls were completed.
    ///
    /// Dropping the endpoint stops it without waiting.
    #[doc(alias = "shutdown")]
    pub async fn stop(self) -> bool {
        let Self { alive, server, .. } = self;
        drop(alive);
        server.await.unwrap_or(false)
    }

    /// Stops the endpoint, and closes all connections without waiting for calls in progress. The port is free
    /// afterwards.
    pub async fn close(self) {
        let Self { alive, close, server, .. } = self;
        // The server has ended if it does not receive this value.
        let _ = close.send(());
        drop(alive);
        let _ = server.await;
    }
}
