//! Arguments of the command line. The input flags of `invoke` have the same names as in
//! `aws bedrock-runtime invoke-model`. The arguments of the other commands are in their modules.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::backend::Backend;
use crate::bulk::BulkArguments;
use crate::call::CallArguments;
use crate::chat::Chat;
use crate::conformance::Conformance;
use crate::connection::Connection;
use crate::dry_run::Inspection;
use crate::embed::Embed;
use crate::models::Models;

/// Call models on Amazon Bedrock, or run a local Bedrock Runtime endpoint for tests.
#[derive(Debug, Parser)]
#[command(name = "invoke-model", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// Log calls and attempts to standard error; RUST_LOG selects other logs
    #[arg(long, global = true)]
    pub(crate) debug: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Exit codes in the help text. The codes are stable, because scripts rely on them.
const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    the output could not be written
  2    invalid command line
  3    a setting, the credentials or the input is missing or invalid; no request was sent
  4    the service rejected the call (HTTP 4xx), or the endpoint redirects it (HTTP 3xx)
  5    the service failed (HTTP 5xx)
  6    no complete response: no connection, connection lost, timeout, truncated or unreadable
  7    bulk: records without an output are left; the summary says why
  130  interrupted (Ctrl-C) while streaming
  141  the reader of the output has closed the pipe

Example:
  invoke-model chat --local -m amazon.nova-lite-v1:0 'Which planet has the most moons?'";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask a model a question, or hold a conversation
    #[command(after_help = CHAT_EXAMPLES)]
    Chat(Box<Chat>),
    /// Compute the embedding of each line of text
    #[command(after_help = EMBED_EXAMPLES)]
    Embed(Box<Embed>),
    /// Send a request in the schema of a model, and print the response
    #[command(after_help = INVOKE_EXAMPLES)]
    Invoke(Box<Invoke>),
    /// Send a file of records to a model, and continue after an interruption
    #[command(after_help = BULK_EXAMPLES)]
    Bulk(Box<BulkArguments>),
    /// Call any operation with JSON as input and output
    #[command(after_help = CALL_EXAMPLES)]
    Call(Box<CallArguments>),
    /// List the models and aliases that this command knows
    #[command(after_help = MODELS_EXAMPLES)]
    Models(Models),
    /// Run a local Bedrock Runtime endpoint that any AWS client can call
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Box<Serve>),
    /// Check a client of Bedrock Runtime against the conformance kit
    #[command(after_help = CONFORMANCE_EXAMPLES)]
    Conformance(Box<Conformance>),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// Shell that will read the script
        shell: Shell,
    },
    /// Print a manual page
    #[command(after_help = MAN_EXAMPLES)]
    Man {
        /// Command that the page describes [default: all commands in short]
        command: Option<String>,
    },
}

const CHAT_EXAMPLES: &str = "\
Examples:
  invoke-model chat -m us.amazon.nova-lite-v1:0 'Which planet has the most moons?'
  git diff | invoke-model chat -m haiku --system 'Be brief.' 'Write a commit message.'
  invoke-model chat -m haiku --image photo.png 'What is in this picture?'
  invoke-model chat -m haiku        (a conversation, until /exit or Ctrl-D)";

const EMBED_EXAMPLES: &str = "\
Examples:
  invoke-model embed -m amazon.titan-embed-text-v2:0 --dimensions 256 'first text' 'second text'
  invoke-model embed -m cohere.embed-v4:0 --input-type search_query < queries.txt > vectors.jsonl";

const INVOKE_EXAMPLES: &str = "\
Examples:
  invoke-model invoke -m amazon.titan-embed-text-v2:0 --body '{\"inputText\":\"hello\"}'
  jq -c . body.json | invoke-model invoke -m haiku --stream --body -
  invoke-model invoke -m haiku --body @body.json --dry-run | sh";

const BULK_EXAMPLES: &str = "\
Ctrl-C waits for the calls in flight. A second Ctrl-C cancels them. The same command continues later.

Examples:
  invoke-model bulk -m amazon.titan-embed-text-v2:0 records.jsonl results --max-concurrency 64
  invoke-model bulk -m haiku --operation Converse records.jsonl results --tokens-per-minute 400000
  invoke-model bulk -m haiku records.jsonl results --max-cost 25.50 --prices prices.json";

const CALL_EXAMPLES: &str = "\
Examples:
  invoke-model call CountTokens -m haiku --input @input.json
  invoke-model call ListAsyncInvokes --input '{\"maxResults\":5}' | jq .asyncInvokeSummaries
  invoke-model call converse-stream --input - < input.json
  invoke-model call InvokeModelWithBidirectionalStream -m amazon.nova-2-sonic-v1:0 < events.jsonl";

const MODELS_EXAMPLES: &str = "\
Example:
  invoke-model models claude";

const SERVE_EXAMPLES: &str = "\
Example:
  invoke-model serve --port 8080 --faults faults.json";

const CONFORMANCE_EXAMPLES: &str = "\
Exit codes:
  0  the client has only the differences in the baseline
  1  the client has other differences, an entry of the baseline does not apply, no scenario
     passed, or a file could not be written
  2  the run could not start

