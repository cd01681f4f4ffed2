//! The keys and the limits of the chat completion schema that differ by vendor.
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jamba.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-palmyra-x5.html>

/// The properties that differ by vendor.
pub(super) struct ChatDialect {
    /// The allowed keys, in addition to [`COMMON_KEYS`].
    pub(super) keys: &'static [&'static str],
    /// The minimum and the maximum of the token limit.
    pub(super) token_limit: (i64, i64),
    /// The token limit if a request sets no limit. `None` means that there is no limit.
    pub(super) default_max_tokens: Option<i64>,
    /// The maximum number of stop sequences.
    pub(super) max_stop_sequences: usize,
    pub(super) reasoning: ChatReasoning,
    /// `true` if every stream contains the usage, even if `stream_options` does not request the usage.
    pub(super) always_streams_usage: bool,
}

/// The place of the reasoning in a response.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ChatReasoning {
    /// The model does not reason.
    Unsupported,
    /// The model always reasons. The reasoning is in the text, between the tags `<reasoning>` and
    /// `</reasoning>`.
    Tags,
    /// The model reasons if the request sets `reasoning_config` or `reasoning_effort`. The member
    /// `reasoning_content` contains the reasoning.
    Member,
}

pub(super) const DEEPSEEK: ChatDialect = ChatDialect {
    keys: &OPENAI_KEYS,
    token_limit: (1, i64::MAX),
    default_max_tokens: None,
    max_stop_sequences: 10,
    reasoning: ChatReasoning::Member,
    always_streams_usage: false,
};

pub(super) const JAMBA: ChatDialect = ChatDialect {
    keys: &["documents"],
    token_limit: (0, 4_096),
    default_max_tokens: Some(4_096),
    max_stop_sequences: usize::MAX,
    reasoning: ChatReasoning::Unsupported,
    always_streams_usage: true,
};

pub(super) const OPENAI: ChatDialect = ChatDialect {
    keys: &OPENAI_KEYS,
    token_limit: (1, i64::MAX),
    default_max_tokens: None,
    max_stop_sequences: 4,
    reasoning: ChatReasoning::Tags,
    always_streams_usage: false,
};

pub(super) const QWEN: ChatDialect = ChatDialect { max_stop_sequences: 16, ..DEEPSEEK };

pub(super) const PALMYRA: ChatDialect = ChatDialect {
    keys: &["min_tokens", "stream_options"],
    token_limit: (1, 8_192),
    default_max_tokens: Some(16),
    max_stop_sequences: 4,
    reasoning: ChatReasoning::Unsupported,
    always_streams_usage: false,
};

/// The keys that all vendors support.
pub(super) const COMMON_KEYS: [&str; 13] = [
    "frequency_penalty",
    "max_tokens",
    "messages",
    "n",
    "presence_penalty",
    "response_format",
    "seed",
    "stop",
    "stream",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
];

/// The additional keys of gpt-oss, Qwen and DeepSeek models.
const OPENAI_KEYS: [&str; 16] = [
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "metadata",
    "min_p",
    "model",
    "parallel_tool_calls",
    "reasoning_config",
    "reasoning_effort",
    "repetition_penalty",
    "service_tier",
    "store",
    "stream_options",
    "top_k",
    "top_logprobs",
    "user",
];
