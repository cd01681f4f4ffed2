//! `invoke-model invoke`: makes one call.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use invoke_model_client::types::{InvokeModelOutput, Operation};
use invoke_model_client::{Body, Call};
use serde_json::json;

use crate::arguments::Invoke;
use crate::connection::Session;
use crate::exit::Failure;
use crate::input::{Source, SourceError};
use crate::settings::Settings;
use crate::stream;

pub(crate) async fn run(arguments: &Invoke) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let model_id = settings.model_id(arguments.model_id.as_deref())?;
    let session = arguments.connection.open(settings, Some(&model_id)).await?;
    let client = &session.client;
    let source = arguments.body.as_deref().map(Source::new);
    let body = source.as_ref().map(body).transpose().map_err(|error| Failure::input(&error))?;
    if arguments.stream {
        let call = with_members!(client.invoke_model_with_response_stream(), arguments, model_id, body);
        if inspect(&call, arguments, source.as_ref(), &session).await? {
            stream::run(call, arguments.raw, &session).await?;
        }
    } else {
        let call = with_members!(client.invoke_model(), arguments, model_id, body);
        if inspect(&call, arguments, source.as_ref(), &session).await? {
            let outfile = arguments.outfile.as_deref().map(Outfile::open).transpose();
            let outfile = outfile.map_err(|error| Failure::output(&error))?;
            let output = call.send().await.map_err(|error| session.failure(error))?;
            print(&output, outfile).map_err(|error| Failure::output(&error))?;
        }
    }
    Ok(())
}

/// Sets the input members that have a flag.
///
/// The two operations have the same members, but their calls have different types. A macro is shorter than a
/// trait for both types.
macro_rules! with_members {
    ($call:expr, $arguments:expr, $model_id:expr, $body:expr, $($member:ident),*) => {{
        let mut call = $call.model_id(&$model_id);
        $(if let Some(value) = &$arguments.$member {
            call = call.$member(value.as_str());
        })*
        match $body {
            Some(body) => call.body(body),
            None => call,
        }
    }};
    ($call:expr, $arguments:expr, $model_id:expr, $body:expr) => {
        with_members!(
            $call, $arguments, $model_id, $body, content_type, accept, trace, guardrail_identifier,
            guardrail_version, performance_config_latency, service_tier, request_metadata
        )
    };
}
use with_members;

/// Returns the body for `--body`.
///
/// This function does not load a file into memory. The client reads the file once to hash it, and once to
/// send it.
fn body(source: &Source) -> Result<Body, SourceError> {
    source.check_file("--body")?;
    match source {
        Source::File(path) => Ok(Body::from_path(path)),
        Source::Text(_) | Source::StandardInput => source.read("--body").map(Body::from),
    }
}

/// Prints the texts of `--explain` and `--dry-run`. Returns `false` if the call must not be sent.
async fn inspect<O: Operation>(
    call: &Call<O>,
    arguments: &Invoke,
    body: Option<&Source>,
    session: &Session,
) -> Result<bool, Failure>
where
    O::Input: Clone,
{
    let explain = async { call.clone().explain().await.map_err(|error| session.failure(error)) };
    arguments.inspection.print(explain, body).await
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
            // Truncate only a regular file, because a pipe or a terminal cannot be truncated.
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

/// Prints the body. If there is an `outfile`, writes the body to this file instead, and prints the other
/// members of the output.
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