Examples:
  invoke-model conformance --adapter 'python3 adapter.py' --baseline baseline.json
  invoke-model conformance --adapter tcp:127.0.0.1:4711 --scenario 'streams/*'";

const COMPLETIONS_EXAMPLES: &str = "\
Example:
  invoke-model completions bash > ~/.local/share/bash-completion/completions/invoke-model";

const MAN_EXAMPLES: &str = "\
Examples:
  invoke-model man | man -l -
  invoke-model man chat > invoke-model-chat.1";

/// Arguments of `invoke`.
#[derive(Debug, Args)]
pub(crate) struct Invoke {
    /// Model id, inference profile id, ARN, or alias [default: `model` in the configuration file]
    #[arg(short, long, visible_alias = "model", value_name = "ID")]
    pub(crate) model_id: Option<String>,
    /// Request body: text, `@FILE`, `file://FILE`, `fileb://FILE`, or `-` or `@-` for standard input
    #[arg(long, value_name = "BODY", allow_hyphen_values = true)]
    pub(crate) body: Option<String>,
    /// Media type of the body [default with a body: application/json]
    #[arg(long, value_name = "TYPE")]
    pub(crate) content_type: Option<String>,
    /// Media type to request for the response
    #[arg(long, value_name = "TYPE")]
    pub(crate) accept: Option<String>,
    /// Guardrail trace: ENABLED, DISABLED or ENABLED_FULL
    #[arg(long, value_name = "TRACE")]
    pub(crate) trace: Option<String>,
    /// Id or ARN of the guardrail to apply; needs --guardrail-version
    #[arg(long, value_name = "ID", requires = "guardrail_version")]
    pub(crate) guardrail_identifier: Option<String>,
    /// Version of the guardrail: a number or DRAFT; needs --guardrail-identifier
    #[arg(long, value_name = "VERSION", requires = "guardrail_identifier")]
    pub(crate) guardrail_version: Option<String>,
    /// Latency: standard or optimized
    #[arg(long, value_name = "LATENCY")]
    pub(crate) performance_config_latency: Option<String>,
    /// Service tier: priority, default, flex or reserved
    #[arg(long, value_name = "TIER")]
    pub(crate) service_tier: Option<String>,
    /// Tags for the invocation logs: a JSON object with string values
    #[arg(long, value_name = "JSON")]
    pub(crate) request_metadata: Option<String>,
    /// Stream the response: print the text while the model generates it
    #[arg(long)]
    pub(crate) stream: bool,
    /// Print the parts of a streamed response instead of their text, one JSON object per line
    #[arg(long, requires = "stream")]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) inspection: Inspection,
    /// File to write the response body to, or `-` for standard output; with a file, the other members of the
    /// output are printed as JSON
    #[arg(value_name = "OUTFILE")]
    pub(crate) outfile: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on; 0.0.0.0 listens on all addresses of the machine
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", value_parser = host)]
    pub(crate) host: IpAddr,
    /// Port; 0 selects a free port
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,
    /// Region that requests must be signed for [default: any; with --record, the region of the service is exported]
    #[arg(long, value_name = "REGION", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) region: Option<String>,
    /// Access key id that requests must be signed with
    #[arg(long, value_name = "ID", requires = "secret_access_key", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) access_key_id: Option<String>,
    /// Secret access key of --access-key-id
    #[arg(long, value_name = "SECRET", requires = "access_key_id", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) secret_access_key: Option<String>,
    /// Bearer token to accept in addition to signatures, and to set for clients
    #[arg(long, value_name = "TOKEN", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) bearer_token: Option<String>,
    /// Accept requests with a wrong signature or without a signature
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Deny calls of models whose id matches PATTERN; `*` matches any text; can be repeated
    #[arg(long, value_name = "PATTERN", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) deny: Vec<String>,
    /// Delay before each event of a streamed response
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pub(crate) pace: u64,
    /// File with faults, quotas and temporary credentials to simulate; docs/faults.md describes its format
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// File with the policies of guardrails; docs/guardrails.md describes its format
    #[arg(long, value_name = "FILE")]
    pub(crate) guardrails: Option<PathBuf>,
    /// Time from StartAsyncInvoke until the invocation is complete
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 1000)]
    pub(crate) async_duration: u64,
    #[command(flatten)]
    pub(crate) backend: Backend,
    /// Serve HTTPS with a new certificate for localhost
    #[arg(long)]
    pub(crate) tls: bool,
    /// File to write the certificate to [default: a new file in the temporary directory]
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) certificate: Option<PathBuf>,
    /// Log of calls on standard error [default: text, or off with COMMAND]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log: Option<LogFormat>,
    /// Only check that an endpoint runs at --host and --port, without TLS
    #[arg(long, requires = "port", conflicts_with_all = ["tls", "command"])]
    pub(crate) check: bool,
    /// Command to run with the variables of the endpoint; serve stops after it, with its exit code
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// The format of the log of calls.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
    Off,
}

/// Parses an IP address or `localhost`.
fn host(host: &str) -> Result<IpAddr, String> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    host.parse().map_err(|_| "not an IP address; use 127.0.0.1, ::1, 0.0.0.0 or another address".to_owned())
}
