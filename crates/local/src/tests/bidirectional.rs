//! Tests of `InvokeModelWithBidirectionalStream` over HTTP/2.

use std::future::poll_fn;

use bytes::{Buf, BytesMut};
use h2::{RecvStream, SendStream};
use invoke_model_protocol::event_stream::{Decoder, EventStream, HeaderValue, Message};
use invoke_model_signing::{EventSigner, SigningSettings};
use invoke_model_types::{
    BidirectionalInputPayloadPart, InvokeModelWithBidirectionalStreamInputEvent as InputEvent,
    InvokeModelWithBidirectionalStreamOutputEvent as OutputEvent,
};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::fault_connections::{connect, start};
use super::http2::handshake;
use super::*;
use crate::{Fault, LocalEndpoint, StreamEnd};

const SONIC: &str = "amazon.nova-sonic-v1:0";

/// A stream between a client and the endpoint.
struct Stream {
    sender: SendStream<Bytes>,
    /// The signer of the events, or `None` if the request has a bearer token.
    signer: Option<EventSigner>,
    body: RecvStream,
    decoder: Decoder,
}

fn request(model_id: &str) -> Request<()> {
    let path = format!("/model/{}/invoke-with-bidirectional-stream", model_id.replace(':', "%3A"));
    let request = Request::builder().method("POST").uri(path).header("host", "127.0.0.1:8080");
    request.header("content-type", "application/vnd.amazon.eventstream").body(()).unwrap()
}

fn signed(model_id: &str) -> (Request<()>, EventSigner) {
    let settings = SigningSettings { content_sha256: true, ..SigningSettings::default() };
    let signer = Signer::new("us-east-1", "bedrock").with_settings(settings);
    let (mut parts, ()) = request(model_id).into_parts();
    let output = signer.sign(&mut parts, &credentials(), &PayloadHash::streaming_events(), now()).unwrap();
    let events = signer.event_signer(&credentials(), &output);
    (Request::from_parts(parts, ()), events)
}

/// Sends the head of a request. Returns the response and the sender of the body.
async fn open(local: &LocalEndpoint, request: Request<()>) -> (Response<RecvStream>, SendStream<Bytes>) {
    let (mut parts, ()) = request.into_parts();
    let host = parts.headers.remove("host").unwrap();
    parts.uri = format!("http://{}{}", host.to_str().unwrap(), parts.uri).parse().unwrap();
    let client = handshake(connect(local).await).await;
    let mut client = client.ready().await.unwrap();
    let (response, sender) = client.send_request(Request::from_parts(parts, ()), false).unwrap();
    (response.await.unwrap(), sender)
}

impl Stream {
    async fn open(local: &LocalEndpoint) -> Self {
        let (request, signer) = signed(SONIC);
        let (response, sender) = open(local, request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/vnd.amazon.eventstream");
        Self { sender, signer: Some(signer), body: response.into_body(), decoder: Decoder::new() }
    }

    fn send(&mut self, name: &str, members: Value) {
        let mut part = BidirectionalInputPayloadPart::default();
        part.bytes = Some(json!({"event": {name: members}}).to_string().into());
        let frame = encode(&InputEvent::Chunk(part).event().unwrap());
        self.send_frame(frame);
    }

    /// Sends a frame. If the stream is signed, puts the frame into an outer frame that has the signature.
    fn send_frame(&mut self, frame: Vec<u8>) {
        let frame = match &mut self.signer {
            Some(signer) => {
                let signature = signer.sign(&frame, now()).unwrap();
                let mut outer = Message::builder();
                outer.header(":date", HeaderValue::Timestamp(signature.date)).unwrap();
                outer.header(":chunk-signature", HeaderValue::ByteArray(&signature.signature)).unwrap();
                encode(&outer.payload(frame))
            }
            None => frame,
        };
        self.sender.send_data(frame.into(), false).unwrap();
    }

    /// Returns the next message, or `None` at the end of the stream.
    async fn message(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.decoder.decode().unwrap() {
                return Some(message);
            }
            let bytes = self.body.data().await?.unwrap();
            self.body.flow_control().release_capacity(bytes.len()).unwrap();
            self.decoder.push_bytes(bytes);
        }
    }

