//! Prints the functions `as_text`, `is_text`, .. of unions and of the events of a stream. The macro
//! `variant_methods` expands to these functions.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{PathArguments, Type as SynType};

use super::ty;
use crate::ir::{EventStream, Type, Union};

pub(super) fn of_union(union: &Union) -> TokenStream {
    let variants = union.members.iter().map(|member| {
        let value = (member.ty != Type::Unit).then(|| match &member.ty {
            Type::Boxed(inner) => ty::ty(inner),
            ty => ty::ty(ty),
        });
        variant(&member.rust_name, &member.method, value)
    });
    methods(&union.rust_name, variants)
}

pub(super) fn of_events(stream: &EventStream) -> TokenStream {
    let variants = stream
        .events
        .iter()
        .map(|event| variant(&event.rust_name, &event.method, Some(ty::named(&event.structure))));
    methods(&stream.rust_name, variants)
}

fn methods(name: &str, variants: impl Iterator<Item = TokenStream>) -> TokenStream {
    let name = format_ident!("{name}");
    quote!(invoke_model_protocol::variant_methods!(#name, [#(#variants),*]);)
}

/// Returns a variant in the form that the macro expects. `value` is `None` for a variant without a value.
fn variant(rust_name: &str, method: &str, value: Option<TokenStream>) -> TokenStream {
    let (name, is) = (format_ident!("{rust_name}"), format_ident!("is_{method}"));
    let value = value.map(|ty| {
        let (method, ty): (Ident, _) = (format_ident!("as_{method}"), as_expression(ty));
        quote!(, #method, #ty)
    });
    quote!((#name, #is #value))
}

/// Converts a type such as `Vec<T>` to `Vec::<T>`, because rustfmt formats the arguments of a macro only if
/// they are expressions.
fn as_expression(ty: TokenStream) -> TokenStream {
    let Ok(SynType::Path(mut path)) = syn::parse2(ty.clone()) else { return ty };
    for segment in &mut path.path.segments {
        if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
            arguments.colon2_token = Some(Default::default());
        }
    }
    quote!(#path)
}
