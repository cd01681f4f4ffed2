//! The checks of an input's constraints, for servers. Members of members are theirs to check.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::ty;
use crate::ir::{Constraint, Member, Presence, Service, Shape, Structure, Type};

pub(super) fn violations(input: &Structure, service: &Service) -> TokenStream {
    let name = ty::named(&input.rust_name);
    let checks: Vec<TokenStream> =
        input.members.iter().filter_map(|member| checks(member, service)).collect();
    let parameter = if checks.is_empty() { quote!(_input) } else { quote!(input) };
    let violations = quote!(use_::invoke_model_protocol::server::Violations);
    let body = if checks.is_empty() {
        quote!(#violations::new())
    } else {
        quote! {
            let mut violations = #violations::new();
            #(#checks)*
            violations
        }
    };
    quote!(fn violations(#parameter: &#name) -> #violations { #body })
}

fn checks(member: &Member, service: &Service) -> Option<TokenStream> {
    let name = ty::ident(&member.rust_name);
    let optional = member.presence == Presence::Optional;
    let value = if optional { quote!(value) } else { quote!(input.#name) };
    let lines: Vec<TokenStream> =
        member.constraints.iter().filter_map(|one| check(member, one, &value, optional, service)).collect();
    if lines.is_empty() {
        return None;
    }
    Some(if optional { quote!(if let Some(value) = &input.#name { #(#lines)* }) } else { quote!(#(#lines)*) })
}

fn check(
    member: &Member,
    constraint: &Constraint,
    value: &TokenStream,
    borrowed: bool,
    service: &Service,
) -> Option<TokenStream> {
    let wire_name = &member.wire_name;
    Some(match (constraint, &member.ty) {
        (Constraint::Length { min, max }, ty) => {
            let whole = |bound: Option<u64>| bound.map(Literal::u64_unsuffixed);
            let (min, max) = (whole(*min), whole(*max));
            let length = match ty {
                Type::String { .. } => quote!(#value.chars().count()),
                Type::StringEnum(_) => quote!(#value.as_str().chars().count()),
                Type::Blob | Type::List { .. } | Type::Map { .. } => quote!(#value.len()),
                _ => return None,
            };
            let (min, max) = (option(min.as_ref()), option(max.as_ref()));
            quote!(violations.length(#wire_name, #length, #min, #max);)
        }
        (Constraint::Range { min, max }, ty) => {
            let number = |bound: Option<f64>| bound.map(Literal::f64_unsuffixed);
            let (min, max) = (number(*min), number(*max));
            let value = if borrowed { quote!(*#value) } else { quote!(#value) };
            let number = match ty {
                // Every bound of a long that a model states is a whole number of few digits.
                Type::Integer(crate::ir::IntegerWidth::Long) => quote!(#value as f64),
                Type::Integer(_) | Type::Float | Type::Double => quote!(f64::from(#value)),
                _ => return None,
            };
            let (min, max) = (option(min.as_ref()), option(max.as_ref()));
            quote!(violations.range(#wire_name, #number, #min, #max);)
        }
        (Constraint::Pattern(pattern), Type::String { .. }) => {
            let value = if borrowed { value.clone() } else { quote!(&#value) };
            quote!(violations.pattern(#wire_name, #value, #pattern);)
        }
        (Constraint::OneOf(name), Type::StringEnum(_)) => {
            let Some(Shape::StringEnum(listed)) = service.shapes.get(name) else { return None };
            let values = listed.members.iter().map(|member| &member.value);
            quote!(violations.one_of(#wire_name, #value.as_str(), &[#(#values),*]);)
        }
        _ => return None,
    })
}

fn option<T: quote::ToTokens>(bound: Option<&T>) -> TokenStream {
    match bound {
        Some(bound) => quote!(Some(#bound)),
        None => quote!(None),
    }
}
