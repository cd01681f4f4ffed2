//! `invoke-model invoke`: makes one call.

use std::path::Path;

use invoke_model_client::types::{InvokeModelOutput, Operation};
use invoke_model_client::{Body, Call};
use serde_json::json;

use crate::arguments::Invoke;
use crate::connection::Session;
use crate::exit::Failure;
use crate::input::{self, Source, SourceError};
use crate::outfile::Outfile;
use crate::output::{check_output, print_error, print_output};
use crate::request_metadata;
use crate::settings::Settings;
use crate::stream;

pub(crate) async fn run(arguments: &Invoke) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let model_id = settings.model_id(arguments.model_id.as_deref())?;
    let source = arguments.body.as_deref().map(Source::new);
    let body = source.as_ref().map(body).transpose().map_err(Failure::input)?;
    if source.is_none() && input::is_piped() {
        print_error(&"note: the request has no body; to send standard input as the body, use `--body -`");
    }
    let metadata = arguments.request_metadata.as_deref().map(request_metadata::parse);
    let metadata = metadata.transpose().map_err(Failure::input)?;
    // `-` means standard output, as in most commands.
    let outfile = arguments.outfile.as_deref().filter(|path| *path != Path::new("-"));
    match outfile {
        Some(_) if arguments.stream => {
            return Err(Failure::usage(
                "--stream prints to standard output: omit OUTFILE, and redirect the output",
            ));
        }
        Some(_) => {}
        None => check_output()?,
    }
    let session = arguments.connection.open(settings, Some(&model_id)).await?;
    let client = &session.client;
    if arguments.stream {
        let call =
            with_members!(client.invoke_model_with_response_stream(), arguments, model_id, metadata, body);
        if inspect(&call, arguments, source.as_ref(), &session).await? {
            stream::run(call, arguments.raw, &session).await?;
        }
    } else {
        let call = with_members!(client.invoke_model(), arguments, model_id, metadata, body);
        if inspect(&call, arguments, source.as_ref(), &session).await? {
            let outfile = outfile.map(Outfile::open).transpose().map_err(Failure::outfile)?;
            let output = call.send().await.map_err(|error| session.failure(error))?;
            print(&output, outfile)?;
        }
    }
    Ok(())
}

/// Sets the input members that have a flag.
///
/// The two operations have the same members, but their calls have different types. A macro is shorter than a
/// trait for both types.
macro_rules! with_members {
    ($call:expr, $arguments:expr, $model_id:expr, $metadata:expr, $body:expr, $($member:ident),*) => {{
        let mut call = $call.model_id(&$model_id);
        if let Some(metadata) = $metadata {
            call = call.request_metadata(metadata);
        }
        $(if let Some(value) = &$arguments.$member {
            call = call.$member(value.as_str());
        })*
        match $body {
            Some(body) => call.body(body),
            None => call,
        }
    }};
    ($call:expr, $arguments:expr, $model_id:expr, $metadata:expr, $body:expr) => {
        with_members!(
            $call, $arguments, $model_id, $metadata, $body, content_type, accept, trace, guardrail_identifier,
            guardrail_version, performance_config_latency, service_tier
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
    source.check_json("--body")?;
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
    arguments.inspection.print(session, explain, body).await
}

/// Writes the body to the file, and prints the other members of the output. Prints the body if there is no
/// file or if the write fails, because the service bills the response in any case.
fn print(output: &InvokeModelOutput, outfile: Option<Outfile<'_>>) -> Result<(), Failure> {
    let Some(outfile) = outfile else { return print_body(&output.body) };
    if let Err(error) = outfile.write(&output.body) {
        let place = match print_body(&output.body) {
            Ok(()) => "the response is on standard output",
            Err(failure) => {
                // Otherwise, the failed function has already printed the body to standard error.
                if !failure.has_message() {
                    print_error(&String::from_utf8_lossy(&output.body));
                }
                "the response is on standard error"
            }
        };
        return Err(Failure::outfile(error).with_advice(place));
    }
    let mut members = json!({ "contentType": output.content_type });
    if let Some(latency) = &output.performance_config_latency {
        members["performanceConfigLatency"] = json!(latency);
    }
    if let Some(tier) = &output.service_tier {
        members["serviceTier"] = json!(tier);
    }
    print_output(format!("{members:#}\n").as_bytes())
}

/// Prints a body, and ends its last line.
fn print_body(body: &[u8]) -> Result<(), Failure> {
    print_output(body)?;
    if body.ends_with(b"\n") { Ok(()) } else { print_output(b"\n") }
}
