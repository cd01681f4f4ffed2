//! `invoke-model serve`: runs the local endpoint until Ctrl-C.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use invoke_model_local::{AccessPolicy, FaultFile, FaultFileError, LocalEndpoint};

use crate::arguments::Serve;
use crate::exit::Failure;

pub(crate) async fn run(arguments: &Serve) -> Result<(), Failure> {
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
        builder = builder.fault_file(rule_file("--faults", path).map_err(|error| Failure::input(&error))?);
    }
    builder = arguments.backend.configure(builder, arguments.region.as_deref())?;
    let policy =
        arguments.deny.iter().fold(AccessPolicy::allow_all(), |policy, pattern| policy.deny(pattern));
    let local = builder.policy(policy).start().await.map_err(|error| Failure::input(&error))?;
    print_environment(&local).map_err(|error| Failure::output(&error))?;
    tokio::signal::ctrl_c().await.map_err(|error| Failure::input(&error))?;
    local.stop().await;
    Ok(())
}

/// Error of a `--faults` or `--rules` file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{flag} {}: cannot read the file: {error}", path.display())]
    Read { flag: &'static str, path: PathBuf, error: io::Error },

    #[error("{flag} {}: {error}", path.display())]
    Parse { flag: &'static str, path: PathBuf, error: FaultFileError },
}

/// Reads a file with rules. `flag` is the flag that names the file.
pub(crate) fn rule_file(flag: &'static str, path: &Path) -> Result<FaultFile, FileError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| FileError::Read { flag, path: path.to_owned(), error })?;
    FaultFile::from_json(&text).map_err(|error| FileError::Parse { flag, path: path.to_owned(), error })
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
