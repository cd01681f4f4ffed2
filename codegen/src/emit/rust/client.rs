//! The client's method for an operation, and a setter for each member of its input.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{doc, ty};
use crate::config::Config;
use crate::ir::{Member, Operation, Presence, Type};

/// What a call can do already: a setter of such a member has `set_` before its name.
const METHODS_OF_CALL: &[&str] = &[
    "attach",
    "bearer_token",
    "credentials_provider",
    "deadlines",
    "explain",
    "field",
    "given",
    "input",
    "retries",
    "send",
    "send_streaming",
    "send_with_metadata",
    "sign",
];

pub(super) fn operation(operation: &Operation, config: &Config) -> TokenStream {
    let types = format_ident!("{}", config.types_crate);
    let (name, method) =
        (format_ident!("{}", operation.rust_name), ty::ident(&doc::module_name(&operation.rust_name)));
    let is_required = |member: &&Member| member.presence == Presence::Required;
    let required: Vec<&str> =
        operation.input.members.iter().filter(is_required).map(|member| member.wire_name.as_str()).collect();
    let payload = super::request::attached(operation).map(|member| &member.wire_name);
    let input = &operation.input.rust_name;
    let setters = operation.input.members.iter().map(|member| {
        let place = required.iter().position(|name| *name == member.wire_name);
        setter(member, (config.types_crate.as_str(), input), place, payload == Some(&member.wire_name))
    });
    let words = doc::doc(&format!(
        "[`{}`](struct@{types}::{}): set the members of its input, then send it.",
        name, name
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

fn setter(
    member: &Member,
    (types, input): (&str, &str),
    place: Option<usize>,
    is_payload: bool,
) -> TokenStream {
    let name = ty::ident(&member.rust_name);
    let method = match METHODS_OF_CALL.contains(&member.rust_name.as_str()) {
        true => format_ident!("set_{}", member.rust_name),
        false => name.clone(),
    };
    let value = format_ident!("value");
    let field = member.rust_name.trim_start_matches("r#");
    let words = doc::doc(&format!("[`{input}::{field}`](field@{types}::{input}::{field})."));
    let given = place.map(|place| {
        let place = Literal::usize_unsuffixed(place);
        quote!(self.given(#place);)
    });
    let (argument, value) = if is_payload {
        (quote!(impl Into<use_::crate::Body>), quote!(self.attach(value.into())))
    } else {
        ty::argument(&member.ty, &value)
    };
    let value = match member.presence {
        Presence::Optional => quote!(Some(#value)),
        _ => value,
    };
    debug_assert!(!is_payload || member.ty == Type::Blob);
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
