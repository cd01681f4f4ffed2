//! Arguments of the command line. The input flags of `invoke` have the same names as in
//! `aws bedrock-runtime invoke-model`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::backend::Backend;

/// Call models on Amazon Bedrock, or run a local Bedrock Runtime endpoint for tests.
#[derive(Debug, Parser)]
#[command(name = "invoke-model", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
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
  4    the service rejected the call (HTTP 4xx)
  5    the service failed (HTTP 5xx)
  6    no complete response: no connection, connection lost, timeout, or truncated stream
  130  interrupted (Ctrl-C) while streaming";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send a request to a model and print the response
    Invoke(Box<Invoke>),
    /// Run a local Bedrock Runtime endpoint that any AWS client can call
    Serve(Box<Serve>),
}

/// Arguments of `invoke`.
#[derive(Debug, Args)]
pub(crate) struct Invoke {
    /// Model id, inference profile id or ARN
    #[arg(long, value_name = "ID")]
    pub(crate) model_id: String,
    /// Request body: text, `@FILE`, `file://FILE`, `fileb://FILE`, or `-` for standard input
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
    #[arg(long, value_name = "ID")]
    pub(crate) guardrail_identifier: Option<String>,
    /// Version of the guardrail: a number or DRAFT
    #[arg(long, value_name = "VERSION")]
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
    /// Region [default: AWS_REGION, else the region of an ARN, else the region of the profile]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Profile of the shared files, used instead of credentials in the environment [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME", conflicts_with = "local")]
    pub(crate) profile: Option<String>,
    /// Endpoint URL [default: AWS_ENDPOINT_URL_BEDROCK_RUNTIME, else the endpoint of the region]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Stream the response: print the text while the model generates it
    #[arg(long, conflicts_with = "outfile")]
    pub(crate) stream: bool,
    /// Print the parts of a streamed response instead of their text, one JSON object per line
    #[arg(long, requires = "stream")]
    pub(crate) raw: bool,
    /// Start a local endpoint for this call; needs no AWS account and no network
    #[arg(long, conflicts_with = "endpoint_url")]
    pub(crate) local: bool,
    /// Print the signed request and the equivalent curl command without secrets; send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// First print the request, the source of each setting and the canonical request to standard error
    #[arg(long)]
    pub(crate) explain: bool,
    /// File to write the response body to; the other members of the output are printed as JSON
    #[arg(value_name = "OUTFILE")]
    pub(crate) outfile: Option<PathBuf>,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Port on 127.0.0.1; 0 selects a free port
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,
    /// Region that requests must be signed for [default: any]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Access key id that requests must be signed with
    #[arg(long, value_name = "ID", requires = "secret_access_key")]
    pub(crate) access_key_id: Option<String>,
    /// Secret access key of --access-key-id
    #[arg(long, value_name = "SECRET", requires = "access_key_id")]
    pub(crate) secret_access_key: Option<String>,
    /// Bearer token to accept in addition to signatures
    #[arg(long, value_name = "TOKEN")]
    pub(crate) bearer_token: Option<String>,
    /// Accept requests with a wrong signature or without a signature
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Deny calls of models whose id matches PATTERN; `*` matches any text; can be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) deny: Vec<String>,
    /// Delay before each event of a streamed response
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pub(crate) pace: u64,
    /// File with faults, quotas and temporary credentials to simulate; docs/faults.md describes its format
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backend: Backend,
}
