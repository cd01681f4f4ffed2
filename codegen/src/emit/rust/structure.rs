//! Prints structures: the type, the function `new`, and the implementations of `Default` and `Debug`. If a
//! structure is part of a body, this module also prints its code for JSON.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{builder, codec, doc, field, ty};
use crate::ir::{Fact, Member, Presence, Structure};

/// Returns a structure without JSON code, for the top level of a message. If the model does not document the
/// structure, `otherwise` is its documentation.
pub(super) fn structure(structure: &Structure, otherwise: &str) -> TokenStream {
    let name = format_ident!("{}", structure.rust_name);
    let words = doc::or(&structure.doc, otherwise);
    let fields = structure.members.iter().map(field::field);
    let derived_debug = (!structure.hides_values()).then(|| quote!(Debug,));
    let derived_default = (!structure.has_nonzero_defaults()).then(|| quote!(Default,));
    let serde_default = structure.has_defaults().then(|| quote!(#[serde(default)]));
    let (new, content) = (new(structure), model_content(structure));
    let default = structure.has_nonzero_defaults().then(|| default(structure));
    let debug = structure.hides_values().then(|| debug(structure));
    quote! {
        #words
        #[derive(Clone, #derived_debug #derived_default PartialEq, use_::serde::Serialize, use_::serde::Deserialize)]
        #serde_default
        #[non_exhaustive]
        pub struct #name { #(#fields),* }
        #new
        #content
        #default
        #debug
    }
}

/// Returns the method `json`. The method parses the member that has the trait `modelContent`. Returns `None`
/// if the structure has no such member.
fn model_content(of: &Structure) -> Option<TokenStream> {
    let member = of.members.iter().find(|member| member.fact == Some(Fact::ModelContent))?;
    let (name, field) = (format_ident!("{}", of.rust_name), ty::ident(&member.rust_name));
    let bytes = match member.is_optional() {
        true => quote!(self.#field.as_deref().unwrap_or_default()),
        false => quote!(&self.#field),
    };
    let words = doc::doc(&format!(
        "Parses `{}` as JSON.\n\n# Errors\nReturns an error if the member is not JSON of the type `T`.",
        member.wire_name
    ));
    Some(quote! {
        impl #name {
            #words
            pub fn json<T: use_::serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
                serde_json::from_slice(#bytes)
            }
        }
    })
}

/// Returns a structure with JSON code, for a part of a body.
pub(super) fn nested(of: &Structure, builders: bool) -> TokenStream {
    let written = structure(of, &format!("The `{}` structure.", of.wire_name));
    let builder = builders.then(|| builder::builder(of));
    let json = json(of);
    quote!(#written #builder #json)
}

/// Returns the implementations of `ToJson` and `FromJson`.
pub(super) fn json(of: &Structure) -> TokenStream {
    let name = format_ident!("{}", of.rust_name);
    let (to_json, from_json) = (to_json(of), from_json(of));
    quote! {
        impl use_::invoke_model_protocol::json::ToJson for #name {
            #to_json
        }

        impl use_::invoke_model_protocol::json::FromJson for #name {
            #from_json
        }
    }
}

/// Returns the statements that write members of the value `of` as a JSON object to `out`.
pub(super) fn write_object<'a>(members: impl Iterator<Item = &'a Member>, of: &TokenStream) -> TokenStream {
    let mut lines = members
        .map(|member| {
            let json_name = &member.json_name;
            let (name, writer) = (ty::ident(&member.rust_name), codec::json_writer(&member.ty));
            if member.is_optional() {
                quote!(object.optional(#json_name, #of.#name.as_ref(), #writer);)
            } else {
                quote!(object.member(#json_name, &#of.#name, #writer);)
            }
        })
        .peekable();
    if lines.peek().is_none() {
        return quote!(out.extend_from_slice(b"{}"););
    }
    quote! {
        let mut object = use_::invoke_model_protocol::json::ObjectWriter::new(out);
        #(#lines)*
        object.end();
    }
}

/// Returns the expression that reads a member from the `Object` named `object`.
pub(super) fn read_member(member: &Member) -> TokenStream {
    let option = if member.reads_any_message_name {
        quote!(object.message()?)
    } else {
        let (json_name, reader) = (&member.json_name, codec::json_reader(&member.ty));
        quote!(object.member(#json_name, #reader)?)
    };
    field::value_or_default(member, &option)
}

/// Returns the function `to_json`, which writes all members. HTTP bindings have no effect inside a body.
/// <https://smithy.io/2.0/spec/http-bindings.html#http-binding-traits>
fn to_json(structure: &Structure) -> TokenStream {
    let lines = write_object(structure.members.iter(), &quote!(self));
    quote!(fn to_json(&self, out: &mut Vec<u8>) { #lines })
}

fn from_json(structure: &Structure) -> TokenStream {
    let object = quote!(use_::invoke_model_protocol::json::Object::from_value(value)?);
    let result = quote!(Result<Self, use_::invoke_model_protocol::ParseError>);
    if structure.members.is_empty() {
        return quote! {
            fn from_json(value: use_::invoke_model_protocol::json::BorrowedValue<'_>) -> #result { #object; Ok(Self {}) }
        };
    }
    let members = structure.members.iter().map(|member| {
        let (name, read) = (ty::ident(&member.rust_name), read_member(member));
        quote!(#name: #read)
    });
    quote! {
        fn from_json(value: use_::invoke_model_protocol::json::BorrowedValue<'_>) -> #result {
            let object = #object;
            Ok(Self { #(#members),* })
        }
    }
}

/// Returns the function `new`, which takes the required members as arguments. Returns `None` if no member is
/// required.
fn new(structure: &Structure) -> Option<TokenStream> {
    let required: Vec<&Member> = structure.required_members().collect();
    if required.is_empty() {
        return None;
    }
    let name = format_ident!("{}", structure.rust_name);
    let arguments = required.iter().map(|member| {
        let (name, argument) = (ty::ident(&member.rust_name), ty::argument(&member.ty));
        quote!(#name: #argument)
    });
    let values = required.iter().map(|member| {
        let name = ty::ident(&member.rust_name);
        if ty::is_converted(&member.ty) { quote!(#name: #name.into()) } else { quote!(#name) }
    });
    let others = (required.len() < structure.members.len()).then(|| quote!(..Self::default()));
    // If `new` has more than seven arguments, it needs this attribute, because Clippy accepts at most seven.
    let many = (required.len() > 7)
        .then(|| quote!(#[expect(clippy::too_many_arguments, reason = "the model requires all of them")]));
    Some(quote! {
        impl #name {
            /// Creates a value with its required members. All other members are unset or have their defaults.
            #many
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#values,)* #others }
            }
        }
    })
}

fn default(structure: &Structure) -> TokenStream {
    let name = format_ident!("{}", structure.rust_name);
    let values = structure.members.iter().map(|member| {
        let name = ty::ident(&member.rust_name);
        match &member.presence {
            Presence::Default(default) => {
                let default = ty::default(&member.ty, default);
                quote!(#name: #default)
            }
            Presence::Optional => quote!(#name: None),
            Presence::Required => quote!(#name: Default::default()),
        }
    });
    quote! {
        impl Default for #name {
            fn default() -> Self {
                Self { #(#values),* }
            }
        }
    }
}

/// Returns an implementation of `Debug` that shows whether a sensitive member is set, but hides its value.
fn debug(structure: &Structure) -> TokenStream {
    let (name, text) = (format_ident!("{}", structure.rust_name), &structure.rust_name);
    let redacted = quote!(use_::invoke_model_protocol::Redacted);
    let body = if structure.sensitive {
        quote!(f.debug_tuple(#text).field(&#redacted).finish())
    } else {
        let fields = structure.members.iter().map(|member| {
            let (name, text) = (ty::ident(&member.rust_name), ty::unraw(&member.rust_name));
            match (member.sensitive, member.is_optional()) {
                (false, _) => quote!(.field(#text, &self.#name)),
                (true, true) => quote!(.field(#text, &self.#name.as_ref().map(|_| #redacted))),
                (true, false) => quote!(.field(#text, &#redacted)),
            }
        });
        quote!(f.debug_struct(#text)#(#fields)*.finish())
    };
    quote! {
        impl use_::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut use_::std::fmt::Formatter<'_>) -> use_::std::fmt::Result {
                #body
            }
        }
    }
}
