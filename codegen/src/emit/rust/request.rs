//! Prints the parts of an operation that depend on Smithy traits: authentication, idempotency, host prefix,
//! compression and checksums. Also prints the implementations of Rust traits for payloads and event streams.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{facts, sequence, ty};
use crate::ir::{Auth, EventsMember, Operation, PayloadHeader, Segment, Type};

/// Returns the constants and functions of the trait `Operation` that differ from their defaults.
pub(super) fn overrides(operation: &Operation) -> TokenStream {
    let auth = match operation.auth {
        Auth::Required => None,
        Auth::Optional => Some(quote!(Optional)),
        Auth::None => Some(quote!(None)),
    };
    let authentication = quote!(use_::invoke_model_protocol::Authentication);
    let auth = auth.map(|auth| quote!(const AUTHENTICATION: #authentication = #authentication::#auth;));
    let unsigned = operation.unsigned_payload.then(|| {
        quote!(
            const UNSIGNED_PAYLOAD: bool = true;
        )
    });
    let idempotent = operation.is_idempotent.then(|| {
        quote!(
            const IS_IDEMPOTENT: bool = true;
        )
    });
    let events = operation.input_events.as_ref().map(|_| {
        quote!(
            const HAS_INPUT_EVENTS: bool = true;
        )
    });
    let payload_member = operation.payload_input.as_ref().and_then(|name| operation.input.member(name));
    let payload = payload_member.map(|member| {
        let name = &member.wire_name;
        quote!(
            const INPUT_PAYLOAD: Option<&'static str> = Some(#name);
        )
    });
    let set_payload = payload_member.map(|member| {
        let field = ty::ident(&member.rust_name);
        let value = if member.is_optional() { quote!(Some(payload)) } else { quote!(payload) };
        quote! {
            fn set_input_payload(input: &mut Self::Input, payload: use_::bytes::Bytes) {
                input.#field = #value;
            }
        }
    });
    let pagination = operation.pagination.as_ref().map(|pagination| sequence::names(&pagination.names));
    let (facts, tokens, prefix) = (facts::of_operation(operation), tokens(operation), host_prefix(operation));
    quote!(#auth #unsigned #idempotent #events #pagination #payload #facts #set_payload #tokens #prefix)
}

/// Returns the implementations of the Rust traits for payloads and event streams.
pub(super) fn marks(operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.rust_name);
    let input = operation.payload_input.as_ref().and_then(|name| operation.input.member(name));
    let input = input.map(|member| {
        let length = member.requires_length.then(|| {
            quote!(
                const REQUIRES_LENGTH: bool = true;
            )
        });
        quote!(impl use_::invoke_model_protocol::PayloadInput for #name { #length })
    });
    let output = operation.payload_output.as_ref().map(|member| {
        quote!(impl use_::invoke_model_protocol::PayloadOutput for #name { const MEMBER: &'static str = #member; })
    });
    let events = |mark: &str, events: &EventsMember| {
        let (mark, stream, member) = (format_ident!("{mark}"), ty::named(&events.stream), &events.wire_name);
        quote! {
            impl use_::invoke_model_protocol::event_stream::#mark for #name {
                const MEMBER: &'static str = #member;
                type Events = #stream;
            }
        }
    };
    let input_events = operation.input_events.as_ref().map(|member| events("InputEventStream", member));
    let output_events = operation.output_events.as_ref().map(|member| events("OutputEventStream", member));
    quote!(#input #output #input_events #output_events)
}

/// Returns the statements that replace empty labels with their defaults.
pub(super) fn default_labels(operation: &Operation) -> Vec<TokenStream> {
    let labels = operation.default_labels.iter().filter_map(|(name, default)| {
        let member = operation.input.member(name)?;
        let field = ty::ident(&member.rust_name);
        let text = match member.ty {
            Type::String { .. } => quote!(input.#field),
            _ => quote!(input.#field.as_str()),
        };
        Some(quote!(if #text.is_empty() { input.#field = #default.into(); }))
    });
    labels.collect()
}

/// Wraps the expression of a request in calls that compress the payload and add checksums.
pub(super) fn with_payload_headers(operation: &Operation, request: TokenStream) -> TokenStream {
    operation.payload_headers.iter().fold(request, |request, header| match header {
        PayloadHeader::Gzip => quote!(use_::invoke_model_protocol::compression::gzip(#request?)),
        PayloadHeader::Md5 => quote!(use_::invoke_model_protocol::checksum::md5(#request?)),
        PayloadHeader::TreeHash => quote!(use_::invoke_model_protocol::checksum::tree_hash(#request?)),
    })
}

fn tokens(operation: &Operation) -> Option<TokenStream> {
    let mut tokens = operation.input.members.iter().filter(|member| member.idempotency_token).peekable();
    tokens.peek()?;
    let lines = tokens.map(|member| {
        let name = ty::ident(&member.rust_name);
        if member.is_optional() {
            quote!(input.#name.get_or_insert_with(&mut *generator);)
        } else {
            quote!(if input.#name.is_empty() { input.#name = generator(); })
        }
    });
    Some(quote! {
        fn fill_idempotency_tokens(input: &mut Self::Input, generator: &mut dyn FnMut() -> String) {
            #(#lines)*
        }
    })
}

fn host_prefix(operation: &Operation) -> Option<TokenStream> {
    if operation.host_prefix.is_empty() {
        return None;
    }
    let lines = operation.host_prefix.iter().filter_map(|segment| match segment {
        Segment::Literal(text) => Some(quote!(prefix.literal(#text);)),
        Segment::Label { member: name, .. } => {
            let field = ty::ident(&operation.input.member(name)?.rust_name);
            Some(quote!(prefix.label(#name, &input.#field)?;))
        }
    });
    let has_label = operation.host_prefix.iter().any(|segment| matches!(segment, Segment::Label { .. }));
    let parameter = if has_label { quote!(input) } else { quote!(_input) };
    Some(quote! {
        fn host_prefix(
            #parameter: &Self::Input,
        ) -> Result<Option<String>, use_::invoke_model_protocol::SerializeError> {
            let mut prefix = use_::invoke_model_protocol::HostPrefix::new();
            #(#lines)*
            Ok(Some(prefix.into_string()))
        }
    })
}
