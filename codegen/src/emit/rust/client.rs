//! Prints the client method of an operation, and a setter for each member of the operation's input.

use std::collections::BTreeSet;

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{doc, ty};
use crate::config::Config;
use crate::ir::{Member, Operation, Service};

pub(super) fn operation(operation: &Operation, config: &Config) -> TokenStream {
    let types = format_ident!("{}", config.types_crate);
    let (name, method) =
        (format_ident!("{}", operation.rust_name), ty::ident(&doc::module_name(&operation.rust_name)));
    let required: Vec<&str> =
        operation.input.required_members().map(|member| member.wire_name.as_str()).collect();
    let setters = operation.input.members.iter().map(|member| {
        let index = required.iter().position(|name| *name == member.wire_name);
        let is_payload = operation.payload_input.as_ref() == Some(&member.wire_name);
        setter(member, index, is_payload, &config.call_methods)
    });
    let summary = match doc::first_sentence(&operation.doc) {
        summary if summary.is_empty() => format!("Calls the `{}` operation.", operation.wire_name),
        summary => summary,
    };
    let words = doc::doc(&format!(
        "{summary}\n\nReturns a [`Call`](crate::Call). Set the members of `{}` with its methods, then send it.",
        operation.input.rust_name
    ));
    quote! {
        impl use_::crate::Client {
            #words
            pub fn #method(&self) -> use_::crate::Call<use_::#types::#name> {
                use_::crate::Call::unfilled(self, &[#(#required),*])
            }
        }

        impl use_::crate::Call<use_::#types::#name> {
            #(#setters)*
        }
    }
}

/// Returns the names of all operations, and a function that selects an operation by its name.
pub(super) fn by_name(service: &Service, config: &Config) -> TokenStream {
    let types = format_ident!("{}", config.types_crate);
    let names = service.operations.iter().map(|operation| &operation.wire_name);
    let arms = service.operations.iter().map(|operation| {
        let (name, wire_name) = (format_ident!("{}", operation.rust_name), &operation.wire_name);
        let constructor = match (&operation.input_events, &operation.output_events) {
            (Some(_), _) => quote!(with_input_events),
            (None, Some(_)) => quote!(with_output_events),
            (None, None) => quote!(with_output),
        };
        quote!(#wire_name => use_::crate::json::NamedOperation::#constructor::<use_::#types::#name>())
    });
    quote! {
        /// The names of all operations in the model.
        pub(crate) const NAMES: &[&str] = &[#(#names),*];

        /// Returns the operation with this name in the model.
        ///
        /// The function is inline, so that only crates that call it compile the code of all operations.
        #[inline]
        pub(crate) fn find(name: &str) -> Option<use_::crate::json::NamedOperation> {
            Some(match name {
                #(#arms,)*
                _ => return None,
            })
        }
    }
}

/// Returns the setter of a member. `index` is the position of the member among the required members, or
/// `None` if the member is not required.
fn setter(
    member: &Member,
    index: Option<usize>,
    is_payload: bool,
    call_methods: &BTreeSet<String>,
) -> TokenStream {
    let name = ty::ident(&member.rust_name);
    let method = if call_methods.contains(&member.rust_name) {
        format_ident!("set_{}", member.rust_name)
    } else {
        name.clone()
    };
    let words = match doc::first_sentence(&member.doc) {
        summary if summary.is_empty() => doc::doc(&format!("Sets `{}`.", member.wire_name)),
        summary => doc::doc(&summary),
    };
    let given = index.map(|index| {
        let index = Literal::usize_unsuffixed(index);
        quote!(self.given(#index);)
    });
    let (argument, value) = if is_payload {
        (quote!(impl Into<use_::crate::Body>), quote!(self.attach(value.into())))
    } else if ty::is_converted(&member.ty) {
        (ty::argument(&member.ty), quote!(value.into()))
    } else {
        (ty::argument(&member.ty), quote!(value))
    };
    let value = if member.is_optional() { quote!(Some(#value)) } else { value };
    quote! {
        #words
        #[must_use]
        pub fn #method(mut self, value: #argument) -> Self {
            #given
            self.input().#name = #value;
            self
        }
    }
}
