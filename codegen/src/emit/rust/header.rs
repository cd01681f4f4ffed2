//! Constants for header names. The `http` crate checks the names when the generated code is compiled.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::ir::{Location, Service, Shape, Structure};

/// Returns the constants for all headers of a service, or `None` if the service has no headers.
pub(super) fn constants(service: &Service) -> Option<TokenStream> {
    let messages = service.operations.iter().flat_map(|operation| [&operation.input, &operation.output]);
    let errors = service.shapes.values().filter_map(|shape| match shape {
        Shape::Structure(error) if error.error.as_ref().is_some_and(|facts| facts.is_response) => Some(error),
        _ => None,
    });
    let defaults = service.operations.iter().flat_map(|operation| &operation.default_headers);
    let defaults = defaults.map(|(name, _)| name.as_str());
    let names: BTreeSet<&str> = messages.chain(errors).flat_map(headers).chain(defaults).collect();
    if names.is_empty() {
        return None;
    }
    let constants = names.into_iter().map(|name| {
        let constant = constant(name);
        quote!(pub(crate) const #constant: use_::http::HeaderName = use_::http::HeaderName::from_static(#name);)
    });
    Some(quote!(#(#constants)*))
}

/// Returns the path of the constant for a header.
pub(super) fn path(name: &str) -> TokenStream {
    let constant = constant(name);
    quote!(use_::root_::header::#constant)
}

fn headers(structure: &Structure) -> impl Iterator<Item = &str> {
    structure.members.iter().filter_map(|member| match &member.location {
        Location::Header(name) => Some(name.as_str()),
        _ => None,
    })
}

/// Returns the name of the constant for a header. Distinct headers have distinct constants.
///
/// Letters become upper case, digits stay the same, and a `-` becomes `_`. All other characters become `__`
/// and two hexadecimal digits. The same applies to a digit at the beginning, and to every second `-` in a run
/// of `-`.
fn constant(name: &str) -> Ident {
    let mut constant = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' if !constant.ends_with('_') => constant.push('_'),
            // An identifier cannot start with a digit.
            '0'..='9' if constant.is_empty() => constant.push_str(&format!("__{:02X}", u32::from(character))),
            _ if character.is_ascii_alphanumeric() => constant.push(character.to_ascii_uppercase()),
            _ => constant.push_str(&format!("__{:02X}", u32::from(character))),
        }
    }
    format_ident!("{constant}")
}

#[cfg(test)]
mod tests {
    use super::constant;

    #[test]
    fn distinct_headers_have_distinct_constants() {
        let names = [
            "a", "a-", "a_", "a--", "a-_", "a_-", "a--5f", "a-5f", "a5f", "a__5f", "a---", "-a", "1a", "n-1a",
        ];
        let constants: std::collections::BTreeSet<String> =
            names.iter().map(|name| constant(name).to_string()).collect();
        assert_eq!(constants.len(), names.len(), "{constants:?}");
        assert_eq!(constant("x-amzn-bedrock-trace"), "X_AMZN_BEDROCK_TRACE");
    }
}
