//! Prints the client code of an operation: its type, its route, and the functions `serialize`, `parse` and
//! `parse_error`.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{codec, doc, header, message, request, sequence, ty};
use crate::ir::{Location, Member, Operation, Segment, Type};

pub(super) fn operation(operation: &Operation) -> TokenStream {
    let (name, wire_name) = (format_ident!("{}", operation.rust_name), &operation.wire_name);
    let [input, output, error] =
        [&operation.input.rust_name, &operation.output.rust_name, &operation.error_name]
            .map(|name| format_ident!("{name}"));
    let docs = doc::or(&operation.doc, &format!("The `{wire_name}` operation."));
    let route = route(operation);
    let (serialize, parse) = (serialize(operation), parse(operation));
    let parse_error = (!operation.errors.is_empty()).then(|| parse_error(operation));
    let delivery = match (&operation.input_events, &operation.output_events) {
        (Some(_), Some(_)) => quote!(Bidirectional),
        (None, Some(_)) => quote!(Streaming),
        (_, None) => quote!(Buffered),
    };
    let (overrides, marks) = (request::overrides(operation), request::marks(operation));
    let sequences = sequence::sequences(operation);
    quote! {
        #docs
        #[derive(Clone, Copy, Debug)]
        pub struct #name;

        impl use_::invoke_model_protocol::Operation for #name {
            const NAME: &'static str = #wire_name;
            const ROUTE: use_::invoke_model_protocol::Route = #route;
            type Input = #input;
            type Output = #output;
            type Error = #error;
            type Delivery = use_::invoke_model_protocol::delivery::#delivery;
            #overrides

            #serialize
            #parse
            #parse_error
        }

        #marks

        #sequences
    }
}

