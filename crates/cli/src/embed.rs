//! `invoke-model embed`: prints the embedding of each text as one JSON line.

mod schema;

use std::io;
use std::pin::Pin;

use clap::Args;
use futures_util::stream::{self, Stream, StreamExt};
use invoke_model_client::Usage;
use serde_json::json;
use serde_json::value::RawValue;

use crate::connection::{Connection, Session};
use crate::exit::Failure;
use crate::input::{self, ReadError};
use crate::output::{check_output, print_error, print_output};
use crate::settings::Settings;
pub(crate) use schema::Schema;

/// Arguments of `embed`.
#[derive(Debug, Args)]
pub(crate) struct Embed {
    /// Texts [default: the lines of standard input]
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,
    /// Model id, inference profile id, ARN, or alias of a text embedding model of Amazon Titan or Cohere
    /// [default: `embedding_model` in the configuration file]
    #[arg(short, long, visible_alias = "model", value_name = "ID")]
    model_id: Option<String>,
    /// Length of the vectors, for models with several lengths
    #[arg(long, value_name = "N")]
    dimensions: Option<u32>,
    /// Purpose of the vectors, for Cohere: search_document, search_query, classification or clustering
    #[arg(long, value_name = "TYPE", default_value = "search_document")]
    input_type: String,
    /// Print only the vectors, without the texts
    #[arg(long)]
    vectors_only: bool,
    /// Number of calls that run at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// Continue after a text that the service rejects, and print null instead of its vector; the exit code is the
    /// code of the first failure
    #[arg(long)]
    keep_going: bool,
    /// Print the number of input tokens to standard error
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(arguments: &Embed) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let model_id = settings.embedding_model_id(arguments.model_id.as_deref())?;
    let schema =
        Schema::new(&model_id, arguments.dimensions, &arguments.input_type).map_err(Failure::input)?;
    check_output()?;
    let session = arguments.connection.open(settings, Some(&model_id)).await?;
    let unit = if arguments.texts.is_empty() { "line" } else { "text" };
    let calls = texts(arguments).enumerate().map(|(index, text)| {
        let (session, model_id) = (&session, &model_id);
        async move {
            let text = text.map_err(|error| Failure::input(ReadError(error)));
            match text {
                Ok(text) => {
                    let result = embed(session, schema, model_id, &text).await;
                    (text, result.map_err(|failure| failure.at(&format_args!("{unit} {}", index + 1))))
                }
                Err(failure) => (String::new(), Err(failure)),
            }
        }
    });
    // `buffered` keeps the order of the texts.
    let mut results = std::pin::pin!(calls.buffered(arguments.concurrency.into()));
    let (mut first_failure, mut tokens) = (None, 0);
    while let Some((text, result)) = results.next().await {
        let vector = match result {
            Ok((vector, usage)) => {
                tokens += usage.input_tokens.unwrap_or_default();
                Some(vector)
            }
            // Stop after a failure without a response, such as missing credentials, because it would repeat
            // for each text.
            Err(failure) if !arguments.keep_going || !failure.is_response() => return Err(failure),
            Err(failure) => {
                first_failure.get_or_insert(failure.print());
                None
            }
        };
        let vector = vector.as_deref().map_or("null", RawValue::get);
        print(&text, vector, arguments.vectors_only)?;
    }
    if arguments.verbose {
        print_error(&format_args!("{tokens} input tokens"));
    }
    first_failure.map_or(Ok(()), Err)
}

type Texts = Pin<Box<dyn Stream<Item = io::Result<String>>>>;

/// Returns the texts of the arguments, or the lines of standard input.
fn texts(arguments: &Embed) -> Texts {
    if !arguments.texts.is_empty() {
        return Box::pin(stream::iter(arguments.texts.clone().into_iter().map(Ok)));
    }
    let mut lines = input::lines();
    Box::pin(stream::poll_fn(move |cx| lines.poll_recv(cx)))
}

async fn embed(
    session: &Session,
    schema: Schema<'_>,
    model_id: &str,
    text: &str,
) -> Result<(Box<RawValue>, Usage), Failure> {
    let body = schema.body(text).to_string();
    let call = session.client.invoke_model().model_id(model_id).body(body);
    let (output, metadata) = call.send_with_metadata().await.map_err(|error| session.failure(error))?;
    let vector = schema.vector(&output.body);
    let vector = vector.map_err(|error| Failure::incomplete(error).with_response(output.body.clone()))?;
    Ok((vector, metadata.usage))
}

/// Prints one line. Copies the vector from the text of the response, so its numbers lose no digits.
fn print(text: &str, vector: &str, vectors_only: bool) -> Result<(), Failure> {
    let line = match vectors_only {
        true => format!("{vector}\n"),
        false => format!("{{\"text\":{},\"embedding\":{vector}}}\n", json!(text)),
    };
    print_output(line.as_bytes())
}
