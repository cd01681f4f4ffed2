//! Tests of the sources of replies of `invoke-model serve`.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::serve::{post, serve, serve_with};

const CLAUDE: &str = "anthropic.claude-sonnet-4-20250514-v1%3A0";
const HELLO: &str = r#"{"messages":[{"role":"user","content":[{"text":"hello"}]}]}"#;

fn check_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in {text:?}");
}

#[test]
fn rules_are_read_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.json");
    std::fs::write(&path, r#"{"rules": [{"prompt": {"contains": "hello"}, "reply": "Hi there."}]}"#).unwrap();
    let (_served, address) = serve(&["--rules", path.to_str().unwrap()]);
    check_contains(&post(&address, CLAUDE, "converse", HELLO).unwrap(), r#"{"text":"Hi there."}"#);
    let response = post(&address, CLAUDE, "converse", &HELLO.replace("hello", "other")).unwrap();
    check_contains(&response, "You said: other");
}

#[test]
fn invalid_settings_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.json");
    std::fs::write(&path, "{\"rules\": [\n{\"reply\": {\"txt\": \"a\"}}]}").unwrap();
    let name = path.to_str().unwrap();
    let check = |arguments: &[&str], words: &str| {
        let arguments = [&["serve"][..], arguments].concat();
        super::check_failure(&super::run(&arguments, None, &[]), 3, words);
    };
    check(&["--rules", name], &format!("--rules {name}: rule 1: unknown field `txt`"));
    check(&["--record", name], "--record: no region: set --region or AWS_REGION");
    check(&["--record", name, "--region", "us-east-1"], &format!("--record {name}: "));
    check(&["--replay", folder.path().to_str().unwrap()], "rules.json: ");
    check(&["--upstream", "localhost"], "--upstream: \"localhost\" is not the URL of an upstream");
}

#[test]
fn replays_what_was_recorded_from_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().to_str().unwrap();
    let operations = ["converse", "converse-stream"];
    let recorded: Vec<_> = {
        // The service verifies the signature of the recording endpoint.
        let (_service, service) =
            serve_with(&["serve", "--access-key-id", "AKID", "--secret-access-key", "s"], &[]);
        let environment = [
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", format!("http://{service}")),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKID".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "s".to_owned()),
        ];
        let (_served, address) = serve_with(&["serve", "--no-verify", "--record", name], &environment);
        operations.iter().map(|operation| post(&address, CLAUDE, operation, HELLO).unwrap()).collect()
    };
    let (_served, address) = serve(&["--replay", name]);
    for (operation, recorded) in operations.iter().zip(recorded) {
        assert!(recorded.starts_with("HTTP/1.1 200 "), "{recorded}");
        let replayed = post(&address, CLAUDE, operation, HELLO).unwrap();
        let body = |response: &str| response.split_once("\r\n\r\n").unwrap().1.to_owned();
        assert_eq!(body(&replayed), body(&recorded));
    }
    let other = post(&address, CLAUDE, "converse", &HELLO.replace("hello", "other")).unwrap();
    check_contains(&other, "the nearest is 0001-converse.json: /messages/0/content/0/text is \\\"other\\\"");
}

/// Reads a request with a `Content-Length`.
fn read_request(socket: &mut impl Read) -> String {
    let mut request = String::new();
    loop {
        let mut piece = [0; 8192];
        let length = socket.read(&mut piece).unwrap();
        request.push_str(std::str::from_utf8(&piece[..length]).unwrap());
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            return request;
        }
    }
}

#[test]
fn an_upstream_generates_replies() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let request = read_request(&mut socket);
        let body = r#"{"choices":[{"message":{"content":"From the upstream."},"finish_reason":"stop"}]}"#;
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:";
        socket.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
        request
    });
    let (_served, address) = serve(&["--upstream", &url, "--upstream-model", "small"]);
    check_contains(&post(&address, CLAUDE, "converse", HELLO).unwrap(), "From the upstream.");
    let request = server.join().unwrap();
    assert!(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{request}");
    // The server is down now.
    let response = post(&address, CLAUDE, "converse", HELLO).unwrap();
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    check_contains(
        &response,
        &format!("--upstream {url}/v1/chat/completions: the upstream cannot be reached"),
    );
}
