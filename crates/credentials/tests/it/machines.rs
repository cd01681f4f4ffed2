//! Credentials from container agents and from instance metadata.

use std::time::Duration;

use invoke_model_transport::{
    BoxFuture, HyperTransport, RequestBody, ResponseBody, Transport, TransportError,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::fake::{Fake, text};
use crate::home::{Home, cache};
use crate::responses::{container_response, instance_response};

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

#[tokio::test(start_paused = true)]
async fn ecs_task() {
    let home = Home::new().set(RELATIVE, "/v2/credentials/1?a=b").set(TOKEN, "Basic the-token");
    let fake = Fake::new(&[(200, &container_response("ASIATASK"))]);
    assert_eq!(home.load(&fake).await, ("ASIATASK".to_owned(), Some("agent-token".to_owned())));
    let request = &fake.requests()[0];
    assert_eq!(request.uri(), "http://169.254.170.2/v2/credentials/1?a=b");
    assert_eq!(text(request, "authorization").as_deref(), Some("Basic the-token"));
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(home.source(&Fake::new(&[(200, &container_response("ASIATASK"))])).await, "container");
}

#[tokio::test(start_paused = true)]
async fn eks_pod() {
    let home = Home::new().file("token", "the.pod.token\n");
    let file = home.path("token").to_str().unwrap().to_owned();
    let home = home.set(TOKEN_FILE, &file).set(TOKEN, "unused");
    for url in ["http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"] {
        let fake = Fake::new(&[(200, &container_response("ASIAPOD"))]);
        let home = Home { directory: tempfile::tempdir().unwrap(), variables: home.variables.clone() };
        assert_eq!(home.set(FULL, url).load(&fake).await.0, "ASIAPOD");
        let request = &fake.requests()[0];
        assert_eq!(request.uri(), url);
        assert_eq!(text(request, "authorization").as_deref(), Some("the.pod.token"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_is_sent_only_over_tls_or_to_this_machine() {
    for url in [
        "http://example.test/a",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://169.254.169.254/",
        "http://169.254.170.2.example.test/",
        "http://169.254.170.2@example.test/",
        "http://169.254.170.2:80@example.test/",
        "http://example.test@169.254.170.2/",
        "http://user:the-token@localhost/",
        "https://user:the-token@example.test/",
        "http://localhost.example.test/",
        "http://localhost./",
        "http://127.0.0.1.example.test/",
        "http://127.1/",
        "http://2130706433/",
        "http://[::ffff:10.0.0.1]/",
        "http://localhost:/",
        "http://localhost:0/",
        "http://localhost:+80/",
        "http://127.0.0.1:65536/",
        "http://[::1]:99999/",
        "http://localhost:the-token",
        "https://example.test:/",
        "http:/localhost/",
        "http:\\\\localhost\\a",
        "//localhost/a",
        "/a",
        "localhost:80",
        "ftp://localhost/",
        "ftp://a",
        "https://",
        "https:///a",
        " https://example.test/",
        "",
    ] {
        let fake = Fake::new(&[]);
        // The file does not exist. Reading it would cause another error.
        let home = Home::new().set(FULL, url).set(TOKEN, "the-token").set(TOKEN_FILE, "/missing/the-token");
        let error = home.error(&fake).await;
        assert!(!error.contains("the-token"), "{error}");
        let expected = match url {
            "" => "AWS_ACCESS_KEY_ID is not set",
            _ => {
                "container: AWS_CONTAINER_CREDENTIALS_FULL_URI is neither an https URL nor a URL of this machine"
            }
        };
        assert!(error.starts_with(expected), "{url}: {error}");
        assert!(fake.requests().is_empty());
    }
    for url in [
        "https://example.test/a",
        "HTTPS://example.test",
        "http://127.0.0.1:1/a",
        "http://127.9.9.9/a",
        "http://localhost/a",
        "http://LOCALHOST:8080/a@b",
        "http://[::1]/a",
        "http://[FD00:EC2:0::23]:80/a",
    ] {
        let fake = Fake::new(&[(200, &container_response("ASIATASK"))]);
        assert_eq!(Home::new().set(FULL, url).load(&fake).await.0, "ASIATASK");
    }
}

#[tokio::test(start_paused = true)]
async fn a_relative_uri_cannot_leave_the_container_agent() {
    for path in [
        "@example.test/a",
        "@example.test:80/a",
        ":80@example.test/a",
        ".example.test/a",
        ":8080/a",
        "a",
        "?a",
        "#a",
        "//example.test/a",
        "/\\example.test/a",
        "\\\\example.test/a",
        "/a\\b",
        "http://example.test/a",
        "https://example.test/a",
        "http://169.254.170.2/a",
        " /a",
        "/a b",
        "/a\r\nhost: example.test",
        "/\u{7f}",
    ] {
        let fake = Fake::new(&[]);
        let home = Home::new().set(RELATIVE, path).set(TOKEN, "the-token").set(TOKEN_FILE, "/missing/token");
        assert_eq!(
            home.error(&fake).await,
            "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not a path, so no token was read or sent; use a path that \
             starts with one `/`, or set AWS_CONTAINER_CREDENTIALS_FULL_URI to a URL",
            "{path}"
        );
        assert!(fake.requests().is_empty());
    }
    for path in ["/", "/a/b?c=d", "/@example.test/a", "/a:80/b", "/a//b", "/../a", "/%40"] {
        let fake = Fake::new(&[(200, &container_response("ASIATASK"))]);
        assert_eq!(Home::new().set(RELATIVE, path).load(&fake).await.0, "ASIATASK");
        assert_eq!(fake.requests()[0].uri().to_string(), format!("http://169.254.170.2{path}"));
    }
}

#[tokio::test(start_paused = true)]
async fn retries_server_errors_but_not_client_errors_of_the_agent() {
    let home = Home::new().set(RELATIVE, "/a");
    let fake = Fake::new(&[(500, "oh"), (503, "oh"), (200, &container_response("ASIATASK"))]);
    assert_eq!(home.load(&fake).await.0, "ASIATASK");
    let fake = Fake::new(&[(404, "no such role")]);
    assert_eq!(
        home.error(&fake).await,
        "container: ECS credentials endpoint not found (HTTP 404); check the AWS_CONTAINER_* variables and the role of the \
         task or pod"
    );
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn instance_metadata() {
    let response = instance_response("ASIAINSTANCE");
    let script = [(200, "the-token"), (200, "role-name"), (200, response.as_str())];
    let check = async |home: Home, host: &str| {
        let fake = Fake::new(&script);
        assert_eq!(home.load(&fake).await, ("ASIAINSTANCE".to_owned(), Some("imds-token".to_owned())));
        let requests = fake.requests();
        let lines: Vec<_> = requests.iter().map(|r| format!("{} {}", r.method(), r.uri())).collect();
        let credentials = "latest/meta-data/iam/security-credentials";
        assert_eq!(
            lines,
            [
                format!("PUT {host}/latest/api/token"),
                format!("GET {host}/{credentials}/"),
                format!("GET {host}/{credentials}/role-name"),
            ]
        );
        assert_eq!(text(&requests[0], "x-aws-ec2-metadata-token-ttl-seconds").as_deref(), Some("21600"));
        assert!(requests[1..3].iter().all(|r| {
            let token = &r.headers()["x-aws-ec2-metadata-token"];
            token == "the-token" && token.is_sensitive()
        }));
    };
    let home = || Home::new().unset("AWS_EC2_METADATA_DISABLED");
    check(home(), "http://169.254.169.254").await;
    check(home().set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"), "http://[fd00:ec2::254]").await;
    check(home().set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://localhost:1/"), "http://localhost:1").await;
    assert_eq!(home().source(&Fake::new(&script)).await, "instance metadata");
}

/// A transport that never returns a response.
#[derive(Debug)]
struct NeverResponds;

impl Transport for NeverResponds {
    fn send(
        &self,
        _: http::Request<RequestBody>,
    ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn instance_metadata_times_out_after_one_second_by_default() {
    let check = async |home: Home, seconds: u64, text: &str| {
        let chain = home.chain(&Fake::default()).transport(NeverResponds);
        let start = Instant::now();
        let error = cache(chain).credentials().await.unwrap_err().to_string();
        assert_eq!(start.elapsed().as_secs(), seconds);
        assert!(error.contains(text), "{error}");
    };
    let home = || Home::new().unset("AWS_EC2_METADATA_DISABLED");
    check(home(), 1, "instance metadata: failed to connect to IMDS (no response within 1s)").await;
    let patient =
        home().set("AWS_METADATA_SERVICE_TIMEOUT", "4").set("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3");
    check(patient, 12, "no response within 4s").await;
    let wrong = home().set("AWS_METADATA_SERVICE_TIMEOUT", "soon");
    check(wrong, 0, "AWS_METADATA_SERVICE_TIMEOUT is `soon`; use a whole number of at least 1").await;
    check(
        Home::new().set(RELATIVE, "/a"),
        6,
        "container: failed to fetch ECS credentials (no response within 2s)",
    )
    .await;
    check(Home::new(), 0, "instance metadata: disabled by AWS_EC2_METADATA_DISABLED").await;
}

/// Responds to one request like a container agent.
async fn serve(listener: tokio::net::TcpListener) {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        assert!(socket.read_buf(&mut request).await.unwrap() > 0, "the request is incomplete");
    }
    let request = String::from_utf8(request).unwrap();
    assert!(request.starts_with("GET /agent "), "{request}");
    assert!(request.contains("authorization: the-token\r\n"), "{request}");
    let body = container_response("ASIALOOPBACK");
    let length = body.len();
    let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    socket.write_all(response.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn container_credentials_over_a_socket() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/agent", listener.local_addr().unwrap());
    let server = tokio::spawn(serve(listener));
    let home = Home::new().set(FULL, &url).set(TOKEN, "the-token");
    let cache = cache(home.chain(&Fake::default()).transport(HyperTransport::new()));
    let credentials = tokio::time::timeout(Duration::from_secs(60), cache.credentials()).await.unwrap();
    server.await.unwrap();
    assert_eq!(credentials.unwrap().access_key_id(), "ASIALOOPBACK");
}
