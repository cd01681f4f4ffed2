//! Tests of `invoke-model call`.

use serde_json::{Value, json};

use super::scripted_server::{ScriptedServer, response};
use super::{TITAN, check_failure, run, text};

/// Standard base64 of `{"inputText":"hi","dimensions":256}`.
const BODY: &str = "eyJpbnB1dFRleHQiOiJoaSIsImRpbWVuc2lvbnMiOjI1Nn0=";

fn call(arguments: &[&str], input: &str) -> std::process::Output {
    run(&[&["call", "--local"], arguments].concat(), Some(input), &[])
}

#[test]
fn output_is_one_line_of_json() {
    let input = json!({ "modelId": TITAN, "body": BODY }).to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &input).unwrap();
    let argument = format!("@{}", file.path().display());
    let without_model = json!({ "body": BODY }).to_string();
    let mut outputs = Vec::new();
    for arguments in [
        &["InvokeModel", "--input", &input][..],
        &["InvokeModel", "--input", "-"],
        &["invoke-model", "--input", &argument],
        &["invokemodel", "-m", TITAN, "--input", &without_model],
    ] {
        let output = call(arguments, &input);
        assert!(output.status.success(), "{}", text(&output.stderr));
        outputs.push(text(&output.stdout));
    }
    assert!(outputs.iter().all(|output| *output == outputs[0]), "{outputs:?}");
    assert_eq!(outputs[0].lines().count(), 1);
    let output: Value = serde_json::from_str(&outputs[0]).unwrap();
    assert_eq!(output["contentType"], "application/json");
    assert!(output["body"].is_string());
}

#[test]
fn stream_prints_one_event_per_line() {
    let body = "eyJwcm9tcHQiOiJoaSJ9"; // {"prompt":"hi"}
    let input = json!({ "modelId": "meta.llama3-8b-instruct-v1:0", "body": body }).to_string();
    let output = call(&["InvokeModelWithResponseStream", "--input", "-"], &input);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    assert!(lines.lines().count() > 1, "{lines}");
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event["chunk"]["bytes"].is_string(), "{line}");
    }
}

#[test]
fn every_binding_of_the_input_is_sent() {
    let arn = "arn:aws:bedrock:eu-west-1:123456789012:async-invoke/abc";
    let body = json!({
        "invocationArn": arn,
        "modelArn": "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-reel-v1:0",
        "status": "InProgress",
        "submitTime": "2026-01-31T12:00:00Z",
        "outputDataConfig": { "s3OutputDataConfig": { "s3Uri": "s3://b" } },
    });
    let body = response("200 OK\r\ncontent-type: application/json", body.to_string().as_bytes());
    let server = ScriptedServer::start(vec![body]);
    let input = json!({ "invocationArn": arn }).to_string();
    let arguments = ["call", "get-async-invoke", "--input", &input, "--endpoint-url", &server.url];
    let output =
        run(&[&arguments[..], &["--region", "eu-west-1", "--bearer-token", "t"]].concat(), None, &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["submitTime"], "2026-01-31T12:00:00Z");
    let target = "GET /async-invoke/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aasync-invoke%2Fabc";
    assert_eq!(server.requests()[0].target, target);
}

#[test]
fn wrong_input_is_an_error_that_names_the_member() {
    let check = |input: &str, words: &str| {
        check_failure(&call(&["Converse", "--input", input], ""), 3, words);
    };
    check("{", "not JSON");
    check(r#"{"modelId":"m.n","mesages":[]}"#, "`mesages` is not a member of ConverseInput; known members: ");
    check(r#"{"messages":[]}"#, "`modelId` is required and was not set");
    check("@/no/such/file", "--input: cannot read /no/such/file: ");
}

/// Starts an HTTP/2 server that responds to each call with the frames of the request. Returns its URL.
///
/// The frames of a request with a bearer token are not signed, so they are also valid in the response.
fn echo_server() -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
            let (socket, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(socket).await.unwrap();
            let (request, mut respond) = connection.accept().await.unwrap().unwrap();
            let echo = tokio::spawn(async move {
                let mut body = request.into_body();
                let mut output = respond.send_response(http::Response::new(()), false).unwrap();
                // The loop ends at an error, because the client resets the stream after an invalid event.
                while let Some(Ok(frame)) = body.data().await {
                    let _ = output.send_data(frame, false);
                }
                let _ = output.send_data(Default::default(), true);
            });
            // Drives the connection until the client closes it.
            let _ = connection.accept().await;
            echo.await.unwrap();
        });
    });
    receiver.recv().unwrap()
}

#[test]
fn events_of_a_bidirectional_stream_are_lines() {
    let call = |events: &str| {
        let url = echo_server();
        let input = r#"{"modelId":"amazon.nova-sonic-v1:0"}"#;
        let arguments = ["call", "invoke-model-with-bidirectional-stream", "--input", input];
        let connection = ["--endpoint-url", &url, "--region", "us-east-1", "--bearer-token", "t"];
        run(&[&arguments[..], &connection].concat(), Some(events), &[])
    };
    let events = "{\"chunk\":{\"bytes\":\"b25l\"}}\n{\"chunk\":{\"bytes\":\"dHdv\"}}\n";
    let output = call(events);
    assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), (events, ""));
    assert_eq!(output.status.code(), Some(0));
    check_failure(&call("{"), 6, "error: event in line 1 of standard input: not JSON: ");
    let output = call("{\"chunk\":{\"byte\":\"\"}}\n");
    let expected =
        "error: event in line 1 of standard input: InvokeModelWithBidirectionalStream: event not sent: ";
    check_failure(&output, 6, expected);
    let output = run(&["call", "--local", "InvokeModelWithBidirectionalStream", "--input", "-"], None, &[]);
    check_failure(&output, 3, "--input -: standard input contains the events of this operation");
}

#[test]
fn unknown_operation_proposes_the_closest_and_lists_all() {
    let output = call(&["Convers"], "");
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("a similar value exists: 'Converse'"), "{error}");
    assert!(error.contains("ApplyGuardrail, Converse, ConverseStream, CountTokens, "), "{error}");
}

#[test]
fn error_of_the_service_has_its_exit_code() {
    let body = "eyJlcnJvciI6IkludGVybmFsU2VydmVyRXhjZXB0aW9uIn0="; // {"error":"InternalServerException"}
    let input = json!({ "modelId": "local.error-v1", "body": body }).to_string();
    check_failure(&call(&["InvokeModel", "--input", &input], ""), 5, "InternalServerException");
}

#[test]
fn region_of_an_arn_is_the_region_of_the_call() {
    let input = r#"{"modelId":"arn:aws:bedrock:eu-west-3::foundation-model/amazon.nova-lite-v1:0"}"#;
    let environment = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let output = run(&["call", "Converse", "--dry-run", "--input", input], None, &environment);
    assert!(text(&output.stdout).contains("'https://bedrock-runtime.eu-west-3.amazonaws.com/model/"));
}
