//! The functions of `protocol` that read and write a type, as JSON and as text.

use proc_macro2::TokenStream;
use quote::quote;

use super::ty;
use crate::ir::Type;

/// The function that writes the type as JSON.
pub(super) fn json_writer(of: &Type) -> TokenStream {
    let function = match of {
        Type::Boolean | Type::Integer(_) | Type::IntEnum(_) => quote!(display),
        Type::Float | Type::Double => quote!(float),
        Type::String { .. } | Type::StringEnum(_) => quote!(string),
        Type::Blob => quote!(blob),
        Type::Document => quote!(document),
        Type::Timestamp(format) => {
            let format = ty::format(*format);
            quote!(timestamp(#format))
        }
        Type::Structure(_) | Type::Union(_) => {
            return quote!(use_::invoke_model_protocol::json::ToJson::to_json);
        }
        Type::List { element, sparse } => {
            let (name, element) =
                (if *sparse { quote!(sparse_list) } else { quote!(list) }, json_writer(element));
            quote!(#name(#element))
        }
        Type::Map { value, sparse, .. } => {
            let (name, value) = (if *sparse { quote!(sparse_map) } else { quote!(map) }, json_writer(value));
            quote!(#name(#value))
        }
        Type::Boxed(inner) => {
            let inner = json_writer(inner);
            quote!(boxed(#inner))
        }
        Type::Unit => quote!(unit),
    };
    quote!(use_::invoke_model_protocol::json::write::#function)
}

/// The function that reads the type from JSON.
pub(super) fn json_reader(of: &Type) -> TokenStream {
    let function = match of {
        Type::Boolean => quote!(boolean),
        Type::Integer(_) => quote!(integer),
        Type::IntEnum(_) => quote!(int_enum),
        Type::Float => quote!(float),
        Type::Double => quote!(double),
        Type::String { .. } => quote!(string),
        Type::StringEnum(_) => quote!(string_enum),
        Type::Blob => quote!(blob),
        Type::Document => quote!(document),
        Type::Timestamp(format) => {
            let format = ty::format(*format);
            quote!(timestamp(#format))
        }
        Type::Structure(_) | Type::Union(_) => {
            return quote!(use_::invoke_model_protocol::json::FromJson::from_json);
        }
        Type::List { element, sparse } => {
            let (name, element) =
                (if *sparse { quote!(sparse_list) } else { quote!(list) }, json_reader(element));
            quote!(#name(#element))
        }
        Type::Map { value, sparse, .. } => {
            let (name, value) = (if *sparse { quote!(sparse_map) } else { quote!(map) }, json_reader(value));
            quote!(#name(#value))
        }
        Type::Boxed(inner) => {
            let inner = json_reader(inner);
            quote!(boxed(#inner))
        }
        Type::Unit => quote!(unit),
    };
    quote!(use_::invoke_model_protocol::json::read::#function)
}

/// The function that writes a simple type as text.
pub(super) fn text_writer(of: &Type) -> TokenStream {
    let function = match of {
        Type::String { media_type: true } => quote!(media_type),
        Type::Float | Type::Double => quote!(float),
        Type::Boolean | Type::Integer(_) | Type::IntEnum(_) => quote!(display),
        Type::Timestamp(format) => {
            let format = ty::format(*format);
            quote!(timestamp(#format))
        }
        _ => quote!(string),
    };
    quote!(use_::invoke_model_protocol::text::write::#function)
}

/// The function that writes an element of a list in a header field.
pub(super) fn element_writer(of: &Type) -> TokenStream {
    match of {
        Type::String { media_type: false } | Type::StringEnum(_) => {
            quote!(use_::invoke_model_protocol::text::write::list_element)
        }
        other => text_writer(other),
    }
}

/// The function that reads a simple type from text.
pub(super) fn text_reader(of: &Type) -> TokenStream {
    let function = match of {
        Type::String { media_type: true } => quote!(media_type),
        Type::StringEnum(_) => quote!(string_enum),
        Type::Float | Type::Double => quote!(float),
        Type::Boolean => quote!(boolean),
        Type::Integer(_) => quote!(integer),
        Type::IntEnum(_) => quote!(int_enum),
        Type::Timestamp(format) => {
            let format = ty::format(*format);
            quote!(timestamp(#format))
        }
        _ => quote!(string),
    };
    quote!(use_::invoke_model_protocol::text::read::#function)
}
