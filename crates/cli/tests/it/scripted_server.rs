//! A server that sends scripted responses and records the requests.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::{JoinHandle, spawn};

use invoke_model_protocol::event_stream::{HeaderValue, Message};
use serde_json::Value;

/// A recorded request.
pub(crate) struct Recorded {
    /// The method and the path.
    pub(crate) target: String,
    pub(crate) body: Value,
}

/// A server that sends one response on each connection, and then closes the connection.
pub(crate) struct ScriptedServer {
    pub(crate) url: String,
    thread: JoinHandle<Vec<Recorded>>,
}

impl ScriptedServer {
    pub(crate) fn start(responses: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let respond = move |response: Vec<u8>| {
            let (mut socket, _) = listener.accept().unwrap();
            let recorded = read_request(&mut BufReader::new(&socket));
            socket.write_all(&response).unwrap();
            recorded
        };
        Self { url, thread: spawn(move || responses.into_iter().map(respond).collect()) }
    }

    /// Waits until all responses were sent, and returns the requests.
    pub(crate) fn requests(self) -> Vec<Recorded> {
        self.thread.join().unwrap()
    }
}

/// Reads a request.
pub(crate) fn read_request(reader: &mut impl BufRead) -> Recorded {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let target = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap();
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Recorded { target, body: serde_json::from_slice(&body).unwrap_or_default() }
}

/// Returns a complete response.
pub(crate) fn response(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\nx-amzn-requestid: r-1\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Returns a complete response with these events.
pub(crate) fn events(events: &[(&str, &str)]) -> Vec<u8> {
    let event =
        |(name, payload): &(&str, &str)| frame(&[(":message-type", "event"), (":event-type", name)], payload);
    let frames: Vec<Vec<u8>> = events.iter().map(event).collect();
    response("200 OK\r\ncontent-type: application/vnd.amazon.eventstream", &frames.concat())
}

/// Returns a frame of an event stream.
pub(crate) fn frame(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut message = Message::builder();
    for (name, value) in headers {
        message.header(name, HeaderValue::String(value)).unwrap();
    }
    let mut frame = Vec::new();
    message.payload(payload.to_owned()).encode(&mut frame).unwrap();
    frame
}
