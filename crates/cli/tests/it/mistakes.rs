//! Tests of common mistakes: the command says what to do.

use std::process::{Command, Output, Stdio};

use super::{ENVIRONMENT, TITAN, check_failure, local, program, run, text};

/// Runs the command in a folder with the file `b.json`, without standard input.
fn in_folder(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b.json"), r#"{"inputText":"in"}"#).unwrap();
    let mut command = Command::new(program());
    command.args(arguments).env_clear().current_dir(folder.path()).stdin(Stdio::null());
    command.output().unwrap()
}

#[test]
fn name_of_a_file_needs_an_at_sign() {
    let check = |arguments: &[&str], flag: &str, name: &str| {
        let words =
            format!("error: {flag}: `{name}` is not JSON, but the name of a file; use `{flag} @{name}`");
        check_failure(&in_folder(arguments), 3, &words);
    };
    check(&["invoke", "--local", "-m", TITAN, "--body", "b.json"], "--body", "b.json");
    check(&["invoke", "--local", "-m", TITAN, "--stream", "--body", "./b.json"], "--body", "./b.json");
    check(&["call", "--local", "CountTokens", "--input", "b.json"], "--input", "b.json");
    let output = in_folder(&["invoke", "--local", "-m", TITAN, "--body", "@b.json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    // The service explains why the text of a missing file is not a body.
    check_failure(
        &in_folder(&["invoke", "--local", "-m", TITAN, "--body", "c.json"]),
        4,
        "ValidationException",
    );
    let output = in_folder(&["chat", "--local", "-m", "amazon.nova-lite-v1:0", "--system", "b.json", "hi"]);
    let note = "note: the system prompt is the text `b.json`; to read the file, use `--system @b.json`\n";
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), note));
}

#[test]
fn piped_input_without_a_body_is_noted() {
    let piped = |arguments: &[&str]| run(&[arguments, &["--local", "-m", TITAN]].concat(), Some("{}"), &[]);
    let output = piped(&["invoke"]);
    let error = text(&output.stderr);
    let note = "note: the request has no body; to send standard input as the body, use `--body -`\n";
    assert!(error.starts_with(note) && output.status.code() == Some(4), "{error}");
    let output = piped(&["call", "InvokeModel", "--dry-run"]);
    assert_eq!((output.status.code(), text(&output.stderr).contains("standard input")), (Some(0), false));
    let output = piped(&["call", "CountTokens"]);
    let error = text(&output.stderr);
    assert!(error.ends_with("; to send standard input as the input, use `--input -`\n"), "{error}");
    let output = in_folder(&["invoke", "--local", "-m", TITAN]);
    assert!(text(&output.stderr).starts_with("error: InvokeModel: "), "without a pipe, there is no note");
}

#[test]
fn system_prompt_can_be_standard_input() {
    let chat = ["chat", "--local", "--dry-run", "-m", "amazon.nova-lite-v1:0", "--system", "-", "question"];
    let shown = text(&run(&chat, Some("be brief"), &[]).stdout);
    assert!(shown.contains(r#""text":"be brief""#) && shown.contains(r#"[{"text":"question"}]"#), "{shown}");
}

#[test]
fn guardrail_needs_its_version() {
    for (given, missing) in [
        (["--guardrail-identifier", "abc"], "--guardrail-version <VERSION>"),
        (["--guardrail-version", "1"], "--guardrail-identifier <ID>"),
    ] {
        let output = local(&[&["--body", "-"], &given[..]].concat());
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("required arguments were not provided") && error.contains(missing), "{error}");
    }
}

#[test]
fn request_metadata_is_checked() {
    for metadata in ["team=search", "[]", r#"{"team":1}"#, r#"{"team":null}"#, "", r#""secret""#] {
        let output = local(&["--body", "-", "--request-metadata", metadata]);
        check_failure(
            &output,
            3,
            "error: --request-metadata: not a JSON object with string values (line 1, ",
        );
        assert!(!text(&output.stderr).contains("secret"), "the metadata is sensitive");
    }
    let output = local(&["--body", "-", "--request-metadata", "{\n  \"team\": \"Köln 😀\"\n}"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// Words of the library, which users of the command do not know.
const LIBRARY_WORDS: [&str; 9] = [
    "in code",
    "on the call",
    "ConfigBuilder",
    "CacheConfig",
    "TimeoutConfig",
    "SdkConfig",
    "::",
    "_chain",
    "_provider",
];

#[test]
fn errors_do_not_name_the_library() {
    let invoke = ["invoke", "-m", TITAN, "--body", "{}"];
    let check = |more: &[&str], environment: &[(&str, &str)], code: i32, words: &str| {
        let output = run(&[&invoke[..], more].concat(), None, environment);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(words), "{error}");
        for word in LIBRARY_WORDS {
            assert!(!error.contains(word), "{word}: {error}");
        }
    };
    let source = "(set by a flag or the configuration file)";
    check(&[], &[], 3, "set --region or AWS_REGION");
    check(&["--endpoint-url", "http://127.0.0.1:1"], &[], 3, "set --region or AWS_REGION");
    check(&["--region", "us east"], &[], 3, &format!("region {source}: "));
    check(&["--region", "us-east-1", "--bearer-token", "a b"], &[], 3, &format!("bearer token {source}: "));
    check(&["--region", "us-east-1", "--endpoint-url", "x"], &[], 3, &format!("endpoint URL {source}: "));
    check(&["--region", "us-east-1"], &[], 3, "no credentials: ");
    let fips = [&ENVIRONMENT[..], &[("AWS_USE_FIPS_ENDPOINT", "true")]].concat();
    check(&["--endpoint-url", "http://127.0.0.1:1"], &fips, 3, "flag or the configuration file");
    let output = local(&["--body", "-", "--explain", "--dry-run"]);
    let explained = text(&output.stderr);
    assert!(explained.contains(source), "{explained}");
    assert!(LIBRARY_WORDS.iter().all(|word| !explained.contains(word)), "{explained}");
}
