//! One call of a conversation: the checks, the prompt cache, the answer and the usage.

use invoke_model_types::{
    CacheDetail, CacheTtl, GuardrailTraceAssessment, StopReason, TokenUsage as ConverseUsage,
};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::features::Features;
use super::guardrail::{self, GuardrailRequest};
use super::part::PartReceiver;
use super::{Conversation, invalid};
use crate::error_model;
use crate::families::{self, DEFAULT_TEXT_MODEL, Family, Model, ModelModality};
use crate::fault::ModelReply;
use crate::guardrail::GuardedCall;
use crate::operation::{CallContext, GuardedInput, ModelOutput, TokenUsage};
use crate::prompt_cache::CachedTokens;
use crate::service_error::ServiceError;
use crate::stream::PlannedStreamFault;

/// The response to a conversation, and the values that both operations report.
pub(crate) struct Exchange {
    pub(crate) answer: Answer,
    /// The parts of the answer, if an upstream generates them while the response is sent. `answer` is then empty.
    pub(crate) parts: Option<PartReceiver>,
    pub(crate) usage: ConverseUsage,
    /// The tokens for the log and the quotas.
    pub(crate) tokens: TokenUsage,
    /// The result of the guardrail for the input.
    pub(crate) guarded_input: GuardedInput,
    /// The trace of the guardrail, if the request asks for it.
    pub(crate) guardrail: Option<GuardrailTraceAssessment>,
    /// The values at `additionalModelResponseFieldPaths`.
    pub(crate) fields: Option<Value>,
    /// The fault that a call to the error model asks for.
    pub(crate) stream_fault: Option<PlannedStreamFault>,
}

impl Exchange {
    /// Checks a conversation and generates the response.
    pub(crate) fn new(
        call: &CallContext<'_>,
        model_id: &str,
        conversation: &Conversation,
        guardrail_request: &GuardrailRequest,
        paths: &[String],
    ) -> Result<Self, ServiceError> {
        let (model, stream_fault) = if model_id == error_model::ERROR_MODEL_ID {
            let fault = error_model::stream_fault(conversation.is_streaming, &conversation.fields)?;
            (default_model()?, Some(fault))
        } else {
            (text_model(call, model_id)?, None)
        };
        let mut guarded = guardrail_request.find(call)?;
        let is_error_model = stream_fault.is_some();
        if !is_error_model {
            conversation.check(&model)?;
        }
        let prompt = conversation.prompt(&model);
        let output = call.take_output().filter(|_| !is_error_model);
        let blocked =
            guarded.as_mut().and_then(|guarded| guarded.check_input(&guardrail::content(conversation)));
        let is_blocked = blocked.is_some();
        let guarded_input = match guarded {
            None => GuardedInput::Unguarded,
            Some(_) if is_blocked => GuardedInput::Blocked,
            Some(_) => GuardedInput::Passed,
        };
        let (mut answer, input_tokens, parts) = match (blocked, output) {
            (Some(message), _) => (Answer::blocked(message), None, None),
            (None, None) => (Answer::new(conversation, &model, &prompt)?, None, None),
            (None, Some(ModelOutput::Reply(reply))) => {
                (Answer::scripted(&reply, conversation, &model, &prompt), reply.input_tokens(), None)
            }
            (None, Some(ModelOutput::Parts(parts))) => {
                let none = ModelReply::default();
                (Answer::scripted(&none, conversation, &model, &prompt), None, Some(parts))
            }
        };
        if let Some(guarded) = guarded.as_mut().filter(|_| !is_blocked) {
            guardrail::check_output(guarded, &mut answer);
        }
        // If the guardrail blocks the input, the model does not run, so the call uses no input tokens.
        let cached = match input_tokens {
            None if !is_blocked && !call.is_check => {
                call.state.prompt_cache.look_up(&prompt.prefixes, call.now)
            }
            _ => CachedTokens::default(),
        };
        let uncached = prompt.tokens.saturating_sub(cached.read + cached.written);
        let uncached = if is_blocked { 0 } else { input_tokens.unwrap_or(uncached) };
        let has_cache = Features::of(&model).prompt_cache
            && (model.family == Family::Anthropic || !prompt.prefixes.is_empty());
        Ok(Self {
            usage: usage(uncached, &cached, answer.output_tokens, has_cache),
            tokens: TokenUsage {
                model_id: model.id,
                input_tokens: uncached,
                cached: Some(cached),
                output_tokens: answer.output_tokens,
                max_tokens: answer.max_tokens,
            },
            guarded_input,
            guardrail: guarded.and_then(GuardedCall::into_trace).map(guardrail::trace),
            fields: response_fields(&answer, &model, paths)?,
            answer,
            parts,
            stream_fault,
        })
    }
}

