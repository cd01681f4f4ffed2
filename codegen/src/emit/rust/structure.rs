//! Structures: the type, `new`, `Default`, `Debug`, and JSON for those that stand inside a body.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{codec, doc, field, ty};
use crate::ir::{Member, Presence, Structure};

/// A structure that stands at the top of a message.
pub(super) fn structure(structure: &Structure) -> TokenStream {
    let name = format_ident!("{}", structure.rust_name);
    let words = doc::or(&structure.doc, &format!("`{}`.", structure.wire_name));
    let fields = structure.members.iter().map(field::field);
    let hidden = structure.sensitive || structure.members.iter().any(|member| member.sensitive);
    let derived_debug = (!hidden).then(|| quote!(Debug,));
    let has_defaults = structure.members.iter().any(|member| matches!(member.presence, Presence::Default(_)));
    // A default that is the type's own is one that can be derived.
    let own_default = structure.members.iter().any(|member| {
        let stated = |value| ty::default(&member.ty, value).to_string() != "Default :: default ()";
        matches!(&member.presence, Presence::Default(value) if stated(value))
    });
    let derived_default = (!own_default).then(|| quote!(Default,));
    let serde_default = has_defaults.then(|| quote!(#[serde(default)]));
    let new = new(structure);
    let default = own_default.then(|| default(structure));
    let debug = hidden.then(|| debug(structure));
    quote! {
        #words
        #[derive(Clone, #derived_debug #derived_default PartialEq, use_::serde::Deserialize, use_::serde::Serialize)]
        #serde_default
        #[non_exhaustive]
        pub struct #name { #(#fields),* }
        #new
        #default
        #debug
    }
}

/// A structure that stands inside a body.
pub(super) fn nested(of: &Structure) -> TokenStream {
    let name = format_ident!("{}", of.rust_name);
    let written = structure(of);
    let (to_json, from_json) = (to_json(of), from_json(of));
    quote! {
        #written

        impl use_::invoke_model_protocol::json::ToJson for #name {
            #to_json
        }

        impl use_::invoke_model_protocol::json::FromJson for #name {
            #from_json
        }
    }
}

/// Lines that write members into an `ObjectWriter` called `object`, from a value called `of`.
pub(super) fn write_members<'a>(members: impl Iterator<Item = &'a Member>, of: &TokenStream) -> TokenStream {
    let lines = members.map(|member| {
        let json_name = &member.json_name;
        let (name, writer) = (ty::ident(&member.rust_name), codec::json_writer(&member.ty));
        match member.presence {
            Presence::Optional => quote!(object.optional(#json_name, #of.#name.as_ref(), #writer);),
            _ => quote!(object.member(#json_name, &#of.#name, #writer);),
        }
    });
    quote!(#(#lines)*)
}

/// The expression that reads a member from an `Object` called `object`.
pub(super) fn read_member(member: &Member) -> TokenStream {
    let json_name = &member.json_name;
    let reader = codec::json_reader(&member.ty);
    field::present(member, &quote!(object.member(#json_name, #reader)?))
}

/// The function that writes all members, wherever they would stand at the top of a message.
/// <https://smithy.io/2.0/spec/http-bindings.html#http-binding-traits>
pub(super) fn to_json(structure: &Structure) -> TokenStream {
    if structure.members.is_empty() {
        return quote!(
            fn to_json(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(b"{}");
            }
        );
    }
    let lines = write_members(structure.members.iter(), &quote!(self));
    quote! {
        fn to_json(&self, out: &mut Vec<u8>) {
            let mut object = use_::invoke_model_protocol::json::ObjectWriter::new(out);
            #lines
            object.end();
        }
    }
}

/// The function that reads all members.
pub(super) fn from_json(structure: &Structure) -> TokenStream {
    let object = quote!(use_::invoke_model_protocol::json::Object::from_value(value)?);
    let result = quote!(Result<Self, use_::invoke_model_protocol::ParseError>);
    if structure.members.is_empty() {
        return quote! {
            fn from_json(value: use_::serde_json::Value) -> #result { #object; Ok(Self {}) }
        };
    }
    let of_error = structure.error.is_some();
    let members = structure.members.iter().map(|member| {
        let name = ty::ident(&member.rust_name);
        let read = if of_error { super::error::read_member(member) } else { read_member(member) };
        quote!(#name: #read)
    });
    quote! {
        fn from_json(value: use_::serde_json::Value) -> #result {
            let mut object = #object;
            Ok(Self { #(#members),* })
        }
    }
}

/// `new` takes what is required; nothing where nothing is.
fn new(structure: &Structure) -> Option<TokenStream> {
    let name = format_ident!("{}", structure.rust_name);
    let is_required = |member: &&Member| member.presence == Presence::Required;
    let required: Vec<&Member> = structure.members.iter().filter(is_required).collect();
    if required.is_empty() {
        return None;
    }
    let arguments = required.iter().map(|member| {
        let name = ty::ident(&member.rust_name);
        let (argument, _) = ty::argument(&member.ty, &name);
        quote!(#name: #argument)
    });
    let values = structure.members.iter().map(|member| {
        let name = ty::ident(&member.rust_name);
        match &member.presence {
            Presence::Required => {
                let (_, value) = ty::argument(&member.ty, &name);
                if name == value.to_string() { quote!(#name) } else { quote!(#name: #value) }
            }
            Presence::Optional => quote!(#name: None),
            Presence::Default(default) => {
                let default = ty::default(&member.ty, default);
                quote!(#name: #default)
            }
        }
    });
    // Clippy allows seven.
    let many = (required.len() > 7)
        .then(|| quote!(#[expect(clippy::too_many_arguments, reason = "the model requires all of them")]));
    Some(quote! {
        impl #name {
            /// With what is required; everything else is not set.
            #many
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#values),* }
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

/// `Debug` says whether a sensitive member is set, and nothing of its value.
fn debug(structure: &Structure) -> TokenStream {
    let (name, text) = (format_ident!("{}", structure.rust_name), &structure.rust_name);
    let redacted = quote!(use_::invoke_model_protocol::Redacted);
    let body = if structure.sensitive {
        quote!(f.debug_tuple(#text).field(&#redacted).finish())
    } else {
        let fields = structure.members.iter().map(|member| {
            let name = ty::ident(&member.rust_name);
            let text = member.rust_name.trim_start_matches("r#");
            match (member.sensitive, &member.presence) {
                (false, _) => quote!(.field(#text, &self.#name)),
                (true, Presence::Optional) => quote!(.field(#text, &self.#name.as_ref().map(|_| #redacted))),
                (true, _) => quote!(.field(#text, &#redacted)),
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
