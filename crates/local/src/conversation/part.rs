//! The parts of an answer, in the order in which a stream sends them.

use invoke_model_types::StopReason;
use tokio::sync::mpsc;

use super::answer::{Answer, Block};
use crate::families::pieces;
use crate::service_error::ServiceError;

/// A part of an answer. The parts of one block follow each other. An answer ends with [`Part::End`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    Reasoning(String),
    /// The signature of the preceding reasoning.
    Signature(String),
    Text(String),
    /// The start of a tool call.
    ToolCall {
        id: String,
        name: String,
        kind: Option<String>,
    },
    /// A piece of the JSON text of the arguments.
    ToolInput(String),
    End(AnswerEnd),
}

/// The facts about an answer that are known at its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AnswerEnd {
    pub(crate) stop_reason: StopReason,
    pub(crate) stop_sequence: Option<String>,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
}

/// Parts that arrive while another server generates them. An error ends the answer.
pub(crate) type PartReceiver = mpsc::Receiver<Result<Part, ServiceError>>;

impl Answer {
    /// Returns the parts of the answer. The parts are generated on demand.
    pub(crate) fn into_parts(self, input_tokens: u64) -> impl Iterator<Item = Part> + Send {
        let end = AnswerEnd {
            stop_reason: self.stop_reason,
            stop_sequence: self.stop_sequence,
            input_tokens,
            output_tokens: self.output_tokens,
        };
        self.blocks.into_iter().flat_map(Block::into_parts).chain([Part::End(end)])
    }
}

impl Block {
    fn into_parts(self) -> Box<dyn Iterator<Item = Part> + Send> {
        match self {
            Self::Text(text) => Box::new(pieces(text).map(Part::Text)),
            Self::Reasoning { text, signature } => {
                Box::new(pieces(text).map(Part::Reasoning).chain(signature.map(Part::Signature)))
            }
            Self::ToolUse(call) => {
                let kind = call.r#type.map(|kind| kind.as_str().to_owned());
                let start = Part::ToolCall { id: call.tool_use_id, name: call.name, kind };
                // Begin with an empty piece, as the service does.
                let start = [start, Part::ToolInput(String::new())];
                Box::new(start.into_iter().chain(pieces(call.input.to_string()).map(Part::ToolInput)))
            }
        }
    }
}
