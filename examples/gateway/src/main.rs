//! An example of a gateway to Amazon Bedrock Runtime for several tenants: see `README.md`.

mod failure;
mod gateway;
mod settings;

use std::error::Error;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use gateway::{Gateway, router};
use settings::Settings;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    let path = std::env::args().nth(1).ok_or("usage: invoke-model-gateway CONFIG.toml")?;
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let settings: Settings = toml::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    let listener = TcpListener::bind(&settings.listen).await?;
    let gateway = Arc::new(Gateway::new(settings)?);
    tracing::info!("listening on http://{}", listener.local_addr()?);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
    };
    // After the signal, the server waits for the calls and streams in progress.
    axum::serve(listener, router(gateway.clone())).with_graceful_shutdown(stop).await?;
    gateway.store.flush().await;
    Ok(())
}
