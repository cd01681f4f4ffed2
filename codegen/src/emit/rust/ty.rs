//! Prints Rust types and default values for IR types.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use crate::ir::{DefaultValue, IntegerWidth, TimestampFormat, Type};

/// Returns the identifier of a field. If the name starts with `r#`, the identifier is raw.
pub(super) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, proc_macro2::Span::call_site()),
        None => format_ident!("{name}"),
    }
}

/// Returns the name of a field without the prefix `r#` of raw identifiers.
pub(super) fn unraw(name: &str) -> &str {
    name.trim_start_matches("r#")
}

/// Returns the path of a generated type.
pub(super) fn named(name: &str) -> TokenStream {
    let name = format_ident!("{name}");
    quote!(use_::root_::#name)
}

/// Returns the Rust type of an IR type.
pub(super) fn ty(ty: &Type) -> TokenStream {
    match ty {
        Type::Boolean => quote!(bool),
        Type::Integer(width) => integer(*width),
        Type::Float => quote!(f32),
        Type::Double => quote!(f64),
        Type::String { .. } => quote!(String),
        Type::Blob => quote!(use_::bytes::Bytes),
        Type::Document => quote!(use_::serde_json::Value),
        Type::Timestamp(_) => quote!(use_::invoke_model_protocol::Timestamp),
        Type::StringEnum(name) | Type::IntEnum(name) | Type::Structure(name) | Type::Union(name) => {
            named(name)
        }
        Type::List { element, sparse } => {
            let element = nullable(element, *sparse);
            quote!(Vec<#element>)
        }
        Type::Map { key, value, sparse } => {
            let key = self::ty(key);
            let value = nullable(value, *sparse);
            quote!(use_::std::collections::BTreeMap<#key, #value>)
        }
        Type::Boxed(inner) => {
            let inner = self::ty(inner);
            quote!(Box<#inner>)
        }
        Type::Unit => quote!(()),
    }
}

/// Returns the type of a function parameter that accepts a value of the type `of`.
pub(super) fn argument(of: &Type) -> TokenStream {
    let plain = ty(of);
    if is_converted(of) { quote!(impl Into<#plain>) } else { plain }
}

/// Returns `true` if the generated code converts an argument of this type with `into`.
pub(super) fn is_converted(of: &Type) -> bool {
    matches!(of, Type::String { .. } | Type::StringEnum(_) | Type::Blob | Type::Boxed(_) | Type::Document)
}

/// Returns the path of a timestamp format.
pub(super) fn format(format: TimestampFormat) -> TokenStream {
    let variant = match format {
        TimestampFormat::EpochSeconds => quote!(EpochSeconds),
        TimestampFormat::DateTime => quote!(DateTime),
        TimestampFormat::HttpDate => quote!(HttpDate),
    };
    quote!(use_::invoke_model_protocol::timestamp::Format::#variant)
}

/// Returns the expression of a default. Lowering has checked that the default fits the type.
pub(super) fn default(of: &Type, default: &DefaultValue) -> TokenStream {
    if default.is_zero {
        return quote!(Default::default());
    }
    let expression = match (of, &default.json) {
        (Type::Boolean, Value::Bool(truth)) => Some(quote!(#truth)),
        (Type::Integer(_), Value::Number(number)) => number.as_i64().map(|number| {
            let literal = Literal::i64_unsuffixed(number);
            quote!(#literal)
        }),
        (Type::Float | Type::Double, Value::Number(number)) => number.as_f64().map(|number| {
            let literal = Literal::f64_unsuffixed(number);
            quote!(#literal)
        }),
        (Type::String { .. }, Value::String(text)) => Some(quote!(#text.to_owned())),
        (Type::StringEnum(name), Value::String(text)) => {
            let name = named(name);
            Some(quote!(#name::from(#text)))
        }
        (Type::IntEnum(name), Value::Number(number)) => number.as_i64().map(|number| {
            let (name, literal) = (named(name), Literal::i64_unsuffixed(number));
            quote!(#name(#literal))
        }),
        (Type::Timestamp(_), Value::Number(seconds)) => seconds.as_f64().map(|seconds| {
            // The default is in seconds since 1970. The generated value is rounded to milliseconds.
            let literal = Literal::i64_unsuffixed((seconds * 1000.0).round() as i64);
            quote!(use_::invoke_model_protocol::Timestamp::from_millisecond(#literal).unwrap_or_default())
        }),
        (Type::Timestamp(_), Value::String(text)) => {
            Some(quote!(#text.parse::<use_::invoke_model_protocol::Timestamp>().unwrap_or_default()))
        }
        (Type::Document, Value::Bool(truth)) => Some(quote!(#truth.into())),
        (Type::Document, Value::String(text)) => Some(quote!(#text.into())),
        (Type::Document, Value::Number(number)) => {
            let literal = match number.as_i64() {
                Some(whole) => Literal::i64_unsuffixed(whole),
                None => Literal::f64_unsuffixed(number.as_f64().unwrap_or_default()),
            };
            Some(quote!(use_::serde_json::Value::from(#literal)))
        }
        (Type::Document, Value::Array(_)) => Some(quote!(use_::serde_json::Value::Array(Vec::new()))),
        (Type::Document, Value::Object(_)) => {
            Some(quote!(use_::serde_json::Value::Object(serde_json::Map::default())))
        }
        (Type::Blob, base64 @ Value::String(_)) => {
            let json = Literal::byte_string(base64.to_string().as_bytes());
            let read = quote!(use_::invoke_model_protocol::json::read);
            Some(quote!(#read::body(#json, #read::blob).unwrap_or_default()))
        }
        _ => None,
    };
    expression.unwrap_or_else(|| quote!(Default::default()))
}

fn integer(width: IntegerWidth) -> TokenStream {
    match width {
        IntegerWidth::Byte => quote!(i8),
        IntegerWidth::Short => quote!(i16),
        IntegerWidth::Integer => quote!(i32),
        IntegerWidth::Long => quote!(i64),
    }
}

/// Returns the type of an element, which is an `Option` if the collection is sparse.
pub(super) fn nullable(of: &Type, sparse: bool) -> TokenStream {
    let plain = ty(of);
    if sparse { quote!(Option<#plain>) } else { plain }
}
