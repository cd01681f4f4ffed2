//! Tests of `--dry-run`: the printed script has no secrets, and curl runs it.

use std::process::Command;

use super::served::Served;
use super::{TITAN, run, text};

const KEYS: [(&str, &str); 4] = [
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "the-secret"),
    ("AWS_SESSION_TOKEN", "the-token"),
];

#[test]
fn script_contains_no_secrets() {
    let arguments = ["invoke", "--dry-run", "--explain", "--model-id", TITAN, "--body", "{}"];
    let output = run(&[&arguments[..], &["--request-metadata", "{\"a\":\"b\"}"]].concat(), None, &KEYS);
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(shown.starts_with("# POST /model/amazon.titan-embed-text-v2%3A0/invoke HTTP/1.1\n"), "{shown}");
    assert!(shown.contains("Credential=AKIDEXAMPLE/") && shown.contains("Signature=[redacted]"), "{shown}");
    assert!(shown.contains("# x-amzn-bedrock-request-metadata: [redacted]"), "{shown}");
    let command = "\
curl --request POST \\
  --aws-sigv4 'aws:amz:eu-west-1:bedrock' \\
  --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \\
  --header 'content-type: application/json' \\
  --header \"x-amz-security-token: $AWS_SESSION_TOKEN\" \\
  --data-raw '{}' \\
  'https://bedrock-runtime.eu-west-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke'
";
    assert!(shown.ends_with(command), "{shown}");
    let explained = text(&output.stderr);
    assert!(explained.contains("(environment variable AWS_ACCESS_KEY_ID)"), "{explained}");
    for shown in [shown, explained] {
        assert!(!shown.contains("the-secret") && !shown.contains("the-token"), "{shown}");
    }
}

#[test]
fn bearer_token_is_a_variable() {
    let arguments = ["invoke", "--dry-run", "-m", TITAN, "--body", "{}", "--region", "us-east-1"];
    let shown = text(&run(&[&arguments[..], &["--bearer-token", "the-token"]].concat(), None, &[]).stdout);
    assert!(shown.contains("--header \"authorization: Bearer $AWS_BEARER_TOKEN_BEDROCK\""), "{shown}");
    assert!(!shown.contains("the-token") && !shown.contains("--aws-sigv4"), "{shown}");
}

/// Returns the version of the installed curl, or `None` if curl is not installed.
fn curl_version() -> Option<(u32, u32)> {
    let output = Command::new("curl").arg("--version").output().ok()?;
    let shown = text(&output.stdout);
    let mut numbers = shown.split_whitespace().nth(1)?.split('.').map_while(|number| number.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

#[test]
fn curl_runs_the_script() {
    // The signatures of curl versions before 7.88 are incomplete.
    let Some(version) = curl_version().filter(|version| cfg!(unix) && *version >= (7, 88)) else {
        println!("skipped: needs a POSIX shell and curl 7.88 or newer");
        return;
    };
    let served = Served::start(&[], &[]);
    let variables = served.variables();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it's a body.json");
    std::fs::write(&file, r#"{"inputText":"from a file"}"#).unwrap();
    let file = format!("@{}", file.display());
    let long = format!(r#"{{"inputText":"{}"}}"#, "it's long ".repeat(500));
    let model = match version {
        // If a model id contains a colon, curl versions before 8.14 sign the path incorrectly.
        version if version < (8, 14) => "amazon.titan-embed-text-v1",
        _ => TITAN,
    };
    for body in [r#"{"inputText":"it's"}"#, &file, &long] {
        let script = run(&["invoke", "--dry-run", "-m", model, "--body", body], None, &variables);
        let mut shell = Command::new("sh");
        shell.args(["-c", &text(&script.stdout)]).envs(served.variables()).env_remove("AWS_SESSION_TOKEN");
        let output = shell.env("no_proxy", "*").output().unwrap();
        let response = text(&output.stdout);
        assert!(response.starts_with("{\"embedding\":["), "{response}{}", text(&output.stderr));
    }
}

#[test]
fn script_for_a_stopped_endpoint_says_how_to_start_one() {
    let body = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
    let input = r#"{"messages":[]}"#;
    for arguments in [
        &["invoke", "--body", body][..],
        &["invoke", "--stream", "--body", body],
        &["chat", "hi"],
        &["call", "Converse", "--input", input],
    ] {
        let output =
            run(&[arguments, &["--local", "--dry-run", "-m", "amazon.nova-lite-v1:0"]].concat(), None, &[]);
        let (script, note) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{note}");
        let url = script.split("http://127.0.0.1:").nth(1).unwrap();
        let port = url.split('/').next().unwrap();
        let command = format!("`invoke-model serve --port {port}`");
        assert!(
            note.starts_with("note: the endpoint of --local has stopped; ") && note.contains(&command),
            "{note}"
        );
        assert!(script.starts_with("# Note: the endpoint of --local has stopped; "), "{script}");
        assert!(script.lines().next().unwrap().contains(&command), "{script}");
    }
}
