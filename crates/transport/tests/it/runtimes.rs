//! Tests of transports that are used in several tokio runtimes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use http::Request;
use invoke_model_transport::{
    HyperTransport, RequestBody, RequestTimeouts, ResponseBody, Transport, TransportError,
};
use tokio::runtime::{Builder, Runtime};

/// A server on threads, so that it does not depend on a runtime. Counts its connections.
struct Server {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    /// Receives a value for each connection that the client has closed.
    closed: Mutex<mpsc::Receiver<()>>,
}

impl Server {
    /// Starts a server that responds to each request with `response`, and keeps its connections open.
    fn start(response: &'static str) -> Self {
        Self::serving(move |stream| while respond(stream, response) {})
    }

    fn serving(serve: impl Fn(&mut TcpStream) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (accepted, (sender, closed)) = (Arc::new(AtomicUsize::new(0)), mpsc::channel());
        let counter = Arc::clone(&accepted);
        thread::spawn(move || {
            for stream in listener.incoming() {
                counter.fetch_add(1, SeqCst);
                let (serve, sender) = (serve.clone(), sender.clone());
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    serve(&mut stream);
                    drop(stream);
                    let _ = sender.send(());
                });
            }
        });
        Self { address, accepted, closed: Mutex::new(closed) }
    }

    fn accepted(&self) -> usize {
        self.accepted.load(SeqCst)
    }

    /// Waits until the client has closed a connection.
    fn wait_closed(&self) {
        self.closed.lock().unwrap().recv().unwrap();
    }

    /// Returns `true` if the client has not closed another connection.
    fn is_open(&self) -> bool {
        self.closed.lock().unwrap().try_recv().is_err()
    }

    async fn head(&self, transport: &HyperTransport) -> Result<ResponseBody, TransportError> {
        let request = Request::post(format!("http://{}/", self.address)).body(RequestBody::default());
        Ok(transport.send(request.unwrap()).await?.into_body())
    }

    async fn call(&self, transport: &HyperTransport) {
        let body = self.head(transport).await.unwrap();
        assert_eq!(body.collect().await.unwrap(), "{}");
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// Reads a request without a body, and responds. Returns `false` if the client has closed the connection.
fn respond(stream: &mut TcpStream, response: &str) -> bool {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => request.extend(byte),
            _ => return false,
        }
    }
    stream.write_all(response.as_bytes()).is_ok()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn paused() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// Advances the clock of the current runtime. The runtime does not poll its driver meanwhile, so it does not
/// receive events of sockets.
pub(crate) fn advance_without_polling(duration: Duration) {
    tokio::time::pause();
    // The first poll advances the clock. Further polls let other tasks run.
    let _ = pin!(tokio::time::advance(duration)).poll(&mut Context::from_waker(Waker::noop()));
    tokio::time::resume();
}

#[test]
fn a_call_does_not_use_the_connection_of_a_runtime_that_is_not_polled() {
    let (server, transport) = (Server::start(OK), HyperTransport::new());
    let (one, two) = (runtime(), runtime());
    one.block_on(server.call(&transport));
    two.block_on(server.call(&transport));
    assert_eq!(server.accepted(), 2);
    // Each runtime reuses its own connection.
    for runtime in [&one, &two, &one, &two] {
        runtime.block_on(server.call(&transport));
    }
    assert_eq!(server.accepted(), 2);
}

#[test]
fn the_idle_connections_of_a_runtime_are_closed_when_it_is_shut_down() {
    let (server, transport) = (Server::start(OK), HyperTransport::new());
    for calls in 1..=3 {
        let runtime = runtime();
        runtime.block_on(server.call(&transport));
        assert!(server.is_open());
        drop(runtime);
        server.wait_closed();
        assert_eq!(server.accepted(), calls);
    }
}

#[test]
fn a_body_that_outlives_its_runtime_is_read_or_fails_and_its_connection_is_closed() {
    let (server, transport) = (Server::start(OK), HyperTransport::new());
    let one = runtime();
    let body = one.block_on(server.head(&transport)).unwrap();
    drop(one);
    // The bytes have usually arrived together with the head.
    drop(runtime().block_on(body.collect()));
    server.wait_closed();
    runtime().block_on(server.call(&transport));
}

