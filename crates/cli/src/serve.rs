//! `invoke-model serve`: runs the local endpoint until Ctrl-C.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use invoke_model_local::{AccessPolicy, FaultFile, GuardrailFile, LocalEndpoint};

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
        builder = builder.fault_file(read("--faults", path, FaultFile::from_json)?);
    }
    if let Some(path) = &arguments.guardrails {
        builder = builder.guardrail_file(read("--guardrails", path, GuardrailFile::from_json)?);
    }
    builder = builder.async_invoke_duration(Duration::from_millis(arguments.async_duration));
    let policy =
        arguments.deny.iter().fold(AccessPolicy::allow_all(), |policy, pattern| policy.deny(pattern));
    let local = builder.policy(policy).start().await.map_err(|error| Failure::input(&error))?;
    print_environment(&local).map_err(|error| Failure::output(&error))?;
    tokio::signal::ctrl_c().await.map_err(|error| Failure::input(&error))?;
    local.stop().await;
    Ok(())
}

/// Error of a file that cannot be used.
#[derive(Debug, thiserror::Error)]
enum FileError<E> {
    #[error("{option} {}: cannot read the file: {error}", path.display())]
    Read { option: &'static str, path: PathBuf, error: io::Error },

    #[error("{option} {}: {error}", path.display())]
    Parse { option: &'static str, path: PathBuf, error: E },
}

/// Reads and parses the file of an option.
fn read<T, E: std::error::Error>(
    option: &'static str,
    path: &Path,
    parse: fn(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    let path = path.to_owned();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return Err(Failure::input(&FileError::<E>::Read { option, path, error })),
    };
    parse(&text).map_err(|error| Failure::input(&FileError::Parse { option, path, error }))
}

/// Prints shell commands that set the endpoint, region and credentials of any AWS client.
fn print_environment(local: &LocalEndpoint) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={}", local.url())?;
    writeln!(out, "export AWS_REGION={}", local.region())?;
    writeln!(out, "export AWS_DEFAULT_REGION={}", local.region())?;
    writeln!(out, "export AWS_ACCESS_KEY_ID={}", local.access_key_id())?;
    writeln!(out, "export AWS_SECRET_ACCESS_KEY={}", local.secret_access_key())?;
    out.flush()
}
