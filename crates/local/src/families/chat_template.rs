//! Prompts that contain a conversation in one string.
//!
//! A chat template puts a marker before each turn, and some templates also put a marker after it. This module finds
//! the template of a prompt by its markers, and splits the prompt into turns.
//!
//! * <https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1/>
//! * <https://www.llama.com/docs/model-cards-and-prompt-formats/llama4/>
//! * <https://docs.mistral.ai/cookbooks/concept-deep-dive-tokenization-chat_templates>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html>
//! * <https://cookbook.openai.com/articles/openai-harmony>
//! * <https://docs.anthropic.com/en/api/complete>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html>

/// A turn of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn<'a> {
    pub(crate) role: TurnRole,
    pub(crate) text: &'a str,
}

/// The author of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TurnRole {
    System,
    User,
    Assistant,
}

use TurnRole::{Assistant, System, User};

/// A marker, and the role of the text after it. The text after a marker without a role belongs to no turn.
type Marker = (&'static str, Option<TurnRole>);

/// The templates. The first marker of each template begins a turn of the user.
const TEMPLATES: [&[Marker]; 8] = [
    // Llama 3.
    &[
        ("<|start_header_id|>user<|end_header_id|>", Some(User)),
        ("<|start_header_id|>ipython<|end_header_id|>", Some(User)),
        ("<|start_header_id|>system<|end_header_id|>", Some(System)),
        ("<|start_header_id|>assistant<|end_header_id|>", Some(Assistant)),
        ("<|begin_of_text|>", None),
        ("<|eot_id|>", None),
        ("<|eom_id|>", None),
    ],
    // Llama 4.
    &[
        ("<|header_start|>user<|header_end|>", Some(User)),
        ("<|header_start|>ipython<|header_end|>", Some(User)),
        ("<|header_start|>system<|header_end|>", Some(System)),
        ("<|header_start|>assistant<|header_end|>", Some(Assistant)),
        ("<|begin_of_text|>", None),
        ("<|eot|>", None),
        ("<|eom|>", None),
    ],
    // ChatML, for example of Qwen.
    &[
        ("<|im_start|>user\n", Some(User)),
        ("<|im_start|>system\n", Some(System)),
        ("<|im_start|>assistant\n", Some(Assistant)),
        ("<|im_end|>", None),
        ("<think>", None),
        ("</think>", Some(Assistant)),
    ],
    // gpt-oss. A turn of the assistant is its message in the channel `final`.
    &[
        ("<|start|>user<|message|>", Some(User)),
        ("<|start|>system<|message|>", Some(System)),
        ("<|start|>developer<|message|>", Some(System)),
        ("<|start|>assistant<|channel|>final<|message|>", Some(Assistant)),
        ("<|start|>assistant", None),
        ("<|end|>", None),
        ("<|return|>", None),
    ],
    // DeepSeek. The reasoning of earlier turns belongs to no turn.
    &[
        ("<｜User｜>", Some(User)),
        ("<｜Assistant｜>", Some(Assistant)),
        ("<｜begin▁of▁sentence｜>", Some(System)),
        ("<｜end▁of▁sentence｜>", None),
        ("<think>", None),
        ("</think>", Some(Assistant)),
    ],
    // Mistral and Llama 2.
    &[
        ("[INST]", Some(User)),
        ("[/INST]", Some(Assistant)),
        ("<<SYS>>", Some(System)),
        ("<</SYS>>", Some(User)),
        ("[SYSTEM_PROMPT]", Some(System)),
        ("[/SYSTEM_PROMPT]", None),
        ("<s>", None),
        ("</s>", None),
    ],
    // Claude text completion.
    &[("\n\nHuman:", Some(User)), ("\n\nAssistant:", Some(Assistant))],
    // Titan Text.
    &[("\nUser:", Some(User)), ("\nBot:", Some(Assistant))],
];

/// Returns the turns of a prompt. Omits empty turns, for example the turn of the assistant at the end of the prompt. If
/// the prompt has no template, it is one turn of the user. The text before the first turn is a system prompt.
pub(crate) fn turns(prompt: &str) -> Vec<Turn<'_>> {
    // The template whose marker comes first. A later marker of another template may be a quotation.
    let found = TEMPLATES.iter().filter_map(|template| Some((first_turn(prompt, template[0].0)?, template)));
    let Some((_, template)) = found.min_by_key(|(at, _)| *at) else {
        return Vec::from([Turn { role: User, text: prompt.trim() }]);
    };
    let (mut turns, mut role, mut rest) = (Vec::new(), Some(System), prompt);
    if let Some(first) = prompt.strip_prefix(template[0].0.trim_start()) {
        (role, rest) = (Some(User), first);
    }
    loop {
        let next = next_marker(rest, template);
        let text = rest[..next.map_or(rest.len(), |(at, _)| at)].trim();
        turns.extend(role.filter(|_| !text.is_empty()).map(|role| Turn { role, text }));
        let Some((at, (marker, next))) = next else { return turns };
        (role, rest) = (*next, &rest[at + marker.len()..]);
    }
}

/// Returns the position of the first turn of the user. The prompt may lack the line breaks before this turn.
fn first_turn(prompt: &str, marker: &str) -> Option<usize> {
    if prompt.starts_with(marker.trim_start()) { Some(0) } else { prompt.find(marker) }
}

/// Returns the position of the next marker, and the marker. If several markers begin at this position, returns the
/// longest.
fn next_marker<'a>(text: &str, template: &'a [Marker]) -> Option<(usize, &'a Marker)> {
    text.char_indices().find_map(|(at, _)| {
        let found = template.iter().filter(|(marker, _)| text[at..].starts_with(marker));
        Some((at, found.max_by_key(|(marker, _)| marker.len())?))
    })
}

/// Returns the last turn of the user, or an empty text if the user has no turn.
pub(super) fn last_user_turn(prompt: &str) -> &str {
    turns(prompt).into_iter().rfind(|turn| turn.role == User).map_or("", |turn| turn.text)
}
