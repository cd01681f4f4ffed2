//! Converts the values in a test case to expressions of the generated types.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::{Map, Value};

use super::super::ty;
use crate::ir::{Member, Presence, Service, Shape, Structure, Type};

/// Text that describes why a test case does not fit the model.
pub(super) type InvalidCase = String;

/// Returns an expression that creates a structure with the members in `params`.
pub(super) fn structure(
    of: &Structure,
    params: &Map<String, Value>,
    service: &Service,
) -> Result<TokenStream, InvalidCase> {
    let name = ty::named(&of.rust_name);
    let mut lines = Vec::new();
    for (key, value) in params {
        let member = of.members.iter().find(|member| member.wire_name == *key);
        let member = member.ok_or_else(|| format!("`{}` has no member `{key}`", of.wire_name))?;
        if let Some(value) = present(member, value, service)? {
            let field = ty::ident(&member.rust_name);
            lines.push(quote!(value.#field = #value;));
        }
    }
    if lines.is_empty() {
        return Ok(quote!(#name::default()));
    }
    // Generated structures are `non_exhaustive`, so code outside their crate cannot use struct expressions.
    Ok(quote!({
        let mut value = #name::default();
        #(#lines)*
        value
    }))
}

/// Returns the expression of a member's value, or `None` if the value is null.
fn present(member: &Member, value: &Value, service: &Service) -> Result<Option<TokenStream>, InvalidCase> {
    if value.is_null() {
        return Ok(None);
    }
    let value =
        of_type(&member.ty, value, service).map_err(|fault| format!("{}: {fault}", member.wire_name))?;
    Ok(Some(if member.presence == Presence::Optional { quote!(Some(#value)) } else { value }))
}

/// Returns the key and the value of the only entry that is not null. `value` is a union or an event header.
/// Returns an error if no entry or several entries are not null.
pub(super) fn only(value: &Map<String, Value>) -> Result<(&String, &Value), InvalidCase> {
    let mut set = value.iter().filter(|(_, value)| !value.is_null());
    match (set.next(), set.next()) {
        (Some(only), None) => Ok(only),
        _ => Err("a union needs exactly one member".to_owned()),
    }
}

fn of_type(of: &Type, value: &Value, service: &Service) -> Result<TokenStream, InvalidCase> {
    let expression = match (of, value) {
        (Type::Boolean, Value::Bool(truth)) => quote!(#truth),
        (Type::Integer(_), Value::Number(number)) => {
            let literal = Literal::i64_unsuffixed(number.as_i64().ok_or("is not an integer")?);
            quote!(#literal)
        }
        (Type::Float, value) => float(value, &quote!(f32))?,
        (Type::Double, value) => float(value, &quote!(f64))?,
        (Type::String { .. }, Value::String(text)) => quote!(#text.to_owned()),
        (Type::Blob, Value::String(text)) => {
            let bytes = Literal::byte_string(text.as_bytes());
            quote!(use_::bytes::Bytes::from_static(#bytes))
        }
        (Type::Document, value) => {
            let text = value.to_string();
            quote!(invoke_model_test_support::document(#text))
        }
        (Type::Timestamp(_), Value::Number(seconds)) => {
            let milliseconds = seconds.as_f64().map(|seconds| (seconds * 1000.0).round() as i64);
            let literal = Literal::i64_unsuffixed(milliseconds.ok_or("is not a time")?);
            quote!(invoke_model_test_support::milliseconds(#literal))
        }
        (Type::Timestamp(_), Value::String(text)) => quote!(invoke_model_test_support::time(#text)),
        (Type::StringEnum(name), Value::String(text)) => {
            let name = ty::named(name);
            quote!(#name::from(#text))
        }
        (Type::IntEnum(name), Value::Number(number)) => {
            let literal = Literal::i64_unsuffixed(number.as_i64().ok_or("is not an integer")?);
            let name = ty::named(name);
            quote!(#name::from(#literal))
        }
        (Type::Structure(name), Value::Object(members)) => match service.structure(name) {
            Some(of) => structure(of, members, service)?,
            None => return Err(format!("`{name}` is not a structure")),
        },
        (Type::Union(name), Value::Object(members)) => union(name, members, service)?,
        (Type::List { element, sparse }, Value::Array(values)) => {
            let values: Vec<_> = values
                .iter()
                .map(|value| nullable(element, *sparse, value, service))
                .collect::<Result<_, _>>()?;
            quote!(vec![#(#values),*])
        }
        (Type::Map { key, value: inner, sparse }, Value::Object(entries)) => {
            let entries = entries.iter().map(|(name, value)| {
                let name = of_type(key, &Value::from(name.as_str()), service)?;
                let value = nullable(inner, *sparse, value, service)?;
                Ok(quote!((#name, #value)))
            });
            let entries: Vec<_> = entries.collect::<Result<_, InvalidCase>>()?;
            quote!(use_::std::collections::BTreeMap::from([#(#entries),*]))
        }
        (Type::Boxed(inner), value) => {
            let inner = of_type(inner, value, service)?;
            quote!(Box::new(#inner))
        }
        (Type::Unit, Value::Object(_)) => quote!(()),
        (of, value) => return Err(format!("`{value}` is not a value of {of:?}")),
    };
    Ok(expression)
}

fn nullable(of: &Type, sparse: bool, value: &Value, service: &Service) -> Result<TokenStream, InvalidCase> {
    if sparse && value.is_null() {
        return Ok(quote!(None));
    }
    let value = of_type(of, value, service)?;
    Ok(if sparse { quote!(Some(#value)) } else { value })
}

fn float(value: &Value, of: &TokenStream) -> Result<TokenStream, InvalidCase> {
    match value {
        Value::Number(number) => {
            let literal = Literal::f64_unsuffixed(number.as_f64().ok_or("is not a number")?);
            Ok(quote!(#literal))
        }
        Value::String(text) => match text.as_str() {
            "NaN" => Ok(quote!(#of::NAN)),
            "Infinity" => Ok(quote!(#of::INFINITY)),
            "-Infinity" => Ok(quote!(#of::NEG_INFINITY)),
            other => Err(format!("`{other}` is not a number")),
        },
        other => Err(format!("`{other}` is not a number")),
    }
}

fn union(name: &str, members: &Map<String, Value>, service: &Service) -> Result<TokenStream, InvalidCase> {
    let Some(Shape::Union(union)) = service.shapes.get(name) else {
        return Err(format!("`{name}` is not a union"));
    };
    let (key, value) = only(members)?;
    let member = union.members.iter().find(|member| member.wire_name == *key);
    let member = member.ok_or_else(|| format!("`{name}` has no member `{key}`"))?;
    let (name, variant) = (ty::named(name), format_ident!("{}", member.rust_name));
    if member.ty == Type::Unit {
        return Ok(quote!(#name::#variant {}));
    }
    let value = of_type(&member.ty, value, service)?;
    Ok(quote!(#name::#variant(#value)))
}

/// Returns `true` if a value contains a NaN.
pub(super) fn holds_nan(value: &Value) -> bool {
    match value {
        Value::String(text) => text == "NaN",
        Value::Array(values) => values.iter().any(holds_nan),
        Value::Object(members) => members.values().any(holds_nan),
        _ => false,
    }
}
