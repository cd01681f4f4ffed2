//! The clients that run unchanged against the local endpoint.
//!
//! `invoke-model serve -- PROGRAM` sets the environment variables that configure a client. Afterwards,
//! `tests/peers/logged.py` compares the calls in the log of the endpoint with the operations of the client.

use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use self::Runtime::{Cargo, Frameworks, Go, Java, Node, Sdks};
use super::{Peers, installation};
use crate::Failure;

const CLIENTS: [Client; 15] = [
    client("boto3", Sdks, "operations/python_sdk.py", &[INVOKE, CONVERSE, OTHER]),
    client("AWS CLI", Sdks, "operations/aws_cli.py", &[UNARY, OTHER]),
    client("AWS SDK for JavaScript", Node, "operations/javascript.mjs", ALL),
    client("AWS SDK for Go", Go, "operations/go", &[INVOKE, CONVERSE, OTHER]),
    client("AWS SDK for Java", Java, "operations/java", ALL),
    client("aws-sdk-bedrockruntime", Cargo, "operations/rust", &[INVOKE, CONVERSE, OTHER]),
    client("@anthropic-ai/bedrock-sdk", Node, "operations/anthropic_sdk.mjs", &[INVOKE]),
    client("langchain-aws", Frameworks, "frameworks/langchain_chat.py", &[INVOKE, CONVERSE]),
    client("strands-agents", Frameworks, "frameworks/strands_agent.py", &[CONVERSE]),
    // pydantic-ai streams all responses.
    client("pydantic-ai", Frameworks, "frameworks/pydantic_ai_agent.py", &[&["ConverseStream"]]),
    client("amazon-bedrock-haystack", Frameworks, "frameworks/haystack_generator.py", &[CONVERSE]),
    client("llama-index-llms-bedrock-converse", Frameworks, "frameworks/llama_index_llm.py", &[CONVERSE]),
    client("litellm", Frameworks, "frameworks/litellm_completion.py", &[INVOKE, CONVERSE]),
    client("@ai-sdk/amazon-bedrock", Node, "frameworks/ai_sdk.mjs", &[CONVERSE]),
    client("@langchain/aws", Node, "frameworks/langchain.mjs", &[CONVERSE]),
];

/// Names of operations.
type Operations = &'static [&'static str];

const INVOKE: Operations = &["InvokeModel", "InvokeModelWithResponseStream"];
const CONVERSE: Operations = &["Converse", "ConverseStream"];
/// The operations that return the single response of a model.
const UNARY: Operations = &["InvokeModel", "Converse"];
/// The operations that return another single response.
const OTHER: Operations = &[
    "CountTokens",
    "ApplyGuardrail",
    "InvokeGuardrailChecks",
    "StartAsyncInvoke",
    "ListAsyncInvokes",
    "GetAsyncInvoke",
];
/// The operation that needs HTTP/2. boto3 does not have it, and the program in Rust has no TLS.
const BIDIRECTIONAL: Operations = &["InvokeModelWithBidirectionalStream"];
const ALL: &[Operations] = &[INVOKE, CONVERSE, OTHER, BIDIRECTIONAL];

/// The clients that also run over TLS, and the operations that they call only over TLS. They read the certificate
/// from `AWS_CA_BUNDLE` or `NODE_EXTRA_CA_CERTS`. The SDK for Go uses HTTP/2 only over TLS.
const WITH_TLS: [(&str, Operations); 3] =
    [("boto3", &[]), ("AWS SDK for JavaScript", &[]), ("AWS SDK for Go", BIDIRECTIONAL)];

/// A client, and a program that uses it.
#[derive(Debug)]
struct Client {
    name: &'static str,
    runtime: Runtime,
    /// File or folder in `tests/peers`.
    program: &'static str,
    /// The operations that the program calls, in groups. They are also the arguments of the program.
    operations: &'static [Operations],
}

const fn client(
    name: &'static str,
    runtime: Runtime,
    program: &'static str,
    operations: &'static [Operations],
) -> Client {
    Client { name, runtime, program, operations }
}

/// The interpreter or the toolchain of a program.
#[derive(Debug)]
enum Runtime {
    /// Python with the SDKs.
    Sdks,
    /// Python with the frameworks.
    Frameworks,
    Node,
    Go,
    Java,
    Cargo,
}

/// Runs all clients. Returns a line for each client that this function could not run.
pub(super) fn run(peers: &Peers, invoke_model: &Path) -> Result<Vec<String>, Failure> {
    let mut unchecked = Vec::new();
    for client in &CLIENTS {
        #[expect(clippy::disallowed_methods, reason = "the output contains the time of each client")]
        let start = Instant::now();
        match client.words(peers)? {
            Ok(words) => {
                client.run(peers, invoke_model, &words, &[], &[])?;
                if let Some((_, more)) = WITH_TLS.iter().find(|(name, _)| *name == client.name) {
                    client.run(peers, invoke_model, &words, &["--tls"], more)?;
                }
                println!("{}: {:.1} seconds", client.name, start.elapsed().as_secs_f64());
            }
            Err(program) => unchecked.push(format!("{} ({program} is not installed)", client.name)),
        }
    }
    Ok(unchecked)
}

impl Client {
    /// Returns the words of the command that runs the program. If the runtime is not installed, returns its
    /// name.
    fn words(&self, peers: &Peers) -> Result<Result<Vec<OsString>, &'static str>, Failure> {
        let file = || installation::source(self.program).into_os_string();
        match self.runtime {
            Sdks => Ok(Ok(vec![peers.python.program("python").into(), file()])),
            Frameworks => Ok(Ok(vec![peers.frameworks.program("python").into(), file()])),
            Node => Ok(Ok(vec![peers.python.program("node").into(), file()])),
            Go => peers.toolchains.go(self.program),
            Java => peers.toolchains.java(self.program),
            Cargo => peers.toolchains.cargo(self.program),
        }
    }

    /// Runs the program while the local endpoint runs with the options `serve`. The program also calls the operations
    /// `more`.
    fn run(
        &self,
        peers: &Peers,
        invoke_model: &Path,
        words: &[OsString],
        serve: &[&str],
        more: &[&str],
    ) -> Result<(), Failure> {
        let mut command = peers.serve(invoke_model, serve, "logged.py");
        command.args(self.operations.concat()).args(more).arg("--").args(words);
        installation::execute(&mut command, &format!("see tests/peers/{}", self.program))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CLIENTS, WITH_TLS, installation};

    #[test]
    fn the_table_names_existing_programs_and_clients() {
        for client in &CLIENTS {
            assert!(installation::source(client.program).exists(), "{client:?}");
            assert!(!client.operations.is_empty(), "{client:?}");
        }
        let names: BTreeSet<_> = CLIENTS.iter().map(|client| client.name).collect();
        assert_eq!(names.len(), CLIENTS.len());
        assert!(WITH_TLS.iter().all(|(name, _)| names.contains(name)));
    }
}
