//! A structure's fields, and what an absent value becomes.

use proc_macro2::TokenStream;
use quote::quote;

use super::{doc, ty};
use crate::ir::{Member, Presence, Type};

/// A public field with its words and its `serde` attributes.
pub(super) fn field(member: &Member) -> TokenStream {
    let words = doc::member(member);
    let (name, serde, field_type) = (ty::ident(&member.rust_name), serde(member), field_type(member));
    quote!(#words #serde pub #name: #field_type)
}

/// The expression of a field from one that gives an `Option`.
pub(super) fn present(member: &Member, option: &TokenStream) -> TokenStream {
    match &member.presence {
        Presence::Optional => option.clone(),
        // Client error correction: an answer that lacks a member is not lost.
        // https://smithy.io/2.0/spec/aggregate-types.html#client-error-correction
        Presence::Required => quote!(#option.unwrap_or_default()),
        Presence::Default(value) => match ty::default(&member.ty, value) {
            zero if zero.to_string() == "Default :: default ()" => quote!(#option.unwrap_or_default()),
            literal if is_copy(&member.ty) => quote!(#option.unwrap_or(#literal)),
            default => quote!(#option.unwrap_or_else(|| #default)),
        },
    }
}

/// The field as an `Option` of a reference.
pub(super) fn as_option(member: &Member, of: &TokenStream) -> TokenStream {
    let name = ty::ident(&member.rust_name);
    match member.presence {
        Presence::Optional => quote!(#of.#name.as_ref()),
        _ => quote!(Some(&#of.#name)),
    }
}

fn is_copy(ty: &Type) -> bool {
    matches!(ty, Type::Boolean | Type::Integer(_) | Type::IntEnum(_) | Type::Float | Type::Double)
}

fn field_type(member: &Member) -> TokenStream {
    let plain = ty::ty(&member.ty);
    if member.presence == Presence::Optional { quote!(Option<#plain>) } else { plain }
}

fn serde(member: &Member) -> TokenStream {
    let mut attributes = Vec::new();
    let wire_name = &member.wire_name;
    if wire_name != member.rust_name.trim_start_matches("r#") {
        attributes.push(quote!(rename = #wire_name));
    }
    let optional = member.presence == Presence::Optional;
    if optional {
        attributes.push(quote!(default));
        attributes.push(quote!(skip_serializing_if = "Option::is_none"));
    }
    if member.ty.holds_blobs() {
        attributes.push(quote!(with = "invoke_model_protocol::serde_blob"));
    }
    if attributes.is_empty() { quote!() } else { quote!(#[serde(#(#attributes),*)]) }
}
