//! The functions that read facts about calls: `request_facts`, `header_metric`, `output_metrics`, and the
//! functions of event streams.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::ty;
use crate::ir::{EventStream, MemberPath, Metric, Operation, Type};

/// Returns the constants and functions of the trait `Operation`.
pub(super) fn of_operation(operation: &Operation) -> TokenStream {
    let facts = &operation.facts;
    let label = facts.model_id_label.as_ref().map(|label| {
        quote!(
            const MODEL_ID_LABEL: Option<&'static str> = Some(#label);
        )
    });
    let payload = facts.has_model_payload.then(|| {
        quote!(
            const HAS_MODEL_PAYLOAD: bool = true;
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
    quote!(#label #payload #uses_tokens #request_facts #header_metric #output_metrics)
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
            let (variant, part) = (format_ident!("{}", event.rust_name), option(path, &quote!(event)));
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
    let text = |path: &MemberPath| {
        let value = option(path, &quote!(input));
        quote!(#value.map(String::as_str))
    };
    let number = |path: &MemberPath| {
        let value = option(path, &quote!(input));
        quote!(#value.and_then(|value| u64::try_from(*value).ok()))
    };
    let fields = [
        ("model_id", facts.model_id.as_ref().map(text)),
        ("guardrail_id", facts.guardrail_id.as_ref().map(text)),
        ("max_output_tokens", facts.max_output_tokens.as_ref().map(number)),
    ];
    if fields.iter().all(|(_, value)| value.is_none()) {
        return None;
    }
    let fields = fields.into_iter().map(|(name, value)| {
        let (name, value) = (format_ident!("{name}"), value.unwrap_or(quote!(None)));
        quote!(#name: #value)
    });
    Some(quote! {
        fn request_facts(input: &Self::Input) -> use_::invoke_model_protocol::metrics::RequestFacts<'_> {
            use_::invoke_model_protocol::metrics::RequestFacts { #(#fields),* }
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

/// Returns the statements that set the metrics that the value `of` contains.
fn metrics(metrics: &[(Metric, MemberPath)], of: &TokenStream) -> TokenStream {
    let lines = metrics.iter().map(|(metric, path)| {
        let (field, value) = (field(*metric), option(path, of));
        match path.ty {
            Type::Integer(_) => {
                quote!(metrics.#field = #value.and_then(|value| u64::try_from(*value).ok()).or(metrics.#field);)
            }
            _ => quote! {
                if let Some(value) = #value {
                    metrics.#field = Some(value.clone().into());
                }
            },
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

/// Returns an expression of type `Option<&T>` for the member at a path in the value `of`.
fn option(path: &MemberPath, of: &TokenStream) -> TokenStream {
    let (mut value, mut is_option) = (of.clone(), false);
    for step in &path.steps {
        let name = ty::ident(&step.rust_name);
        value = match (is_option, step.optional) {
            (false, false) => quote!(#value.#name),
            (false, true) => quote!(#value.#name.as_ref()),
            (true, false) => quote!(#value.map(|value| &value.#name)),
            (true, true) => quote!(#value.and_then(|value| value.#name.as_ref())),
        };
        is_option |= step.optional;
    }
    if is_option { value } else { quote!(Some(&#value)) }
}
