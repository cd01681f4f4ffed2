//! `invoke-model chat`: asks a model a question, or holds a conversation.

mod attachment;
mod conversation;
mod interactive;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::connection::Connection;
use crate::dry_run::Inspection;
use crate::exit::Failure;
use crate::input::Source;
use crate::output::{check_output, print_error};
use crate::settings::Settings;
use conversation::Conversation;

/// Arguments of `chat`.
#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// Question. Piped standard input is appended to it. Without a question and a pipe, starts a conversation
    #[arg(value_name = "PROMPT")]
    question: Option<String>,
    /// Question, instead of the argument PROMPT
    #[arg(short, long, value_name = "TEXT", conflicts_with = "question", allow_hyphen_values = true)]
    prompt: Option<String>,
    /// Model id, inference profile id, ARN, or alias [default: `model` in the configuration file]
    #[arg(short, long, visible_alias = "model", value_name = "ID")]
    model_id: Option<String>,
    /// System prompt: text or `@FILE`
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    system: Option<String>,
    /// Maximum number of output tokens [default: the default of the model]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_tokens: Option<u32>,
    /// Randomness of the response, from 0 to 1 [default: the default of the model]
    #[arg(long, value_name = "T", value_parser = finite)]
    temperature: Option<f64>,
    /// Image to send with the first question: png, jpeg, gif or webp; can be repeated
    #[arg(long, value_name = "FILE")]
    image: Vec<PathBuf>,
    /// Document to send with the first question: pdf, csv, doc, docx, xls, xlsx, html, txt or md; can be repeated
    #[arg(long, value_name = "FILE")]
    document: Vec<PathBuf>,
    /// Print the response when it is complete, instead of while the model generates it
    #[arg(long)]
    no_stream: bool,
    /// Hold a conversation, also if standard input is not a terminal: each line is a question
    #[arg(short, long, conflicts_with_all = ["dry_run", "explain"])]
    interactive: bool,
    /// Print token counts, latency and request id to standard error
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    inspection: Inspection,
    #[command(flatten)]
    connection: Connection,
}

/// Parses a number that JSON can contain. `f64` also parses `nan` and `inf`.
fn finite(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| "not a number".to_owned())
}

/// Error of a `chat` without a question.
#[derive(Debug, thiserror::Error)]
#[error("no question: pass it as an argument, with --prompt, or on standard input")]
struct NoQuestion;

pub(crate) async fn run(arguments: &Chat) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let model_id = settings.model_id(arguments.model_id.as_deref())?;
    let question = arguments.question.as_ref().or(arguments.prompt.as_ref());
    let input = io::stdin();
    let is_conversation = arguments.interactive || (question.is_none() && input.is_terminal());
    let mut text = question.cloned().unwrap_or_default();
    // `--system -` reads standard input.
    let has_piped_question = arguments.system.as_deref().map(Source::new) != Some(Source::StandardInput);
    if !is_conversation && !input.is_terminal() && has_piped_question {
        let piped = Source::StandardInput.read_text("standard input");
        append(&mut text, &piped.map_err(Failure::input)?);
    }
    if !is_conversation && text.trim().is_empty() {
        return Err(Failure::input(NoQuestion));
    }
    let attachments = attachment::blocks(&arguments.image, &arguments.document);
    let attachments = attachments.map_err(Failure::input)?;
    let members = members(arguments)?;
    check_output()?;
    let session = arguments.connection.open(settings, Some(&model_id)).await?;
    let mut conversation = Conversation::new(&session, model_id, members);
    conversation.stream = !arguments.no_stream;
    conversation.verbose = arguments.verbose;
    conversation.attach(attachments);
    if is_conversation {
        return interactive::run(conversation, question.cloned()).await;
    }
    if !arguments.inspection.print(&session, conversation.explain(&text), None).await? {
        return Ok(());
    }
    if let Some(note) = conversation.ask(&text).await? {
        print_error(&format_args!("note: {note}"));
    }
    Ok(())
}

/// Appends the piped text as the context of the question.
fn append(question: &mut String, piped: &str) {
    let piped = piped.trim_end_matches(['\r', '\n']);
    if !question.is_empty() && !piped.is_empty() {
        question.push_str("\n\n");
    }
    question.push_str(piped);
}

/// Returns the members of the input that are the same in all calls of a conversation.
fn members(arguments: &Chat) -> Result<Map<String, Value>, Failure> {
    let mut members = Map::new();
    if let Some(system) = &arguments.system {
        let source = Source::new(system);
        if let Some(name) = source.file_name() {
            print_error(&format_args!(
                "note: the system prompt is the text `{name}`; to read the file, use `--system @{name}`"
            ));
        }
        let text = source.read_text("--system").map_err(Failure::input)?;
        members.insert("system".to_owned(), json!([{ "text": text }]));
    }
    let mut inference = Map::new();
    if let Some(max_tokens) = arguments.max_tokens {
        inference.insert("maxTokens".to_owned(), max_tokens.into());
    }
    if let Some(temperature) = arguments.temperature {
        inference.insert("temperature".to_owned(), temperature.into());
    }
    if !inference.is_empty() {
        members.insert("inferenceConfig".to_owned(), inference.into());
    }
    Ok(members)
}

#[cfg(test)]
mod tests;
