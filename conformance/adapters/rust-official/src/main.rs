//! Makes the calls of conformance scenarios with the official crate `aws-sdk-bedrockruntime`.
//!
//! Usage: `adapter-rust-official [--listen PORT]`
//!
//! The crate has no reflection, so this adapter supports only the operations in [`calls`], and only text in the messages of inputs.

mod async_invokes;
mod calls;
mod client;
mod errors;
mod inputs;
mod outputs;

use std::error::Error;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader, stdin, stdout};
use tokio::net::TcpListener;
use tokio::time::sleep;

/// The result of a conversion or a call. The error is the reason why the adapter does not support a scenario.
type Supported<T> = Result<T, String>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.is_empty() {
        return serve(BufReader::new(stdin()), stdout()).await;
    }
    let ["--listen", port] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return Err("usage: adapter-rust-official [--listen PORT]".into());
    };
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    loop {
        let (input, output) = listener.accept().await?.0.into_split();
        tokio::spawn(async move {
            if let Err(error) = serve(BufReader::new(input), output).await {
                eprintln!("{error}");
            }
        });
    }
}

async fn serve(
    input: impl AsyncBufRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
) -> Result<(), Box<dyn Error>> {
    let mut lines = input.lines();
    while let Some(line) = lines.next_line().await? {
        let line: Value = serde_json::from_str(&line)?;
        let response = if line.get("kit").is_some() {
            let version = aws_sdk_bedrockruntime::meta::PKG_VERSION;
            json!({ "client": "rust-official", "version": version, "unreported": [] })
        } else {
            respond(&line).await.unwrap_or_else(|reason| json!({ "unsupported": reason }))
        };
        output.write_all(format!("{response}\n").as_bytes()).await?;
        output.flush().await?;
    }
    Ok(())
}

/// Makes the call of a scenario. To cancel the call, drops its future.
async fn respond(line: &Value) -> Supported<Value> {
    let client = client::load(&line["settings"]).await?;
    let call = calls::call(&client, line);
    match line["cancel"]["after_ms"].as_u64() {
        None => call.await,
        Some(after) => tokio::select! {
            response = call => response,
            () = sleep(Duration::from_millis(after)) => Ok(json!({ "cancelled": true })),
        },
    }
}
