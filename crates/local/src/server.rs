//! The endpoint on a socket: HTTP/1.1 on loopback, one task for each connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use invoke_model_signing::Credentials;
use invoke_model_types::{InvokeModelWithResponseStreamError, ResponseStreamError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::answering::{Answering, InProgress};
use crate::body::AnswerBody;
use crate::builder::Builder;
use crate::call_log::CallRecord;
use crate::connections::{ConnectionRecord, Stats};
use crate::endpoint::Endpoint;
use crate::fault::FaultRule;
use crate::line::{MeteredSocket, Socket};
use crate::payload::Receiver;
use crate::respond::{LATENCY, Responded, respond, set};
use crate::stream::{Planned, StreamFault};

/// How long [`LocalEndpoint::stop`] waits for calls in progress.
const GRACE: Duration = Duration::from_secs(5);

/// How long the server rests when it cannot take a connection, as when there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A Bedrock Runtime endpoint that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct LocalEndpoint {
    endpoint: Arc<Endpoint>,
    address: SocketAddr,
    /// The server runs as long as this is held.
    alive: watch::Sender<()>,
    server: JoinHandle<bool>,
}

/// Why an endpoint does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; another port, or 0 for any that is free, may do")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl LocalEndpoint {
    /// Starts an endpoint with default settings, on any port that is free.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Settings for an endpoint.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) async fn serve(endpoint: Arc<Endpoint>, port: u16) -> Result<Self, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let refused = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (alive, stopped) = watch::channel(());
        let server = tokio::spawn(accept(listener, Arc::clone(&endpoint), stopped));
        Ok(Self { endpoint, address, alive, server })
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The access key id that it knows.
    pub fn access_key_id(&self) -> &str {
        self.endpoint.authenticator.credentials.access_key_id()
    }

    /// The secret that goes with it.
    pub fn secret_access_key(&self) -> &str {
        self.endpoint.authenticator.credentials.secret_access_key()
    }

    /// The session token that goes with it, if there is one.
    pub fn session_token(&self) -> Option<&str> {
        self.endpoint.authenticator.credentials.session_token()
    }

    /// The bearer token that it takes, if there is one.
    pub fn bearer_token(&self) -> Option<&str> {
        self.endpoint.authenticator.bearer_token.as_ref().map(|token| token.0.as_str())
    }

    /// Takes signatures of these credentials as well, as [`Builder::temporary_credentials`].
    pub fn add_temporary_credentials(
        &self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: impl Into<String>,
        until: SystemTime,
    ) {
        let token = Some(session_token.into());
        let credentials = Credentials::new(access_key_id, secret_access_key, token);
        self.endpoint.authenticator.temporary.insert(credentials, Some(until));
    }

    /// A region that signatures may be made for.
    pub fn region(&self) -> &str {
        &self.endpoint.region
    }

    /// The calls since the start or [`clear_calls`](Self::clear_calls), in the order of their answers. Beyond 10,000
    /// calls or 256 MiB of bodies, the oldest are dropped.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.endpoint.log.calls()
    }

    /// What was counted since the start or [`clear_calls`](Self::clear_calls).
    pub fn stats(&self) -> Stats {
        self.endpoint.connections.stats()
    }

    /// The connections since the start or [`clear_calls`](Self::clear_calls), in the order in which they were accepted.
    /// Beyond 10,000, the oldest are dropped.
    pub fn connections(&self) -> Vec<ConnectionRecord> {
        self.endpoint.connections.records()
    }

    /// Forgets the calls and connections so far, and what was counted.
    pub fn clear_calls(&self) {
        self.endpoint.log.clear();
        self.endpoint.connections.clear();
    }

    /// Adds a rule of what goes wrong, after those that there are.
    pub fn inject(&self, rule: impl Into<FaultRule>) {
        self.endpoint.script.push(rule.into());
    }

    /// Takes all rules away. What has gone wrong already stays so.
    pub fn clear_faults(&self) {
        self.endpoint.script.clear();
    }

    /// Answers the next call that passes authentication with an error; several are raised one call after the other. Of
    /// either operation: the errors of one are those of the other, and `ModelStreamErrorException`.
    pub fn raise(&self, error: impl Into<InvokeModelWithResponseStreamError>) {
        self.endpoint.raise.push(error.into());
    }

    /// Ends the next stream with an error after some of its events, or after all of them where it has fewer.
    pub fn raise_in_stream(&self, after_events: u64, error: impl Into<ResponseStreamError>) {
        self.break_stream(after_events, StreamFault::Error(error.into()));
    }

    /// Breaks the next stream after some of its events, or after all of them where it has fewer; several faults break one
    /// stream after the other.
    ///
    /// ```
    /// use invoke_model_local::{LocalEndpoint, StreamFault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let local = LocalEndpoint::start().await?;
    /// // Three events arrive, and ten bytes of the fourth.
    /// local.break_stream(3, StreamFault::Cut { bytes: 10 });
    /// # Ok(())
    /// # }
    /// ```
    pub fn break_stream(&self, after_events: u64, fault: StreamFault) {
        self.endpoint.faults.push(Planned { after_events, fault });
    }

    /// Waits until no stream is being sent: each is sent whole, broken, or given up by its client.
    pub async fn streams_ended(&self) {
        let mut open = self.endpoint.streams.subscribe();
        // The endpoint holds the sender, so that there is an answer.
        let _ = open.wait_for(|open| *open == 0).await;
    }

    /// Waits until no call is in progress: of each whose head has arrived, the answer is written whole, or it is lost. Then
    /// the log says all there is to say of them.
    pub async fn calls_ended(&self) {
        let mut calls = self.endpoint.calls.subscribe();
        // The endpoint holds the sender, so that there is an answer.
        let _ = calls.wait_for(|calls| *calls == 0).await;
    }

    /// Stops: takes no more connections, and waits up to five seconds for calls in progress. Afterwards, the port
    /// is free. True if all of them were answered.
    ///
    /// Dropping stops, too, without waiting.
    pub async fn stop(self) -> bool {
        let Self { alive, server, .. } = self;
        drop(alive);
        server.await.unwrap_or(false)
    }
}