/// Looks up the prefixes of a body in the prompt cache. Returns the number of uncached input tokens, and the cached
/// tokens. Returns `None` if the body has no cache points, or the model does not support prompt caching.
pub(crate) fn cached_input(
    call: &CallContext<'_>,
    model: &Model,
    body: &Value,
) -> Option<(u64, CachedTokens)> {
    if !Features::of(model).prompt_cache || call.is_check {
        return None;
    }
    let prompt = Conversation::from_value(body).prompt(model);
    if prompt.prefixes.is_empty() {
        return None;
    }
    let cached = call.state.prompt_cache.look_up(&prompt.prefixes, call.now);
    Some((prompt.tokens.saturating_sub(cached.read + cached.written), cached))
}

/// Finds a model, and checks that the model supports conversations.
pub(crate) fn text_model(call: &CallContext<'_>, model_id: &str) -> Result<Model, ServiceError> {
    let model = call.model(model_id)?;
    if model.output_modality() == ModelModality::Text {
        return Ok(model);
    }
    Err(invalid(
        "This action doesn't support the model that you provided. Try again with a supported text or chat model.",
    ))
}

fn default_model() -> Result<Model, ServiceError> {
    families::find(DEFAULT_TEXT_MODEL).ok_or_else(ServiceError::unknown_model)
}

fn usage(input: u64, cached: &CachedTokens, output: u64, has_cache: bool) -> ConverseUsage {
    let total = input + cached.read + cached.written + output;
    let mut usage = ConverseUsage::new(int(input), int(output), int(total));
    if has_cache {
        usage.cache_read_input_tokens = Some(int(cached.read));
        usage.cache_write_input_tokens = Some(int(cached.written));
    }
    if cached.written > 0 {
        let ttl = if cached.is_long_lived { CacheTtl::ONE_HOUR } else { CacheTtl::FIVE_MINUTES };
        usage.cache_details = Some(vec![CacheDetail::new(ttl, int(cached.written))]);
    }
    usage
}

/// Converts a number of tokens to the integer type of the Smithy model.
pub(crate) fn int(tokens: u64) -> i32 {
    i32::try_from(tokens).unwrap_or(i32::MAX)
}

/// Returns the members that `paths` select. Each path is a JSON Pointer (RFC 6901) into the response in the
/// schema of the vendor.
fn response_fields(answer: &Answer, model: &Model, paths: &[String]) -> Result<Option<Value>, ServiceError> {
    if let Some(path) = paths.iter().find(|path| !path.starts_with('/')) {
        return Err(invalid(format!(
            "The path `{path}` in additionalModelResponseFieldPaths is not a JSON Pointer: it must begin with /"
        )));
    }
    let own = match model.family {
        Family::Anthropic => json!({
            "role": "assistant",
            "stop_reason": stop_reason(answer),
            "stop_sequence": answer.stop_sequence,
            "type": "message",
        }),
        _ => json!({"stopReason": stop_reason(answer)}),
    };
    let found = paths.iter().filter_map(|path| {
        let name = path.get(1..)?;
        own.get(name).map(|value| (name.to_owned(), value.clone()))
    });
    let found: Map<String, Value> = found.collect();
    Ok((!found.is_empty()).then_some(Value::Object(found)))
}

fn stop_reason(answer: &Answer) -> &str {
    let reason: &StopReason = &answer.stop_reason;
    reason.as_str()
}
