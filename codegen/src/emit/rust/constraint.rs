//! Prints the checks with which a server enforces the constraints of an input. Each structure and union with
//! constraints has its own functions, which call the functions of the shapes that it contains.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{codec, ty};
use crate::ir::{
    Constraint, IntegerWidth, Location, Member, Shape, Structure, TimestampFormat, Type, Union, UnionMember,
};

/// Returns the function `check_input` of an operation, or `None` if no value of its input has constraints.
pub(super) fn check_input(input: &Structure) -> Option<TokenStream> {
    let checks = members(&input.members, &quote!(input))?;
    let name = ty::named(&input.rust_name);
    Some(quote! {
        fn check_input(input: &#name, violations: &mut use_::invoke_model_protocol::server::Violations) {
            #checks
        }
    })
}

/// Returns the function `check_request` of an operation, or `None` if there is nothing to check.
pub(super) fn check_request(input: &Structure) -> Option<TokenStream> {
    let in_body = missing(input.body_members().map(JsonMember::from)).or_else(|| {
        let is_payload = |member: &&Member| matches!(member.location, Location::Payload { .. });
        let member = input.members.iter().find(is_payload)?;
        let (wire_name, check) = (&member.wire_name, json_closure(&member.constraints, &member.ty)?);
        Some(quote!(violations.payload(json, #wire_name, #check);))
    });
    let in_body =
        in_body.map(|checks| quote!(violations.body(request.body(), |violations, json| { #checks });));
    let bound: Vec<_> = input.members.iter().filter_map(missing_outside_of_body).collect();
    if in_body.is_none() && bound.is_empty() {
        return None;
    }
    Some(quote! {
        fn check_request(
            request: &use_::invoke_model_protocol::Request,
            violations: &mut use_::invoke_model_protocol::server::Violations,
        ) {
            #in_body
            #(#bound)*
        }
    })
}

/// Returns the statement that finds a required member that is missing in the headers or the query, or `None`
/// for other members.
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
            let names = of.members.iter().map(|member| &member.json_name);
            let only = quote!(violations.only_member(json, &[#(#names),*]););
            let nested = missing(of.members.iter().map(JsonMember::from));
            (&of.rust_name, variants(of), Some(quote!(#only #nested)))
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
            impl use_::invoke_model_protocol::server::JsonChecks for #name {
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
    // A value has at most one pattern. It is a static, so it is compiled only once.
    let patterns = constraints.iter().filter_map(|constraint| match constraint {
        Constraint::Pattern(text) => {
            let pattern = quote!(use_::invoke_model_protocol::server::Pattern);
            Some(quote!(static PATTERN: #pattern = #pattern::new(#text);))
        }
        _ => None,
    });
    let checks = constraints.iter().map(|constraint| check(constraint, ty));
    Some(if sparse {
        quote!(|violations, value| if let Some(value) = value { #(#patterns)* #(#checks)* })
    } else {
        quote!(|violations, value| { #(#patterns)* #(#checks)* })
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
        (Constraint::Pattern(_), _) => quote!(violations.pattern(value, &PATTERN);),
        (Constraint::OneOf { values, internal }, _) => {
            let check = quote!(violations.one_of(value.as_str(), &[#(#values),*]););
            match &internal[..] {
                [] => check,
                internal => quote!(if !matches!(value.as_str(), #(#internal)|*) { #check }),
            }
        }
        (Constraint::UniqueItems, Type::List { element, sparse: false }) => {
            let writer = codec::json_writer(element);
            quote!(violations.unique(value, #writer);)
        }
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
        // Lowering adds these constraints only to lists and maps. A list with unique elements is not sparse.
        // <https://smithy.io/2.0/spec/constraint-traits.html#uniqueitems-trait>
        (
            Constraint::UniqueItems | Constraint::Elements(_) | Constraint::Keys(_) | Constraint::Values(_),
            _,
        ) => TokenStream::new(),
        // The functions that read the JSON text check these constraints.
        (Constraint::Required | Constraint::NoNulls | Constraint::Utc | Constraint::JsonMembers, _) => {
            TokenStream::new()
        }
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

/// Returns the statements that check the members of the object in the variable `json`, or `None` if there is
/// nothing to check.
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

/// Returns the function that checks a JSON value, or `None` if there is nothing to check.
fn json_closure(constraints: &[Constraint], ty: &Type) -> Option<TokenStream> {
    let ty = match ty {
        Type::Boxed(inner) => inner,
        ty => ty,
    };
    let checks: Vec<JsonCheck> =
        constraints.iter().filter_map(|constraint| json_check(constraint, ty)).collect();
    match &checks[..] {
        [] => None,
        [JsonCheck { function: Some(function), .. }] => Some(function.clone()),
        checks => {
            let statements = checks.iter().map(|check| &check.statement);
            Some(quote!(|violations, json| { #(#statements)* }))
        }
    }
}

/// A check of a JSON value.
struct JsonCheck {
    /// Path of the function that makes the check, if it needs no other arguments.
    function: Option<TokenStream>,
    /// Statement that makes the check.
    statement: TokenStream,
}

/// Returns the check of a constraint on a JSON value, or `None` if servers check the constraint on the typed
/// value.
fn json_check(constraint: &Constraint, ty: &Type) -> Option<JsonCheck> {
    let violations = quote!(use_::invoke_model_protocol::server::Violations);
    Some(match (constraint, ty) {
        (Constraint::NoNulls, _) => JsonCheck {
            function: Some(quote!(#violations::no_nulls)),
            statement: quote!(violations.no_nulls(json);),
        },
        (Constraint::Utc, Type::Timestamp(TimestampFormat::DateTime)) => {
            JsonCheck { function: Some(quote!(#violations::utc)), statement: quote!(violations.utc(json);) }
        }
        (Constraint::JsonMembers, Type::Structure(name) | Type::Union(name)) => {
            let name = ty::named(name);
            let checks = quote!(use_::invoke_model_protocol::server::JsonChecks);
            let function = quote!(<#name as #checks>::check_json);
            JsonCheck { statement: quote!(#function(violations, json);), function: Some(function) }
        }
        (Constraint::Elements(inner), Type::List { element, .. }) => {
            let check = json_closure(inner, element)?;
            JsonCheck { function: None, statement: quote!(violations.in_elements(json, #check);) }
        }
        (Constraint::Values(inner), Type::Map { value, .. }) => {
            let check = json_closure(inner, value)?;
            JsonCheck { function: None, statement: quote!(violations.in_values(json, #check);) }
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
