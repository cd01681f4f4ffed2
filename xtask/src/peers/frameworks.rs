//! The frameworks that run unchanged against the local endpoint.
//!
//! `invoke-model serve -- PROGRAM` sets the environment variables that configure a client. Afterwards,
//! `tests/peers/logged.py` compares the calls in the log of the endpoint with the operations of the framework.

use std::path::Path;
use std::time::Instant;

use self::Runtime::{Node, Python};
use super::{Peers, installation};
use crate::Failure;

const FRAMEWORKS: [Framework; 9] = [
    framework("langchain-aws", Python, "frameworks/langchain_chat.py", &[INVOKE, CONVERSE]),
    framework("strands-agents", Python, "frameworks/strands_agent.py", &[CONVERSE]),
    // pydantic-ai streams all responses.
    framework("pydantic-ai", Python, "frameworks/pydantic_ai_agent.py", &[&["ConverseStream"]]),
    framework("amazon-bedrock-haystack", Python, "frameworks/haystack_generator.py", &[CONVERSE]),
    framework("llama-index-llms-bedrock-converse", Python, "frameworks/llama_index_llm.py", &[CONVERSE]),
    framework("litellm", Python, "frameworks/litellm_completion.py", &[INVOKE, CONVERSE]),
    framework("@anthropic-ai/bedrock-sdk", Node, "frameworks/anthropic_sdk.mjs", &[INVOKE]),
    framework("@ai-sdk/amazon-bedrock", Node, "frameworks/ai_sdk.mjs", &[CONVERSE]),
    framework("@langchain/aws", Node, "frameworks/langchain.mjs", &[CONVERSE]),
];

/// Names of operations.
type Operations = &'static [&'static str];

const INVOKE: Operations = &["InvokeModel", "InvokeModelWithResponseStream"];
const CONVERSE: Operations = &["Converse", "ConverseStream"];

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
    Python,
    Node,
}

/// Runs the programs of all frameworks.
pub(super) fn run(peers: &Peers, invoke_model: &Path) -> Result<(), Failure> {
    for framework in &FRAMEWORKS {
        #[expect(clippy::disallowed_methods, reason = "the output contains the time of each framework")]
        let start = Instant::now();
        let interpreter = match framework.runtime {
            Python => peers.frameworks.program("python"),
            Node => peers.clients.python.program("node"),
        };
        let mut command = peers.serve(invoke_model, "logged.py");
        command.args(framework.operations.concat()).arg("--");
        command.arg(interpreter).arg(installation::source(framework.program));
        installation::execute(&mut command, &format!("see tests/peers/{}", framework.program))?;
        println!("{}: {:.1} seconds", framework.name, start.elapsed().as_secs_f64());
    }
    Ok(())
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
