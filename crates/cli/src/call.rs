//! `invoke-model call`: calls any operation with JSON.

use std::io::{self, IsTerminal, Write};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use invoke_model_client::{Client, JsonCall};
use serde_json::Value;

use crate::connection::{Connection, Session};
use crate::dry_run::Inspection;
use crate::exit::Failure;
use crate::input::Source;
use crate::settings::Settings;
use crate::stream::until_interrupt;

/// Arguments of `call`.
#[derive(Debug, Args)]
pub(crate) struct CallArguments {
    /// Name of the operation, such as `Converse` or `converse`
    #[arg(value_parser = operations(), ignore_case = true)]
    operation: String,
    /// Input as JSON, with the member names of the API and blobs in base64: text, `@FILE`, or `-` for standard
    /// input [default: {}]
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

/// Error of `--input` with `--model-id` if the input is not a JSON object.
#[derive(Debug, thiserror::Error)]
enum InputError {
    #[error("--input: not JSON: {0}")]
    NotJson(serde_json::Error),

    #[error("--input: the input must be a JSON object, because --model-id sets its member `modelId`")]
    NotObject,
}

pub(crate) async fn run(arguments: &CallArguments) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let model_id = match &arguments.model_id {
        Some(model_id) => Some(settings.model_id(Some(model_id))?),
        None => None,
    };
    let input = match &arguments.input {
        Some(argument) => Source::new(argument).read("--input").map_err(|error| Failure::input(&error))?,
        None => b"{}".to_vec(),
    };
    let input = match &model_id {
        Some(model_id) => with_model(&input, model_id).map_err(|error| Failure::input(&error))?,
        None => input,
    };
    let session =
        arguments.connection.open(settings, model_id.or_else(|| model_of(&input)).as_deref()).await?;
    let name = arguments.operation.replace('-', "");
    let name = Client::operation_names().iter().find(|known| known.eq_ignore_ascii_case(&name));
    let name = name.copied().unwrap_or(&arguments.operation);
    let create = || -> Result<JsonCall, Failure> {
        Ok(session.client.operation(name).map_err(Failure::call)?.json_text(&input))
    };
    if arguments.inspection.is_requested() {
        let explanation = create()?.explain().await.map_err(|error| session.failure(error))?;
        if !arguments.inspection.print(&explanation, None)? {
            return Ok(());
        }
    }
    send(create()?, &session).await
}

/// Returns the member `modelId` of an input, which may be an ARN with a region. Ignores an input that is not
/// valid, because the client returns a better error when the call is sent.
fn model_of(input: &[u8]) -> Option<String> {
    serde_json::from_slice::<Value>(input).ok()?["modelId"].as_str().map(str::to_owned)
}

/// Sets the member `modelId` of an input.
fn with_model(input: &[u8], model_id: &str) -> Result<Vec<u8>, InputError> {
    let mut input: Value = serde_json::from_slice(input).map_err(InputError::NotJson)?;
    let members = input.as_object_mut().ok_or(InputError::NotObject)?;
    members.insert("modelId".to_owned(), model_id.into());
    Ok(input.to_string().into_bytes())
}

async fn send(call: JsonCall, session: &Session) -> Result<(), Failure> {
    if !call.has_event_stream() {
        let output = call.send().await.map_err(|error| session.failure(error))?;
        let is_terminal = io::stdout().is_terminal();
        let text = if is_terminal { format!("{output:#}") } else { output.to_string() };
        return print_line(&text);
    }
    let mut events = call.send_stream().await.map_err(|error| session.failure(error))?.events;
    let printed = until_interrupt(async {
        while let Some(event) = events.recv().await.map_err(Failure::call)? {
            print_line(&event.to_string())?;
        }
        Ok(())
    });
    let result = printed.await;
    result.unwrap_or_else(|| Err(Failure::interrupted(&events.received())))
}

fn print_line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_the_name_of_the_aws_cli() {
        assert_eq!(kebab_case("InvokeModelWithResponseStream"), "invoke-model-with-response-stream");
        for name in Client::operation_names() {
            assert!(kebab_case(name).replace('-', "").eq_ignore_ascii_case(name));
        }
    }

    #[test]
    fn model_replaces_the_member_of_the_input() {
        let check = |input: &str, expected: &str| {
            let result = with_model(input.as_bytes(), "m");
            let text = result.map(|input| String::from_utf8(input).unwrap());
            assert_eq!(text.unwrap_or_else(|error| error.to_string()), expected);
        };
        check("{}", r#"{"modelId":"m"}"#);
        check(r#"{"modelId":"n","a":[1.0]}"#, r#"{"a":[1.0],"modelId":"m"}"#);
        check("[]", "--input: the input must be a JSON object, because --model-id sets its member `modelId`");
        check("{", "--input: not JSON: EOF while parsing an object at line 1 column 1");
    }
}
