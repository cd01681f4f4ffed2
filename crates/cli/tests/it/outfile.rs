//! Tests of OUTFILE, the file for the body of a response.

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::scripted_server::{ScriptedServer, read_request, response};
use super::{ENVIRONMENT, TITAN, check_failure, local, program, run, text};

#[test]
fn outfile_gets_the_body_and_the_other_members_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("response.json");
    let output = local(&["--body", "-", "--service-tier", "flex", path.to_str().unwrap()]);
    assert_eq!(
        text(&output.stdout),
        "{\n  \"contentType\": \"application/json\",\n  \"serviceTier\": \"flex\"\n}\n"
    );
    assert!(std::fs::read_to_string(path).unwrap().contains("\"embedding\""));
}

#[test]
fn outfile_replaces_a_file_only_after_a_successful_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("response.json");
    std::fs::write(&path, "old ".repeat(10_000)).unwrap();
    let argument = path.to_str().unwrap();
    check_failure(&local(&["--body", "not json", argument]), 4, "ValidationException");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("old "));
    assert!(local(&["--body", "-", argument]).status.success());
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.starts_with("{\"embedding\"") && !written.contains("old"), "{written}");
}

#[test]
fn outfile_is_opened_before_the_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("response.json");
    // The service would reject this body, but the command fails before it sends the request.
    let output = local(&["--body", "not json", path.to_str().unwrap()]);
    check_failure(&output, 1, &format!("cannot write the output: {}: ", path.display()));
}

#[cfg(unix)]
#[test]
fn outfile_can_be_standard_output() {
    let output = local(&["--body", "-", "/dev/stdout"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("{\"embedding\""));
}

#[test]
fn hyphen_is_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program());
    command.args(["invoke", "--local", "-m", TITAN, "--body", r#"{"inputText":"in"}"#, "-"]);
    let output = command.current_dir(&folder).env_clear().output().unwrap();
    assert!(text(&output.stdout).starts_with("{\"embedding\""), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn stream_has_no_file() {
    let body = ["--stream", "--body", r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#];
    let invoke = |path: &str| {
        run(&[&["invoke", "--local", "-m", "amazon.nova-lite-v1:0"], &body[..], &[path]].concat(), None, &[])
    };
    check_failure(&invoke("a.txt"), 2, "error: --stream prints to standard output: omit OUTFILE");
    assert_eq!(text(&invoke("-").stdout), "You said: hi\n");
}

/// Runs `invoke` with this OUTFILE. Calls `change` after the request arrived, and before the response is
/// sent.
fn with_change(outfile: &Path, change: impl FnOnce()) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut command = Command::new(program());
    command.args(["invoke", "-m", TITAN, "--body", "{}", "--endpoint-url", &url]).arg(outfile);
    command.env_clear().envs(ENVIRONMENT).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let (mut socket, _) = listener.accept().unwrap();
    read_request(&mut BufReader::new(&socket));
    change();
    socket.write_all(&response("200 OK\r\ncontent-type: application/json", b"{\"paid\":1}")).unwrap();
    child.wait_with_output().unwrap()
}

/// Checks that the response is on standard output, and that the error names the file.
fn check_response_on_standard_output(output: &Output, outfile: &Path) {
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), "{\"paid\":1}\n"), "{error}");
    assert!(
        error.starts_with(&format!("error: cannot write the output: {}: ", outfile.display())),
        "{error}"
    );
    assert!(error.ends_with("; the response is on standard output\n"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn response_of_a_full_disk_goes_to_standard_output() {
    let path = Path::new("/dev/full");
    check_response_on_standard_output(&with_change(path, || {}), path);
}

#[cfg(target_os = "linux")]
#[test]
fn response_of_a_full_standard_output_goes_to_standard_error() {
    let server = ScriptedServer::start(vec![response("200 OK", b"{\"paid\":1}")]);
    let mut command = Command::new(program());
    command.args(["invoke", "-m", TITAN, "--body", "{}", "--endpoint-url", &server.url]);
    let full = std::fs::File::create("/dev/full").unwrap();
    command.env_clear().envs(ENVIRONMENT).stdin(Stdio::null()).stdout(full).stderr(Stdio::piped());
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    server.requests();
    let error = text(&output.stderr);
    assert!(error.starts_with("{\"paid\":1}\nerror: cannot write the output: "), "{error}");
    assert!(error.ends_with("; the text is on standard error\n"), "{error}");
    assert_eq!(output.status.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn response_of_a_removed_folder_goes_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("folder").join("response.json");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let output = with_change(&path, || std::fs::remove_dir_all(path.parent().unwrap()).unwrap());
    check_response_on_standard_output(&output, &path);
}

#[cfg(unix)]
#[test]
fn response_of_a_closed_pipe_goes_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    // Each side waits until the other side has opened the pipe.
    let reader = std::thread::spawn({
        let path = path.clone();
        move || std::fs::File::open(path).unwrap()
    });
    let output = with_change(&path, || drop(reader.join().unwrap()));
    check_response_on_standard_output(&output, &path);
}

#[cfg(unix)]
#[test]
fn removed_file_is_created_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("response.json");
    let output = with_change(&path, || std::fs::remove_file(&path).unwrap());
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert_eq!(std::fs::read_to_string(path).unwrap(), "{\"paid\":1}");
}