    /// Returns the name and the members of the next event.
    async fn receive(&mut self) -> (String, Value) {
        let message = self.message().await.unwrap();
        let Ok(OutputEvent::Chunk(part)) = OutputEvent::parse(&message).unwrap() else {
            panic!("{message:?}")
        };
        let event: Value = serde_json::from_slice(&part.bytes.unwrap()).unwrap();
        let (name, members) = event["event"].as_object().unwrap().iter().next().unwrap();
        (name.clone(), members.clone())
    }

    /// Receives the error that ends the stream.
    async fn receive_error(&mut self) -> (String, String) {
        let message = self.message().await.unwrap();
        let error = OutputEvent::parse(&message).unwrap().unwrap_err();
        let error = crate::ServiceError::from(error);
        assert!(self.message().await.is_none());
        (error.code().to_owned(), error.message().unwrap_or_default().to_owned())
    }

    fn start_content(&mut self, kind: &str) {
        self.send("sessionStart", json!({}));
        self.send("promptStart", json!({"promptName": "p"}));
        self.send(
            "contentStart",
            json!({"promptName": "p", "contentName": "c", "type": kind, "role": "USER"}),
        );
    }
}

fn encode(message: &Message) -> Vec<u8> {
    let mut frame = Vec::new();
    message.encode(&mut frame).unwrap();
    frame
}

fn input(content: &str) -> Value {
    json!({"promptName": "p", "contentName": "c", "content": content})
}

#[tokio::test]
async fn audio_is_echoed_before_the_request_ends() {
    let local = start().await;
    let mut stream = Stream::open(&local).await;
    stream.start_content("AUDIO");
    stream.send("audioInput", input("AAAA"));
    assert_eq!(stream.receive().await.0, "completionStart");
    assert_eq!(stream.receive().await.0, "contentStart");
    for audio in ["AAAA", "AQID"] {
        let (name, members) = stream.receive().await;
        assert_eq!((name.as_str(), &members["content"]), ("audioOutput", &json!(audio)));
        if audio == "AAAA" {
            stream.send("audioInput", input("AQID"));
        }
    }
    stream.send("contentEnd", json!({"promptName": "p", "contentName": "c"}));
    while stream.receive().await.0 != "completionEnd" {}
    stream.send("promptEnd", json!({"promptName": "p"}));
    stream.send("sessionEnd", json!({}));
    stream.send_frame(Vec::new());
    stream.sender.send_data(Bytes::new(), true).unwrap();
    assert!(stream.message().await.is_none());
    local.wait_for_calls().await;
    let call = local.calls().pop().unwrap();
    assert_eq!((call.status, call.model_id.as_deref(), call.signed), (200, Some(SONIC), true));
    let record = call.stream.unwrap();
    assert_eq!((record.events, record.end), (10, Some(StreamEnd::Finished)));
}

#[tokio::test]
async fn wrong_signatures_end_the_stream() {
    let local = start().await;
    let mut stream = Stream::open(&local).await;
    let (_, other) = signed("amazon.nova-2-sonic-v1:0");
    stream.signer = Some(other);
    stream.send("sessionStart", json!({}));
    let (code, message) = stream.receive_error().await;
    assert_eq!(code, "InvalidSignatureException");
    check_contains(&message, "The signature of an event is wrong");
    let mut unsigned = Stream::open(&local).await;
    unsigned.signer = None;
    unsigned.send("sessionStart", json!({}));
    check_contains(&unsigned.receive_error().await.1, "no :date or no :chunk-signature");
}

