//! The command line. The flags of `invoke` are those of `aws bedrock-runtime invoke-model`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Calls Amazon Bedrock's InvokeModel and InvokeModelWithResponseStream, or answers them.
#[derive(Debug, Parser)]
#[command(name = "invoke-model", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Stable: scripts may rely on them.
const EXIT_CODES: &str = "\
Exit codes:
  0  answered
  1  the answer could not be written
  2  the command line is not understood
  3  a setting, a credential or the input is wrong or missing; nothing was sent
  4  the service refused the call (HTTP 4xx)
  5  the service failed (HTTP 5xx)
  6  no whole answer came: no connection, it broke, or the stream was cut
  130  interrupted (Ctrl-C) in the midst of a stream";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send one request body to a model and print the answer
    Invoke(Box<Invoke>),
    /// Serve a local Bedrock Runtime endpoint that any AWS client can call
    Serve(Serve),
}

/// What `invoke` is told.
#[derive(Debug, Args)]
pub(crate) struct Invoke {
    /// Model id, inference profile id or ARN
    #[arg(long, value_name = "ID")]
    pub(crate) model_id: String,
    /// Request body: text, `@FILE`, `file://FILE`, `fileb://FILE`, or `-` for standard input
    #[arg(long, value_name = "BODY", allow_hyphen_values = true)]
    pub(crate) body: Option<String>,
    /// Media type of the body [default when there is a body: application/json]
    #[arg(long, value_name = "TYPE")]
    pub(crate) content_type: Option<String>,
    /// Media type wanted for the answer
    #[arg(long, value_name = "TYPE")]
    pub(crate) accept: Option<String>,
    /// Guardrail trace: ENABLED, DISABLED or ENABLED_FULL
    #[arg(long, value_name = "TRACE")]
    pub(crate) trace: Option<String>,
    /// Guardrail to apply, by id or ARN; needs --guardrail-version
    #[arg(long, value_name = "ID")]
    pub(crate) guardrail_identifier: Option<String>,
    /// Version of the guardrail: a number or DRAFT
    #[arg(long, value_name = "VERSION")]
    pub(crate) guardrail_version: Option<String>,
    /// Latency: standard or optimized
    #[arg(long, value_name = "LATENCY")]
    pub(crate) performance_config_latency: Option<String>,
    /// Tier: priority, default, flex or reserved
    #[arg(long, value_name = "TIER")]
    pub(crate) service_tier: Option<String>,
    /// Tags for the invocation logs, a JSON object of strings
    #[arg(long, value_name = "JSON")]
    pub(crate) request_metadata: Option<String>,
    /// Region [otherwise AWS_REGION, that of an ARN, or that of the profile]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Profile of the shared files, in place of the credentials of the environment [otherwise AWS_PROFILE]
    #[arg(long, value_name = "NAME", conflicts_with = "local")]
    pub(crate) profile: Option<String>,
    /// Endpoint in place of the region's [otherwise AWS_ENDPOINT_URL_BEDROCK_RUNTIME]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Answer as the model makes its answer: print the text as it comes
    #[arg(long, conflicts_with = "outfile")]
    pub(crate) stream: bool,
    /// Print the parts of a streamed answer as they are, one JSON line each
    #[arg(long, requires = "stream")]
    pub(crate) raw: bool,
    /// Call a local endpoint that is started for this one call; no account is needed
    #[arg(long, conflicts_with = "endpoint_url")]
    pub(crate) local: bool,
    /// Print the signed request and a curl line, secrets redacted; send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print endpoint, source of the credentials and canonical request to standard error before the call
    #[arg(long)]
    pub(crate) explain: bool,
    /// Write the answer's body here, and print its other members as JSON
    #[arg(value_name = "OUTFILE")]
    pub(crate) outfile: Option<PathBuf>,
}

/// What `serve` is told.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,
    /// Region that requests must be signed for [default: any]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Access key id that requests must be signed with
    #[arg(long, value_name = "ID", requires = "secret_access_key")]
    pub(crate) access_key_id: Option<String>,
    /// Secret access key that belongs to it
    #[arg(long, value_name = "SECRET", requires = "access_key_id")]
    pub(crate) secret_access_key: Option<String>,
    /// Bearer token that is accepted as well
    #[arg(long, value_name = "TOKEN")]
    pub(crate) bearer_token: Option<String>,
    /// Answer calls whose signature is wrong or missing, too
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Deny both operations on models that match, `*` for any text; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) deny: Vec<String>,
    /// Wait so long before each event of a streamed answer
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pub(crate) pace: u64,
    /// Go wrong as this file says, which docs/faults.md describes: faults, quotas, credentials that expire
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
}
