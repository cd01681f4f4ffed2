//! Tests of the options, the output and the end of `invoke-model serve`.

use std::net::TcpListener;
use std::process::Command;

use super::served::Served;
use super::{TITAN, check_failure, program, run, text};

#[test]
fn shell_commands_set_the_variables_of_clients() {
    let served = Served::start(&["--region", "eu-west-1"], &[("NO_PROXY", ".example.com")]);
    let address = served.address();
    let url = format!("http://{address}");
    let expected = [
        format!("AWS_ENDPOINT_URL_BEDROCK_RUNTIME={url}"),
        "AWS_REGION=eu-west-1".to_owned(),
        "AWS_DEFAULT_REGION=eu-west-1".to_owned(),
        "AWS_ACCESS_KEY_ID=LOCALACCESSKEYID".to_owned(),
        "AWS_SECRET_ACCESS_KEY=local/secret/access/key/that/is/not/secret".to_owned(),
        format!("ANTHROPIC_BEDROCK_BASE_URL={url}"),
        format!("AWS_BEDROCK_RUNTIME_ENDPOINT={url}"),
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false".to_owned(),
        "AWS_USE_FIPS_ENDPOINT=false".to_owned(),
        "AWS_USE_DUALSTACK_ENDPOINT=false".to_owned(),
        "NO_PROXY=127.0.0.1,localhost,::1,.example.com".to_owned(),
        "no_proxy=127.0.0.1,localhost,::1,.example.com".to_owned(),
    ];
    assert_eq!(served.exports, expected);
    assert!(served.unset.starts_with("unset AWS_SESSION_TOKEN ") && served.unset.contains(" AWS_PROFILE "));
    assert!(served.unset.ends_with(" AWS_BEARER_TOKEN_BEDROCK"), "{}", served.unset);
}

#[cfg(unix)]
#[test]
fn shell_commands_are_quoted() {
    let arguments = ["--access-key-id", "a b", "--secret-access-key", "it's", "--bearer-token", "t", "--tls"];
    let served = Served::start(&arguments, &[]);
    assert!(!served.unset.contains("AWS_BEARER_TOKEN_BEDROCK"), "{}", served.unset);
    assert!(served.unset.starts_with("unset AWS_SESSION_TOKEN "), "{}", served.unset);
    assert_eq!(served.variable("AWS_BEARER_TOKEN_BEDROCK"), "t");
    let script = format!(
        "AWS_PROFILE=p\nexport {}\n{}\nprintf '%s|%s|%s' \"$AWS_ACCESS_KEY_ID\" \"$AWS_SECRET_ACCESS_KEY\" \
         \"$AWS_PROFILE\"",
        served.exports.join("\nexport "),
        served.unset
    );
    let output = Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
    assert_eq!(text(&output.stdout), "a b|it's|");
}

#[test]
fn each_call_is_logged_as_text() {
    let mut served = Served::start(&[], &[]);
    let page = format!("The page http://{}/_local/ shows the calls.\n", served.address());
    assert_eq!(served.log(), page);
    served.post("amazon.titan-embed-text-v2%1b%0a", "invoke", "{}").unwrap();
    let line = served.log();
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(time.ends_with('Z') && time.contains('T'), "{line}");
    let model = r"amazon.titan-embed-text-v2\u{1b}\n";
    let expected = format!("InvokeModel {model} 403 MissingAuthenticationTokenException ");
    assert!(rest.starts_with(&expected), "{line}");
    assert!(rest.ends_with("ms signature=rejected (Missing Authentication Token)\n"), "{line}");
}

#[test]
fn each_call_is_logged_as_json() {
    let mut served = Served::start(&["--log", "json", "--no-verify"], &[]);
    served.log();
    served.post(TITAN, "invoke", r#"{"inputText":"in"}"#).unwrap();
    let line: serde_json::Value = serde_json::from_str(&served.log()).unwrap();
    assert_eq!((&line["operation"], &line["model_id"]), (&"InvokeModel".into(), &TITAN.into()));
    assert_eq!((&line["status"], &line["signature"]), (&200.into(), &"not_verified".into()));
    assert_eq!((&line["input_tokens"], &line["response_complete"]), (&1.into(), &true.into()));
    assert!(line["duration_ms"].is_u64() && line["error_code"].is_null(), "{line}");
}

#[test]
fn other_addresses_cause_a_warning() {
    let mut served = Served::start(&["--host", "0.0.0.0"], &[]);
    assert!(served.log().starts_with("warning: 0.0.0.0 is not a loopback address: "));
    assert!(served.address().starts_with("127.0.0.1:"), "{}", served.address());
    assert!(served.send("GET", "/_local/health", "").unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    let output = run(&["serve", "--host", "example.com"], None, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("not an IP address; use 127.0.0.1"));
}

#[test]
fn the_health_of_an_endpoint_is_checked() {
    let served = Served::start(&[], &[]);
    let port = served.address().rsplit_once(':').unwrap().1.to_owned();
    let check = || run(&["serve", "--check", "--host", "0.0.0.0", "--port", &port], None, &[]);
    let output = check();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    drop(served);
    check_failure(&check(), 6, &format!("error: no healthy endpoint at 127.0.0.1:{port}: "));
}

#[test]
fn a_port_in_use_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = run(&["serve", "--port", &port], None, &[]);
    check_failure(&output, 3, &format!("error: cannot listen on 127.0.0.1:{port}: "));
    check_failure(&output, 3, "; choose another port, or 0 for any free port");
}

#[test]
fn the_certificate_is_written_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("certificate.pem");
    let served = Served::start(&["--tls", "--certificate", path.to_str().unwrap()], &[]);
    assert!(served.variable("AWS_ENDPOINT_URL_BEDROCK_RUNTIME").starts_with("https://127.0.0.1:"));
    for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] {
        assert_eq!(served.variable(name), path.to_str().unwrap());
    }
    let certificate = std::fs::read_to_string(&path).unwrap();
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"), "{certificate}");
    let invoke = ["invoke", "--model-id", TITAN, "--body", r#"{"inputText":"in"}"#];
    let output = run(&invoke, None, &served.variables());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("\"embedding\""));

    let missing = folder.path().join("missing").join("certificate.pem");
    let output = run(&["serve", "--tls", "--certificate", missing.to_str().unwrap()], None, &[]);
    check_failure(&output, 3, &format!("error: cannot write the certificate to {}: ", missing.display()));
}

