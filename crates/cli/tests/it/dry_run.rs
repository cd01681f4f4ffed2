//! Tests of `--dry-run`: the printed script has no secrets, and curl runs it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

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

/// A running `invoke-model serve`, killed on drop.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts an endpoint that verifies signatures. Returns the variables that it prints.
fn serve() -> (Served, BTreeMap<String, String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_invoke-model"));
    let mut child = command.arg("serve").env_clear().stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut variables = BTreeMap::new();
    // Reads until the `unset` line, which is the last line. If the test closed the pipe earlier, the command
    // could not print its remaining lines.
    for line in lines.map(Result::unwrap).take_while(|line| !line.starts_with("unset ")) {
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|line| line.split_once('=')) {
            variables.insert(name.to_owned(), value.trim_matches('\'').to_owned());
        }
    }
    (Served(child), variables)
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
    let (_served, variables) = serve();
    let environment: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
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
        let script = run(&["invoke", "--dry-run", "-m", model, "--body", body], None, &environment);
        let mut shell = Command::new("sh");
        shell.args(["-c", &text(&script.stdout)]).envs(&variables).env_remove("AWS_SESSION_TOKEN");
        let output = shell.env("no_proxy", "*").output().unwrap();
        let response = text(&output.stdout);
        assert!(response.starts_with("{\"embedding\":["), "{response}{}", text(&output.stderr));
    }
}
