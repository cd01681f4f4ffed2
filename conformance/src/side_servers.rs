//! The proxy and the server for container credentials.
//!
//! The server for credentials reads only the head of the first request of a connection. The proxy reads requests until
//! it accepts or finally rejects one. It then only copies bytes.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use invoke_model_local::LocalEndpoint;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::scenario::{CredentialsResponse, KeyPair, ProxyBehavior};

/// The user and the password in the proxy URL.
const USER: &str = "kit-user:kit-password";

/// The maximum size of a request head in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// A server that stops when it is dropped.
#[derive(Debug)]
pub(crate) struct SideServer {
    address: SocketAddr,
    tasks: JoinSet<()>,
}

impl SideServer {
    async fn start<F, R>(serve: F) -> io::Result<Self>
    where
        F: Fn(TcpStream) -> R + Send + 'static,
        R: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let connection = serve(socket);
                connections.spawn(async move {
                    // A client may close a connection at any time.
                    let _ = connection.await;
                });
            }
        });
        Ok(Self { address, tasks })
    }

    pub(crate) fn url(&self) -> String {
        debug_assert!(!self.tasks.is_empty(), "the server runs until it is dropped");
        format!("http://{}", self.address)
    }
}

/// The request heads that a side server has received.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestLog(Arc<Mutex<Vec<String>>>);

impl RequestLog {
    pub(crate) fn heads(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, head: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    }
}

/// Starts a proxy that connects all clients to `endpoint`, for any host in their requests.
pub(crate) async fn proxy(
    behavior: ProxyBehavior,
    endpoint: SocketAddr,
) -> io::Result<(SideServer, RequestLog)> {
    let log = RequestLog::default();
    let shared = log.clone();
    let server =
        SideServer::start(move |socket| serve_proxy(socket, behavior, endpoint, shared.clone())).await?;
    Ok((server, log))
}

/// Returns the URL of a proxy. It contains the user and the password if the behavior is `Authenticate`.
pub(crate) fn proxy_url(server: &SideServer, behavior: ProxyBehavior) -> String {
    match behavior {
        ProxyBehavior::Authenticate => server.url().replacen("http://", &format!("http://{USER}@"), 1),
        _ => server.url(),
    }
}

async fn serve_proxy(
    mut socket: TcpStream,
    behavior: ProxyBehavior,
    endpoint: SocketAddr,
    log: RequestLog,
) -> io::Result<()> {
    // After a 407 response, a client can send its next attempt over the same connection.
    loop {
        let head = read_head(&mut socket).await?;
        let text = String::from_utf8_lossy(&head).into_owned();
        log.push(text.clone());
        let credentials = format!("proxy-authorization: Basic {}", STANDARD.encode(USER));
        let is_authenticated = text.lines().any(|line| line.eq_ignore_ascii_case(&credentials));
        match behavior {
            ProxyBehavior::Stall => std::future::pending::<()>().await,
            ProxyBehavior::Refuse => return respond(&mut socket, "502 Bad Gateway", "", "").await,
            ProxyBehavior::Demand | ProxyBehavior::Authenticate if !is_authenticated => {
                let challenge = "Proxy-Authenticate: Basic realm=\"kit\"\r\n";
                let mut body = (&mut socket).take(content_length(&text));
                tokio::io::copy(&mut body, &mut tokio::io::sink()).await?;
                respond_and_keep(&mut socket, "407 Proxy Authentication Required", challenge, "").await?;
                continue;
            }
            ProxyBehavior::Tunnel | ProxyBehavior::Demand | ProxyBehavior::Authenticate => {}
        }
        let mut server = TcpStream::connect(endpoint).await?;
        if text.starts_with("CONNECT ") {
            socket.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        } else {
            server.write_all(forwarded(&text).as_bytes()).await?;
        }
        tokio::io::copy_bidirectional(&mut socket, &mut server).await?;
        return Ok(());
    }
}

