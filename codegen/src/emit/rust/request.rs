//! What an operation says of its requests beside serialize: who may call, tokens, the host's prefix, what is added to
//! the payload; and what it has for a payload.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::ty;
use crate::ir::{Auth, Member, Operation, PayloadHeader, Presence, Segment, Type};

/// Constants and functions of `Operation` that have a default; only where the default does not hold.
pub(super) fn items(operation: &Operation) -> TokenStream {
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
    let (tokens, prefix) = (tokens(operation), host_prefix(operation));
    quote!(#auth #unsigned #tokens #prefix)
}

/// The traits that say what the payloads are.
pub(super) fn marks(operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.rust_name);
    let input = attached(operation).map(|member| {
        let length = member.requires_length.then(|| {
            quote!(
                const REQUIRES_LENGTH: bool = true;
            )
        });
        quote!(impl use_::invoke_model_protocol::PayloadInput for #name { #length })
    });
    let output = operation
        .output
        .blob_payload()
        .map(|_| quote!(impl use_::invoke_model_protocol::PayloadOutput for #name {}));
    let events = |mark: &str, stream: &String| {
        let (mark, stream) = (format_ident!("{mark}"), ty::named(stream));
        quote!(impl use_::invoke_model_protocol::event_stream::#mark for #name { type Events = #stream; })
    };
    let input_events = operation.input_events.as_ref().map(|stream| events("InputEventStream", stream));
    let output_events = operation.output_events.as_ref().map(|stream| events("OutputEventStream", stream));
    quote!(#input #output #input_events #output_events)
}

/// The payload that can be sent without being held whole: a blob that no checksum is made of and nothing compresses.
pub(super) fn attached(operation: &Operation) -> Option<&Member> {
    operation.input.blob_payload().filter(|_| operation.payload_headers.is_empty())
}

/// Lines that put the default of a label in the place of an empty value.
pub(super) fn default_labels(operation: &Operation) -> Vec<TokenStream> {
    let labels = operation.default_labels.iter().filter_map(|(name, default)| {
        let member = operation.input.members.iter().find(|member| member.wire_name == *name)?;
        let field = ty::ident(&member.rust_name);
        let text = match member.ty {
            Type::String { .. } => quote!(input.#field),
            _ => quote!(input.#field.as_str()),
        };
        Some(quote!(if #text.is_empty() { input.#field = #default.into(); }))
    });
    labels.collect()
}

/// The expression of a request whose payload is known, with what is added then.
pub(super) fn with_payload_headers(operation: &Operation, request: TokenStream) -> TokenStream {
    operation.payload_headers.iter().fold(request, |request, header| match header {
        PayloadHeader::Gzip => quote!(use_::invoke_model_protocol::compression::gzip(#request?)),
        PayloadHeader::Md5 => quote!(use_::invoke_model_protocol::checksum::md5(#request?)),
        PayloadHeader::TreeHash => quote!(use_::invoke_model_protocol::checksum::tree_hash(#request?)),
    })
}

fn tokens(operation: &Operation) -> Option<TokenStream> {
    let tokens: Vec<&Member> =
        operation.input.members.iter().filter(|member| member.idempotency_token).collect();
    if tokens.is_empty() {
        return None;
    }
    let lines = tokens.iter().map(|member| {
        let name = ty::ident(&member.rust_name);
        if member.presence == Presence::Optional {
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
    let mut has_label = false;
    let lines: Vec<TokenStream> = operation
        .host_prefix
        .iter()
        .filter_map(|segment| match segment {
            Segment::Literal(text) => Some(quote!(prefix.literal(#text);)),
            Segment::Label { member: name, .. } => {
                let member = operation.input.members.iter().find(|member| member.wire_name == *name)?;
                let field = ty::ident(&member.rust_name);
                has_label = true;
                Some(quote!(prefix.label(#name, &input.#field)?;))
            }
        })
        .collect();
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
