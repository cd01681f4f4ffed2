//! Tests of signed calls through a proxy.

use invoke_model_client::{Client, Proxies, TransportErrorKind};
use invoke_model_local::LocalEndpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::end_to_end::config;

/// Starts a proxy that accepts one connection. The proxy changes the target of the first request to origin
/// form, and forwards the request to the host in the original target. Returns the URL of the proxy, and a
/// receiver for the request line and headers that the proxy received.
async fn relay() -> (String, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:secret@{}", listener.local_addr().unwrap());
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let (method, rest) = head.split_once(" http://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let mut server = TcpStream::connect(host).await.unwrap();
        server.write_all(format!("{method} /{path}").as_bytes()).await.unwrap();
        sender.send(head.clone()).unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    });
    (url, receiver)
}

fn client(local: &LocalEndpoint, proxies: Proxies) -> Client {
    Client::new(config(local).proxies(proxies)).unwrap()
}

const TITAN: &str = "amazon.titan-embed-text-v2:0";

#[tokio::test]
async fn the_signature_is_valid_behind_a_proxy() {
    let local = LocalEndpoint::start().await.unwrap();
    let (url, head) = relay().await;
    let client = client(&local, Proxies::default().http(&url).unwrap());
    let output = client.invoke_model().model_id(TITAN).body(r#"{"inputText":"a"}"#).send().await.unwrap();
    assert_eq!(output.content_type, "application/json");
    assert_eq!(local.calls()[0].status, 200);

    let head = head.await.unwrap().to_lowercase();
    assert!(head.contains("proxy-authorization: basic dxnlcjpzzwnyzxq="), "{head}");
    let (_, signed) = head.split_once("signedheaders=").unwrap();
    assert!(
        !signed.split(',').next().unwrap().contains("proxy"),
        "the header must not be signed, because a proxy may remove it: {head}"
    );
}

#[tokio::test]
async fn requests_to_excluded_hosts_bypass_the_proxy() {
    let local = LocalEndpoint::start().await.unwrap();
    let unreachable = Proxies::default().http("http://127.0.0.1:1").unwrap();
    let call = |proxies| {
        let client = client(&local, proxies);
        async move { client.invoke_model().model_id(TITAN).body(r#"{"inputText":"a"}"#).send().await }
    };
    call(unreachable.clone().no_proxy("127.0.0.1")).await.unwrap();
    let error = call(unreachable).await.unwrap_err();
    let line = error.to_string();
    assert!(line.contains("proxy 127.0.0.1:1"), "{line}");
    let kind = match error.kind() {
        invoke_model_client::ErrorKind::Transport(error) => error.kind(),
        other => panic!("{other:?}"),
    };
    assert_eq!(kind, TransportErrorKind::Connect);
}
