//! Errors: each a structure, and for each operation an enum of those it has.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{doc, field, structure, ty};
use crate::ir::{ErrorFacts, Fault, Location, Member, Operation, Payload, Retryable, Structure, Type};

/// An error shape.
pub(super) fn error(of: &Structure, facts: &ErrorFacts) -> TokenStream {
    let (name, code, status) =
        (format_ident!("{}", of.rust_name), &of.wire_name, Literal::u16_unsuffixed(facts.status));
    let fault = match facts.fault {
        Fault::Client => quote!(Client),
        Fault::Server => quote!(Server),
    };
    let retryable = match facts.retryable {
        None => quote!(None),
        Some(Retryable::Transient) => quote!(Some(use_::invoke_model_protocol::Retryable::Transient)),
        Some(Retryable::Throttling) => quote!(Some(use_::invoke_model_protocol::Retryable::Throttling)),
    };
    let message = message(of);
    let written = structure::structure(of);
    let parse = facts.answered.then(|| {
        let parse = parse(of);
        quote!(impl #name { #parse })
    });
    let json = facts.held.then(|| {
        let (to_json, from_json) = (structure::to_json(of), structure::from_json(of));
        quote! {
            impl use_::invoke_model_protocol::json::ToJson for #name {
                #to_json
            }

            impl use_::invoke_model_protocol::json::FromJson for #name {
                #from_json
            }
        }
    });
    quote! {
        #written

        #parse

        #json

        impl use_::invoke_model_protocol::ModeledError for #name {
            const CODE: &'static str = #code;
            const STATUS: u16 = #status;
            const FAULT: use_::invoke_model_protocol::Fault = use_::invoke_model_protocol::Fault::#fault;
            const RETRYABLE: Option<use_::invoke_model_protocol::Retryable> = #retryable;

            fn message(&self) -> Option<&str> {
                #message
            }
        }

        impl use_::std::fmt::Display for #name {
            fn fmt(&self, f: &mut use_::std::fmt::Formatter<'_>) -> use_::std::fmt::Result {
                invoke_model_protocol::write_error(self, f)
            }
        }

        impl std::error::Error for #name {}
    }
}

/// The errors of an operation.
pub(super) fn operation_error(operation: &Operation) -> TokenStream {
    errors(&operation.error_name, &format!("An error of `{}`.", operation.wire_name), &operation.errors)
}

/// An enum of errors, and whatever is none of them.
pub(super) fn errors(name: &str, words: &str, errors: &[String]) -> TokenStream {
    let (name, words) = (format_ident!("{name}"), doc::doc(words));
    let types: Vec<_> = errors.iter().map(|error| ty::named(error)).collect();
    let variant_docs = errors.iter().map(|error| doc::doc(&format!("[`{error}`].")));
    let errors: Vec<_> = errors.iter().map(|error| format_ident!("{error}")).collect();
    let facts = quote!(use_::invoke_model_protocol::ErrorFacts);
    quote! {
        #words
        #[derive(Clone, Debug, PartialEq, thiserror::Error)]
        #[non_exhaustive]
        pub enum #name {
            #(
                #variant_docs
                #[error(transparent)]
                #errors(#[from] #types),
            )*
            /// An error that the model does not have, or a response without an error code.
            #[error(transparent)]
            Unmodeled(#[from] use_::invoke_model_protocol::ErrorMetadata),
        }

        impl use_::invoke_model_protocol::OperationError for #name {
            fn facts(&self) -> #facts<'_> {
                match self {
                    #(Self::#errors(error) => #facts::modeled(error),)*
                    Self::Unmodeled(metadata) => #facts::unmodeled(metadata),
                }
            }
        }
    }
}

/// The member with the error's words; none where they are sensitive, as `Display` prints them.
fn message(of: &Structure) -> TokenStream {
    let found = of.members.iter().find(|member| is_message(member));
    match found.filter(|member| !(of.sensitive || member.sensitive)) {
        None => quote!(None),
        Some(member) => {
            let name = ty::ident(&member.rust_name);
            match member.presence {
                crate::ir::Presence::Optional => quote!(self.#name.as_deref()),
                _ => quote!(Some(&self.#name)),
            }
        }
    }
}

fn is_message(member: &Member) -> bool {
    matches!(member.wire_name.as_str(), "message" | "Message") && matches!(member.ty, Type::String { .. })
}

fn parse(of: &Structure) -> TokenStream {
    let has_body = of.body_members().next().is_some();
    let in_field =
        |member: &Member| matches!(member.location, Location::Header(_) | Location::PrefixHeaders(_));
    let has_fields = of.members.iter().any(in_field);
    let object = has_body.then(
        || quote!(let mut object = use_::invoke_model_protocol::json::Object::from_body(response.body())?;),
    );
    let headers = has_fields.then(|| quote!(let headers = response.headers();));
    let response = if of.members.is_empty() { quote!(_response) } else { quote!(response) };
    let members = of.members.iter().map(|member| {
        let name = ty::ident(&member.rust_name);
        let read = match &member.location {
            Location::Body => read_member(member),
            Location::Payload { .. } => super::operation::read_payload(member, &quote!(response.body())),
            location => super::operation::read_field(member, location),
        };
        quote!(#name: #read)
    });
    quote! {
        pub(crate) fn parse(
            #response: &use_::invoke_model_protocol::Response,
        ) -> Result<Self, use_::invoke_model_protocol::ParseError> {
            #object
            #headers
            Ok(Self { #(#members),* })
        }
    }
}

/// The lines with which a server writes an error.
pub(super) fn serialize(of: &Structure, error: &TokenStream) -> TokenStream {
    let fields = of.members.iter().filter_map(|member| super::operation::write_field(member, error));
    let fields: Vec<_> = fields.collect();
    let mutable = (!fields.is_empty()).then(|| quote!(mut));
    let payload = match of.payload() {
        Payload::Empty => quote!(response.json(|out| out.extend_from_slice(b"{}"))),
        payload => super::operation::write_payload(&payload, of, &quote!(response), error),
    };
    quote! {
        let #mutable response = use_::invoke_model_protocol::server::modeled_error(#error);
        #(#fields)*
        #payload
    }
}

/// The expression that reads a member from an `Object` called `object`; an error's words are found in either
/// spelling.
pub(super) fn read_member(member: &Member) -> TokenStream {
    if is_message(member) && member.json_name == member.wire_name {
        return field::present(member, &quote!(object.message()?));
    }
    structure::read_member(member)
}