fn route(operation: &Operation) -> TokenStream {
    let method = format_ident!("{}", operation.http.method);
    let segment = quote!(use_::invoke_model_protocol::PathSegment);
    let segments = operation.http.segments.iter().map(|part| match part {
        Segment::Literal(text) => quote!(#segment::Literal(#text)),
        Segment::Label { member, greedy: false } => quote!(#segment::Label(#member)),
        Segment::Label { member, greedy: true } => quote!(#segment::Greedy(#member)),
    });
    let query = operation.http.query.iter().map(|(name, value)| match value {
        Some(value) => quote!((#name, Some(#value))),
        None => quote!((#name, None)),
    });
    quote! {
        use_::invoke_model_protocol::Route {
            method: use_::http::Method::#method,
            path: &[#(#segments),*],
            query: &[#(#query),*],
        }
    }
}

fn serialize(operation: &Operation) -> TokenStream {
    let (input, members) = (&operation.input, &operation.input.members);
    let input_type = format_ident!("{}", input.rust_name);
    let (builder, of) = (quote!(request), quote!(input));
    let parameter = match (members.is_empty(), operation.default_labels.is_empty()) {
        (true, _) => quote!(_input),
        (false, true) => quote!(input),
        (false, false) => quote!(mut input),
    };
    let default_labels = request::default_labels(operation);
    let labels = labels(operation);
    let query = query_parameters(members);
    let target = quote!(Self::ROUTE.target([#(#labels),*])?);
    let (target_variable, target) = if members.iter().any(is_in_query) {
        (Some(quote!(let mut target = #target;)), quote!(target))
    } else {
        (None, target)
    };
    let headers = message::write_headers(input, &builder, &of);
    let default_headers = operation.default_headers.iter().map(|(name, value)| {
        let name = header::path(name);
        quote!(request.default_header(#name, #value);)
    });
    let has_headers = input.has_headers() || !operation.default_headers.is_empty();
    let mutable = has_headers.then(|| quote!(mut));
    let payload = match operation.input_events {
        Some(_) => quote!(request.events()),
        None => message::write_payload(input, &builder, &of),
    };
    let payload = request::with_payload_headers(operation, payload);
    quote! {
        fn serialize(
            #parameter: #input_type,
        ) -> Result<use_::invoke_model_protocol::Request, use_::invoke_model_protocol::SerializeError> {
            #(#default_labels)*
            #target_variable
            #(#query)*
            let #mutable request = use_::invoke_model_protocol::RequestBuilder::new(Self::ROUTE.method, #target);
            #(#headers)*
            #(#default_headers)*
            #payload
        }
    }
}

/// Returns the expressions of the label values, in the order of the path.
fn labels(operation: &Operation) -> Vec<TokenStream> {
    let labels = operation.http.segments.iter().filter_map(|segment| {
        let Segment::Label { member, .. } = segment else { return None };
        let bound = operation.input.member(member)?;
        let (name, writer) = (ty::ident(&bound.rust_name), codec::text_writer(&bound.ty));
        Some(quote!(#writer(&input.#name)))
    });
    labels.collect()
}

fn is_in_query(member: &Member) -> bool {
    matches!(member.location, Location::Query(_) | Location::QueryMap { .. })
}

/// Returns the statements that add the query parameters of the members. The statements for maps of query
/// parameters come last.
fn query_parameters(members: &[Member]) -> Vec<TokenStream> {
    let named = members.iter().filter_map(|member| match &member.location {
        Location::Query(parameter) => Some(query_parameter(member, parameter)),
        _ => None,
    });
    let maps = members.iter().filter_map(|member| match &member.location {
        Location::QueryMap { reserved } => Some(query_map(member, reserved)),
        _ => None,
    });
    named.chain(maps).collect()
}

fn query_parameter(member: &Member, parameter: &str) -> TokenStream {
    let name = ty::ident(&member.rust_name);
    match (&member.ty, member.is_optional()) {
        (Type::List { element, .. }, is_optional) => {
            let writer = codec::text_writer(element);
            let values =
                if is_optional { quote!(input.#name.iter().flatten()) } else { quote!(&input.#name) };
            quote!(for value in #values { target.query(#parameter, #writer(value)); })
        }
        (ty, true) => {
            let writer = codec::text_writer(ty);
            quote!(if let Some(value) = &input.#name { target.query(#parameter, #writer(value)); })
        }
        (ty, false) => {
            let writer = codec::text_writer(ty);
            quote!(target.query(#parameter, #writer(&input.#name));)
        }
    }
}

fn query_map(member: &Member, reserved: &[String]) -> TokenStream {
    let name = ty::ident(&member.rust_name);
    let pairs =
        if member.is_optional() { quote!(input.#name.iter().flatten()) } else { quote!(&input.#name) };
    let write = if member.ty.is_map_of_lists() {
        quote!(for value in value {
            target.query(name, value);
        })
    } else {
        quote!(target.query(name, value);)
    };
    let write = if reserved.is_empty() {
        write
    } else {
        quote!(if ![#(#reserved),*].contains(&name.as_str()) { #write })
    };
    quote!(for (name, value) in #pairs { #write })
}

fn parse(operation: &Operation) -> TokenStream {
    let output = format_ident!("{}", operation.output.rust_name);
    let parameter = if operation.output.members.is_empty() { quote!(_response) } else { quote!(response) };
    let body = message::parse(&operation.output, &quote!(#output), &quote!(response), message::read);
    quote! {
        fn parse(
            #parameter: &use_::invoke_model_protocol::Response,
        ) -> Result<#output, use_::invoke_model_protocol::ParseError> {
            #body
        }
    }
}

/// Returns the function `parse_error`, which identifies an error by its code. For a response without a code,
/// the function uses the status if exactly one error of the operation has this status.
fn parse_error(operation: &Operation) -> TokenStream {
    let error = format_ident!("{}", operation.error_name);
    let arms = operation.errors.iter().map(|case| {
        let (code, variant, ty) =
            (&case.code, format_ident!("{}", case.rust_name), ty::named(&case.rust_name));
        let by_status = case.unique_status.map(|status| {
            let status = Literal::u16_unsuffixed(status);
            quote!(| (None, Some(#status)))
        });
        quote!((Some(#code), _) #by_status => #error::#variant(#ty::parse(response)?))
    });
    quote! {
        fn parse_error(
            metadata: use_::invoke_model_protocol::ErrorMetadata,
            response: &use_::invoke_model_protocol::Response,
        ) -> Result<#error, use_::invoke_model_protocol::ParseError> {
            Ok(match (metadata.code(), metadata.status_without_code()) {
                #(#arms,)*
                _ => #error::Unmodeled(metadata),
            })
        }
    }
}
