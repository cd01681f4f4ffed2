//! Prints the checks with which a server enforces the constraints of an input. Each structure and union with
//! constraints has its own functions, which call the functions of the shapes that it contains.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::ty;
use crate::ir::{Constraint, IntegerWidth, Location, Member, Shape, Structure, Type, Union, UnionMember};

/// Returns the function `violations` of an operation, or `None` if no value of its input has constraints.
pub(super) fn violations(input: &Structure) -> Option<TokenStream> {
    let checks = members(&input.members, &quote!(input))?;
    let name = ty::named(&input.rust_name);
    let violations = quote!(use_::invoke_model_protocol::server::Violations);
    Some(quote! {
        fn violations(input: &#name) -> #violations {
            let mut violations = #violations::new();
            #checks
            violations
        }
    })
}

/// Returns the function `missing_members` of an operation, or `None` if it has no required members except labels.
pub(super) fn missing_members(input: &Structure) -> Option<TokenStream> {
    let checks = missing(input.body_members().map(JsonMember::from)).or_else(|| {
        let is_payload = |member: &&Member| matches!(member.location, Location::Payload { .. });
        let member = input.members.iter().find(is_payload)?;
        let (wire_name, check) = (&member.wire_name, json_closure(&member.constraints, &member.ty)?);
        Some(quote!(violations.payload(json, #wire_name, #check);))
    });
    let bound: Vec<_> = input.members.iter().filter_map(missing_outside_of_body).collect();
    if checks.is_none() && bound.is_empty() {
        return None;
    }
    let violations = quote!(use_::invoke_model_protocol::server::Violations);
    let of_body = match checks {
        Some(checks) => quote!(#violations::of_body(request.body(), |violations, json| { #checks })),
        None => quote!(#violations::new()),
    };
    let body = match &bound[..] {
        [] => of_body,
        bound => quote! {
            let mut violations = #of_body;
            #(#bound)*
            violations
        },
    };
    Some(quote! {
        fn missing_members(request: &use_::invoke_model_protocol::Request) -> #violations { #body }
    })
}

/// Returns the statement that finds a required member that is missing in the headers or the query, or `None` for other
/// members.
fn missing_outside_of_body(member: &Member) -> Option<TokenStream> {
    let name = &member.wire_name;
    match &member.location {
        _ if !member.constraints.contains(&Constraint::Required) => None,
        Location::Header(header) => Some(quote!(violations.required_header(request, #name, #header);)),
        Location::Query(parameter) => {
            Some(quote!(violations.required_parameter(request, #name, #parameter);))
        }
        _ => None,
    }
}

/// Returns the code that checks a shape, or `None` if servers do not check the shape.
pub(super) fn checks(shape: &Shape) -> Option<TokenStream> {
    let (rust_name, values, missing) = match shape {
        Shape::Structure(of) if of.is_checked => {
            let json_members = of.members.iter().map(JsonMember::from);
            (&of.rust_name, members(&of.members, &quote!(self)), missing(json_members))
        }
        Shape::Union(of) if of.is_checked => {
            (&of.rust_name, variants(of), missing(of.members.iter().map(JsonMember::from)))
        }
        _ => return None,
    };
    let name = ty::named(rust_name);
    let violations = quote!(use_::invoke_model_protocol::server::Violations);
    let values = values.map(|checks| {
        quote! {
            impl use_::invoke_model_protocol::server::Constrained for #name {
                fn check(&self, violations: &mut #violations) {
                    #checks
                }
            }
        }
    });
    let missing = missing.map(|checks| {
        quote! {
            impl use_::invoke_model_protocol::server::RequiredMembers for #name {
                fn check_json(
                    violations: &mut #violations,
                    json: use_::invoke_model_protocol::json::BorrowedValue<'_>,
                ) {
                    #checks
                }
            }
        }
    });
    Some(quote!(#values #missing))
}

/// Returns the statements that check the members of the value `of`, or `None` if their values have no
/// constraints.
fn members(members: &[Member], of: &TokenStream) -> Option<TokenStream> {
    let checks: Vec<_> = members
        .iter()
        .filter_map(|member| {
            let (name, wire_name) = (ty::ident(&member.rust_name), &member.wire_name);
            let check = closure(&member.constraints, &member.ty, false)?;
            Some(if member.is_optional() {
                quote!(violations.optional(#wire_name, #of.#name.as_ref(), #check);)
            } else {
                quote!(violations.member(#wire_name, &#of.#name, #check);)
            })
        })
        .collect();
    (!checks.is_empty()).then(|| quote!(#(#checks)*))
}

/// Returns the statement that checks the member of a union, or `None` if the values have no constraints.
fn variants(of: &Union) -> Option<TokenStream> {
    let arms: Vec<_> = of
        .members
        .iter()
        .filter_map(|member| {
            let (variant, wire_name) = (format_ident!("{}", member.rust_name), &member.wire_name);
            let check = closure(&member.constraints, &member.ty, false)?;
            Some((quote!(Self::#variant(value)), quote!(violations.member(#wire_name, value, #check))))
        })
        .collect();
    match &arms[..] {
        [] => None,
        [(variant, check)] => Some(quote!(if let #variant = self { #check; })),
        _ => {
            let arms = arms.iter().map(|(variant, check)| quote!(#variant => #check,));
            Some(quote!(match self { #(#arms)* _ => {} }))
        }
    }
}

/// Returns the function that checks a value, or `None` if the value has no constraints. If `sparse` is
/// `true`, the value can be null.
fn closure(constraints: &[Constraint], ty: &Type, sparse: bool) -> Option<TokenStream> {
    let constraints: Vec<_> = constraints.iter().filter(|constraint| constraint.is_on_value()).collect();
    match (&constraints[..], ty) {
        ([], _) => return None,
        ([Constraint::Members], Type::Structure(_) | Type::Union(_)) if !sparse => {
            return Some(quote!(use_::invoke_model_protocol::server::Violations::nested));
        }
        _ => {}
    }
    let checks = constraints.iter().map(|constraint| check(constraint, ty));
    Some(if sparse {
        quote!(|violations, value| if let Some(value) = value { #(#checks)* })
    } else {
        quote!(|violations, value| { #(#checks)* })
    })
}

/// Returns the statement that checks one constraint. `value` is the name of a reference to the value.
fn check(constraint: &Constraint, ty: &Type) -> TokenStream {
    match (constraint, ty) {
        (Constraint::Length { min, max }, ty) => {
            let whole = |bound: Option<u64>| bound.map(Literal::u64_unsuffixed);
            let (min, max) = (whole(*min), whole(*max));
            let length = match ty {
                Type::String { .. } => quote!(value.chars().count()),
                Type::StringEnum(_) => quote!(value.as_str().chars().count()),
                _ => quote!(value.len()),
            };
            let (min, max) = (option(min.as_ref()), option(max.as_ref()));
            quote!(violations.length(#length, #min, #max);)
        }
        (Constraint::Range { min, max }, ty) => {
            let number = |bound: Option<f64>| bound.map(Literal::f64_unsuffixed);
            let (min, max) = (number(*min), number(*max));
            let number = match ty {
                // The bounds are `f64` values. An `f64` represents the bounds of a long exactly, because
                // models contain only integers with few digits as bounds.
                Type::Integer(IntegerWidth::Long) => quote!(*value as f64),
                Type::Double => quote!(*value),
                _ => quote!(f64::from(*value)),
            };
            let (min, max) = (option(min.as_ref()), option(max.as_ref()));
            quote!(violations.range(#number, #min, #max);)
        }
        (Constraint::Pattern(pattern), _) => quote!(violations.pattern(value, #pattern);),
        (Constraint::OneOf(values), _) => quote!(violations.one_of(value.as_str(), &[#(#values),*]);),
        (Constraint::Members, Type::Boxed(_)) => quote!(violations.nested(&**value);),
        (Constraint::Members, _) => quote!(violations.nested(value);),
        (Constraint::Elements(constraints), Type::List { element, sparse }) => {
            let check = closure(constraints, element, *sparse);
            quote!(violations.elements(value, #check);)
        }
        (Constraint::Keys(constraints), Type::Map { key, .. }) => {
            let check = closure(constraints, key, false);
            quote!(violations.keys(value, #check);)
        }
        (Constraint::Values(constraints), Type::Map { value, sparse, .. }) => {
            let check = closure(constraints, value, *sparse);
            quote!(violations.values(value, #check);)
        }
        // Lowering adds these constraints only to lists and maps.
        (Constraint::Elements(_) | Constraint::Keys(_) | Constraint::Values(_), _) => TokenStream::new(),
        // The functions that read the JSON text check these constraints.
        (Constraint::Required | Constraint::RequiredMembers, _) => TokenStream::new(),
    }
}

/// A member of a structure or union in JSON.
struct JsonMember<'a> {
    wire_name: &'a str,
    json_name: &'a str,
    constraints: &'a [Constraint],
    ty: &'a Type,
}

impl<'a> From<&'a Member> for JsonMember<'a> {
    fn from(Member { wire_name, json_name, constraints, ty, .. }: &'a Member) -> Self {
        Self { wire_name, json_name, constraints, ty }
    }
}

impl<'a> From<&'a UnionMember> for JsonMember<'a> {
    fn from(UnionMember { wire_name, json_name, constraints, ty, .. }: &'a UnionMember) -> Self {
        Self { wire_name, json_name, constraints, ty }
    }
}

/// Returns the statements that find missing members in the variable `json`, or `None` if no member is
/// required.
fn missing<'a>(members: impl Iterator<Item = JsonMember<'a>>) -> Option<TokenStream> {
    let checks: Vec<_> = members
        .filter_map(|JsonMember { wire_name, json_name, constraints, ty }| {
            let required = constraints
                .contains(&Constraint::Required)
                .then(|| quote!(violations.required(json, #wire_name, #json_name);));
            let nested = json_closure(constraints, ty)
                .map(|check| quote!(violations.in_member(json, #wire_name, #json_name, #check);));
            (required.is_some() || nested.is_some()).then(|| quote!(#required #nested))
        })
        .collect();
    (!checks.is_empty()).then(|| quote!(#(#checks)*))
}

/// Returns the function that finds missing members inside a JSON value, or `None` if no member inside the
/// value is required.
fn json_closure(constraints: &[Constraint], ty: &Type) -> Option<TokenStream> {
    constraints.iter().find_map(|constraint| match (constraint, ty) {
        (_, Type::Boxed(inner)) => json_closure(constraints, inner),
        (Constraint::RequiredMembers, Type::Structure(name) | Type::Union(name)) => {
            let name = ty::named(name);
            Some(quote!(<#name as use_::invoke_model_protocol::server::RequiredMembers>::check_json))
        }
        (Constraint::Elements(inner), Type::List { element, .. }) => {
            let check = json_closure(inner, element)?;
            Some(quote!(|violations, json| violations.in_elements(json, #check)))
        }
        (Constraint::Values(inner), Type::Map { value, .. }) => {
            let check = json_closure(inner, value)?;
            Some(quote!(|violations, json| violations.in_values(json, #check)))
        }
        _ => None,
    })
}

fn option<T: quote::ToTokens>(bound: Option<&T>) -> TokenStream {
    match bound {
        Some(bound) => quote!(Some(#bound)),
        None => quote!(None),
    }
}
