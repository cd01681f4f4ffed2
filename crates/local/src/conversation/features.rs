//! The features of the text models in a conversation.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html>

use crate::families::{Family, Model};

/// The features of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the documentation has a column for each feature")]
pub(super) struct Features {
    pub(super) system: bool,
    pub(super) documents: bool,
    pub(super) images: bool,
    /// Video, which only some Nova models support.
    pub(super) video: bool,
    /// Video in the results of tools.
    pub(super) video_results: bool,
    /// Images and documents in Amazon S3.
    pub(super) s3: bool,
    pub(super) tools: bool,
    pub(super) streaming_tools: bool,
    /// `toolChoice.any`.
    pub(super) any_tool: bool,
    /// `toolChoice.tool`.
    pub(super) named_tool: bool,
    pub(super) stop_sequences: bool,
    pub(super) prompt_cache: bool,
    pub(super) reasoning: Reasoning,
    /// `true` if a conversation may begin with a message of the assistant.
    pub(super) assistant_first: bool,
    /// `true` if two messages with the same role may follow each other.
    pub(super) repeated_roles: bool,
    /// `true` if a conversation may end with a message of the assistant. The model then continues this
    /// message.
    pub(super) prefill: bool,
    /// The maximum of `maxTokens`.
    pub(super) max_tokens: i32,
}

/// The way in which a request turns on reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reasoning {
    /// The model does not support reasoning.
    Unsupported,
    /// The field `thinking`, with a budget.
    Claude,
    /// The field `reasoningConfig`, with an effort.
    Nova,
    /// The field `reasoning_config` or `reasoning_effort`, which contains only the effort.
    Effort,
    /// The model always reasons. The field `reasoning_effort` contains the effort.
    Always,
    /// The model always reasons, and no field changes that. In a complete response, the reasoning follows
    /// the text.
    AfterText,
}

const NONE: Features = Features {
    system: false,
    documents: false,
    images: false,
    video: false,
    video_results: false,
    s3: false,
    tools: false,
    streaming_tools: false,
    any_tool: false,
    named_tool: false,
    stop_sequences: true,
    prompt_cache: false,
    reasoning: Reasoning::Unsupported,
    assistant_first: false,
    repeated_roles: false,
    prefill: false,
    max_tokens: 8_192,
};

/// The features of a model with system prompts and documents.
const CHAT: Features = Features { system: true, documents: true, ..NONE };

/// The features of models with the chat completion schema.
const OPEN_WEIGHT: Features =
    Features { tools: true, streaming_tools: true, any_tool: true, named_tool: true, ..CHAT };

impl Features {
    pub(super) fn of(model: &Model) -> Self {
        match model.family {
            Family::Anthropic => claude(model.id),
            Family::AnthropicText => Self { prefill: true, max_tokens: 4_096, ..CHAT },
            Family::CohereCommandR => Self { tools: true, streaming_tools: true, max_tokens: 4_096, ..CHAT },
            Family::DeepSeek => Self { reasoning: Reasoning::AfterText, max_tokens: 32_768, ..CHAT },
            Family::DeepSeekChat | Family::Qwen => Self {
                images: model.id.contains("-vl-"),
                reasoning: Reasoning::Effort,
                max_tokens: 131_072,
                ..OPEN_WEIGHT
            },
            Family::Jamba => jamba(model.id),
            Family::Llama => llama(model.id),
            Family::Mistral | Family::MistralChat => mistral(model.id),
            Family::Nova => nova(model.id),
            Family::OpenAi => Self { reasoning: Reasoning::Always, max_tokens: 131_072, ..OPEN_WEIGHT },
            Family::Palmyra => OPEN_WEIGHT,
            Family::TitanText => titan(model.id),
            // Models that do not generate text do not support conversations.
            _ => NONE,
        }
    }
}

fn claude(id: &str) -> Features {
    let is = |part: &str| id.contains(part);
    let is_claude_3 = is("claude-3-") && !is("claude-3-7");
    let max_tokens = if is("claude-3-5") {
        8_192
    } else if is_claude_3 {
        4_096
    } else if is("opus-4-2025") || is("opus-4-1") {
        32_000
    } else if is("4-6") || is("4-7") || is("claude-3-7") {
        128_000
    } else {
        64_000
    };
    Features {
        images: !is("claude-3-5-haiku"),
        tools: true,
        streaming_tools: true,
        any_tool: true,
        named_tool: true,
        prompt_cache: !is_claude_3 || is("3-5-haiku") || is("3-5-sonnet-20241022"),
        reasoning: if is_claude_3 { Reasoning::Unsupported } else { Reasoning::Claude },
        assistant_first: is("4-5") || is("4-6") || is("4-7"),
        prefill: !is("4-6") && !is("4-7"),
        max_tokens,
        ..CHAT
    }
}

fn jamba(id: &str) -> Features {
    let is_instruct = id.contains("instruct");
    Features {
        documents: !is_instruct,
        tools: !is_instruct,
        streaming_tools: !is_instruct,
        max_tokens: 4_096,
        ..CHAT
    }
}

fn llama(id: &str) -> Features {
    let has_tools = ["llama3-1-", "llama3-2-11b", "llama3-2-90b", "llama3-3-", "llama4-"];
    let has_images = ["llama3-2-11b", "llama3-2-90b", "llama4-"];
    Features {
        images: has_images.iter().any(|part| id.contains(part)),
        tools: has_tools.iter().any(|part| id.contains(part)),
        stop_sequences: false,
        ..CHAT
    }
}

fn mistral(id: &str) -> Features {
    let is_instruct = id.contains("mistral-7b") || id.contains("mixtral");
    Features {
        system: !is_instruct,
        documents: true,
        images: id.contains("pixtral"),
        tools: !is_instruct,
        streaming_tools: !is_instruct,
        any_tool: !is_instruct,
        ..NONE
    }
}

fn nova(id: &str) -> Features {
    let is_micro = id.contains("micro");
    let is_nova_2 = id.contains("nova-2-");
    Features {
        documents: !is_micro,
        images: !is_micro,
        video: !is_micro,
        video_results: !is_micro && !is_nova_2,
        s3: !is_micro,
        tools: true,
        streaming_tools: true,
        any_tool: true,
        named_tool: true,
        prompt_cache: true,
        reasoning: if is_nova_2 { Reasoning::Nova } else { Reasoning::Unsupported },
        max_tokens: if is_nova_2 { 65_536 } else { 10_000 },
        ..CHAT
    }
}

fn titan(id: &str) -> Features {
    let is_premier = id.contains("premier");
    Features {
        documents: !is_premier,
        max_tokens: match id {
            "amazon.titan-text-lite-v1" => 4_096,
            "amazon.titan-text-premier-v1:0" => 3_072,
            _ => 8_192,
        },
        repeated_roles: true,
        ..NONE
    }
}
