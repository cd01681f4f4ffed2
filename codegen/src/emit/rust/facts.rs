//! Prints the constants and functions for facts about calls, such as the model id and token counts. The
//! functions are `request_facts`, `set_model_id`, `add_request_metadata`, `header_metric` and `output_metrics` of operations, and `metrics` and
//! `model_part` of event streams.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::ty;
use crate::ir::{EventStream, Member, MemberPath, Metric, Operation, Type};

/// Returns the constants and functions of the trait `Operation`.
pub(super) fn of_operation(operation: &Operation) -> TokenStream {
    let facts = &operation.facts;
    let label = facts.model_id_label.as_ref().map(|label| {
        quote!(
            const MODEL_ID_LABEL: Option<&'static str> = Some(#label);
        )
    });
    let model_id_member = facts.model_id_member.as_ref().and_then(|name| operation.input.member(name));
    let member = model_id_member.map(|member| {
        let name = &member.wire_name;
        quote!(
            const MODEL_ID_MEMBER: Option<&'static str> = Some(#name);
        )
    });
    let set_model_id = model_id_member.map(set_model_id);
    let request_metadata =
        facts.request_metadata_member.as_ref().and_then(|name| operation.input.member(name));
    let add_request_metadata = request_metadata.map(add_request_metadata);
    let payload = facts.has_model_payload.then(|| {
        quote!(
            const HAS_MODEL_PAYLOAD: bool = true;
        )
    });
    let gen_ai_operation = facts.gen_ai_operation.as_ref().map(|name| {
        quote!(
            const GEN_AI_OPERATION: Option<&'static str> = Some(#name);
        )
    });
    let uses_tokens = facts.uses_tokens.then(|| {
        quote!(
            const USES_TOKENS: bool = true;
        )
    });
    let (request_facts, header_metric) = (request_facts(operation), header_metric(&facts.header_metrics));
    let output_metrics = (!facts.output_metrics.is_empty()).then(|| {
        let lines = metrics(&facts.output_metrics, &quote!(output));
        quote!(fn output_metrics(output: &Self::Output, metrics: &mut use_::invoke_model_protocol::metrics::ResponseMetrics) { #lines })
    });
    quote!(#member #label #payload #gen_ai_operation #uses_tokens #request_facts #set_model_id #add_request_metadata #header_metric #output_metrics)
}

fn set_model_id(member: &Member) -> TokenStream {
    let field = ty::ident(&member.rust_name);
    let value = match member.ty {
        Type::String { .. } => quote!(model_id),
        _ => quote!(model_id.into()),
    };
    let value = if member.is_optional() { quote!(Some(#value)) } else { value };
    quote! {
        fn set_model_id(input: &mut Self::Input, model_id: String) {
            input.#field = #value;
        }
    }
}

fn add_request_metadata(member: &Member) -> TokenStream {
    let (field, name) = (ty::ident(&member.rust_name), &member.wire_name);
    let adding = match (&member.ty, member.is_optional()) {
        (Type::Map { .. }, true) => quote! {
            input.#field.get_or_insert_default().extend(tags.clone());
            Ok(())
        },
        (Type::Map { .. }, false) => quote! {
            input.#field.extend(tags.clone());
            Ok(())
        },
        (_, true) => quote! {
            let json = use_::invoke_model_protocol::metrics::add_tags(#name, input.#field.as_deref(), tags)?;
            input.#field = Some(json);
            Ok(())
        },
        (_, false) => quote! {
            input.#field = use_::invoke_model_protocol::metrics::add_tags(#name, Some(&input.#field), tags)?;
            Ok(())
        },
    };
    quote! {
        fn add_request_metadata(
            input: &mut Self::Input,
            tags: &::std::collections::BTreeMap<String, String>,
        ) -> Result<(), use_::invoke_model_protocol::SerializeError> {
            #adding
        }
    }
}

/// Returns the functions of the trait `EventStream`.
pub(super) fn of_events(stream: &EventStream) -> TokenStream {
    let with_metrics = stream.events.iter().filter(|event| !event.metrics.is_empty());
    let mut arms = with_metrics
        .map(|event| {
            let variant = format_ident!("{}", event.rust_name);
            let lines = metrics(&event.metrics, &quote!(event));
            quote!(Self::#variant(event) => { #lines })
        })
        .peekable();
    let metrics = arms.peek().is_some().then(|| {
        quote! {
            fn metrics(&self, metrics: &mut use_::invoke_model_protocol::metrics::ResponseMetrics) {
                match self { #(#arms)* _ => {} }
            }
        }
    });
    let with_part = stream.events.iter().filter_map(|event| Some((event, event.model_part.as_ref()?)));
    let mut arms = with_part
        .map(|(event, path)| {
            let (variant, part) =
                (format_ident!("{}", event.rust_name), option(path, &quote!(event), Form::Blob));
            quote!(Self::#variant(event) => #part)
        })
        .peekable();
    let part = arms.peek().is_some().then(|| {
        quote! {
            fn model_part(&self) -> Option<&use_::bytes::Bytes> {
                match self { #(#arms,)* _ => None }
            }
        }
    });
    quote!(#metrics #part)
}

fn request_facts(operation: &Operation) -> Option<TokenStream> {
    let facts = &operation.facts;
    let text = |path: &MemberPath| option(path, &quote!(input), Form::Text);
    let number = |path: &MemberPath| option(path, &quote!(input), Form::Number);
    let fields = [
        ("model_id", facts.model_id.as_ref().map(text)),
        ("guardrail_id", facts.guardrail_id.as_ref().map(text)),
        ("project_id", facts.project_id.as_ref().map(text)),
        ("invocation_arn", facts.invocation_arn.as_ref().map(text)),
        ("max_output_tokens", facts.max_output_tokens.as_ref().map(number)),
    ];
    if fields.iter().all(|(_, value)| value.is_none()) {
        return None;
    }
    let is_complete = fields.iter().all(|(_, value)| value.is_some());
    let rest =
        (!is_complete).then(|| quote!(..use_::invoke_model_protocol::metrics::RequestFacts::default()));
    let fields = fields.into_iter().filter_map(|(name, value)| {
        let (name, value) = (format_ident!("{name}"), value?);
        Some(quote!(#name: #value))
    });
    Some(quote! {
        fn request_facts(input: &Self::Input) -> use_::invoke_model_protocol::metrics::RequestFacts<'_> {
            use_::invoke_model_protocol::metrics::RequestFacts { #(#fields,)* #rest }
        }
    })
}

fn header_metric(headers: &[(String, Metric)]) -> Option<TokenStream> {
    if headers.is_empty() {
        return None;
    }
    let arms = headers.iter().map(|(header, metric)| {
        let field = field(*metric);
        quote!(#header => use_::invoke_model_protocol::metrics::read_header(&mut metrics.#field, value))
    });
    Some(quote! {
        fn header_metric(
            name: &str,
            value: &use_::http::HeaderValue,
            metrics: &mut use_::invoke_model_protocol::metrics::ResponseMetrics,
        ) {
            match name { #(#arms,)* _ => {} }
        }
    })
}

/// Returns the statements that copy the metrics from the value `of` to the variable `metrics`.
fn metrics(metrics: &[(Metric, MemberPath)], of: &TokenStream) -> TokenStream {
    let lines = metrics.iter().map(|(metric, path)| {
        let field = field(*metric);
        let form = if matches!(path.ty, Type::Integer(_)) { Form::Number } else { Form::OwnedText };
        let value = option(path, of, form);
        let may_be_missing = matches!(form, Form::Number) || path.steps.iter().any(|step| step.optional);
        if may_be_missing {
            quote!(metrics.#field = #value.or(metrics.#field.take());)
        } else {
            quote!(metrics.#field = #value;)
        }
    });
    quote!(#(#lines)*)
}

fn field(metric: Metric) -> proc_macro2::Ident {
    format_ident!(
        "{}",
        match metric {
            Metric::InputTokens => "input_tokens",
            Metric::OutputTokens => "output_tokens",
            Metric::CacheReadInputTokens => "cache_read_input_tokens",
            Metric::CacheWriteInputTokens => "cache_write_input_tokens",
            Metric::LatencyMs => "latency_ms",
            Metric::StopReason => "stop_reason",
        }
    )
}

/// The form in which an expression returns a member.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A text as `&str`.
    Text,
    /// A string enum as `&str`.
    EnumText,
    /// A text or string enum as `Cow<'static, str>`.
    OwnedText,
    /// An integer as `u64`. Negative numbers count as missing.
    Number,
    /// A blob as `&Bytes`.
    Blob,
    /// A copy of the value.
    Value,
}

impl Form {
    /// Returns the expression for a field, and `true` if the type of the expression is an `Option`.
    fn of(self, field: &TokenStream, is_optional: bool) -> (TokenStream, bool) {
        let expression = match (self, is_optional) {
            (Self::Text | Self::EnumText, false) => quote!(#field.as_str()),
            (Self::EnumText, true) => quote!(#field.as_ref().map(|value| value.as_str())),
            (Self::Text, true) => quote!(#field.as_deref()),
            (Self::OwnedText, false) => quote!(#field.clone().into()),
            (Self::OwnedText, true) => quote!(#field.clone().map(Into::into)),
            (Self::Number, false) => quote!(u64::try_from(#field).ok()),
            (Self::Number, true) => quote!(#field.and_then(|value| u64::try_from(value).ok())),
            (Self::Blob, false) => quote!(&#field),
            (Self::Blob, true) => quote!(#field.as_ref()),
            (Self::Value, _) => quote!(#field),
        };
        (expression, is_optional || matches!(self, Self::Number))
    }
}

/// Returns an expression of type `Option` for the member at a path in the value `of`.
pub(super) fn option(path: &MemberPath, of: &TokenStream, form: Form) -> TokenStream {
    let Some((last, outer)) = path.steps.split_last() else { return quote!(None) };
    let (mut value, mut is_option) = (of.clone(), false);
    for step in outer {
        let name = ty::ident(&step.rust_name);
        value = match (is_option, step.optional) {
            (false, false) => quote!(#value.#name),
            (false, true) => quote!(#value.#name.as_ref()),
            (true, false) => quote!(#value.map(|value| &value.#name)),
            (true, true) => quote!(#value.and_then(|value| value.#name.as_ref())),
        };
        is_option |= step.optional;
    }
    let name = ty::ident(&last.rust_name);
    if is_option {
        let (inner, is_option) = form.of(&quote!(value.#name), last.optional);
        return if is_option {
            quote!(#value.and_then(|value| #inner))
        } else {
            quote!(#value.map(|value| #inner))
        };
    }
    let (value, is_option) = form.of(&quote!(#value.#name), last.optional);
    if is_option { value } else { quote!(Some(#value)) }
}
