//! Tests of the exit codes.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use super::{ENVIRONMENT, TITAN, check_failure, local, program, run, text};

const LITE: &str = "amazon.nova-lite-v1:0";

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let invoke = ["invoke", "--model-id", TITAN, "--body", "{}"];
    check_failure(&run(&invoke, None, &[]), 3, "error: no region: set --region or AWS_REGION\n");
    check_failure(&run(&invoke, None, &[("AWS_REGION", "us-east-1")]), 3, "AWS_ACCESS_KEY_ID");
    check_failure(&local(&["--body", "@/no/such/file"]), 3, "/no/such/file");
    check_failure(&local(&["--body", "{}", "--trace", "a\nb"]), 3, "`trace`");
    check_failure(&local(&["--body", "not json"]), 4, "ValidationException");
    let environment =
        [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let bad_url = [&invoke[..], &["--endpoint-url", "not a url"]].concat();
    check_failure(&run(&bad_url, None, &environment), 3, "endpoint URL");
    let tls = [&invoke[..], &["--endpoint-url", "https://127.0.0.1:1"]].concat();
    for file in ["/no/such/file.pem", "/"] {
        let output = run(&tls, None, &[&environment[..], &[("AWS_CA_BUNDLE", file)]].concat());
        check_failure(&output, 3, &format!("cannot read the root certificates file {file}"));
    }
    let failing = ["invoke", "--local", "--model-id", "local.error-v1", "--body"];
    let with = |body: &str| run(&[&failing[..], &[body]].concat(), None, &[]);
    check_failure(
        &with(r#"{"error":"ThrottlingException","message":"slow"}"#),
        4,
        "ThrottlingException: slow",
    );
    check_failure(
        &with(r#"{"error":"InternalServerException","message":"oh"}"#),
        5,
        "InternalServerException: oh",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn exit_code_does_not_need_standard_error() {
    let code = |arguments: &[&str]| {
        let full = std::fs::File::create("/dev/full").unwrap();
        let mut command = Command::new(program());
        command.args(["invoke", "--local", "--model-id"]).args(arguments).env_clear();
        command.stdout(Stdio::null()).stderr(full).status().unwrap().code()
    };
    assert_eq!(code(&[TITAN, "--explain", "--body", r#"{"inputText":"in"}"#]), Some(0));
    assert_eq!(code(&[TITAN, "--body", "not json"]), Some(4));
}

/// Calls a server at this URL with a small request.
fn call(url: &str) -> Output {
    run(&["invoke", "--model-id", TITAN, "--body", "{}", "--endpoint-url", url], None, &ENVIRONMENT)
}

#[test]
fn timeout_has_its_exit_code() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let keys = ["--region", "us-east-1", "--bearer-token", "t"];
    let limits = ["--timeout", "50ms", "--max-attempts", "1"];
    let invoke = ["invoke", "-m", TITAN, "--body", "{}", "--endpoint-url", &url];
    let output = run(&[&invoke[..], &keys, &limits].concat(), None, &[]);
    check_failure(&output, 6, "not complete after 50ms; raise `--timeout` if the operation may take longer");
}

#[cfg(unix)]
#[test]
fn closed_pipe_ends_quietly() {
    let mut command = Command::new(program());
    command.args(["embed", "--local", "-m", TITAN]).env_clear();
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    // The command does not try to print before it has read this line. At this time, the test has already
    // closed its end of the output pipe.
    child.stdin.take().unwrap().write_all(b"a\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(141), String::new()));
}

#[test]
fn refused_connection_has_its_exit_code() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    check_failure(&call(&url), 6, "Connection refused");
}

#[test]
fn incomplete_response_has_its_exit_code() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = std::io::Read::read(&mut socket, &mut request).unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").unwrap();
    });
    let output = call(&url);
    server.join().unwrap();
    check_failure(&output, 6, "");
}

#[test]
fn each_command_without_a_connection_has_the_same_exit_code() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let bidirectional = ["call", "InvokeModelWithBidirectionalStream", "-m", "amazon.nova-sonic-v1:0"];
    for arguments in [
        &["invoke", "-m", TITAN, "--body", "{}"][..],
        &["invoke", "-m", TITAN, "--body", "{}", "--stream"],
        &["invoke", "-m", TITAN, "--body", "{}", "--timeout", "10"],
        &["chat", "-m", LITE, "hi"],
        &["chat", "-m", LITE, "--no-stream", "hi"],
        &["embed", "-m", TITAN, "hi"],
        &["call", "ListAsyncInvokes"],
        &bidirectional,
    ] {
        let output = run(&[arguments, &["--endpoint-url", &url]].concat(), None, &ENVIRONMENT);
        check_failure(&output, 6, "Connection refused");
    }
    let proxy = [&ENVIRONMENT[..], &[("https_proxy", url.as_str())]].concat();
    check_failure(&run(&["invoke", "-m", TITAN, "--body", "{}"], None, &proxy), 6, "Connection refused");
}

#[test]
fn unreachable_source_of_credentials_is_no_wrong_setting() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let invoke = ["invoke", "-m", TITAN, "--body", "{}", "--region", "us-east-1"];
    let container = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str())];
    check_failure(&run(&invoke, None, &container), 6, "no credentials: container: ");
    let instance = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*url), ("AWS_EC2_METADATA_DISABLED", "false")];
    check_failure(&run(&invoke, None, &instance), 3, "configure one of these");
}

