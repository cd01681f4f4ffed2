//! `invoke-model call`: calls any operation with JSON.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use invoke_model_client::{Client, ErrorKind, JsonCall, JsonEventReceiver, JsonEventSender};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::connection::{Connection, Protocol, Session};
use crate::dry_run::Inspection;
use crate::exit::Failure;
use crate::input::{self, Source};
use crate::output::{check_output, print_output};
use crate::settings::Settings;
use crate::stream::until_interrupt;

/// Arguments of `call`.
#[derive(Debug, Args)]
pub(crate) struct CallArguments {
    /// Name of the operation, such as `Converse` or `converse`
    #[arg(value_parser = operations(), ignore_case = true)]
    operation: String,
    /// Input as JSON text, `@FILE`, or `-` for standard input; members have the names of the API, and blobs are in
    /// base64 [default: {}]
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    input: Option<String>,
    /// Model id, ARN or alias; replaces `modelId` in the input
    #[arg(short, long, visible_alias = "model", value_name = "ID")]
    model_id: Option<String>,
    #[command(flatten)]
    inspection: Inspection,
    #[command(flatten)]
    connection: Connection,
}

/// Returns a parser that accepts the names of all operations. The names of the AWS CLI, such as
/// `converse-stream`, are aliases.
fn operations() -> PossibleValuesParser {
    Client::operation_names().iter().map(|name| PossibleValue::new(*name).alias(kebab_case(name))).into()
}

fn kebab_case(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

/// Error of an input that is not a JSON object, although `--model-id` is set.
#[derive(Debug, thiserror::Error)]
#[error("--input: the input must be a JSON object, because --model-id sets its member `modelId`: {0}")]
struct InputError(#[from] serde_json::Error);

pub(crate) async fn run(arguments: &CallArguments) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let model_id = match &arguments.model_id {
        Some(model_id) => Some(settings.model_id(Some(model_id))?),
        None => None,
    };
    let name = arguments.operation.replace('-', "");
    let name = Client::operation_names().iter().find(|known| known.eq_ignore_ascii_case(&name));
    let name = name.copied().unwrap_or(&arguments.operation);
    let source = arguments.input.as_deref().map(Source::new);
    let reads_input = source.is_some() || name == BIDIRECTIONAL;
    if name == BIDIRECTIONAL && source == Some(Source::StandardInput) {
        return Err(Failure::input(EventError::Input));
    }
    let input = match source {
        Some(source) => {
            source.check_json("--input").map_err(Failure::input)?;
            source.read("--input").map_err(Failure::input)?
        }
        None => b"{}".to_vec(),
    };
    check_output()?;
    let input = match &model_id {
        Some(model_id) => with_model(&input, model_id).map_err(Failure::input)?,
        None => input,
    };
    let protocol = if name == BIDIRECTIONAL { Protocol::Http2 } else { Protocol::Http1 };
    let model_id = model_id.or_else(|| model_of(&input));
    let session =
        arguments.connection.open_with(settings, model_id.as_deref(), protocol, |config| config).await?;
    let create = || -> Result<JsonCall, Failure> {
        Ok(session.client.operation(name).map_err(Failure::call)?.json_text(&input))
    };
    let explain = async { create()?.explain().await.map_err(|error| session.failure(error)) };
    if !arguments.inspection.print(&session, explain, None).await? {
        return Ok(());
    }
    let result = send(create()?, &session).await;
    // Many operations need no input, so the advice is printed only if the call fails.
    match !reads_input && input::is_piped() {
        true => result
            .map_err(|failure| failure.with_advice("to send standard input as the input, use `--input -`")),
        false => result,
    }
}

/// The operation that needs HTTP/2, because the client sends the request while it receives the response.
const BIDIRECTIONAL: &str = "InvokeModelWithBidirectionalStream";

/// Returns the member `modelId` of an input. The member may be an ARN with a region. Ignores an input that is
/// not valid, because the client returns a better error when the call is sent.
fn model_of(input: &[u8]) -> Option<String> {
    serde_json::from_slice::<Value>(input).ok()?["modelId"].as_str().map(str::to_owned)
}

/// Sets the member `modelId` of an input. The other members keep their text, so numbers lose no digits.
fn with_model(input: &[u8], model_id: &str) -> Result<Vec<u8>, InputError> {
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(input)?;
    members.insert("modelId".to_owned(), serde_json::value::to_raw_value(model_id)?);
    Ok(serde_json::to_vec(&members)?)
}

async fn send(call: JsonCall, session: &Session) -> Result<(), Failure> {
    if !call.has_event_stream() {
        let output = call.send().await.map_err(|error| session.failure(error))?;
        let is_terminal = io::stdout().is_terminal();
        let text = if is_terminal { format!("{output:#}\n") } else { format!("{output}\n") };
        return print_output(text.as_bytes());
    }
    if call.has_input_event_stream() {
        let stream = call.send_bidirectional().await.map_err(|error| session.failure(error))?;
        let mut sender = Some(stream.sender);
        let (sent, printed) = (send_events(&mut sender), async {
            let mut events = stream.response.await.map_err(|error| session.failure(error))?.events;
            print_events(&mut events).await
        });
        let result = until_interrupt(async { tokio::try_join!(sent, printed) }).await;
        return result.map_or_else(
            || Err(Failure::interrupted(&"an unknown number of events")),
            |result| result.and_then(|(stopped, ())| stopped.map_or(Ok(()), Err)),
        );
    }
    let mut events = call.send_stream().await.map_err(|error| session.failure(error))?.events;
    let result = until_interrupt(print_events(&mut events)).await;
    result.unwrap_or_else(|| Err(Failure::interrupted(&events.received())))
}

/// Error of the events on standard input.
#[derive(Debug, thiserror::Error)]
enum EventError {
    #[error(
        "--input -: standard input contains the events of this operation: pass the input as text or `@FILE`"
    )]
    Input,

    #[error("cannot read the events on standard input: {0}")]
    Read(io::Error),

    #[error("event in line {line} of standard input: not JSON: {error}")]
    NotJson { line: usize, error: serde_json::Error },
}

/// Sends each line of standard input as an event. At the end of standard input, closes the stream of events.
///
/// If the service stops reading events, returns the failure as a value, because the response contains the reason.
/// Until then, the caller keeps the sender, because dropping it cancels the call.
async fn send_events(sender: &mut Option<JsonEventSender>) -> Result<Option<Failure>, Failure> {
    let mut lines = input::lines();
    let mut line = 0;
    while let (Some(sender), Some(text)) = (sender.as_mut(), lines.recv().await) {
        line += 1;
        let text = text.map_err(|error| Failure::incomplete(EventError::Read(error)))?;
        let event = serde_json::from_str(&text);
        let event = event.map_err(|error| Failure::incomplete(EventError::NotJson { line, error }))?;
        let place = format_args!("event in line {line} of standard input");
        if let Err(error) = sender.send(event).await {
            let is_stopped = matches!(error.kind(), ErrorKind::Transport(_));
            let failure = Failure::call(error).at(&place);
            return if is_stopped { Ok(Some(failure)) } else { Err(failure) };
        }
    }
    match sender.take() {
        Some(sender) => Ok(sender.close().await.err().map(Failure::call)),
        None => Ok(None),
    }
}

/// Prints each event as one line.
async fn print_events(events: &mut JsonEventReceiver) -> Result<(), Failure> {
    while let Some(event) = events.recv().await.map_err(Failure::call)? {
        print_output(format!("{event}\n").as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