#[tokio::test]
async fn invalid_events_end_the_stream() {
    let local = start().await;
    let mut stream = Stream::open(&local).await;
    stream.send("promptStart", json!({"promptName": "p"}));
    let (code, message) = stream.receive_error().await;
    assert_eq!(code, "ValidationException");
    check_contains(&message, "it must be sessionStart");
    let mut incomplete = Stream::open(&local).await;
    incomplete.start_content("TEXT");
    incomplete.sender.send_data(Bytes::new(), true).unwrap();
    check_contains(&incomplete.receive_error().await.1, "must end with a signed message");
}

#[tokio::test]
async fn a_bearer_token_needs_no_event_signatures() {
    let local = builder().bearer_token("token").start().await.unwrap();
    let mut request = request(SONIC);
    request.headers_mut().insert("authorization", "Bearer token".parse().unwrap());
    let (response, sender) = open(&local, request).await;
    let mut stream = Stream { sender, signer: None, body: response.into_body(), decoder: Decoder::new() };
    stream.start_content("TEXT");
    stream.send("textInput", input("hello"));
    stream.send("contentEnd", json!({"promptName": "p", "contentName": "c"}));
    assert_eq!(stream.receive().await.0, "completionStart");
    assert_eq!(stream.receive().await.0, "contentStart");
    assert_eq!(stream.receive().await.1["content"], "You said: hello");
}

#[tokio::test]
async fn refusals_come_before_the_stream() {
    let local = start().await;
    for (model_id, part) in [
        ("no.such-model", "The provided model identifier is invalid"),
        (TITAN, "does not support bidirectional streams"),
    ] {
        let (response, _sender) = open(&local, signed(model_id).0).await;
        assert_eq!(response.status(), 400);
        let (mut body, mut bytes) = (response.into_body(), BytesMut::new());
        while let Some(mut piece) = body.data().await.transpose().unwrap() {
            let length = piece.len();
            bytes.extend_from_slice(&piece.copy_to_bytes(length));
        }
        check_contains(std::str::from_utf8(&bytes).unwrap(), part);
    }
}

#[test]
fn http1_is_refused() {
    let request = request(SONIC).map(|()| Bytes::new());
    let message = check_error(&endpoint(), sign(request), 400, "ValidationException");
    check_contains(&message, "need HTTP/2");
}

#[tokio::test]
async fn http1_is_refused_before_the_events_arrive() {
    let local = start().await;
    let (request, _) = signed(SONIC);
    let head = String::from_utf8(super::wire::wire(&request.map(|()| Bytes::new()))).unwrap();
    let head = head.replace("content-length: 0", "transfer-encoding: chunked");
    let mut socket = super::wire::connect(&local).await;
    socket.write_all(head.as_bytes()).await.unwrap();
    let (head, body) = super::wire::read(&mut socket).await;
    assert!(head.starts_with("http/1.1 400 "), "{head}");
    check_contains(std::str::from_utf8(&body).unwrap(), "need HTTP/2");
}

#[tokio::test]
async fn frames_replace_the_response_and_the_request_is_read() {
    let local = start().await;
    local.inject(Fault::new().frames([Bytes::from_static(b"one"), Bytes::from_static(b"two")]));
    let (request, _) = signed(SONIC);
    let (response, mut sender) = open(&local, request).await;
    let mut body = response.into_body();
    let mut received = BytesMut::new();
    while let Some(bytes) = body.data().await {
        received.extend_from_slice(&bytes.unwrap());
    }
    assert_eq!(received, "onetwo");
    // The endpoint extends the window of the stream only if it reads the body.
    let mut remaining: usize = 1 << 20;
    while remaining > 0 {
        sender.reserve_capacity(remaining);
        let capacity = poll_fn(|cx| sender.poll_capacity(cx)).await.unwrap().unwrap().min(remaining);
        remaining -= capacity;
        sender.send_data(Bytes::from(vec![0; capacity]), remaining == 0).unwrap();
    }
    local.wait_for_calls().await;
}