#[cfg(unix)]
#[test]
fn each_command_ends_quietly_if_the_reader_has_closed_the_pipe() {
    for arguments in [
        &["invoke", "--local", "-m", TITAN, "--body", r#"{"inputText":"in"}"#][..],
        &["invoke", "--local", "--dry-run", "--region", "us-east-1", "-m", TITAN, "--body", "{}"],
        &[
            "invoke",
            "--local",
            "--stream",
            "-m",
            LITE,
            "--body",
            r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#,
        ],
        &["chat", "--local", "-m", LITE, "hi"],
        &["chat", "--local", "-m", LITE, "--no-stream", "hi"],
        &["call", "--local", "ListAsyncInvokes"],
        &["models"],
        &["completions", "bash"],
        &["man"],
        &["serve"],
    ] {
        let (output, reader) = std::os::unix::net::UnixStream::pair().unwrap();
        drop(reader);
        let mut command = Command::new(program());
        command.args(arguments).env_clear().stdin(Stdio::null());
        let output = command.stdout(Stdio::from(std::os::fd::OwnedFd::from(output))).output().unwrap();
        let notes = text(&output.stderr);
        let notes: Vec<&str> = notes.lines().filter(|line| !line.starts_with("note: ")).collect();
        assert_eq!((output.status.code(), notes), (Some(141), Vec::new()), "{arguments:?}");
    }
}

/// Runs a shell command. `$invoke` is the program.
#[cfg(unix)]
fn shell(command: &str) -> Output {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).env_clear().env("invoke", program());
    shell.stdin(Stdio::null()).output().unwrap()
}

#[cfg(unix)]
#[test]
fn closed_output_is_an_error() {
    for command in [
        "invoke --local -m amazon.titan-embed-text-v2:0 --body '{\"inputText\":\"in\"}'",
        "embed --local -m amazon.titan-embed-text-v2:0 hi",
        "chat --local -m amazon.nova-lite-v1:0 hi",
        "call --local ListAsyncInvokes",
        "models",
        "completions bash",
        "man",
        "--help",
        "chat --help",
        "--version",
    ] {
        let output = shell(&format!("$invoke {command} >&-"));
        check_failure(&output, 1, "error: cannot write the output: standard output is closed; ");
        let output = shell(&format!("$invoke {command} > /dev/null"));
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{command}");
    }
}

#[cfg(unix)]
#[test]
fn closed_output_is_no_error_if_the_response_goes_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("response.json");
    let command = "$invoke invoke --local -m amazon.titan-embed-text-v2:0 --body '{\"inputText\":\"in\"}'";
    let output = shell(&format!("{command} {} >&-", path.display()));
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(std::fs::read_to_string(path).unwrap().starts_with("{\"embedding\""));
}
