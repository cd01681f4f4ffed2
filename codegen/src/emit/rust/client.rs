//! Prints the client method of an operation, and a setter for each member of the operation's input.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::{doc, ty};
use crate::config::Config;
use crate::ir::{Fact, Member, Operation, Service, Type};

pub(super) fn operation(operation: &Operation, config: &Config) -> TokenStream {
    let types = format_ident!("{}", config.types_crate);
    let (name, method) =
        (format_ident!("{}", operation.rust_name), ty::ident(&doc::module_name(&operation.rust_name)));
    let required: Vec<&str> =
        operation.input.required_members().map(|member| member.wire_name.as_str()).collect();
    let setters = operation.input.members.iter().map(|member| {
        let index = required.iter().position(|name| *name == member.wire_name);
        let is_payload = operation.payload_input.as_ref() == Some(&member.wire_name);
        setters(member, index, is_payload, &config.call_methods)
    });
    let summary = match doc::first_sentence(&operation.doc) {
        summary if summary.is_empty() => format!("Calls the `{}` operation.", operation.wire_name),
        summary => summary,
    };
    let words = doc::doc(&format!(
        "{summary}\n\nReturns a [`Call`](crate::Call). Set the members of `{}` with the methods of the call. Then send the call.",
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

/// Returns the names of all operations, and a function that passes the type of an operation to a visitor.
pub(super) fn by_name(service: &Service, config: &Config) -> TokenStream {
    let types = format_ident!("{}", config.types_crate);
    let names = service.operations.iter().map(|operation| &operation.wire_name);
    let arms = service.operations.iter().map(|operation| {
        let (name, wire_name) = (format_ident!("{}", operation.rust_name), &operation.wire_name);
        let is_payload = operation.payload_output.is_some();
        let method = match (&operation.input_events, &operation.output_events) {
            (Some(_), _) => quote!(visit_bidirectional),
            (None, Some(_)) => quote!(visit_event_stream),
            (None, None) if is_payload => quote!(visit_payload),
            (None, None) => quote!(visit_output),
        };
        quote!(#wire_name => visitor.#method::<use_::#types::#name>())
    });
    quote! {
        /// The names of all operations in the model.
        pub(crate) const NAMES: &[&str] = &[#(#names),*];

        /// Calls the method of the visitor for the operation with this name in the model. Returns `None` if
        /// the model has no such operation.
        ///
        /// The function is inline, so that only crates that call it compile the code of all operations.
        #[inline]
        pub(crate) fn visit<V: use_::crate::OperationVisitor>(name: &str, visitor: V) -> Option<V::Output> {
            Some(match name {
                #(#arms,)*
                _ => return None,
            })
        }
    }
}

/// Returns the setters of a member. `index` is the position of the member among the required members, or
/// `None` if the member is not required.
///
/// The first setter has the name of the member. For a list, it appends an element, and for a map, it inserts
/// an entry. A member that is not a payload also has a setter that takes an `Option` of the complete value.
/// The name of this setter has the prefix `set_`.
///
/// If a method of `Call` has the name of the member, the first setter is omitted. For a payload, the first
/// setter gets the prefix `set_` instead.
fn setters(
    member: &Member,
    index: Option<usize>,
    is_payload: bool,
    call_methods: &BTreeSet<String>,
) -> TokenStream {
    let given = index.map(|index| {
        let index = Literal::usize_unsuffixed(index);
        quote!(self.given(#index);)
    });
    let (name, words) = (ty::ident(&member.rust_name), doc::doc(&doc::setter(member)));
    let is_taken = call_methods.contains(&member.rust_name);
    let direct = (!is_taken || is_payload).then(|| {
        let method = if is_taken { format_ident!("set_{}", member.rust_name) } else { name.clone() };
        let (parameters, statement) = assignment(member, &name, is_payload);
        quote! {
            #words
            #[must_use]
            pub fn #method(mut self, #parameters) -> Self {
                #given
                #statement
                self
            }
        }
    });
    let whole = (!is_payload).then(|| {
        let (method, plain) = (ty::ident(&member.set_name), ty::ty(&member.ty));
        let words = doc::doc(&format!("Sets or unsets `{}`.", member.wire_name));
        let statement = if member.is_optional() {
            quote!(self.input_mut().#name = value;)
        } else {
            quote!(if let Some(value) = value { #given self.input_mut().#name = value; })
        };
        quote! {
            #words
            #[must_use]
            pub fn #method(mut self, value: Option<#plain>) -> Self {
                #statement
                self
            }
        }
    });
    let json = (is_payload && member.fact == Some(Fact::ModelContent)).then(|| {
        let (method, wire_name) = (format_ident!("{}_json", ty::unraw(&member.rust_name)), &member.wire_name);
        let words = doc::doc(&format!(
            "Serializes a value as JSON, and sets `{wire_name}` to the result. If the value cannot be serialized, \
             the call fails when it is sent."
        ));
        quote! {
            #words
            #[must_use]
            pub fn #method<T: use_::serde::Serialize + ?Sized>(mut self, value: &T) -> Self {
                self.input_mut().#name = self.attach_json(#wire_name, value);
                self
            }
        }
    });
    quote!(#direct #whole #json)
}

/// Returns the parameters of a setter, and the statement that changes the input.
fn assignment(member: &Member, name: &Ident, is_payload: bool) -> (TokenStream, TokenStream) {
    let container = match member.is_optional() {
        true => quote!(self.input_mut().#name.get_or_insert_default()),
        false => quote!(self.input_mut().#name),
    };
    let (argument, value) = match &member.ty {
        Type::List { element, sparse } => {
            let element = ty::nullable(element, *sparse);
            return (quote!(element: impl Into<#element>), quote!(#container.push(element.into());));
        }
        Type::Map { key, value, sparse } => {
            let (key, value) = (ty::ty(key), ty::nullable(value, *sparse));
            let parameters = quote!(key: impl Into<#key>, value: impl Into<#value>);
            return (parameters, quote!(#container.insert(key.into(), value.into());));
        }
        _ if is_payload => (quote!(impl Into<use_::crate::Body>), quote!(self.attach(value.into()))),
        of if ty::is_converted(of) => (ty::argument(of), quote!(value.into())),
        of => (ty::argument(of), quote!(value)),
    };
    let value = if member.is_optional() { quote!(Some(#value)) } else { value };
    (quote!(value: #argument), quote!(self.input_mut().#name = #value;))
}