/// Converts the head of a request to a proxy into the head of the request to the server. Adds `connection: close`, so
/// that the client sends its next request over a new connection. Otherwise, the proxy would not log that request.
fn forwarded(head: &str) -> String {
    let mut lines = head.trim_end().split("\r\n");
    let request_line = lines.next().unwrap_or_default();
    let (method, rest) = request_line.split_once(' ').unwrap_or((request_line, ""));
    let path = rest.split_once("://").and_then(|(_, rest)| Some(&rest[rest.find('/')?..])).unwrap_or(rest);
    let mut forwarded = format!("{method} {path}\r\nconnection: close\r\n");
    for line in lines {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if name != "connection" && !name.starts_with("proxy-") {
            forwarded.push_str(line);
            forwarded.push_str("\r\n");
        }
    }
    forwarded + "\r\n"
}

/// Starts a server for container credentials. `endpoint` accepts the credentials that this server has sent.
pub(crate) async fn credentials_server(
    responses: Vec<CredentialsResponse>,
    endpoint: Arc<LocalEndpoint>,
) -> io::Result<(SideServer, RequestLog)> {
    let log = RequestLog::default();
    let shared = log.clone();
    let sent = Arc::new(Mutex::new(0));
    let server = SideServer::start(move |socket| {
        let index = {
            let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
            *sent += 1;
            (*sent - 1).min(responses.len().saturating_sub(1))
        };
        serve_credentials(socket, responses.get(index).cloned(), Arc::clone(&endpoint), shared.clone())
    });
    Ok((server.await?, log))
}

async fn serve_credentials(
    mut socket: TcpStream,
    response: Option<CredentialsResponse>,
    endpoint: Arc<LocalEndpoint>,
    log: RequestLog,
) -> io::Result<()> {
    let head = read_head(&mut socket).await?;
    log.push(String::from_utf8_lossy(&head).into_owned());
    match response {
        Some(CredentialsResponse::Credentials(pair)) => {
            let expiry = accept(&endpoint, &pair);
            let body = json!({
                "AccessKeyId": pair.access_key_id, "SecretAccessKey": pair.secret_access_key,
                "Token": pair.session_token, "Expiration": rfc3339(expiry),
            });
            respond(&mut socket, "200 OK", "Content-Type: application/json\r\n", &body.to_string()).await
        }
        Some(CredentialsResponse::Other { status, body, delay_ms }) => {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            respond(&mut socket, &format!("{status} Scripted"), "Content-Type: application/json\r\n", &body)
                .await
        }
        None => respond(&mut socket, "404 Not Found", "", "").await,
    }
}

/// Adds temporary credentials to the credentials that an endpoint accepts. Returns the time at which they expire.
pub(crate) fn accept(endpoint: &LocalEndpoint, pair: &KeyPair) -> SystemTime {
    let lifetime = Duration::from_millis(pair.expires_in_ms.unwrap_or(3_600_000));
    #[expect(clippy::disallowed_methods, reason = "clients compare the time with the system time")]
    let expiry = SystemTime::now() + lifetime;
    let token = pair.session_token.clone().unwrap_or_default();
    endpoint.add_temporary_credentials(&*pair.access_key_id, &*pair.secret_access_key, token, expiry);
    expiry
}

fn rfc3339(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map(|time| time.to_string()).unwrap_or_default()
}

/// Reads the head of a request, including the empty line after it.
async fn read_head(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > MAX_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(socket.read_u8().await?);
    }
    Ok(head)
}

/// Returns the value of `Content-Length`, or 0 if the head does not contain it.
fn content_length(head: &str) -> u64 {
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.and_then(|(_, length)| length.trim().parse().ok()).unwrap_or(0)
}

async fn respond(socket: &mut TcpStream, status: &str, headers: &str, body: &str) -> io::Result<()> {
    let headers = format!("{headers}Connection: close\r\n");
    respond_and_keep(socket, status, &headers, body).await?;
    socket.shutdown().await
}

async fn respond_and_keep(socket: &mut TcpStream, status: &str, headers: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let response = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    socket.write_all(response.as_bytes()).await
}
