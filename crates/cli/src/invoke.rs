//! `invoke-model invoke`: makes one call.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use invoke_model_client::types::{InvokeModelOutput, Operation};
use invoke_model_client::{
    Body, Call, Client, ConfigBuilder, ConfigError, Credentials, Explanation, RetryConfig,
};
use invoke_model_local::LocalEndpoint;
use serde_json::json;

use crate::arguments::Invoke;
use crate::exit::Failure;
use crate::print_error;
use crate::stream;

pub(crate) async fn run(arguments: &Invoke) -> Result<(), Failure> {
    let local = match arguments.local {
        true => Some(LocalEndpoint::start().await.map_err(|error| Failure::input(&error))?),
        false => None,
    };
    let client = client(arguments, local.as_ref())?;
    let body = arguments.body.as_deref().map(body).transpose().map_err(|error| Failure::input(&error))?;
    if arguments.stream {
        let call = with_members!(client.invoke_model_with_response_stream(), arguments, body);
        if explain(&call, arguments).await? == Next::Send {
            stream::run(call, arguments.raw).await?;
        }
    } else {
        let call = with_members!(client.invoke_model(), arguments, body);
        if explain(&call, arguments).await? == Next::Send {
            let outfile = arguments.outfile.as_deref().map(Outfile::open).transpose();
            let outfile = outfile.map_err(|error| Failure::output(&error))?;
            let output = call.send().await.map_err(|error| Failure::call(&error))?;
            print(&output, outfile).map_err(|error| Failure::output(&error))?;
        }
    }
    Ok(())
}

fn client(arguments: &Invoke, local: Option<&LocalEndpoint>) -> Result<Client, Failure> {
    let config = match local {
        Some(local) => local_config(arguments, local),
        None => config(arguments),
    };
    Client::new(config).map_err(|error| match error {
        ConfigError::NoRegion | ConfigError::NoSigningRegion { .. } => Failure::input(&NoRegion),
        error => Failure::input(&error),
    })
}

/// Error of a call without a region. It replaces the error of the client, because that error names a Rust
/// method instead of a flag.
#[derive(Debug, thiserror::Error)]
#[error("no region: set --region or AWS_REGION")]
struct NoRegion;

fn config(arguments: &Invoke) -> ConfigBuilder {
    let mut config = ConfigBuilder::from_env();
    if let Some(region) = &arguments.region {
        config = config.region(region);
    }
    if let Some(profile) = &arguments.profile {
        config = config.profile_name(profile);
    }
    if let Some(url) = &arguments.endpoint_url {
        config = config.endpoint_url(url);
    }
    config.region_from_arn(&arguments.model_id)
}

/// Returns a configuration for the local endpoint. The configuration ignores the environment, so the call is
/// the same on every machine. Retries are disabled, because a retry to the local endpoint would fail in the
/// same way.
fn local_config(arguments: &Invoke, local: &LocalEndpoint) -> ConfigBuilder {
    ConfigBuilder::default()
        .region(arguments.region.as_deref().unwrap_or(local.region()))
        .endpoint_url(local.url())
        .credentials_provider(Credentials::new(local.access_key_id(), local.secret_access_key(), None))
        .retry_config(RetryConfig::disabled())
}

/// Sets the input members that have a flag.
///
/// The two operations have the same members, but their calls have different types. A macro is shorter than a
/// trait for both types.
macro_rules! with_members {
    ($call:expr, $arguments:expr, $body:expr, $($member:ident),*) => {{
        let mut call = $call.model_id(&$arguments.model_id);
        $(if let Some(value) = &$arguments.$member {
            call = call.$member(value.as_str());
        })*
        match $body {
            Some(body) => call.body(body),
            None => call,
        }
    }};
    ($call:expr, $arguments:expr, $body:expr) => {
        with_members!(
            $call, $arguments, $body, content_type, accept, trace, guardrail_identifier, guardrail_version,
            performance_config_latency, service_tier, request_metadata
        )
    };
}
use with_members;

/// Error of a `--body` that cannot be read.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("--body -: cannot read standard input: {0}")]
    Input(io::Error),

    #[error("--body: cannot read {}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },

    #[error("--body: {} is not a regular file; use `--body -` to read standard input", _0.display())]
    NotRegular(PathBuf),
}

