//! Tests of the sources of replies of `invoke-model serve`.

use super::scripted_server::{ScriptedServer, response};
use super::served::Served;

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
    let served = Served::unverified(&["--rules", path.to_str().unwrap()]);
    check_contains(&served.post(CLAUDE, "converse", HELLO).unwrap(), r#"{"text":"Hi there."}"#);
    let response = served.post(CLAUDE, "converse", &HELLO.replace("hello", "other")).unwrap();
    check_contains(&response, "You said: other");
}

#[test]
fn invalid_settings_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.json");
    std::fs::write(&path, "{\"rules\": [\n{\"reply\": {\"txt\": \"a\"}}]}").unwrap();
    let name = path.to_str().unwrap();
    let no_credentials = [("AWS_EC2_METADATA_DISABLED", "true")];
    let credentials = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let check_with = |environment: &[(&str, &str)], arguments: &[&str], words: &str| {
        let arguments = [&["serve"][..], arguments].concat();
        super::check_failure(&super::run(&arguments, None, environment), 3, words);
    };
    let check = |arguments: &[&str], words: &str| check_with(&[], arguments, words);
    check(&["--rules", name], &format!("--rules {name}: rule 1: unknown field `txt`"));
    check(&["--record", name], "--record: no region: set --region or AWS_REGION");
    let record = ["--record", name, "--region", "us-east-1"];
    check_with(&credentials, &record, &format!("--record {name}: "));
    check_with(&no_credentials, &record, "--record: cannot sign requests to the service: ");
    std::fs::write(&path, b"\xff\xfe{\0}\0").unwrap();
    check(&["--rules", name], &format!("--rules {name}: the file is not UTF-8; save it in this encoding"));
    std::fs::write(&path, "").unwrap();
    check(&["--rules", name], &format!("--rules {name}: the file is empty: "));
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
        let service = Served::start(&["--access-key-id", "AKID", "--secret-access-key", "s"], &[]);
        let served = Served::start(&["--no-verify", "--record", name], &service.variables());
        operations.iter().map(|operation| served.post(CLAUDE, operation, HELLO).unwrap()).collect()
    };
    let served = Served::unverified(&["--replay", name]);
    for (operation, recorded) in operations.iter().zip(recorded) {
        assert!(recorded.starts_with("HTTP/1.1 200 "), "{recorded}");
        let replayed = served.post(CLAUDE, operation, HELLO).unwrap();
        let body = |response: &str| response.split_once("\r\n\r\n").unwrap().1.to_owned();
        assert_eq!(body(&replayed), body(&recorded));
    }
    let other = served.post(CLAUDE, "converse", &HELLO.replace("hello", "other")).unwrap();
    check_contains(&other, "the nearest is 0001-converse.json: /messages/0/content/0/text is \\\"other\\\"");
}

#[test]
fn an_upstream_generates_replies() {
    let body = br#"{"choices":[{"message":{"content":"From the upstream."},"finish_reason":"stop"}]}"#;
    let server = ScriptedServer::start(vec![response("200 OK\r\ncontent-type: application/json", body)]);
    let url = server.url.clone();
    let served = Served::unverified(&["--upstream", &url, "--upstream-model", "small"]);
    check_contains(&served.post(CLAUDE, "converse", HELLO).unwrap(), "From the upstream.");
    assert_eq!(server.requests()[0].target, "POST /v1/chat/completions");
    // The server is down now.
    let response = served.post(CLAUDE, "converse", HELLO).unwrap();
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    check_contains(
        &response,
        &format!("--upstream {url}/v1/chat/completions: the upstream cannot be reached"),
    );
}

#[test]
fn recording_exports_the_region_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(
        &config,
        "[profile other]\nregion = ap-south-1\naws_access_key_id = AKID\naws_secret_access_key = s\n",
    )
    .unwrap();
    let record = folder.path().join("record");
    let arguments = ["--record", record.to_str().unwrap()];
    let check = |arguments: &[&str], environment: &[(&str, &str)], expected: &str| {
        let credentials = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s")];
        let served = Served::start(arguments, &[&credentials[..], environment].concat());
        assert_eq!(served.variable("AWS_REGION"), expected);
        assert_eq!(served.variable("AWS_DEFAULT_REGION"), expected);
    };
    check(&arguments, &[("AWS_REGION", "eu-west-1")], "eu-west-1");
    let home = folder.path().to_str().unwrap();
    let profile = [("AWS_PROFILE", "other"), ("AWS_CONFIG_FILE", config.to_str().unwrap()), ("HOME", home)];
    check(&arguments, &profile, "ap-south-1");
    let region = [&arguments[..], &["--region", "us-west-2"]].concat();
    check(&region, &[("AWS_REGION", "eu-west-1")], "us-west-2");
}
