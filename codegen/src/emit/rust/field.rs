//! Prints the fields of structures, and expressions for the values of fields. If a message does not contain a
//! member, the expression for the field of this member returns a default.

use proc_macro2::TokenStream;
use quote::quote;

use super::{doc, ty};
use crate::ir::{Member, Presence, Type};

/// Returns the public field of a member, with its doc comment and its `serde` attributes.
pub(super) fn field(member: &Member) -> TokenStream {
    let docs = doc::member(member);
    let (name, serde, field_type) = (ty::ident(&member.rust_name), serde(member), field_type(member));
    quote!(#docs #serde pub #name: #field_type)
}

/// Returns an expression for the value of a field. The argument `option` is an expression of type `Option`,
/// which is `None` if the message does not contain the member.
pub(super) fn value_or_default(member: &Member, option: &TokenStream) -> TokenStream {
    match &member.presence {
        Presence::Optional => option.clone(),
        // Client error correction: a missing required member gets the zero value of its type. Without this
        // rule, the client would have to reject the response.
        // https://smithy.io/2.0/spec/aggregate-types.html#client-error-correction
        Presence::Required => quote!(#option.unwrap_or_default()),
        Presence::Default(default) if default.is_zero => quote!(#option.unwrap_or_default()),
        Presence::Default(default) => {
            let value = ty::default(&member.ty, default);
            if is_copy(&member.ty) {
                quote!(#option.unwrap_or(#value))
            } else {
                quote!(#option.unwrap_or_else(|| #value))
            }
        }
    }
}

/// Returns an expression of the type `Option<&T>` for a field of the type `T` or `Option<T>` in `structure`.
pub(super) fn as_option(member: &Member, structure: &TokenStream) -> TokenStream {
    let name = ty::ident(&member.rust_name);
    if member.is_optional() { quote!(#structure.#name.as_ref()) } else { quote!(Some(&#structure.#name)) }
}

pub(super) fn is_copy(ty: &Type) -> bool {
    matches!(ty, Type::Boolean | Type::Integer(_) | Type::IntEnum(_) | Type::Float | Type::Double)
}

fn field_type(member: &Member) -> TokenStream {
    let plain = ty::ty(&member.ty);
    if member.is_optional() { quote!(Option<#plain>) } else { plain }
}

fn serde(member: &Member) -> Option<TokenStream> {
    let mut attributes = Vec::new();
    let wire_name = &member.wire_name;
    if wire_name != ty::unraw(&member.rust_name) {
        attributes.push(quote!(rename = #wire_name));
    }
    if member.is_optional() {
        attributes.push(quote!(default));
        attributes.push(quote!(skip_serializing_if = "Option::is_none"));
    }
    if member.ty.holds_blobs() {
        attributes.push(quote!(with = "invoke_model_protocol::serde_blob"));
    }
    (!attributes.is_empty()).then(|| quote!(#[serde(#(#attributes),*)]))
}
