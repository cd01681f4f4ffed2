//! Prints the server code of an operation: the functions `parse_request`, `set_defaults`, `check_request`,
//! `check_input`, `serialize_response` and `serialize_error`.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::{codec, constraint, field, message, ty};
use crate::ir::{Location, MediaType, Member, Operation, Structure, Type, UnsetPayload};

pub(super) fn operation(of: &Operation) -> TokenStream {
    let name = ty::named(&of.rust_name);
    let parse_request = parse_request(of);
    let set_defaults = set_defaults(&of.input);
    let request_type = media_type(&format_ident!("REQUEST_TYPE"), &of.request_type);
    let response_type = media_type(&format_ident!("RESPONSE_TYPE"), &of.response_type);
    let check_request = constraint::check_request(&of.input);
    let check_input = constraint::check_input(&of.input);
    let serialize_response = serialize_response(of);
    let serialize_error = (!of.errors.is_empty()).then(|| serialize_error(of));
    quote! {
        impl use_::invoke_model_protocol::ServerOperation for #name {
            #request_type
            #response_type
            #parse_request
            #set_defaults
            #check_request
            #check_input
            #serialize_response
            #serialize_error
        }
    }
}

/// Returns the constant with the media type of a message, or `None` if the message has no payload.
fn media_type(name: &Ident, of: &MediaType) -> Option<TokenStream> {
    let ty = quote!(use_::invoke_model_protocol::server::MediaType);
    let value = match of {
        MediaType::None => return None,
        MediaType::Any => quote!(#ty::Any),
        MediaType::Only(media_type) => quote!(#ty::Only(#media_type)),
    };
    Some(quote!(const #name: #ty = #value;))
}

fn parse_request(of: &Operation) -> TokenStream {
    let (name, input) = (ty::named(&of.rust_name), ty::named(&of.input.rust_name));
    let is = |wanted: fn(&Location) -> bool| of.input.members.iter().any(|member| wanted(&member.location));
    let labels = is(|location| matches!(location, Location::Label { .. })).then(|| quote!(let labels =));
    let query = is(|location| matches!(location, Location::Query(_) | Location::QueryMap { .. }))
        .then(|| quote!(let query = use_::invoke_model_protocol::server::Query::new(request.uri().query());));
    let body = message::parse(&of.input, &input, &quote!(request), read);
    quote! {
        fn parse_request(
            request: &use_::invoke_model_protocol::Request,
        ) -> Result<#input, use_::invoke_model_protocol::ParseError> {
            #labels use_::invoke_model_protocol::server::labels::<#name>(request)?;
            #query
            #body
        }
    }
}

/// Returns the expression that reads a member of a request.
fn read(member: &Member, request: &TokenStream) -> TokenStream {
    let read = read_bound(member, request);
    match member.location {
        // Clients send an empty object in place of a payload that is not set.
        Location::Payload { unset: UnsetPayload::Object, .. } if member.is_optional() => {
            quote!(#read.filter(|value| *value != Default::default()))
        }
        _ => read,
    }
}

/// Returns the function `set_defaults`, or `None` if no member of the input has a default. An empty body is a payload
/// that is not set, so a payload has no default.
fn set_defaults(input: &Structure) -> Option<TokenStream> {
    let lines: Vec<_> = input
        .members
        .iter()
        .filter(|member| !matches!(member.location, Location::Payload { .. }))
        .filter_map(|member| {
            let (name, default) = (ty::ident(&member.rust_name), member.server_default.as_ref()?);
            let default = ty::default(&member.ty, default);
            Some(if field::is_copy(&member.ty) {
                quote!(input.#name.get_or_insert(#default);)
            } else {
                quote!(input.#name.get_or_insert_with(|| #default);)
            })
        })
        .collect();
    let name = ty::named(&input.rust_name);
    (!lines.is_empty()).then(|| quote!(fn set_defaults(input: &mut #name) { #(#lines)* }))
}

fn read_bound(member: &Member, request: &TokenStream) -> TokenStream {
    let wire_name = &member.wire_name;
    match &member.location {
        Location::Label { .. } => {
            let reader = codec::server_text_reader(&member.ty);
            quote!(use_::invoke_model_protocol::server::label(&labels, #wire_name, #reader)?)
        }
        Location::Query(parameter) => {
            let option = match &member.ty {
                Type::List { element, .. } => {
                    let reader = codec::server_text_reader(element);
                    quote!(query.list(#parameter, #wire_name, #reader)?)
                }
                ty => {
                    let reader = codec::server_text_reader(ty);
                    quote!(query.optional(#parameter, #wire_name, #reader)?)
                }
            };
            field::value_or_default(member, &option)
        }
        Location::QueryMap { .. } => {
            let is_map_of_lists = member.ty.is_map_of_lists();
            let option = if is_map_of_lists { quote!(query.map_of_lists()) } else { quote!(query.map()) };
            field::value_or_default(member, &option)
        }
        Location::Header(_) => message::read_header(member, codec::server_text_reader),
        _ => message::read(member, request),
    }
}

fn serialize_response(of: &Operation) -> TokenStream {
    let (output, status) = (ty::named(&of.output.rust_name), Literal::u16_unsuffixed(of.http.status));
    let (builder, value) = (quote!(response), quote!(output));
    let members = &of.output.members;
    let parameter = if members.is_empty() { quote!(_output) } else { quote!(output) };
    let headers = message::write_headers(&of.output, &builder, &value);
    let mutable = of.output.has_headers().then(|| quote!(mut));
    let payload = match of.output_events {
        Some(_) => quote!(response.events()),
        None => message::write_response_payload(&of.output, of.has_output, &builder, &value),
    };
    let bound = members.iter().find(|member| member.location == Location::StatusCode).map(|member| {
        let name = ty::ident(&member.rust_name);
        if member.is_optional() {
            quote!(output.#name.and_then(|status| u16::try_from(status).ok()).unwrap_or(#status))
        } else {
            quote!(u16::try_from(output.#name).unwrap_or(#status))
        }
    });
    let status = bound.unwrap_or_else(|| quote!(#status));
    quote! {
        fn serialize_response(
            #parameter: #output,
        ) -> Result<use_::invoke_model_protocol::Response, use_::invoke_model_protocol::SerializeError> {
            let #mutable response = use_::invoke_model_protocol::server::ResponseBuilder::new(#status);
            #(#headers)*
            Ok(#payload)
        }
    }
}

fn serialize_error(of: &Operation) -> TokenStream {
    let error = ty::named(&of.error_name);
    let variants = of.errors.iter().map(|one| format_ident!("{}", one.rust_name));
    quote! {
        fn serialize_error(
            error: &#error,
        ) -> Result<Option<use_::invoke_model_protocol::Response>, use_::invoke_model_protocol::SerializeError> {
            match error {
                #(#error::#variants(error) => error.serialize().map(Some),)*
                #error::Unmodeled(_) => Ok(None),
            }
        }
    }
}
