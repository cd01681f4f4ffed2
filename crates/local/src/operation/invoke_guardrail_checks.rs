//! `InvokeGuardrailChecks`.
//!
//! The sensitive information check uses the same detectors as guardrails. The guardrail file lists keywords
//! for the categories of the content filter and of the prompt attack check. If a text contains a keyword of a
//! category, the severity of the category is 1. Otherwise, the severity is 0.

use invoke_model_types::{
    GuardrailChecksConfig, GuardrailChecksContentBlock, GuardrailChecksContentFilterResult,
    GuardrailChecksContentFilterResultEntry, GuardrailChecksContentFilterUsage, GuardrailChecksMessage,
    GuardrailChecksPromptAttackResult, GuardrailChecksPromptAttackResultEntry,
    GuardrailChecksPromptAttackUsage, GuardrailChecksResults, GuardrailChecksSensitiveInformationResult,
    GuardrailChecksSensitiveInformationResultEntry, GuardrailChecksSensitiveInformationUsage,
    GuardrailChecksUsageResults, InvokeGuardrailChecks, InvokeGuardrailChecksInput,
    InvokeGuardrailChecksOutput,
};

use super::{CallContext, OperationHandler, Reply};
use crate::guardrail::{CheckKeywords, Pii, contains_word, text_units};
use crate::service_error::ServiceError;

/// A handler that checks messages without a guardrail.
pub(super) struct InvokeGuardrailChecksHandler;

impl OperationHandler for InvokeGuardrailChecksHandler {
    type Operation = InvokeGuardrailChecks;

    fn handle(
        call: &CallContext<'_>,
        input: InvokeGuardrailChecksInput,
    ) -> Result<Reply<InvokeGuardrailChecks>, ServiceError> {
        let InvokeGuardrailChecksInput { messages, checks, .. } = input;
        check_configuration(&checks)?;
        let texts = texts(&messages)?;
        let units = text_units(texts.iter().map(|text| text.text.chars().count()).sum());
        let severity = |category: &str| severity(&call.state.guardrails.checks, category, &texts);
        let mut results = GuardrailChecksResults::default();
        let mut usage = GuardrailChecksUsageResults::default();
        if let Some(config) = checks.content_filter {
            let entries = config.categories.into_iter().map(|config| {
                let severity = severity(config.category.as_str());
                GuardrailChecksContentFilterResultEntry::new(config.category, severity)
            });
            results.content_filter = Some(GuardrailChecksContentFilterResult::new(entries.collect()));
            usage.content_filter = Some(GuardrailChecksContentFilterUsage::new(units));
        }
        if let Some(config) = checks.prompt_attack {
            let entries = config.categories.into_iter().map(|config| {
                let severity = severity(config.category.as_str());
                GuardrailChecksPromptAttackResultEntry::new(config.category, severity)
            });
            results.prompt_attack = Some(GuardrailChecksPromptAttackResult::new(entries.collect()));
            usage.prompt_attack = Some(GuardrailChecksPromptAttackUsage::new(units));
        }
        if let Some(config) = checks.sensitive_information {
            let kinds = config.entities.iter().map(|entity| entity.r#type.as_str());
            let entries = kinds.flat_map(|kind| entities(kind, &texts)).collect();
            let mut result = GuardrailChecksSensitiveInformationResult::new(entries);
            result.truncated = Some(false);
            results.sensitive_information = Some(result);
            usage.sensitive_information = Some(GuardrailChecksSensitiveInformationUsage::new(units));
        }
        Ok(Reply::new(InvokeGuardrailChecksOutput::new(results, usage)))
    }
}

/// A text of a message.
struct Text<'a> {
    text: &'a str,
    message_index: i32,
    content_index: i32,
}

fn check_configuration(checks: &GuardrailChecksConfig) -> Result<(), ServiceError> {
    let GuardrailChecksConfig { content_filter, prompt_attack, sensitive_information, .. } = checks;
    if content_filter.is_none() && prompt_attack.is_none() && sensitive_information.is_none() {
        return Err(ServiceError::validation(
            "The checks are empty. Add contentFilter, promptAttack or sensitiveInformation and try again.",
        ));
    }
    Ok(())
}

fn texts(messages: &[GuardrailChecksMessage]) -> Result<Vec<Text<'_>>, ServiceError> {
    let mut texts = Vec::new();
    for (message_index, message) in (0..).zip(messages) {
        for (content_index, block) in (0..).zip(&message.content) {
            match block {
                GuardrailChecksContentBlock::Text(text) => {
                    texts.push(Text { text, message_index, content_index });
                }
                _ => {
                    return Err(ServiceError::validation(format!(
                        "The content block {content_index} of the message {message_index} has no text"
                    )));
                }
            }
        }
    }
    Ok(texts)
}

fn severity(checks: &[CheckKeywords], category: &str, texts: &[Text<'_>]) -> f64 {
    let keywords = checks.iter().filter(|check| check.category == category).flat_map(|check| &check.keywords);
    let mut found = keywords.filter(|word| texts.iter().any(|text| contains_word(text.text, word)));
    if found.next().is_some() { 1.0 } else { 0.0 }
}

/// Returns the matches of a type of personal data. Offsets count characters.
fn entities(kind: &str, texts: &[Text<'_>]) -> Vec<GuardrailChecksSensitiveInformationResultEntry> {
    let Some(detector) = Pii::detector(kind) else { return Vec::new() };
    let matches =
        texts.iter().flat_map(|text| detector.find(text.text).into_iter().map(move |range| (text, range)));
    let entries = matches.map(|(text, range)| {
        let offset = |bytes: usize| i32::try_from(text.text[..bytes].chars().count()).unwrap_or(i32::MAX);
        GuardrailChecksSensitiveInformationResultEntry::new(
            kind,
            1.0,
            offset(range.start),
            offset(range.end),
            text.message_index,
            text.content_index,
        )
    });
    entries.collect()
}
