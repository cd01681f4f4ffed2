//! Builders of structures.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{doc, ty};
use crate::ir::{Presence, Structure, Type};

/// Returns the builder of a structure, if the structure has one.
pub(super) fn builder(of: &Structure) -> Option<TokenStream> {
    let (name, builder) = (format_ident!("{}", of.rust_name), format_ident!("{}", of.builder_name.as_ref()?));
    let fallibility =
        if of.required_members().next().is_some() { quote!(fallible) } else { quote!(infallible) };
    let members = of.members.iter().map(|member| {
        let words = doc::macro_lines(&doc::setter(member));
        let (field, form) = (ty::ident(&member.rust_name), form(&member.ty));
        let (setter, set) = (ty::ident(&member.setter_name), ty::ident(&member.set_name));
        let presence = match member.presence {
            Presence::Required => quote!(required),
            Presence::Optional => quote!(optional),
            Presence::Default(_) => quote!(default),
        };
        let wire_name = &member.wire_name;
        quote!(#presence(#field, #setter, #set, #wire_name, #form, #(#words),*))
    });
    Some(quote! {
        invoke_model_protocol::builder!(#name, #builder, #fallibility, [#(#members),*]);
    })
}

fn form(of: &Type) -> TokenStream {
    match of {
        Type::List { element, sparse } => {
            let element = ty::nullable(element, *sparse);
            quote!(list::<#element>)
        }
        Type::Map { key, value, sparse } => {
            let (key, value) = (ty::ty(key), ty::nullable(value, *sparse));
            quote!(map::<#key, #value>)
        }
        other => {
            let plain = ty::ty(other);
            if ty::is_converted(other) { quote!(into::<#plain>) } else { quote!(value::<#plain>) }
        }
    }
}
