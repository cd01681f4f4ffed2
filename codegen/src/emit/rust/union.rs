//! Prints unions. Each union becomes an enum with a variant for each member, and a variant for unknown
//! members.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{codec, doc, ty, variants};
use crate::ir::{Type, Union, UnionMember};

pub(super) fn union(union: &Union) -> TokenStream {
    let name = format_ident!("{}", union.rust_name);
    let docs = doc::or(&union.doc, &format!("The `{}` union.", union.rust_name));
    let variants = union.members.iter().map(variant);
    let (to_json, from_json) = (union.members.iter().map(to_json), union.members.iter().map(from_json));
    let deserialized = union.members.iter().map(deserialized);
    let hidden = union.hides_values();
    let derived_debug = (!hidden).then(|| quote!(Debug,));
    let debug = hidden.then(|| debug(union));
    let unknown = quote!(use_::invoke_model_protocol::json::UnknownMember);
    let methods = variants::of_union(union);
    quote! {
        #docs
        #[derive(Clone, #derived_debug PartialEq, use_::serde::Serialize)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            /// A member that the model does not define.
            #[serde(untagged)]
            Unknown(#unknown),
        }

        impl Default for #name {
            fn default() -> Self {
                Self::Unknown(#unknown::default())
            }
        }

        #debug

        #methods

        invoke_model_protocol::deserialize_union!(#name, [#(#deserialized),*]);

        impl use_::invoke_model_protocol::json::ToJson for #name {
            fn to_json(&self, out: &mut Vec<u8>) {
                let mut object = use_::invoke_model_protocol::json::ObjectWriter::new(out);
                match self {
                    #(#to_json,)*
                    Self::Unknown(unknown) => object.unknown(unknown),
                }
                object.end();
            }
        }

        impl use_::invoke_model_protocol::json::FromJson for #name {
            fn from_json(
                value: use_::serde_json::Value,
            ) -> Result<Self, use_::invoke_model_protocol::ParseError> {
                let member = use_::invoke_model_protocol::json::UnknownMember::only(value)?;
                match member.name() {
                    #(#from_json,)*
                    _ => Ok(Self::Unknown(member)),
                }
            }
        }
    }
}

fn variant(member: &UnionMember) -> TokenStream {
    let (name, json_name) = (format_ident!("{}", member.rust_name), &member.json_name);
    let docs = doc::or(&member.doc, &format!("`{json_name}`."));
    if member.ty == Type::Unit {
        // On the wire, a unit member is an empty JSON object.
        return quote!(#docs #[serde(rename = #json_name)] #name {});
    }
    let inner = ty::ty(&member.ty);
    let blob = member.ty.holds_blobs().then(|| quote!(#[serde(with = "invoke_model_protocol::serde_blob")]));
    quote!(#docs #[serde(rename = #json_name)] #name(#blob #inner))
}

/// Returns the member in the form that the macro `deserialize_union` expects.
fn deserialized(member: &UnionMember) -> TokenStream {
    let (name, json_name) = (format_ident!("{}", member.rust_name), &member.json_name);
    let kind = match &member.ty {
        Type::Unit => quote!(unit),
        ty if ty.holds_blobs() => quote!(blobs),
        _ => quote!(value),
    };
    quote!((#json_name, #name, #kind))
}

fn to_json(member: &UnionMember) -> TokenStream {
    let (name, json_name) = (format_ident!("{}", member.rust_name), &member.json_name);
    let writer = codec::json_writer(&member.ty);
    if member.ty == Type::Unit {
        return quote!(Self::#name {} => object.member(#json_name, &(), #writer));
    }
    quote!(Self::#name(value) => object.member(#json_name, value, #writer))
}

fn from_json(member: &UnionMember) -> TokenStream {
    let (name, json_name) = (format_ident!("{}", member.rust_name), &member.json_name);
    let reader = codec::json_reader(&member.ty);
    if member.ty == Type::Unit {
        return quote!(#json_name => member.read(#reader).map(|()| Self::#name {}));
    }
    quote!(#json_name => member.read(#reader).map(Self::#name))
}

fn debug(union: &Union) -> TokenStream {
    let name = format_ident!("{}", union.rust_name);
    let redacted = quote!(use_::invoke_model_protocol::Redacted);
    let arms = union.members.iter().map(|member| {
        let (variant, text) = (format_ident!("{}", member.rust_name), &member.rust_name);
        match (&member.ty, member.sensitive) {
            (Type::Unit, _) => quote!(Self::#variant {} => f.write_str(#text)),
            (_, true) => quote!(Self::#variant(_) => f.debug_tuple(#text).field(&#redacted).finish()),
            (_, false) => quote!(Self::#variant(value) => f.debug_tuple(#text).field(value).finish()),
        }
    });
    let body = if union.sensitive {
        let text = &union.rust_name;
        quote!(f.debug_tuple(#text).field(&#redacted).finish())
    } else {
        quote! {
            match self {
                #(#arms,)*
                // An unknown member may be sensitive.
                Self::Unknown(_) => f.debug_tuple("Unknown").field(&#redacted).finish(),
            }
        }
    };
    quote! {
        impl use_::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut use_::std::fmt::Formatter<'_>) -> use_::std::fmt::Result {
                #body
            }
        }
    }
}