#[test]
fn a_runtime_per_call_on_many_threads_loses_no_call() {
    let (server, transport) = (Server::start(OK), HyperTransport::new());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..100 {
                    runtime().block_on(server.call(&transport));
                }
            });
        }
    });
    assert_eq!(server.accepted(), 800);
    for _ in 0..800 {
        server.wait_closed();
    }
}

#[test]
fn runtimes_share_the_limit_of_connections() {
    let (server, transport) =
        (Server::start(OK), HyperTransport::builder().max_connections_per_host(2).build());
    let runtimes = [(); 3].map(|()| runtime());
    runtimes[0].block_on(async {
        let (one, two) = (server.head(&transport).await, server.head(&transport).await);
        drop((one.unwrap().collect().await, two.unwrap().collect().await));
    });
    // Both connections are unused. The next runtime closes one of them.
    runtimes[1].block_on(server.call(&transport));
    server.wait_closed();
    runtimes[2].block_on(server.call(&transport));
    server.wait_closed();
    assert_eq!(server.accepted(), 4);
    assert!(server.is_open());
}

#[test]
fn a_slot_is_free_again_after_the_runtime_of_its_call_was_shut_down() {
    let (server, transport) =
        (Server::start(OK), HyperTransport::builder().max_connections_per_host(1).build());
    let (one, two) = (runtime(), runtime());
    let body = one.block_on(server.head(&transport)).unwrap();
    // This call waits for the slot when its runtime is shut down.
    let waiting = transport.clone();
    let request = Request::post(format!("http://{}/", server.address)).body(RequestBody::default()).unwrap();
    two.spawn(async move { waiting.send(request).await });
    two.block_on(tokio::task::yield_now());
    drop(two);
    drop(body);
    runtime().block_on(server.call(&transport));
}

#[test]
fn a_connection_that_the_server_closed_while_its_runtime_was_not_polled_is_replaced() {
    let (close, closing) = mpsc::channel();
    let closing = Arc::new(Mutex::new(closing));
    let server = Server::serving(move |stream| {
        respond(stream, OK);
        closing.lock().unwrap().recv().unwrap();
    });
    let (transport, runtime) = (HyperTransport::new(), runtime());
    for calls in 1..=3 {
        runtime.block_on(async {
            advance_without_polling(Duration::from_secs(2));
            server.call(&transport).await;
        });
        assert_eq!(server.accepted(), calls);
        close.send(()).unwrap();
        server.wait_closed();
    }
}

#[test]
fn the_idle_timeout_of_a_paused_runtime_does_not_affect_other_runtimes() {
    let (server, transport) = (Server::start(OK), HyperTransport::new());
    let (one, two) = (runtime(), paused());
    one.block_on(server.call(&transport));
    two.block_on(async {
        server.call(&transport).await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
    });
    server.wait_closed();
    one.block_on(server.call(&transport));
    assert_eq!(server.accepted(), 2);
}

/// A read starts the timer in one runtime and continues in another runtime.
#[test]
fn the_timeout_of_a_read_uses_the_clock_of_the_runtime_that_reads() {
    let server = Server::start("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}");
    let timeouts = RequestTimeouts { idle: Some(Duration::from_secs(60)), ..RequestTimeouts::default() };
    for shut_down in [false, true] {
        let transport = HyperTransport::new();
        let one = runtime();
        let mut body = one.block_on(async {
            let request = Request::post(format!("http://{}/", server.address)).body(RequestBody::default());
            let response = timeouts.send(&transport, request.unwrap()).await.unwrap();
            let mut body = response.into_body();
            assert_eq!(body.chunk().await.unwrap().unwrap(), "{}");
            assert!(pin!(body.chunk()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            body
        });
        let kept = (!shut_down).then_some(one);
        let error = paused().block_on(body.chunk()).unwrap_err();
        assert_eq!(error.to_string().contains("no data for 60s"), !shut_down, "{error}");
        drop(kept);
    }
}
