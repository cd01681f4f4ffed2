//! Tests that the signed host is equal to the host that is sent.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use http::Request;
use invoke_model_client::{Client, Credentials, HyperTransport, Proxies, RequestBody, Transport};
use invoke_model_local::LocalEndpoint;
use invoke_model_signing::{PayloadHash, Signer};

use crate::end_to_end::config;

#[tokio::test]
async fn clients_of_one_transport_may_spell_the_host_and_the_port_differently() {
    let local = LocalEndpoint::start().await.unwrap();
    let port = local.url().rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    let transport = HyperTransport::new();
    for authority in [
        format!("localhost:{port}"),
        format!("LOCALHOST:{port}"),
        format!("LocalHost:0{port}"),
        format!("localhost:000{port}"),
        format!("127.0.0.1:{port:08}"),
    ] {
        let settings = config(&local).endpoint_url(format!("http://{authority}"));
        let client = Client::new(settings.transport(transport.clone())).unwrap();
        let call = client.invoke_model().model_id("amazon.titan-embed-text-v2:0");
        call.body(r#"{"inputText":"a"}"#).send().await.unwrap_or_else(|error| panic!("{authority}: {error}"));
    }
}

/// Starts a proxy that responds to each request, and returns its URL and the requests that it receives.
fn proxy() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, sender) = (stream.unwrap(), sender.clone());
            thread::spawn(move || {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while stream.read(&mut byte).is_ok_and(|length| length == 1) {
                    head.push(byte[0]);
                    if head.ends_with(b"\r\n\r\n") {
                        sender.send(String::from_utf8(std::mem::take(&mut head)).unwrap()).unwrap();
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
                    }
                }
            });
        }
    });
    (url, requests)
}

#[tokio::test]
async fn the_transport_sends_the_host_that_the_signer_signs() {
    let (url, requests) = proxy();
    let transport = HyperTransport::builder().proxies(Proxies::default().http(&url).unwrap()).build();
    for (authority, expected) in [
        ("example.test", "example.test"),
        ("Example.TEST", "Example.TEST"),
        ("example.test:80", "example.test"),
        ("EXAMPLE.test:80", "EXAMPLE.test"),
        ("example.test:", "example.test"),
        ("example.test:443", "example.test:443"),
        ("example.test:8080", "example.test:8080"),
        ("example.test:08080", "example.test:08080"),
        ("example.test:0080", "example.test:0080"),
        ("user@Example.test:8080", "Example.test:8080"),
        ("[2001:DB8::1]:8080", "[2001:DB8::1]:8080"),
        ("[2001:db8::1]:80", "[2001:db8::1]"),
        ("example.test.", "example.test."),
    ] {
        let request = Request::get(format!("http://{authority}/a")).body(RequestBody::default()).unwrap();
        let (mut parts, body) = request.into_parts();
        let credentials = Credentials::new("AKID", "secret", None);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let signer = Signer::new("us-east-1", "bedrock");
        let signed = signer.sign(&mut parts, &credentials, &PayloadHash::of(b""), time).unwrap();
        let signed = signed.canonical_request().to_string();
        assert!(signed.lines().any(|line| line == format!("host:{expected}")), "{authority}: {signed}");
        transport.send(Request::from_parts(parts, body)).await.unwrap();
        let sent = requests.recv().unwrap();
        assert!(sent.starts_with(&format!("GET http://{expected}/a HTTP/1.1\r\n")), "{authority}: {sent}");
        assert!(sent.contains(&format!("\r\nhost: {expected}\r\n")), "{authority}: {sent}");
    }
}
