//! A peer that does what a test says, byte by byte.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::Request;
use invoke_model_transport::{HyperTransport, RequestBody, ResponseBody, Transport, TransportError};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

pub(crate) type Answer = Result<http::Response<ResponseBody>, TransportError>;

/// A listener on loopback, until the test's runtime ends.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    /// Runs `peer` for each connection.
    pub(crate) async fn start<F, P>(peer: P) -> Self
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
                tokio::spawn(peer(Connection(BufReader::new(stream))));
            }
        });
        Self { address, accepted }
    }

    /// Reads one request of each connection, writes `answer` and closes.
    pub(crate) async fn answering(answer: &'static [u8]) -> Self {
        Self::start(move |mut connection| async move {
            connection.request().await.unwrap();
            connection.write(answer).await;
        })
        .await
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn uri(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    pub(crate) fn post(&self, body: impl Into<RequestBody>) -> Request<RequestBody> {
        Request::post(self.uri("/")).body(body.into()).unwrap()
    }

    /// Sends a small request with a transport of its own.
    pub(crate) async fn call(&self) -> Answer {
        HyperTransport::new().send(self.post(Bytes::from_static(b"{}"))).await
    }
}

/// One connection, seen from the peer.
pub(crate) struct Connection(pub(crate) BufReader<TcpStream>);

/// A request as it came over the wire.
pub(crate) struct Received {
    pub(crate) line: String,
    /// In lower case, without line ends.
    pub(crate) fields: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|line| line == field)
    }
}

impl Connection {
    /// The next request, or `None` if the client closed the connection or cut the request short.
    pub(crate) async fn request(&mut self) -> Option<Received> {
        let line = self.line().await?;
        let mut received = Received { line, fields: Vec::new(), body: Vec::new() };
        loop {
            match self.line().await?.to_ascii_lowercase() {
                line if line.is_empty() => break,
                line => received.fields.push(line),
            }
        }
        let length = received.fields.iter().find_map(|field| field.strip_prefix("content-length: "));
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
        // The client may be gone; then its side of the test says why.
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    pub(crate) async fn ok(&mut self, body: &str) {
        self.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    }

    /// Waits until the client closes the connection.
    pub(crate) async fn closed(mut self) {
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _ = self.0.read_to_end(&mut rest).await;
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).await.ok()?;
        line.strip_suffix("\r\n").map(Into::into)
    }

    async fn exactly(&mut self, size: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; size];
        self.0.read_exact(&mut bytes).await.ok()?;
        Some(bytes)
    }
}