#[test]
fn a_command_runs_with_the_variables() {
    let temporary = tempfile::tempdir().unwrap();
    let program = program();
    let invoke = ["invoke", "--model-id", TITAN, "--body", r#"{"inputText":"in"}"#];
    let environment = [
        ("AWS_SESSION_TOKEN", "old"),
        ("AWS_BEARER_TOKEN_BEDROCK", "old"),
        ("https_proxy", "http://127.0.0.1:9"),
        ("TMPDIR", temporary.path().to_str().unwrap()),
    ];
    let output = run(&[&["serve", "--tls", "--", &program], &invoke[..]].concat(), None, &environment);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("{\"embedding\""), "{}", text(&output.stdout));
    assert_eq!(text(&output.stderr), "", "the log is off");
    assert_eq!(temporary.path().read_dir().unwrap().count(), 0, "the certificate is removed");
    let wrong = run(&["serve", "--", &program, "invoke", "--model-id", TITAN, "--body", "no"], None, &[]);
    assert_eq!(wrong.status.code(), Some(4), "the exit code of the command");
}

#[test]
fn a_command_that_cannot_run_has_the_exit_codes_of_shells() {
    check_failure(
        &run(&["serve", "--", "/no/such/command"], None, &[]),
        127,
        "cannot run `/no/such/command`: ",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    check_failure(&run(&["serve", "--", path], None, &[]), 126, &format!("cannot run `{path}`: "));
}

#[cfg(unix)]
mod signals {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpStream;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use rustix::process::Signal;

    use super::super::kill;
    use super::{Served, program};

    /// Starts a stream that never ends. Returns its connection after the head of the response has arrived.
    fn endless_stream(address: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        let body = r#"{"prompt":"hello"}"#;
        let request = format!(
            "POST /model/meta.llama3-8b-instruct-v1%3A0/invoke-with-response-stream HTTP/1.1\r\n\
             host: {address}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream.read_exact(&mut [0; 16]).unwrap();
        stream
    }

    /// Returns `true` if this process ignores SIGHUP. Its children then ignore the signal, too.
    fn ignores_hangup() -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        ignored.is_some_and(|set| u64::from_str_radix(set.trim(), 16).unwrap() & 1 == 1)
    }

    #[test]
    fn signals_stop_the_endpoint() {
        let mut signals = vec![Signal::INT, Signal::TERM, Signal::HUP];
        if ignores_hangup() {
            println!("SIGHUP is not tested, because `nohup` or a similar program runs this test");
            signals.pop();
        }
        for signal in signals {
            let temporary = tempfile::tempdir().unwrap();
            let environment = [("TMPDIR", temporary.path().to_str().unwrap())];
            let mut served = Served::start(&["--tls"], &environment);
            assert_eq!(temporary.path().read_dir().unwrap().count(), 1, "the certificate");
            kill(&served.child, signal);
            assert_eq!(served.child.wait().unwrap().code(), Some(0), "{signal:?}");
            assert_eq!(temporary.path().read_dir().unwrap().count(), 0, "the certificate is removed");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nohup_ignores_a_closed_terminal() {
        let mut command = Command::new("/bin/sh");
        let program = program();
        command.args(["-c", &format!("trap '' HUP; exec {program} serve")]).env_clear();
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        while !lines.next().unwrap().starts_with("unset ") {}
        kill(&child, Signal::HUP);
        assert!(child.try_wait().unwrap().is_none());
        kill(&child, Signal::TERM);
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }

    #[test]
    fn a_call_in_progress_is_completed() {
        let mut served = Served::start(&["--no-verify", "--pace", "20"], &[]);
        let mut stream = endless_stream(served.address());
        kill(&served.child, Signal::TERM);
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        assert!(response.ends_with(b"0\r\n\r\n"));
        assert_eq!(served.child.wait().unwrap().code(), Some(0));
    }

    #[test]
    fn a_second_signal_ends_at_once() {
        let mut served = Served::start(&["--no-verify", "--pace", "1000000"], &[]);
        let mut stream = endless_stream(served.address());
        kill(&served.child, Signal::TERM);
        // When the endpoint no longer accepts connections, it has received the first signal.
        while TcpStream::connect(served.address()).is_ok() {}
        kill(&served.child, Signal::INT);
        assert_eq!(served.child.wait().unwrap().code(), Some(130));
        let mut response = Vec::new();
        let _ = stream.read_to_end(&mut response);
        assert!(!response.ends_with(b"0\r\n\r\n"));
    }

    #[test]
    fn the_command_gets_sigterm() {
        let mut command = Command::new(program());
        command.args(["serve", "--", "/bin/sh", "-c", "echo ready; exec sleep 1000"]).env_clear();
        let mut child = command.env("PATH", "/usr/bin:/bin").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        kill(&child, Signal::TERM);
        let status = child.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (Some(143), None));
    }
}
