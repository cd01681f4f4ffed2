//! `invoke-model serve`: the local endpoint, until it is interrupted.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use invoke_model_local::{AccessPolicy, FaultFile, FaultFileError, LocalEndpoint};

use crate::arguments::Serve;
use crate::exit::Failure;

pub(crate) async fn run(arguments: Serve) -> Result<(), Failure> {
    let pace = Duration::from_millis(arguments.pace);
    let mut builder = LocalEndpoint::builder().port(arguments.port).verify(!arguments.no_verify).pace(pace);
    if let (Some(id), Some(secret)) = (&arguments.access_key_id, &arguments.secret_access_key) {
        builder = builder.credentials(id, secret, None);
    }
    if let Some(region) = &arguments.region {
        builder = builder.region(region);
    }
    if let Some(token) = &arguments.bearer_token {
        builder = builder.bearer_token(token);
    }
    if let Some(path) = &arguments.faults {
        builder = builder.fault_file(faults(path).map_err(|error| Failure::input(&error))?);
    }
    let policy =
        arguments.deny.iter().fold(AccessPolicy::allow_all(), |policy, pattern| policy.deny(pattern));
    let local = builder.policy(policy).start().await.map_err(|error| Failure::input(&error))?;
    announce(&local).map_err(|error| Failure::output(&error))?;
    tokio::signal::ctrl_c().await.map_err(|error| Failure::input(&error))?;
    local.stop().await;
    Ok(())
}

/// Why the file of `--faults` is of no use.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("--faults {path}: cannot be read: {source}")]
    Read { path: String, source: std::io::Error },
    #[error("--faults {path}: {source}")]
    Understand { path: String, source: FaultFileError },
}

fn faults(path: &Path) -> Result<FaultFile, FileError> {
    let name = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| FileError::Read { path: name(), source })?;
    FaultFile::from_json(&text).map_err(|source| FileError::Understand { path: name(), source })
}

/// Lines for a shell, so that any AWS client finds the endpoint and can sign for it.
fn announce(local: &LocalEndpoint) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={}", local.url())?;
    writeln!(out, "export AWS_REGION={}", local.region())?;
    writeln!(out, "export AWS_DEFAULT_REGION={}", local.region())?;
    writeln!(out, "export AWS_ACCESS_KEY_ID={}", local.access_key_id())?;
    writeln!(out, "export AWS_SECRET_ACCESS_KEY={}", local.secret_access_key())?;
    out.flush()
}
