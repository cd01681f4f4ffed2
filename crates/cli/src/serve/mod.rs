//! `invoke-model serve`: runs the local endpoint until a signal arrives, or until a command has ended.

mod certificate;
mod child;
mod environment;
mod health;
mod log;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use invoke_model_local::{AccessPolicy, FaultFile, GuardrailFile, LocalEndpoint, LocalEndpointBuilder};

use crate::arguments::{LogFormat, Serve};
use crate::exit::Failure;
use crate::output::print_error;
use crate::signals::Signals;

use self::certificate::CertificateFile;
use self::environment::ClientEnvironment;

pub(crate) async fn run(arguments: &Serve) -> Result<(), Failure> {
    if arguments.check {
        let checked = health::check(arguments.host, arguments.port).await;
        return checked.map_err(Failure::incomplete);
    }
    let mut signals = Signals::new().map_err(Failure::input)?;
    let local = builder(arguments).await?.start().await.map_err(Failure::input)?;
    let certificate =
        CertificateFile::write(&local, arguments.certificate.as_deref()).map_err(Failure::input)?;
    let environment = ClientEnvironment::new(&local, certificate.as_ref().map(CertificateFile::path));
    if !local.address().ip().is_loopback() {
        print_error(&format_args!(
            "warning: {} is not a loopback address: other machines can call the endpoint, and read its records \
             at /_local/",
            local.address().ip()
        ));
    }
    if let Some((program, program_arguments)) = arguments.command.split_first() {
        let code = child::run(program, program_arguments, &environment, &mut signals).await?;
        local.stop().await;
        return if code == 0 { Ok(()) } else { Err(Failure::status(code)) };
    }
    environment.print(&mut io::stdout().lock()).map_err(Failure::output)?;
    print_error(&format_args!("The page {}/_local/ shows the calls.", local.url()));
    signals.next().await;
    tokio::select! {
        _ = local.stop() => Ok(()),
        signal = signals.next() => Err(Failure::status(signal.exit_code())),
    }
}

/// Returns the configuration of the endpoint.
async fn builder(arguments: &Serve) -> Result<LocalEndpointBuilder, Failure> {
    let mut builder = LocalEndpoint::builder()
        .host(arguments.host)
        .port(arguments.port)
        .tls(arguments.tls)
        .verify(!arguments.no_verify)
        .pace(Duration::from_millis(arguments.pace));
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
    // If a command runs, the log is off by default, so that it does not mix with the output of the command.
    let default = if arguments.command.is_empty() { LogFormat::Text } else { LogFormat::Off };
    builder = match arguments.log.unwrap_or(default) {
        LogFormat::Text => builder.on_call(|call| write_line(log::text(call))),
        LogFormat::Json => builder.on_call(|call| write_line(log::json(call))),
        LogFormat::Off => builder,
    };
    builder = arguments.backend.configure(builder, arguments.region.as_deref()).await?;
    let policy =
        arguments.deny.iter().fold(AccessPolicy::allow_all(), |policy, pattern| policy.deny(pattern));
    Ok(builder.policy(policy))
}

/// Writes a line to standard error with one write, so lines of several processes do not mix. Ignores a failed
/// write, because the endpoint works without a log.
fn write_line(mut line: String) {
    line.push('\n');
    let _ = io::stderr().write_all(line.as_bytes());
}

/// The error for a file that is not UTF-8.
#[derive(Debug, thiserror::Error)]
#[error("the file is not UTF-8; save it in this encoding")]
struct NotUtf8;

/// Reads and parses the file of an option.
pub(crate) fn read<T, E: std::error::Error>(
    option: &str,
    path: &Path,
    parse: fn(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    let place = format!("{option} {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Failure::input(NotUtf8).at(&place),
        _ => Failure::input(error).at(&format_args!("{place}: cannot read the file")),
    })?;
    parse(&text).map_err(|error| Failure::input(error).at(&place))
}