/// Returns the body for an argument of `--body`.
///
/// The argument `-` means standard input. `@FILE`, `file://FILE` and `fileb://FILE` mean a file. Any other
/// argument is the body itself.
///
/// This function does not load a file into memory. The client reads the file once to hash it, and once to
/// send it.
fn body(argument: &str) -> Result<Body, BodyError> {
    if argument == "-" {
        let mut input = Vec::new();
        io::stdin().lock().read_to_end(&mut input).map_err(BodyError::Input)?;
        return Ok(Body::from(input));
    }
    let prefixes = ["@", "file://", "fileb://"];
    let Some(path) = prefixes.iter().find_map(|prefix| argument.strip_prefix(prefix)).map(PathBuf::from)
    else {
        return Ok(Body::from(argument.to_owned()));
    };
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(Body::from_path(path)),
        Ok(_) => Err(BodyError::NotRegular(path)),
        Err(error) => Err(BodyError::File { path, error }),
    }
}

/// Step after the explanation of a call.
#[derive(PartialEq)]
enum Next {
    Send,
    Stop,
}

/// Prints the explanation for `--explain`, and the request for `--dry-run`.
async fn explain<O: Operation>(call: &Call<O>, arguments: &Invoke) -> Result<Next, Failure>
where
    O::Input: Clone,
{
    if !arguments.dry_run && !arguments.explain {
        return Ok(Next::Send);
    }
    let explanation = call.clone().explain().await.map_err(|error| Failure::call(&error))?;
    if arguments.explain {
        print_error(&explanation);
    }
    if !arguments.dry_run {
        return Ok(Next::Send);
    }
    let text = dry_run(&explanation);
    io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::output(&error))?;
    Ok(Next::Stop)
}

/// Length in bytes of the longest body that `--dry-run` prints. For a longer body, `--dry-run` prints only
/// the length.
const LONGEST_BODY: usize = 4096;

/// Returns the request as HTTP/1.1 text, followed by the equivalent curl command. Secrets are redacted.
fn dry_run(explanation: &Explanation) -> String {
    let request = &explanation.request;
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut text = format!("{} {target} HTTP/1.1\n", request.method());
    let mut curl = format!("curl --request {}", request.method());
    for (name, value) in explanation.redacted_headers() {
        text.push_str(&format!("{name}: {value}\n"));
        curl.push_str(&format!(" --header {}", shell_quoted(&format!("{name}: {value}"))));
    }
    text.push('\n');
    match std::str::from_utf8(request.body()) {
        Ok(body) if body.len() <= LONGEST_BODY => {
            text.push_str(body);
            if !body.is_empty() {
                curl.push_str(&format!(" --data-binary {}", shell_quoted(body)));
            }
        }
        _ => {
            text.push_str(&format!("({} bytes)", request.body().len()));
            curl.push_str(" --data-binary @BODY");
        }
    }
    format!("{text}\n\n{curl} {}\n", shell_quoted(&request.uri().to_string()))
}

/// Returns the text in single quotes for a POSIX shell.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The file for the body of the response.
///
/// The file is opened before the request is sent, because the service also bills a response that cannot be
/// written. The file keeps its old content until the call has succeeded.
struct Outfile<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> Outfile<'a> {
    fn open(path: &'a Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        file.map(|file| Self { path, file }).map_err(|error| with_path(path, &error))
    }

    fn write(mut self, body: &[u8]) -> io::Result<()> {
        let mut replace = || {
            // A pipe or a terminal cannot be truncated.
            if self.file.metadata()?.is_file() {
                self.file.set_len(0)?;
            }
            self.file.write_all(body)
        };
        replace().map_err(|error| with_path(self.path, &error))
    }
}

/// Adds the path to an error, because the errors of the operating system do not contain it.
fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Prints the body. If there is an `outfile`, writes the body to the file, and prints the other members
/// instead.
fn print(output: &InvokeModelOutput, outfile: Option<Outfile<'_>>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if let Some(outfile) = outfile {
        outfile.write(&output.body)?;
        let mut members = json!({ "contentType": output.content_type });
        if let Some(latency) = &output.performance_config_latency {
            members["performanceConfigLatency"] = json!(latency);
        }
        if let Some(tier) = &output.service_tier {
            members["serviceTier"] = json!(tier);
        }
        return writeln!(out, "{members:#}");
    }
    out.write_all(&output.body)?;
    if !output.body.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    out.flush()
}
