//! Checks `inferenceConfig` and the parameters of the models, and finds out whether the model reasons.

use invoke_model_types::ToolChoice;
use serde_json::Value;

use super::features::{Features, Reasoning};
use super::{Conversation, invalid, model_error, tools};
use crate::families::{
    EITHER_TEMPERATURE_OR_TOP_P, Family, Model, ThinkingLimits, check_thinking, is_thinking,
};
use crate::service_error::ServiceError;

/// The fields that Claude models accept in `additionalModelRequestFields`.
const CLAUDE_FIELDS: [&str; 12] = [
    "anthropic_beta",
    "anthropic_version",
    "context_management",
    "inferenceConfig",
    "metadata",
    "output_config",
    "output_format",
    "reasoning_config",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
];

/// Checks `inferenceConfig` and `additionalModelRequestFields` against the features of the model.
pub(super) fn check(
    conversation: &Conversation,
    model: &Model,
    features: &Features,
) -> Result<(), ServiceError> {
    let inference = &conversation.inference;
    let limit = features.max_tokens;
    if inference.max_tokens.is_some_and(|tokens| tokens > limit) {
        return Err(invalid(format!(
            "The maximum tokens you requested exceeds the model limit of {limit}. Try again with a maximum tokens \
             value that is lower than {limit}."
        )));
    }
    if inference.stop_sequences.as_ref().is_some_and(|sequences| !sequences.is_empty())
        && !features.stop_sequences
    {
        return Err(invalid(
            "This model doesn't support the stopSequences field. Remove stopSequences and try again.",
        ));
    }
    if EITHER_TEMPERATURE_OR_TOP_P.contains(&model.id)
        && inference.temperature.is_some()
        && inference.top_p.is_some()
    {
        return Err(model_error(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        ));
    }
    let fields = match &conversation.fields {
        Value::Null => return Ok(()),
        Value::Object(fields) => fields,
        _ => return Err(invalid("The additionalModelRequestFields field must be a JSON object.")),
    };
    if model.family == Family::Anthropic {
        if let Some(unknown) = fields.keys().find(|name| !CLAUDE_FIELDS.contains(&name.as_str())) {
            return Err(model_error(format_args!("{unknown}: Extra inputs are not permitted")));
        }
    }
    check_reasoning(conversation, model, features)
}

/// Returns the names of the fields that turn on reasoning.
fn reasoning_fields(features: &Features) -> &'static [&'static str] {
    match features.reasoning {
        Reasoning::Claude => &["thinking", "reasoning_config"],
        Reasoning::Nova => &["reasoningConfig"],
        Reasoning::Effort => &["reasoning_config", "reasoning_effort"],
        Reasoning::Always => &["reasoning_effort"],
        Reasoning::AfterText | Reasoning::Unsupported => &[],
    }
}

/// Returns the field that turns on reasoning, and its name.
fn reasoning_field<'a>(
    conversation: &'a Conversation,
    features: &Features,
) -> Option<(&'static str, &'a Value)> {
    reasoning_fields(features).iter().find_map(|name| Some((*name, conversation.fields.get(name)?)))
}

/// Returns `true` if the request turns on reasoning, or if the model always reasons.
pub(super) fn has_reasoning(conversation: &Conversation, features: &Features) -> bool {
    let field = reasoning_field(conversation, features).map(|(_, field)| field);
    match features.reasoning {
        Reasoning::Always | Reasoning::AfterText => true,
        Reasoning::Effort => field.is_some(),
        _ => field.is_some_and(is_thinking),
    }
}

fn check_reasoning(
    conversation: &Conversation,
    model: &Model,
    features: &Features,
) -> Result<(), ServiceError> {
    for name in ["thinking", "reasoning_config"] {
        let Some(field) = conversation.fields.get(name) else { continue };
        // All Claude models accept the field if it turns off thinking.
        let is_off = model.family == Family::Anthropic && field["type"] == "disabled";
        if !reasoning_fields(features).contains(&name) && !is_off {
            return Err(model_error(format_args!("{name}: Extra inputs are not permitted")));
        }
    }
    let Some((name, field)) = reasoning_field(conversation, features) else { return Ok(()) };
    match features.reasoning {
        Reasoning::Claude => {
            let inference = &conversation.inference;
            let choice = conversation.tools.as_ref().and_then(|tools| tools.tool_choice.as_ref());
            let limits = ThinkingLimits {
                max_tokens: i64::from(inference.max_tokens.unwrap_or(features.max_tokens)),
                temperature: inference.temperature.map(f64::from),
                has_top_k: conversation.fields.get("top_k").is_some(),
                forces_tool: matches!(choice, Some(ToolChoice::Any(_) | ToolChoice::Tool(_)))
                    || tools::forced_by_fields(&conversation.fields).is_some(),
            };
            check_thinking(name, field, &limits).map_err(model_error)
        }
        Reasoning::Effort | Reasoning::Always => match field.as_str() {
            Some("low" | "medium" | "high") => Ok(()),
            _ => Err(model_error(format_args!("{name}: Input should be one of 'low', 'medium', 'high'"))),
        },
        _ => match field["type"].as_str() {
            Some("disabled" | "enabled") => Ok(()),
            _ => Err(model_error(format_args!("{name}.type: Input should be one of 'disabled', 'enabled'"))),
        },
    }
}
