//! Prints the error types: a structure for each error, and an enum with the errors of each operation.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{message, structure, ty};
use crate::ir::{ErrorFacts, ErrorFault, Operation, Retryable, Structure};

/// Returns the structure of an error, with its trait implementations.
pub(super) fn error(of: &Structure, facts: &ErrorFacts) -> TokenStream {
    let (name, code, status) =
        (format_ident!("{}", of.rust_name), &of.wire_name, Literal::u16_unsuffixed(facts.status));
    let fault = match facts.fault {
        ErrorFault::Client => quote!(Client),
        ErrorFault::Server => quote!(Server),
    };
    let retryable = match facts.retryable {
        None => quote!(None),
        Some(Retryable::Transient) => quote!(Some(use_::invoke_model_protocol::Retryable::Transient)),
        Some(Retryable::Throttling) => quote!(Some(use_::invoke_model_protocol::Retryable::Throttling)),
    };
    let member = facts.message.as_ref().and_then(|name| of.member(name));
    let text = member.map_or_else(
        || quote!(None),
        |member| {
            let name = ty::ident(&member.rust_name);
            if member.is_optional() { quote!(self.#name.as_deref()) } else { quote!(Some(&self.#name)) }
        },
    );
    let written = structure::structure(of, &format!("The `{code}` error."));
    let parse = facts.is_response.then(|| parse(of));
    let json = facts.is_member.then(|| structure::json(of));
    quote! {
        #written

        #parse

        #json

        impl use_::invoke_model_protocol::ModeledError for #name {
            const CODE: &'static str = #code;
            const STATUS: u16 = #status;
            const FAULT: use_::invoke_model_protocol::ErrorFault = use_::invoke_model_protocol::ErrorFault::#fault;
            const RETRYABLE: Option<use_::invoke_model_protocol::Retryable> = #retryable;

            fn message(&self) -> Option<&str> {
                #text
            }
        }

        invoke_model_protocol::modeled_error!(#name);
    }
}

/// Returns the enum of the errors of an operation.
pub(super) fn operation_error(operation: &Operation) -> TokenStream {
    let errors: Vec<&str> = operation.errors.iter().map(|error| error.rust_name.as_str()).collect();
    errors_enum(
        &operation.error_name,
        &format!("An error of the `{}` operation.", operation.wire_name),
        &errors,
    )
}

/// Returns an enum of errors. One additional variant represents all errors that the model does not define.
pub(super) fn errors_enum(name: &str, words: &str, errors: &[&str]) -> TokenStream {
    let name = format_ident!("{name}");
    let errors = errors.iter().map(|error| ty::named(error));
    quote!(invoke_model_protocol::operation_error!(#name, #words, [#(#errors),*]);)
}

fn parse(of: &Structure) -> TokenStream {
    let name = format_ident!("{}", of.rust_name);
    let response = if of.members.is_empty() { quote!(_response) } else { quote!(response) };
    let body = message::parse(of, &quote!(Self), &quote!(response), message::read);
    quote! {
        impl #name {
            pub(crate) fn parse(
                #response: &use_::invoke_model_protocol::Response,
            ) -> Result<Self, use_::invoke_model_protocol::ParseError> {
                #body
            }
        }
    }
}

/// Returns the function that serializes an error for a server.
pub(super) fn serialize(of: &Structure) -> TokenStream {
    let (builder, value) = (quote!(response), quote!(self));
    let name = ty::named(&of.rust_name);
    let headers = message::write_headers(of, &builder, &value);
    let mutable = of.has_headers().then(|| quote!(mut));
    let payload = message::write_payload(of, &builder, &value);
    quote! {
        impl #name {
            pub(crate) fn serialize(
                &self,
            ) -> Result<use_::invoke_model_protocol::Response, use_::invoke_model_protocol::SerializeError> {
                let #mutable response = use_::invoke_model_protocol::server::modeled_error(self);
                #(#headers)*
                Ok(#payload)
            }
        }
    }
}
