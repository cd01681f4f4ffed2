//! Makes the calls of conformance scenarios with `invoke-model-client`, by the names of the operations.
//!
//! Usage: `adapter-rust [--listen PORT]`

mod config;
mod report;

use std::error::Error as StdError;
use std::io::{BufRead, Write, stdin, stdout};
use std::net::TcpListener;
use std::time::Duration;

use invoke_model_client::{Client, Error, ErrorKind};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn StdError>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, port] = &arguments[..] else { return serve(stdin().lock(), stdout()) };
    assert_eq!(listen, "--listen", "usage: adapter-rust [--listen PORT]");
    for connection in TcpListener::bind(("127.0.0.1", port.parse()?))?.incoming() {
        let connection = connection?;
        serve(std::io::BufReader::new(&connection), &connection)?;
    }
    Ok(())
}

fn serve(input: impl BufRead, mut output: impl Write) -> Result<(), Box<dyn StdError>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    for line in input.lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let response = match request.get("kit") {
            Some(_) => json!({"client": "rust", "version": env!("CARGO_PKG_VERSION"), "unreported": []}),
            None => runtime.block_on(run(&request)),
        };
        writeln!(output, "{response}")?;
        output.flush()?;
    }
    Ok(())
}

/// Makes the call of a scenario. To cancel the call, drops its future.
async fn run(request: &Value) -> Value {
    let client = match config::of(&request["settings"]).map(Client::new) {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => return json!({"error": report::config_error(&error)}),
        Err(unsupported) => return json!({"unsupported": unsupported}),
    };
    let mut response = json!({});
    let cancel = request["cancel"]["after_ms"].as_u64().map_or(Duration::MAX, Duration::from_millis);
    match tokio::time::timeout(cancel, call(&client, request, &mut response)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => response["error"] = report::error(&error),
        Err(_) => response = json!({"cancelled": true}),
    }
    response
}

/// Makes the call. Writes the output and the events into `response` as they arrive, so that they are reported even if
/// the call fails later.
async fn call(client: &Client, request: &Value, response: &mut Value) -> Result<(), Error> {
    let call = client.operation(request["operation"].as_str().unwrap_or_default())?;
    let mut input = config::without_tags(&request["input"]);
    if !call.has_event_stream() {
        response["output"] = report::with_tags("", call.json(input).send().await?);
        return Ok(());
    }
    let mut received = if call.has_input_event_stream() {
        let events = input["body"].take();
        input.as_object_mut().and_then(|members| members.remove("body"));
        let mut stream = call.json(input).send_bidirectional().await?;
        for event in events.as_array().into_iter().flatten() {
            // If the service has stopped reading events, the response contains the reason.
            if let Err(error) = stream.sender.send(event.clone()).await {
                match error.kind() {
                    ErrorKind::Transport(_) => break,
                    _ => return Err(error),
                }
            }
        }
        let _ = stream.sender.close().await;
        stream.response.await?
    } else {
        call.json(input).send_stream().await?
    };
    response["output"] = report::with_tags("", received.output);
    response["events"] = json!([]);
    while let Some(event) = received.events.recv().await? {
        let Some(events) = response["events"].as_array_mut() else { break };
        events.push(report::with_tags("", event));
        if request["cancel"]["after_events"].as_u64() == Some(events.len() as u64) {
            *response = json!({"cancelled": true});
            break;
        }
    }
    Ok(())
}
