//! The frameworks that run unchanged against the local endpoint.
//!
//! `invoke-model serve -- PROGRAM` sets the environment variables that configure a client. Afterwards,
//! `tests/peers/logged.py` compares the calls in the log of the endpoint with the operations of the framework.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use self::Runtime::{Boto3, Httpx, Node};
use super::{Peers, installation};
use crate::Failure;

const FRAMEWORKS: [Framework; 11] = [
    framework("langchain-aws", Boto3, "frameworks/langchain_chat.py", &[INVOKE, CONVERSE]),
    framework("langchain-tests", Boto3, "frameworks/langchain_standard.py", &[INVOKE, CONVERSE]),
    framework("strands-agents", Boto3, "frameworks/strands_agent.py", &[CONVERSE]),
    // pydantic-ai streams all responses.
    framework("pydantic-ai", Boto3, "frameworks/pydantic_ai_agent.py", &[&["ConverseStream"], EMBED]),
    framework("amazon-bedrock-haystack", Boto3, "frameworks/haystack_generator.py", &[CONVERSE, EMBED]),
    framework("llama-index", Boto3, "frameworks/llama_index_llm.py", &[CONVERSE, EMBED]),
    // Instructor does not stream the responses of Amazon Bedrock.
    framework("instructor", Boto3, "frameworks/instructor_chat.py", &[&["Converse"]]),
    framework("litellm", Httpx, "frameworks/litellm_completion.py", &[INVOKE, CONVERSE]),
    framework("@anthropic-ai/bedrock-sdk", Node, "frameworks/anthropic_sdk.mjs", &[INVOKE]),
    framework("@ai-sdk/amazon-bedrock", Node, "frameworks/ai_sdk.mjs", &[CONVERSE]),
    framework("@langchain/aws", Node, "frameworks/langchain.mjs", &[CONVERSE]),
];

/// Names of operations.
type Operations = &'static [&'static str];

const INVOKE: Operations = &["InvokeModel", "InvokeModelWithResponseStream"];
const CONVERSE: Operations = &["Converse", "ConverseStream"];
const EMBED: Operations = &["InvokeModel"];

/// A framework, and a program that uses it.
#[derive(Debug)]
struct Framework {
    name: &'static str,
    runtime: Runtime,
    /// File in `tests/peers`.
    program: &'static str,
    /// The operations that the program calls, in groups. They are also the arguments of the program.
    operations: &'static [Operations],
}

const fn framework(
    name: &'static str,
    runtime: Runtime,
    program: &'static str,
    operations: &'static [Operations],
) -> Framework {
    Framework { name, runtime, program, operations }
}

/// The interpreter of a program.
#[derive(Debug)]
enum Runtime {
    /// Python. The program makes its calls with clients of boto3.
    Boto3,
    /// Python. The program makes its calls with the httpx client of LiteLLM.
    Httpx,
    Node,
}

/// Runs the programs of all frameworks. If `package` is set, it is the folder of the Python package, and the Python
/// programs run a second time: the package accelerates their clients of boto3, or is the transport of their httpx
/// client.
pub(super) fn run(peers: &Peers, invoke_model: &Path, package: Option<&Path>) -> Result<(), Failure> {
    for framework in &FRAMEWORKS {
        let program = installation::source(framework.program);
        let (interpreter, runner) = match framework.runtime {
            Boto3 => (peers.frameworks.program("python"), Some(("accelerated.py", ", accelerated"))),
            Httpx => (peers.frameworks.program("python"), Some(("transported.py", ", with our transport"))),
            Node => (peers.clients.python.program("node"), None),
        };
        framework.run(peers, invoke_model, "", &[&interpreter, &program])?;
        if let (Some((runner, variant)), Some(package)) = (runner, package) {
            let runner = installation::source(runner);
            framework.run(peers, invoke_model, variant, &[&interpreter, &runner, package, &program])?;
        }
    }
    package.map_or(Ok(()), |package| run_unit_tests(peers, package))
}

/// Runs the unit tests of langchain-aws with accelerated clients of boto3.
fn run_unit_tests(peers: &Peers, package: &Path) -> Result<(), Failure> {
    let program = "frameworks/langchain_unit.py";
    let mut command = Command::new(peers.frameworks.program("python"));
    command.arg(installation::source("accelerated.py")).arg("--mocked").arg(package);
    command.arg(installation::source(program));
    command.arg(&peers.sources);
    peers.clients.prepare(&mut command);
    timed("unit tests of langchain-aws, accelerated", &mut command, program)
}

/// Runs a command, and prints its time. `program` is its file in `tests/peers`.
fn timed(name: &str, command: &mut Command, program: &str) -> Result<(), Failure> {
    #[expect(clippy::disallowed_methods, reason = "the output contains the time of each framework")]
    let start = Instant::now();
    installation::execute(command, &format!("see tests/peers/{program}"))?;
    println!("{name}: {:.1} seconds", start.elapsed().as_secs_f64());
    Ok(())
}

impl Framework {
    fn run(&self, peers: &Peers, invoke_model: &Path, variant: &str, words: &[&Path]) -> Result<(), Failure> {
        let mut command = peers.serve(invoke_model, "logged.py");
        command.args(self.operations.concat()).arg("--").args(words);
        timed(&format!("{}{variant}", self.name), &mut command, self.program)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FRAMEWORKS, installation};

    #[test]
    fn the_table_names_existing_programs() {
        for framework in &FRAMEWORKS {
            assert!(installation::source(framework.program).exists(), "{framework:?}");
            assert!(!framework.operations.is_empty(), "{framework:?}");
        }
        let names: BTreeSet<_> = FRAMEWORKS.iter().map(|framework| framework.name).collect();
        assert_eq!(names.len(), FRAMEWORKS.len());
    }
}
