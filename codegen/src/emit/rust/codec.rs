//! Selects the functions of `invoke-model-protocol` that read and write a type as JSON, text or an event
//! header.

use proc_macro2::TokenStream;
use quote::quote;

use super::ty;
use crate::ir::{IntegerWidth, Type};

/// Returns the function that writes the type as JSON.
pub(super) fn json_writer(of: &Type) -> TokenStream {
    let leaf = match of {
        Type::Boolean | Type::Integer(_) | Type::IntEnum(_) => quote!(display),
        Type::Float | Type::Double => quote!(float),
        Type::String { .. } | Type::StringEnum(_) => quote!(string),
        Type::Structure(_) | Type::Union(_) => {
            return quote!(use_::invoke_model_protocol::json::ToJson::to_json);
        }
        other => same_both_ways(other, json_writer),
    };
    quote!(use_::invoke_model_protocol::json::write::#leaf)
}

/// Returns the function that reads the type from JSON.
pub(super) fn json_reader(of: &Type) -> TokenStream {
    let leaf = match of {
        Type::Boolean => quote!(boolean),
        Type::Integer(_) => quote!(integer),
        Type::IntEnum(_) => quote!(int_enum),
        Type::Float => quote!(float),
        Type::Double => quote!(double),
        Type::String { .. } => quote!(string),
        Type::StringEnum(_) => quote!(string_enum),
        Type::Structure(_) | Type::Union(_) => {
            return quote!(use_::invoke_model_protocol::json::FromJson::from_json);
        }
        other => same_both_ways(other, json_reader),
    };
    quote!(use_::invoke_model_protocol::json::read::#leaf)
}

/// Returns the function that reads or writes a type. Handles only types whose functions have the same name in
/// `json::read` and `json::write`. The function of a collection takes the function of the elements as an
/// argument. `inner` returns the function of the elements.
fn same_both_ways(of: &Type, inner: fn(&Type) -> TokenStream) -> TokenStream {
    match of {
        Type::Blob => quote!(blob),
        Type::Document => quote!(document),
        Type::Timestamp(format) => {
            let format = ty::format(*format);
            quote!(timestamp(#format))
        }
        Type::List { element, sparse } => {
            let (name, element) = (if *sparse { quote!(sparse_list) } else { quote!(list) }, inner(element));
            quote!(#name(#element))
        }
        Type::Map { value, sparse, .. } => {
            let (name, value) = (if *sparse { quote!(sparse_map) } else { quote!(map) }, inner(value));
            quote!(#name(#value))
        }
        Type::Boxed(boxed) => {
            let boxed = inner(boxed);
            quote!(boxed(#boxed))
        }
        // Only the unit type remains, because `json_writer` and `json_reader` handle all other types.
        _ => quote!(unit),
    }
}

/// Returns the function that writes a simple type as text.
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

/// Returns the function that writes an element of a list in a header.
pub(super) fn element_writer(of: &Type) -> TokenStream {
    match of {
        Type::String { media_type: false } | Type::StringEnum(_) => {
            quote!(use_::invoke_model_protocol::text::write::list_element)
        }
        other => text_writer(other),
    }
}

/// Returns the function that writes a type as the header of an event.
pub(super) fn event_writer(of: &Type) -> TokenStream {
    let function = event_function(of);
    quote!(use_::invoke_model_protocol::event_stream::write::#function)
}

/// Returns the function that reads a type from the header of an event.
pub(super) fn event_reader(of: &Type) -> TokenStream {
    let function = event_function(of);
    quote!(use_::invoke_model_protocol::event_stream::read::#function)
}

fn event_function(of: &Type) -> TokenStream {
    match of {
        Type::Boolean => quote!(boolean),
        Type::Integer(IntegerWidth::Byte) => quote!(byte),
        Type::Integer(IntegerWidth::Short) => quote!(short),
        Type::Integer(IntegerWidth::Integer) => quote!(integer),
        Type::Integer(IntegerWidth::Long) => quote!(long),
        Type::IntEnum(_) => quote!(int_enum),
        Type::Blob => quote!(blob),
        Type::Timestamp(_) => quote!(timestamp),
        // The remaining types are strings and string enums, because lowering rejects all other types.
        _ => quote!(string),
    }
}

/// Returns the function with which a server reads a simple type from text.
pub(super) fn server_text_reader(of: &Type) -> TokenStream {
    match of {
        Type::Timestamp(format) => {
            let format = ty::format(*format);
            quote!(use_::invoke_model_protocol::server::timestamp(#format))
        }
        other => text_reader(other),
    }
}

/// Returns the function that reads a simple type from text.
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