/// Serves until nobody wants it any more; says whether all connections ended in time.
async fn accept(listener: TcpListener, endpoint: Arc<Endpoint>, mut stopped: watch::Receiver<()>) -> bool {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Answers are written whole, events one by one: waiting for more would only delay them.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(stream, Arc::clone(&endpoint), stopped.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // What has not ended by then is aborted when the set is dropped.
    tokio::time::timeout(GRACE, ended).await.is_ok()
}

/// Serves one connection until either side has enough, or it breaks as was asked for.
pub(crate) async fn connection(
    socket: impl Socket,
    endpoint: Arc<Endpoint>,
    mut stopped: watch::Receiver<()>,
) {
    let tally = endpoint.connections.accepted();
    if let Some(end) = endpoint.script.accepted() {
        return end.of(socket, &mut stopped).await;
    }
    let line = MeteredSocket::new(socket, Arc::clone(&endpoint), tally);
    serve(&line, &endpoint, &mut stopped).await;
    line.write_raw().await;
    let (socket, end, _tally) = line.into_parts();
    if let Some(end) = end {
        end.of(socket, &mut stopped).await;
    }
}

/// Speaks HTTP until hyper lets go of the connection.
async fn serve(
    line: &MeteredSocket<impl Socket>,
    endpoint: &Arc<Endpoint>,
    stopped: &mut watch::Receiver<()>,
) {
    let service = service_fn(|request| {
        // Before the call is polled, which it never is where the connection breaks behind the head.
        line.tally.head();
        call(endpoint, line, InProgress::new(endpoint), request)
    });
    // An answer is dated by the endpoint's clock.
    let connection =
        http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(line), service);
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A connection that breaks is the client's to report.
    drop(served);
}

/// Why a request is not answered by hyper.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Request(#[from] hyper::Error),
    #[error("the connection ends in the place of an answer, as was asked for")]
    OnPurpose,
}

async fn call<S: Socket>(
    endpoint: &Arc<Endpoint>,
    line: &MeteredSocket<S>,
    in_progress: InProgress,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Lost> {
    let (parts, mut body) = request.into_parts();
    let mut receiver = Receiver::default();
    while let Some(frame) = body.frame().await {
        if let Some(piece) = frame?.data_ref() {
            receiver.update(piece);
        }
    }
    if !line.request_read() {
        return Err(Lost::OnPurpose);
    }
    line.tally.request();
    let arrived = endpoint.clock.now();
    let request = Request::from_parts(parts, receiver.finish());
    let responded = respond(endpoint, line.tally.id(), request, arrived).map_err(|end| {
        line.end(end);
        Lost::OnPurpose
    })?;
    let Responded { mut response, fault, worked_on, sent, progress } = responded;
    if worked_on {
        line.tally.worked_on();
    }
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    let now = endpoint.clock.now();
    if response.headers().contains_key(LATENCY) {
        let latency = now.duration_since(arrived).unwrap_or_default();
        set(response.headers_mut(), LATENCY, &latency.as_millis().to_string());
    }
    fault.date(response.headers_mut(), now);
    line.answer(Answering { sent, progress, _call: in_progress }, fault.broken, fault.drip);
    match fault.raw(&response) {
        None => Ok(response),
        Some(raw) => {
            line.answer_raw(raw);
            Err(Lost::OnPurpose)
        }
    }
}
