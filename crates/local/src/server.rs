//! The endpoint on a socket: HTTP/1.1 on loopback, one task for each connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use invoke_model_types::{InvokeModelWithResponseStreamError, ResponseStreamError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::body::AnswerBody;
use crate::builder::Builder;
use crate::call_log::CallRecord;
use crate::endpoint::Endpoint;
use crate::payload::Receiver;
use crate::respond::{respond, set};
use crate::stream::{Planned, StreamFault};

/// How long [`Local::stop`] waits for calls in progress.
const GRACE: Duration = Duration::from_secs(5);

/// How long the server rests when it cannot take a connection, as when there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A Bedrock Runtime endpoint that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Local {
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

impl Local {
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

    /// A region that signatures may be made for.
    pub fn region(&self) -> &str {
        &self.endpoint.region
    }

    /// The calls since the start or [`clear_calls`](Self::clear_calls), in the order of their answers. Beyond 10,000
    /// calls or 256 MiB of bodies, the oldest are dropped.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.endpoint.log.calls()
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.endpoint.log.clear();
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
    /// use invoke_model_local::{Local, StreamFault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let local = Local::start().await?;
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

/// Serves one connection until either side has enough.
pub(crate) async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    endpoint: Arc<Endpoint>,
    mut stopped: watch::Receiver<()>,
) {
    let service = service_fn(|request| call(&endpoint, request));
    let mut connection =
        std::pin::pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
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

async fn call(
    endpoint: &Arc<Endpoint>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, hyper::Error> {
    let (parts, mut body) = request.into_parts();
    let mut receiver = Receiver::default();
    while let Some(frame) = body.frame().await {
        if let Some(piece) = frame?.data_ref() {
            receiver.update(piece);
        }
    }
    let arrived = endpoint.clock.now();
    let mut response = respond(endpoint, Request::from_parts(parts, receiver.finish()), arrived);
    if response.status().is_success() && matches!(response.body(), AnswerBody::Whole(_)) {
        let latency = endpoint.clock.now().duration_since(arrived).unwrap_or_default();
        set(response.headers_mut(), "x-amzn-bedrock-invocation-latency", &latency.as_millis().to_string());
    }
    Ok(response)
}
