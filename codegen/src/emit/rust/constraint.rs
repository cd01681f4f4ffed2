//! Prints the checks with which a server enforces the constraints of an input. The checks do not cover
//! members of nested structures.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::ty;
use crate::ir::{Constraint, IntegerWidth, Member, Structure, Type};

pub(super) fn violations(input: &Structure) -> Option<TokenStream> {
    let mut constrained = input.members.iter().filter(|member| !member.constraints.is_empty()).peekable();
    constrained.peek()?;
    let checks = constrained.map(checks);
    let name = ty::named(&input.rust_name);
    let violations = quote!(use_::invoke_model_protocol::server::Violations);
    Some(quote! {
        fn violations(input: &#name) -> #violations {
            let mut violations = #violations::new();
            #(#checks)*
            violations
        }
    })
}

fn checks(member: &Member) -> TokenStream {
    let name = ty::ident(&member.rust_name);
    let value = if member.is_optional() { quote!(value) } else { quote!(input.#name) };
    let checks = member.constraints.iter().map(|one| check(member, one, &value));
    if member.is_optional() {
        quote!(if let Some(value) = &input.#name { #(#checks)* })
    } else {
        quote!(#(#checks)*)
    }
}

/// Returns the statement that checks one constraint. If the member is optional, `value` is the name of a
/// reference.
fn check(member: &Member, constraint: &Constraint, value: &TokenStream) -> TokenStream {
    let wire_name = &member.wire_name;
    match (constraint, &member.ty) {
        (Constraint::Length { min, max }, ty) => {
            let whole = |bound: Option<u64>| bound.map(Literal::u64_unsuffixed);
            let (min, max) = (whole(*min), whole(*max));
            let length = match ty {
                Type::String { .. } => quote!(#value.chars().count()),
                Type::StringEnum(_) => quote!(#value.as_str().chars().count()),
                _ => quote!(#value.len()),
            };
            let (min, max) = (option(min.as_ref()), option(max.as_ref()));
            quote!(violations.length(#wire_name, #length, #min, #max);)
        }
        (Constraint::Range { min, max }, ty) => {
            let number = |bound: Option<f64>| bound.map(Literal::f64_unsuffixed);
            let (min, max) = (number(*min), number(*max));
            let value = if member.is_optional() { quote!(*#value) } else { quote!(#value) };
            let number = match ty {
                // The bounds are `f64` values. An `f64` represents the bounds of a long exactly, because
                // models contain only integers with few digits as bounds.
                Type::Integer(IntegerWidth::Long) => quote!(#value as f64),
                _ => quote!(f64::from(#value)),
            };
            let (min, max) = (option(min.as_ref()), option(max.as_ref()));
            quote!(violations.range(#wire_name, #number, #min, #max);)
        }
        (Constraint::Pattern(pattern), _) => {
            let value = if member.is_optional() { value.clone() } else { quote!(&#value) };
            quote!(violations.pattern(#wire_name, #value, #pattern);)
        }
        (Constraint::OneOf(values), _) => {
            quote!(violations.one_of(#wire_name, #value.as_str(), &[#(#values),*]);)
        }
    }
}

fn option<T: quote::ToTokens>(bound: Option<&T>) -> TokenStream {
    match bound {
        Some(bound) => quote!(Some(#bound)),
        None => quote!(None),
    }
}
