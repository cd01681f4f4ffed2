//! An HTTP/2 server, with or without TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Connection, SendResponse, handshake};
use http::{Request, Response};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

pub(super) type Respond = SendResponse<Bytes>;

/// The number of accepted connections, and a notification when a connection has ended.
#[derive(Clone, Default)]
pub(super) struct Count {
    accepted: Arc<AtomicUsize>,
    pub(super) ended: Arc<Notify>,
}

impl Count {
    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(SeqCst)
    }
}

pub(super) struct Http2Server {
    pub(super) address: SocketAddr,
    pub(super) connections: Count,
}

impl Http2Server {
    /// Starts a server with TLS that passes each request to `on_request`.
    pub(super) async fn secure<F, P>(config: Arc<ServerConfig>, on_request: P) -> Self
    where
        P: Fn(Request<RecvStream>, Respond) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let acceptor = TlsAcceptor::from(config);
        Self::start(move |stream| {
            let (acceptor, on_request) = (acceptor.clone(), on_request.clone());
            async move {
                serve(handshake(acceptor.accept(stream).await.unwrap()).await.unwrap(), on_request).await
            }
        })
        .await
    }

    /// Starts a server without TLS that passes each request to `on_request`.
    pub(super) async fn plain<F, P>(on_request: P) -> Self
    where
        P: Fn(Request<RecvStream>, Respond) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start(move |stream| {
            let on_request = on_request.clone();
            async move { serve(handshake(stream).await.unwrap(), on_request).await }
        })
        .await
    }

    /// Starts a server that runs `serve` for each connection.
    pub(super) async fn start<F, P>(serve: P) -> Self
    where
        P: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Count::default();
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.accepted.fetch_add(1, SeqCst);
                let (ended, serving) = (Arc::clone(&count.ended), serve(stream));
                tokio::spawn(async move {
                    serving.await;
                    ended.notify_one();
                });
            }
        });
        Self { address, connections }
    }

    pub(super) fn https(&self) -> String {
        format!("https://{}/base/model/a%3A0/invoke?b=%2F", self.address)
    }

    pub(super) fn http(&self) -> String {
        format!("http://{}/", self.address)
    }
}

async fn serve<T, F>(
    mut connection: Connection<T, Bytes>,
    on_request: impl Fn(Request<RecvStream>, Respond) -> F,
) where
    T: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = ()> + Send + 'static,
{
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(on_request(request, respond));
    }
}

/// Reads a request's body.
pub(super) async fn read(mut body: RecvStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Ok(data)) = body.data().await {
        bytes.extend_from_slice(&data);
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    bytes
}

/// Reads the request, and responds with 200 and `{}`.
pub(super) async fn ok(request: Request<RecvStream>, respond: Respond) {
    read(request.into_body()).await;
    send_ok(respond);
}

pub(super) fn send_ok(mut respond: Respond) {
    let mut body = respond.send_response(Response::new(()), false).unwrap();
    body.send_data(Bytes::from_static(b"{}"), true).unwrap();
}
