//! Containers and instances.

use std::time::Duration;

use invoke_model_client::{BoxFuture, RequestBody, ResponseBody, Transport, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::{Home, answers, call, contained, instance, text};

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

#[tokio::test(start_paused = true)]
async fn a_task_of_ecs() {
    let home = Home::new().set(RELATIVE, "/v2/credentials/1?a=b").set(TOKEN, "Basic the-token");
    let fake = answers(&[(200, &contained("ASIATASK"))]);
    assert_eq!(home.call(&fake).await, ("ASIATASK".to_owned(), Some("agent-token".to_owned())));
    let asked = &fake.requests()[0];
    assert_eq!(asked.uri(), "http://169.254.170.2/v2/credentials/1?a=b");
    assert_eq!(text(asked, "authorization").as_deref(), Some("Basic the-token"));
    assert!(asked.headers()["authorization"].is_sensitive());
    assert_eq!(home.link(&answers(&[(200, &contained("ASIATASK"))])).await, "container");
}

#[tokio::test(start_paused = true)]
async fn a_pod_of_eks() {
    let home = Home::new().file("token", "the.pod.token\n");
    let file = home.path("token").to_str().unwrap().to_owned();
    let home = home.set(TOKEN_FILE, &file).set(TOKEN, "not-this-one");
    for url in ["http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"] {
        let fake = answers(&[(200, &contained("ASIAPOD"))]);
        let home = Home { folder: tempfile::tempdir().unwrap(), variables: home.variables.clone() };
        assert_eq!(home.set(FULL, url).call(&fake).await.0, "ASIAPOD");
        let asked = &fake.requests()[0];
        assert_eq!(asked.uri(), url);
        assert_eq!(text(asked, "authorization").as_deref(), Some("the.pod.token"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_goes_to_this_machine_or_over_tls_and_nowhere_else() {
    for url in
        ["http://example.test/a", "http://10.0.0.1/", "http://169.254.170.2.example.test/", "ftp://a", ""]
    {
        let fake = answers(&[]);
        let error = Home::new().set(FULL, url).set(TOKEN, "the-token").error(&fake).await;
        let expected = match url {
            "" => "AWS_ACCESS_KEY_ID is not set",
            _ => {
                "container: AWS_CONTAINER_CREDENTIALS_FULL_URI is neither an https URL nor one of this machine"
            }
        };
        assert!(error.starts_with(expected), "{error}");
        assert!(fake.requests().is_empty());
    }
    for url in ["https://example.test/a", "http://127.0.0.1:1/a", "http://localhost/a", "http://[::1]/a"] {
        let fake = answers(&[(200, &contained("ASIATASK"))]);
        assert_eq!(Home::new().set(FULL, url).call(&fake).await.0, "ASIATASK");
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_stumbles_is_asked_again_and_one_that_refuses_is_not() {
    let home = Home::new().set(RELATIVE, "/a");
    let fake = answers(&[(500, "oh"), (503, "oh"), (200, &contained("ASIATASK"))]);
    assert_eq!(home.call(&fake).await.0, "ASIATASK");
    let fake = answers(&[(404, "no such role")]);
    assert_eq!(
        home.error(&fake).await,
        "container: ECS credentials endpoint not found: verify the container credentials URI"
    );
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_instance() {
    let answer = instance("ASIAINSTANCE");
    let script = [(200, "the-token"), (200, "role-name"), (200, answer.as_str())];
    let check = async |home: Home, host: &str| {
        let fake = answers(&script);
        assert_eq!(home.call(&fake).await, ("ASIAINSTANCE".to_owned(), Some("imds-token".to_owned())));
        let requests = fake.requests();
        let lines: Vec<_> = requests[..3].iter().map(|r| format!("{} {}", r.method(), r.uri())).collect();
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
    assert_eq!(home().link(&answers(&script)).await, "instance metadata");
}

/// A machine on which nobody answers.
#[derive(Debug)]
struct Silence;

impl Transport for Silence {
    fn send(
        &self,
        _: http::Request<RequestBody>,
    ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_metadata_costs_a_second_or_what_was_set() {
    let check = async |home: Home, seconds: u64, words: &str| {
        let settings = home.settings(&answers(&[])).transport(Silence);
        let client = invoke_model_client::Client::new(settings).unwrap();
        let start = Instant::now();
        let error = call(&client).await.unwrap_err().to_string();
        assert_eq!(start.elapsed().as_secs(), seconds);
        assert!(error.contains(words), "{error}");
    };
    let home = || Home::new().unset("AWS_EC2_METADATA_DISABLED");
    check(home(), 1, "instance metadata: failed to connect to IMDS: no answer after 1s").await;
    let patient =
        home().set("AWS_METADATA_SERVICE_TIMEOUT", "4").set("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3");
    check(patient, 12, "no answer after 4s").await;
    let wrong = home().set("AWS_METADATA_SERVICE_TIMEOUT", "soon");
    check(wrong, 0, "AWS_METADATA_SERVICE_TIMEOUT is `soon`: give a whole number above 0").await;
    check(
        Home::new().set(RELATIVE, "/a"),
        6,
        "container: failed to fetch ECS credentials: no answer after 2s",
    )
    .await;
    check(Home::new(), 0, "instance metadata: turned off by AWS_EC2_METADATA_DISABLED").await;
}

/// Answers on a socket: the agent under `/agent`, the service everywhere else.
async fn serve(listener: tokio::net::TcpListener) {
    loop {
        let (mut socket, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut request = Vec::new();
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                if socket.read_buf(&mut request).await.unwrap() == 0 {
                    return;
                }
            }
            let request = String::from_utf8(request).unwrap();
            let body = match request.starts_with("GET /agent ") {
                true => {
                    assert!(request.contains("authorization: the-token\r\n"), "{request}");
                    contained("ASIALOOPBACK")
                }
                false => {
                    assert!(request.contains("Credential=ASIALOOPBACK/"), "{request}");
                    "{}".to_owned()
                }
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            socket.write_all(answer.as_bytes()).await.unwrap();
        });
    }
}

#[tokio::test]
async fn over_a_socket() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(serve(listener));
    let home = Home::new().set(FULL, &format!("{url}/agent")).set(TOKEN, "the-token");
    let settings = home.settings(&answers(&[])).endpoint_url(&url);
    let settings = settings.transport(invoke_model_client::HyperTransport::new());
    let call =
        async { call(&invoke_model_client::Client::new(settings).unwrap()).await.map_err(|e| e.to_string()) };
    let called = tokio::time::timeout(Duration::from_secs(60), call).await.unwrap();
    server.abort();
    assert_eq!(called, Ok(()));
}
