//! Checks `inferenceConfig` and the parameters of the models, and finds out whether the model reasons.

use invoke_model_protocol::server::Constraint;
use invoke_model_types::ToolChoice;
use serde_json::Value;

use super::features::{Features, Reasoning};
use super::{Conversation, invalid, model_error, violation};
use crate::families::{EITHER_TEMPERATURE_OR_TOP_P, Family, Model};
use crate::service_error::ServiceError;

/// The minimum of `thinking.budget_tokens`.
const MIN_BUDGET: i64 = 1_024;

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

/// Checks the constraints of the Smithy model on `inferenceConfig`.
pub(super) fn check_constraints(conversation: &Conversation) -> Result<(), ServiceError> {
    let inference = &conversation.inference;
    if inference.max_tokens.is_some_and(|tokens| tokens < 1) {
        let constraint = Constraint::Range { min: Some(1.0), max: None };
        return Err(violation("inferenceConfig.maxTokens", &constraint));
    }
    let fractions = [("temperature", inference.temperature), ("topP", inference.top_p)];
    for (name, value) in fractions {
        let Some(value) = value else { continue };
        let member = format!("inferenceConfig.{name}");
        if value.is_nan() || value < 0.0 {
            return Err(violation(member, &Constraint::Range { min: Some(0.0), max: None }));
        }
        if value > 1.0 {
            return Err(violation(member, &Constraint::Range { min: None, max: Some(1.0) }));
        }
    }
    let sequences = inference.stop_sequences.as_deref().unwrap_or_default();
    if sequences.len() > 2_500 {
        let constraint = Constraint::Length { min: None, max: Some(2_500) };
        return Err(violation("inferenceConfig.stopSequences", &constraint));
    }
    if let Some(index) = sequences.iter().position(String::is_empty) {
        let member = format!("inferenceConfig.stopSequences.{}.member", index + 1);
        return Err(violation(member, &Constraint::Length { min: Some(1), max: None }));
    }
    Ok(())
}

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
    check_reasoning(conversation, features)
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
        _ => {
            let kind = field.and_then(|field| field.get("type")?.as_str());
            matches!(kind, Some("enabled" | "adaptive"))
        }
    }
}

fn check_reasoning(conversation: &Conversation, features: &Features) -> Result<(), ServiceError> {
    for name in ["thinking", "reasoning_config"] {
        if !reasoning_fields(features).contains(&name) && conversation.fields.get(name).is_some() {
            return Err(model_error(format_args!("{name}: Extra inputs are not permitted")));
        }
    }
    let Some((name, field)) = reasoning_field(conversation, features) else { return Ok(()) };
    if matches!(features.reasoning, Reasoning::Effort | Reasoning::Always) {
        return match field.as_str() {
            Some("low" | "medium" | "high") => Ok(()),
            _ => Err(model_error(format_args!("{name}: Input should be one of 'low', 'medium', 'high'"))),
        };
    }
    let kind = field.get("type").and_then(Value::as_str);
    let kinds: &[&str] = match features.reasoning {
        Reasoning::Claude => &["adaptive", "disabled", "enabled"],
        _ => &["disabled", "enabled"],
    };
    if !kind.is_some_and(|kind| kinds.contains(&kind)) {
        let kinds = kinds.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
        return Err(model_error(format_args!("{name}.type: Input should be one of {kinds}")));
    }
    if features.reasoning == Reasoning::Nova || !has_reasoning(conversation, features) {
        return Ok(());
    }
    if kind == Some("enabled") {
        let budget = field.get("budget_tokens").and_then(Value::as_i64);
        let Some(budget) = budget else {
            return Err(model_error(format_args!("{name}.enabled.budget_tokens: Field required")));
        };
        if budget < MIN_BUDGET {
            return Err(model_error(format_args!(
                "{name}.enabled.budget_tokens: Input should be greater than or equal to {MIN_BUDGET}"
            )));
        }
        let max_tokens = conversation.inference.max_tokens.map_or(i64::from(features.max_tokens), i64::from);
        if budget >= max_tokens {
            return Err(model_error("`max_tokens` must be greater than `thinking.budget_tokens`."));
        }
    }
    if conversation.inference.temperature.is_some_and(|temperature| temperature < 1.0) {
        return Err(model_error("`temperature` may only be set to 1 when thinking is enabled."));
    }
    let choice = conversation.tools.as_ref().and_then(|tools| tools.tool_choice.as_ref());
    if matches!(choice, Some(ToolChoice::Any(_) | ToolChoice::Tool(_))) {
        return Err(model_error("Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(())
}
