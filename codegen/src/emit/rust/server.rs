//! An operation's server half: parse_request, violations, serialize_response, serialize_error.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{codec, constraint, error, field, operation, structure, ty};
use crate::ir::{Location, Member, Operation, Payload, Presence, Service, Shape, Type};

pub(super) fn operation(of: &Operation, service: &Service) -> TokenStream {
    let name = ty::named(&of.rust_name);
    let parse_request = parse_request(of);
    let violations = constraint::violations(&of.input, service);
    let serialize_response = serialize_response(of);
    let serialize_error = serialize_error(of, service);
    quote! {
        impl use_::invoke_model_protocol::ServerOperation for #name {
            #parse_request
            #violations
            #serialize_response
            #serialize_error
        }
    }
}

fn parse_request(of: &Operation) -> TokenStream {
    let (name, input) = (ty::named(&of.rust_name), ty::named(&of.input.rust_name));
    let members = &of.input.members;
    let is = |wanted: fn(&Location) -> bool| members.iter().any(|member| wanted(&member.location));
    let labels = if is(|location| matches!(location, Location::Label { .. })) {
        quote!(let labels =)
    } else {
        // Asked all the same: the request may be another operation's.
        quote!()
    };
    let query = is(|location| matches!(location, Location::Query(_) | Location::QueryMap))
        .then(|| quote!(let query = use_::invoke_model_protocol::server::Query::new(request.uri().query());));
    let headers = is(|location| matches!(location, Location::Header(_) | Location::PrefixHeaders(_)))
        .then(|| quote!(let headers = request.headers();));
    let object = matches!(of.input.payload(), Payload::Body).then(
        || quote!(let mut object = use_::invoke_model_protocol::json::Object::from_body(request.body())?;),
    );
    let values = members.iter().map(|member| {
        let (name, read) = (ty::ident(&member.rust_name), read(member));
        quote!(#name: #read)
    });
    quote! {
        fn parse_request(
            request: &use_::invoke_model_protocol::Request,
        ) -> Result<#input, use_::invoke_model_protocol::ParseError> {
            #labels use_::invoke_model_protocol::server::labels::<#name>(request)?;
            #query
            #headers
            #object
            Ok(#input { #(#values),* })
        }
    }
}

fn read(member: &Member) -> TokenStream {
    let wire_name = &member.wire_name;
    match &member.location {
        Location::Label { .. } => {
            let reader = codec::text_reader(&member.ty);
            quote!(use_::invoke_model_protocol::server::label(&labels, #wire_name, #reader)?)
        }
        Location::Query(parameter) => {
            let option = match &member.ty {
                Type::List { element, .. } => {
                    let reader = codec::text_reader(element);
                    quote!(query.list(#parameter, #wire_name, #reader)?)
                }
                ty => {
                    let reader = codec::text_reader(ty);
                    quote!(query.optional(#parameter, #wire_name, #reader)?)
                }
            };
            field::present(member, &option)
        }
        Location::QueryMap => {
            let lists = matches!(&member.ty, Type::Map { value, .. } if matches!(**value, Type::List { .. }));
            let option = if lists { quote!(query.map_of_lists()) } else { quote!(query.map()) };
            field::present(member, &option)
        }
        Location::Payload { .. } => operation::read_payload(member, &quote!(request.body())),
        Location::Body => structure::read_member(member),
        location => operation::read_field(member, location),
    }
}

fn serialize_response(of: &Operation) -> TokenStream {
    let (output, status) = (ty::named(&of.output.rust_name), Literal::u16_unsuffixed(of.http.status));
    let value = quote!(output);
    let members = &of.output.members;
    let parameter = if members.is_empty() { quote!(_output) } else { quote!(output) };
    let fields: Vec<_> = members.iter().filter_map(|member| operation::write_field(member, &value)).collect();
    let mutable = (!fields.is_empty()).then(|| quote!(mut));
    let payload = match of.output_events {
        Some(_) => quote!(response.events()),
        None => operation::write_payload(&of.output.payload(), &of.output, &quote!(response), &value),
    };
    let bound = members.iter().find(|member| member.location == Location::StatusCode).map(|member| {
        let name = ty::ident(&member.rust_name);
        match member.presence {
            Presence::Optional => {
                quote!(output.#name.and_then(|status| u16::try_from(status).ok()).unwrap_or(#status))
            }
            _ => quote!(u16::try_from(output.#name).unwrap_or(#status)),
        }
    });
    let status = bound.unwrap_or_else(|| quote!(#status));
    quote! {
        fn serialize_response(
            #parameter: #output,
        ) -> Result<use_::invoke_model_protocol::Response, use_::invoke_model_protocol::SerializeError> {
            let #mutable response = use_::invoke_model_protocol::server::ResponseBuilder::new(#status);
            #(#fields)*
            Ok(#payload)
        }
    }
}

fn serialize_error(of: &Operation, service: &Service) -> TokenStream {
    let error = ty::named(&of.error_name);
    let result = quote! {
        Result<Option<use_::invoke_model_protocol::Response>, use_::invoke_model_protocol::SerializeError>
    };
    if of.errors.is_empty() {
        return quote!(fn serialize_error(_error: &#error) -> #result { Ok(None) });
    }
    let arms = of.errors.iter().filter_map(|name| match service.shapes.get(name) {
        Some(Shape::Structure(structure)) => {
            let (variant, lines) = (format_ident!("{name}"), error::serialize(structure, &quote!(error)));
            Some(quote!(#error::#variant(error) => { #lines }))
        }
        _ => None,
    });
    quote! {
        fn serialize_error(error: &#error) -> #result {
            let response = match error {
                #(#arms)*
                #error::Unmodeled(_) => return Ok(None),
            };
            Ok(Some(response))
        }
    }
}
