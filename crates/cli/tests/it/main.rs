//! Runs the command as a user does.
#![allow(clippy::unwrap_used, reason = "an unexpected result fails the test")]

mod backend;
mod bulk;
mod call;
mod chat;
#[cfg(unix)]
mod conformance;
mod dry_run;
mod embed;
mod exit_codes;
mod mistakes;
mod outfile;
mod pages;
mod refusals;
mod scripted_server;
mod serve;
mod serve_command;
mod served;
mod settings;
mod stream;
#[cfg(unix)]
mod terminal;
mod unreadable;

use std::io::Write;
use std::process::{Command, Output, Stdio};

const TITAN: &str = "amazon.titan-embed-text-v2:0";

/// Settings for calls of a server in a test.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("AWS_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "a"),
    ("AWS_SECRET_ACCESS_KEY", "b"),
    ("AWS_MAX_ATTEMPTS", "1"),
];

/// Returns the program to test: the variable `INVOKE_MODEL_PROGRAM`, or the program of this crate.
#[expect(
    clippy::disallowed_methods,
    reason = "the variable selects the program, as CONTRIBUTING.md describes"
)]
fn program() -> String {
    std::env::var("INVOKE_MODEL_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_invoke-model").to_owned())
}

/// Runs the command with only these environment variables. Disables instance metadata.
fn run(arguments: &[&str], input: Option<&str>, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program());
    command.args(arguments).env_clear().env("AWS_EC2_METADATA_DISABLED", "true");
    command.envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Ignores a failed write, because a command that does not read its input may already have ended.
    let _ = stdin.write_all(input.unwrap_or_default().as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn local(arguments: &[&str]) -> Output {
    run(
        &[&["invoke", "--local", "--model-id", TITAN], arguments].concat(),
        Some(r#"{"inputText":"in"}"#),
        &[],
    )
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn check_failure(output: &Output, code: i32, words: &str) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(error.contains(words), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(output.stdout.is_empty());
}

#[cfg(unix)]
fn kill(child: &std::process::Child, signal: rustix::process::Signal) {
    use rustix::process::{Pid, kill_process};

    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
}

#[test]
fn help() {
    for (name, command) in [
        ("help", &["--help"][..]),
        // The feature adds a flag.
        #[cfg(not(feature = "parquet"))]
        ("help_bulk", &["bulk", "--help"]),
        ("help_call", &["call", "--help"]),
        ("help_chat", &["chat", "--help"]),
        ("help_embed", &["embed", "--help"]),
        ("help_invoke", &["invoke", "--help"]),
        ("help_serve", &["serve", "--help"]),
        ("help_conformance", &["conformance", "--help"]),
    ] {
        let output = run(command, None, &[("COLUMNS", "100")]);
        insta::assert_snapshot!(name, text(&output.stdout));
    }
}

#[test]
fn body_is_text_a_file_or_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body.json");
    std::fs::write(&path, r#"{"inputText":"in"}"#).unwrap();
    let path = path.to_str().unwrap();
    let mut responses = Vec::new();
    for body in [
        r#"{"inputText":"in"}"#,
        "-",
        "@-",
        &format!("@{path}"),
        &format!("file://{path}"),
        &format!("fileb://{path}"),
    ] {
        let output = local(&["--body", body]);
        assert!(output.status.success(), "{body}: {}", text(&output.stderr));
        responses.push(text(&output.stdout));
    }
    assert!(responses[0].contains("\"embedding\""));
    assert!(responses.iter().all(|response| *response == responses[0]));
}

#[test]
fn explain_prints_the_source_of_each_setting() {
    let output = local(&["--body", "-", "--explain"]);
    let shown = text(&output.stderr);
    assert!(shown.contains("endpoint     http://127.0.0.1:"), "{shown}");
    assert!(
        shown.contains("(set by a flag or the configuration file)")
            && shown.contains("/model/amazon.titan-embed-text-v2%253A0/invoke")
    );
    assert!(text(&output.stdout).contains("\"embedding\""));
}

#[test]
fn profile_takes_precedence_over_the_environment() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let text_of_config = "[profile dev]\nregion = eu-north-1\naws_access_key_id = AKIDDEV\n\
        aws_secret_access_key = the-secret\n";
    std::fs::write(home.path().join(".aws/config"), text_of_config).unwrap();
    let path = home.path().to_str().unwrap();
    let environment = [
        ("HOME", path),
        ("USERPROFILE", path),
        ("AWS_ACCESS_KEY_ID", "AKIDENV"),
        ("AWS_SECRET_ACCESS_KEY", "the-secret"),
        ("AWS_BEARER_TOKEN_BEDROCK", "the-token"),
    ];
    let invoke = ["invoke", "--dry-run", "--explain", "--model-id", TITAN, "--body", "{}", "--profile"];
    let output = run(&[&invoke[..], &["dev"]].concat(), None, &environment);
    let (shown, explained) = (text(&output.stdout), text(&output.stderr));
    assert!(shown.contains("Credential=AKIDDEV/"), "{shown}{explained}");
    assert!(
        explained.contains(
            "region       eu-north-1 (profile in the shared files)\n\
             credentials  SigV4 (default chain: profile `dev`: static keys)\n"
        ),
        "{explained}"
    );
    assert!(!shown.contains("the-secret") && !explained.contains("the-secret"));
    let environment = [("AWS_REGION", "us-east-1"), ("HOME", path), ("USERPROFILE", path)];
    check_failure(
        &run(&[&invoke[..], &["missing"]].concat(), None, &environment),
        3,
        "profile `missing`: it does not exist in",
    );
}

#[test]
fn unknown_model_proposes_the_closest() {
    let check = |model: &str, words: &str| {
        let output = run(&["invoke", "--local", "-m", model, "--body", "{}"], None, &[]);
        check_failure(&output, 4, words);
    };
    check("us.amazon.titan-embed-text-v2.0", "; did you mean `us.amazon.titan-embed-text-v2:0`?\n");
    let output = run(&["invoke", "--local", "-m", "gpt-4o", "--body", "{}"], None, &[]);
    assert!(!text(&output.stderr).contains("did you mean"), "{}", text(&output.stderr));
}

#[test]
fn aws_cli_flags_without_effect_are_accepted() {
    let flags = ["--cli-binary-format", "raw-in-base64-out", "--output", "json", "--no-cli-pager"];
    let output = local(&[&flags[..], &["--body", "-"]].concat());
    assert!(output.status.success());
    assert_eq!(
        text(&output.stderr),
        "note: ignored the AWS CLI flags that have no effect here: --cli-binary-format, --output, --no-cli-pager\n"
    );
    let output = local(&["--cli-binary-format", "base64", "--body", "e30="]);
    assert_eq!(output.status.code(), Some(2), "the body would be sent without decoding");
}

#[test]
fn debug_logs_spans_without_secrets() {
    let arguments = ["invoke", "--local", "-m", TITAN, "--body", r#"{"inputText":"private"}"#];
    let logs = |more: &[&str], environment: &[(&str, &str)]| {
        text(&run(&[&arguments[..], more].concat(), None, environment).stderr)
    };
    let shown = logs(&["--debug"], &[]);
    assert!(shown.contains("gen_ai.request.model=\"amazon.titan-embed-text-v2:0\""), "{shown}");
    assert!(shown.contains("http.response.status_code=200"), "{shown}");
    assert!(!shown.contains("private") && !shown.contains("Signature"), "{shown}");
    assert!(logs(&[], &[("RUST_LOG", "invoke_model_client=info")]).contains("call{"));
    assert_eq!(logs(&[], &[]), "");
    assert_eq!(logs(&["--debug"], &[("RUST_LOG", "off")]), "");
    assert!(logs(&[], &[("RUST_LOG", "a=b=c")]).starts_with("note: ignored RUST_LOG: "));
}

#[test]
fn error_keeps_its_lines_and_replaces_other_control_characters() {
    let output = local(&["--body", "@/no/such\n\u{1b}[31mfile"]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{error}");
    assert!(error.starts_with("error: --body: cannot read /no/such\n [31mfile: "), "{error:?}");
}

#[test]
fn error_of_the_service_keeps_its_lines() {
    let body = r#"{"error":"ValidationException","message":"two\nlines"}"#;
    let output = run(&["invoke", "--local", "--model-id", "local.error-v1", "--body", body], None, &[]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{error}");
    assert!(error.contains("ValidationException: two\nlines"), "{error:?}");
}

#[cfg(unix)]
#[test]
fn body_file_must_be_a_regular_file() {
    let output = local(&["--body", "@/dev/stdin"]);
    let expected = "--body: /dev/stdin is not a regular file; use `--body -` to read standard input";
    check_failure(&output, 3, expected);
}
