//! An HTTP/2 server that verifies the signature of each request and of each event.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use bytes::Bytes;
use h2::server::{SendResponse, handshake};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use invoke_model_client::types::{
    InvokeModelWithBidirectionalStreamError, InvokeModelWithBidirectionalStreamOutput,
    InvokeModelWithBidirectionalStreamOutputEventError,
};
use invoke_model_protocol::ServerOperation;
use invoke_model_protocol::event_stream::{CONTENT_TYPE, Decoder, EventStream, HeaderValue, Message};
use invoke_model_signing::{Credentials, EventVerifier, PayloadHash, SignedEvent, Verifier};
use tokio::net::TcpListener;

use super::{Clock, InputEvent, MODEL, Operation, OutputEvent};
use crate::fake::SECRET;

/// The part of the input that the server reads next.
#[derive(Debug, PartialEq)]
pub(super) enum Input {
    Event(InputEvent),
    /// The last frame of a signed stream.
    SignedEnd,
    /// The end of the request body.
    End,
    Reset(Option<Reason>),
}

/// A server that passes each call to a function.
pub(super) struct StreamServer {
    pub(super) address: SocketAddr,
    calls: Arc<AtomicUsize>,
}

impl StreamServer {
    pub(super) async fn start<F, P>(clock: Clock, on_call: P) -> Self
    where
        P: Fn(ServerCall) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicUsize::default());
        let count = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (clock, on_call, count) = (clock.clone(), on_call.clone(), Arc::clone(&count));
                tokio::spawn(async move {
                    let mut connection = handshake(stream).await.unwrap();
                    let (close, mut closed) = tokio::sync::mpsc::channel(1);
                    loop {
                        let accepted = tokio::select! {
                            accepted = connection.accept() => accepted,
                            // Dropping the connection closes the socket.
                            _ = closed.recv() => return,
                        };
                        let Some(Ok((request, respond))) = accepted else { return };
                        count.fetch_add(1, SeqCst);
                        let call = ServerCall::new(request, respond, clock.clone(), close.clone());
                        tokio::spawn(on_call(call));
                    }
                });
            }
        });
        Self { address, calls }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }
}

/// A call on the server.
pub(super) struct ServerCall {
    pub(super) headers: HeaderMap,
    pub(super) body: RecvStream,
    pub(super) respond: SendResponse<Bytes>,
    /// `None` if the request has a bearer token. Then the events are not signed.
    verifier: Option<EventVerifier>,
    decoder: Decoder,
    clock: Clock,
    close: tokio::sync::mpsc::Sender<()>,
    /// The times of the frames.
    pub(super) dates: Vec<i64>,
}

impl ServerCall {
    fn new(
        request: Request<RecvStream>,
        respond: SendResponse<Bytes>,
        clock: Clock,
        close: tokio::sync::mpsc::Sender<()>,
    ) -> Self {
        let (parts, body) = request.into_parts();
        assert_eq!(parts.headers["content-type"], CONTENT_TYPE);
        assert!(!parts.headers.contains_key("content-length"));
        let head = Request::from_parts(parts.clone(), Bytes::new());
        assert_eq!(Operation::parse_request(&head).unwrap().model_id, MODEL);
        let verifier = (!parts.headers["authorization"].as_bytes().starts_with(b"Bearer ")).then(|| {
            let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None);
            let verifier = Verifier::new("bedrock");
            let hash = PayloadHash::streaming_events();
            assert_eq!(parts.headers["x-amz-content-sha256"], hash.as_str());
            let verified = verifier.verify(&parts, &hash, |_| Some(credentials.clone()), clock.peek());
            verifier.event_verifier(&credentials, &verified.unwrap())
        });
        let (headers, decoder, dates) = (parts.headers, Decoder::new(), Vec::new());
        Self { headers, body, respond, verifier, decoder, clock, close, dates }
    }

    /// Reads the next part of the input, and verifies its signature.
    pub(super) async fn next(&mut self) -> Input {
        loop {
            if let Some(message) = self.decoder.decode().unwrap() {
                return self.verified(message);
            }
            match self.body.data().await {
                Some(Ok(bytes)) => {
                    self.body.flow_control().release_capacity(bytes.len()).unwrap();
                    self.decoder.push_bytes(bytes);
                }
                Some(Err(error)) => return Input::Reset(error.reason()),
                None => {
                    self.decoder.finish().unwrap();
                    return Input::End;
                }
            }
        }
    }

    fn verified(&mut self, message: Message) -> Input {
        let Some(verifier) = &mut self.verifier else {
            return Input::Event(InputEvent::parse(&message).unwrap().unwrap());
        };
        let Some(HeaderValue::Timestamp(date)) = message.header(":date") else { panic!("{message:?}") };
        let Some(HeaderValue::ByteArray(signature)) = message.header(":chunk-signature") else {
            panic!("{message:?}")
        };
        let event = SignedEvent { date, signature: signature.try_into().unwrap() };
        verifier.verify(&event, message.payload(), self.clock.peek()).unwrap();
        self.dates.push(date);
        if message.payload().is_empty() {
            return Input::SignedEnd;
        }
        let mut inner = Decoder::new();
        inner.push(message.payload());
        let inner_message = inner.decode().unwrap().unwrap();
        inner.finish().unwrap();
        Input::Event(InputEvent::parse(&inner_message).unwrap().unwrap())
    }

    /// Continues with bytes that a test has read directly from `body`. Releases the flow-control capacity of
    /// these bytes.
    pub(super) fn resume(&mut self, received: Vec<Bytes>) {
        for bytes in received {
            self.body.flow_control().release_capacity(bytes.len()).unwrap();
            self.decoder.push(&bytes);
        }
    }

    /// Sends the head of a successful response.
    pub(super) fn head(&mut self) -> Events {
        let output = InvokeModelWithBidirectionalStreamOutput::default();
        let response = Operation::serialize_response(output).unwrap().map(drop);
        Events(self.respond.send_response(response, false).unwrap())
    }

    /// Sends an error response.
    pub(super) fn fail(&mut self, error: &InvokeModelWithBidirectionalStreamError) {
        let (parts, body) = Operation::serialize_error(error).unwrap().unwrap().into_parts();
        let mut stream = self.respond.send_response(Response::from_parts(parts, ()), false).unwrap();
        stream.send_data(body, true).unwrap();
    }

    /// Closes the connection without ending the stream.
    pub(super) async fn close_connection(&self) {
        self.close.send(()).await.unwrap();
    }
}

/// The output of a call.
pub(super) struct Events(pub(super) SendStream<Bytes>);

impl Events {
    pub(super) fn send(&mut self, event: &OutputEvent) {
        self.write(&event.event().unwrap(), false);
    }

    pub(super) fn fail(&mut self, error: &InvokeModelWithBidirectionalStreamOutputEventError) {
        self.write(&OutputEvent::exception(error).unwrap(), true);
    }

    pub(super) fn end(&mut self) {
        self.0.send_data(Bytes::new(), true).unwrap();
    }

    fn write(&mut self, message: &Message, is_last: bool) {
        let mut frame = Vec::new();
        message.encode(&mut frame).unwrap();
        self.0.send_data(frame.into(), is_last).unwrap();
    }
}
