//! A server that sends exactly the bytes that a test specifies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Request;
use invoke_model_transport::{HyperTransport, RequestBody, ResponseBody, Transport, TransportError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) type CallResult = Result<http::Response<ResponseBody>, TransportError>;

/// A listener on loopback that exists until the test's runtime ends.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    /// Starts a server that runs `serve` for each connection.
    pub(crate) async fn start<F, P>(serve: P) -> Self
    where
        P: Fn(Connection) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(Connection(BufReader::new(stream))));
            }
        });
        Self { address, accepted }
    }

    /// Starts a server that reads one request from each connection, writes `response` and closes the
    /// connection.
    pub(crate) async fn responding(response: &'static [u8]) -> Self {
        Self::start(move |mut connection| async move {
            connection.request().await.unwrap();
            connection.write(response).await;
        })
        .await
    }

    /// Returns the number of accepted connections.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn uri(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    pub(crate) fn post(&self, body: impl Into<RequestBody>) -> Request<RequestBody> {
        Request::post(self.uri("/")).body(body.into()).unwrap()
    }

    /// Sends a small request with a new transport.
    pub(crate) async fn call(&self) -> CallResult {
        HyperTransport::new().send(self.post(Bytes::from_static(b"{}"))).await
    }
}

/// A connection that the server has accepted.
pub(crate) struct Connection(pub(crate) BufReader<TcpStream>);

/// A request that the server received.
pub(crate) struct Received {
    pub(crate) line: String,
    /// Header lines in lower case, without line ends.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn has(&self, header: &str) -> bool {
        self.headers.iter().any(|line| line == header)
    }
}

impl Connection {
    /// Reads the next request. Returns `None` if the client closed the connection before the end of the
    /// request.
    pub(crate) async fn request(&mut self) -> Option<Received> {
        let line = self.line().await?;
        let mut received = Received { line, headers: Vec::new(), body: Vec::new() };
        loop {
            match self.line().await?.to_ascii_lowercase() {
                line if line.is_empty() => break,
                line => received.headers.push(line),
            }
        }
        let length = received.headers.iter().find_map(|header| header.strip_prefix("content-length: "));
        if let Some(length) = length {
            received.body = self.exactly(length.parse().unwrap()).await?;
        } else if received.has("transfer-encoding: chunked") {
            loop {
                let size = usize::from_str_radix(&self.line().await?, 16).unwrap();
                received.body.extend(self.exactly(size).await?);
                assert_eq!(self.line().await?, "");
                if size == 0 {
                    break;
                }
            }
        }
        Some(received)
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        // Errors are ignored: if the client has closed the connection, the client code of the test reports
        // the reason.
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    pub(crate) async fn ok(&mut self, body: &str) {
        self.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    }

    /// Waits until the client closes the connection.
    pub(crate) async fn closed(mut self) {
        let mut rest = Vec::new();
        // Errors are ignored, because a reset also closes the connection.
        let _ = self.0.read_to_end(&mut rest).await;
    }

    pub(crate) async fn exactly(&mut self, size: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; size];
        self.0.read_exact(&mut bytes).await.ok()?;
        Some(bytes)
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).await.ok()?;
        line.strip_suffix("\r\n").map(Into::into)
    }
}
