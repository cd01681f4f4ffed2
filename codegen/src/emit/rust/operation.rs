//! An operation's client half: the marker type, its route, serialize, parse, parse_error.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{codec, doc, field, request, structure, ty};
use crate::ir::{Location, Member, Operation, Payload, Presence, Segment, Service, Shape, Type};

pub(super) fn operation(operation: &Operation, service: &Service) -> TokenStream {
    let (name, wire_name) = (format_ident!("{}", operation.rust_name), &operation.wire_name);
    let [input, output, error] =
        [&operation.input.rust_name, &operation.output.rust_name, &operation.error_name]
            .map(|name| format_ident!("{name}"));
    let words = doc::or(&operation.doc, &format!("The operation `{wire_name}`."));
    let route = route(operation);
    let (serialize, parse, parse_error) =
        (serialize(operation), parse(operation), parse_error(operation, service));
    let delivery = match operation.output_events {
        Some(_) => quote!(Streaming),
        None => quote!(Whole),
    };
    let (asked, marks) = (request::items(operation), request::marks(operation));
    quote! {
        #words
        #[derive(Clone, Copy, Debug)]
        pub struct #name;

        impl use_::invoke_model_protocol::Operation for #name {
            const NAME: &'static str = #wire_name;
            const ROUTE: use_::invoke_model_protocol::Route = #route;
            type Input = #input;
            type Output = #output;
            type Error = #error;
            type Delivery = use_::invoke_model_protocol::delivery::#delivery;
            #asked

            #serialize
            #parse
            #parse_error
        }

        #marks
    }
}

/// The line that writes a member into a header field of `request` or `response`.
pub(super) fn write_field(member: &Member, of: &TokenStream) -> Option<TokenStream> {
    let target = if of.to_string() == "input" { quote!(request) } else { quote!(response) };
    let (wire_name, value) = (&member.wire_name, field::as_option(member, of));
    let line = |name: &TokenStream, write: TokenStream| match member.sensitive {
        true => quote!(if #target.#write? { #target.sensitive(#name); }),
        false => quote!(#target.#write?;),
    };
    match (&member.location, &member.ty) {
        (Location::Header(name), Type::List { element, .. }) => {
            let (name, writer) = (field_name(name), codec::element_writer(element));
            Some(line(&name, quote!(list_field(#name, #wire_name, #value, #writer))))
        }
        (Location::Header(name), ty) => {
            let (name, writer) = (field_name(name), codec::text_writer(ty));
            Some(line(&name, quote!(field(#name, #wire_name, #value, #writer))))
        }
        (Location::PrefixHeaders(prefix), _) => {
            Some(quote!(#target.prefixed_fields(#prefix, #wire_name, #value)?;))
        }
        _ => None,
    }
}

/// The name of a header field, checked when the generated code is compiled.
fn field_name(name: &str) -> TokenStream {
    quote!(const { use_::http::HeaderName::from_static(#name) })
}

/// The expression that reads a member from `headers`.
pub(super) fn read_field(member: &Member, location: &Location) -> TokenStream {
    field::present(member, &field_option(member, location))
}

/// As [`read_field`], where a stream of events follows: a required member that the answer's head lacks is a fault, as
/// nothing that comes later makes up for it.
fn read_initial(member: &Member, location: &Location) -> TokenStream {
    if member.presence != Presence::Required {
        return read_field(member, location);
    }
    let (option, wire_name) = (field_option(member, location), &member.wire_name);
    quote!(use_::invoke_model_protocol::event_stream::required(#wire_name, #option)?)
}

fn field_option(member: &Member, location: &Location) -> TokenStream {
    let wire_name = &member.wire_name;
    let fields = quote!(use_::invoke_model_protocol::fields);
    match (location, &member.ty) {
        (Location::Header(name), Type::List { element, .. }) => {
            let http_date = Type::Timestamp(crate::ir::TimestampFormat::HttpDate);
            let function = if **element == http_date { quote!(http_date_list) } else { quote!(list) };
            let (name, reader) = (field_name(name), codec::text_reader(element));
            quote!(#fields::#function(headers, #name, #wire_name, #reader)?)
        }
        (Location::Header(name), ty) => {
            let (name, reader) = (field_name(name), codec::text_reader(ty));
            quote!(#fields::optional(headers, #name, #wire_name, #reader)?)
        }
        (Location::PrefixHeaders(prefix), _) => quote!(#fields::prefixed(headers, #prefix, #wire_name)?),
        _ => quote!(None),
    }
}

fn route(operation: &Operation) -> TokenStream {
    let method = format_ident!("{}", operation.http.method);
    let segment = quote!(use_::invoke_model_protocol::PathSegment);
    let segments = operation.http.segments.iter().map(|one| match one {
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
    let input = format_ident!("{}", operation.input.rust_name);
    let of = quote!(input);
    let defaults = request::default_labels(operation);
    let parameter = match (operation.input.members.is_empty(), defaults.is_empty()) {
        (true, _) => quote!(_input),
        (false, true) => quote!(input),
        (false, false) => quote!(mut input),
    };
    let (labels, query) = (labels(operation), query(operation));
    let mutable_target = (!query.is_empty()).then(|| quote!(mut));
    let fields: Vec<_> =
        operation.input.members.iter().filter_map(|member| write_field(member, &of)).collect();
    let fixed = operation.fields.iter().map(|(name, value)| {
        let name = field_name(name);
        quote!(request.default_field(#name, #value);)
    });
    let mutable = (fields.len() + operation.fields.len() > 0).then(|| quote!(mut));
    let payload = match operation.input_events {
        Some(_) => quote!(request.events()),
        None => write_payload(&operation.input.payload(), &operation.input, &quote!(request), &of),
    };
    let payload = request::with_payload_headers(operation, payload);
    quote! {
        fn serialize(
            #parameter: #input,
        ) -> Result<use_::invoke_model_protocol::Request, use_::invoke_model_protocol::SerializeError> {
            #(#defaults)*
            let #mutable_target target = Self::ROUTE.target([#(#labels),*])?;
            #(#query)*
            let #mutable request = use_::invoke_model_protocol::RequestBuilder::new(Self::ROUTE.method, target);
            #(#fields)*
            #(#fixed)*
            #payload
        }
    }
}

/// The values of the labels, in the order of the path.
fn labels(operation: &Operation) -> Vec<TokenStream> {
    let labels = operation.http.segments.iter().filter_map(|segment| {
        let Segment::Label { member, .. } = segment else { return None };
        let bound = operation.input.members.iter().find(|one| one.wire_name == *member)?;
        let (name, writer) = (ty::ident(&bound.rust_name), codec::text_writer(&bound.ty));
        Some(quote!(#writer(&input.#name)))
    });
    labels.collect()
}

/// Lines that add the query parameters of members; the route has those that are part of the path template.
fn query(operation: &Operation) -> Vec<TokenStream> {
    let members = operation.input.members.iter();
    let named = members.clone().filter_map(|member| query_parameter(member, &member.location));
    // A parameter of its own stands above one of the map.
    // https://smithy.io/2.0/spec/http-bindings.html#httpqueryparams-trait
    let taken = members.clone().filter_map(|member| match &member.location {
        Location::Query(name) => Some(name.clone()),
        _ => None,
    });
    let taken: Vec<String> = taken.chain(operation.http.query.iter().map(|(name, _)| name.clone())).collect();
    let maps = members.clone().filter(|member| member.location == Location::QueryMap).map(|member| {
        let name = ty::ident(&member.rust_name);
        let pairs = match member.presence {
            Presence::Optional => quote!(input.#name.iter().flatten()),
            _ => quote!(&input.#name),
        };
        let is_list = matches!(&member.ty, Type::Map { value, .. } if matches!(**value, Type::List { .. }));
        let write = if is_list {
            quote!(for value in value {
                target.query(name, value);
            })
        } else {
            quote!(target.query(name, value);)
        };
        let write = if taken.is_empty() {
            write
        } else {
            quote!(if ![#(#taken),*].contains(&name.as_str()) { #write })
        };
        quote!(for (name, value) in #pairs { #write })
    });
    named.chain(maps).collect()
}

fn query_parameter(member: &Member, location: &Location) -> Option<TokenStream> {
    let Location::Query(parameter) = location else { return None };
    let name = ty::ident(&member.rust_name);
    let optional = member.presence == Presence::Optional;
    Some(match (&member.ty, optional) {
        (Type::List { element, .. }, _) => {
            let writer = codec::text_writer(element);
            let values = if optional { quote!(input.#name.iter().flatten()) } else { quote!(&input.#name) };
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
    })
}

/// The expression that ends a request or response with its payload.
pub(super) fn write_payload(
    payload: &Payload<'_>,
    of: &crate::ir::Structure,
    builder: &TokenStream,
    value: &TokenStream,
) -> TokenStream {
    match payload {
        Payload::Empty => quote!(#builder.empty()),
        Payload::Body => {
            let lines = structure::write_members(of.body_members(), value);
            quote! {
                #builder.json(|out| {
                    let mut object = use_::invoke_model_protocol::json::ObjectWriter::new(out);
                    #lines
                    object.end();
                })
            }
        }
        Payload::Member(member, content_type) => {
            let name = ty::ident(&member.rust_name);
            let optional = member.presence == Presence::Optional;
            match (&member.ty, optional) {
                (Type::Blob, true) => quote!(#builder.payload(#value.#name, #content_type)),
                (Type::Blob, false) => quote!(#builder.payload(Some(#value.#name), #content_type)),
                (Type::String { .. } | Type::StringEnum(_), _) => {
                    let text = field::as_option(member, value);
                    let bytes = quote!(use_::bytes::Bytes::copy_from_slice(value.as_str().as_bytes()));
                    quote!(#builder.payload(#text.map(|value| #bytes), #content_type))
                }
                (ty, true) => {
                    let writer = codec::json_writer(ty);
                    // A structure that is not set is one without members; anything else that is not set is nothing.
                    let otherwise = match ty {
                        Type::Structure(_) => quote!(#builder.json(|out| out.extend_from_slice(b"{}"))),
                        _ => quote!(#builder.empty()),
                    };
                    quote! {
                        match &#value.#name {
                            Some(value) => #builder.json(|out| #writer(value, out)),
                            None => #otherwise,
                        }
                    }
                }
                (ty, false) => {
                    let writer = codec::json_writer(ty);
                    quote!(#builder.json(|out| #writer(&#value.#name, out)))
                }
            }
        }
    }
}

/// The expression that reads a member that is the whole payload, from an expression that gives its bytes.
pub(super) fn read_payload(member: &Member, bytes: &TokenStream) -> TokenStream {
    let wire_name = &member.wire_name;
    let payload = quote!(use_::invoke_model_protocol::payload);
    let option = match &member.ty {
        Type::Blob if member.presence == Presence::Required => return quote!(#bytes.clone()),
        Type::Blob => quote!(#payload::blob(#bytes)),
        Type::String { .. } => quote!(#payload::text(#bytes, #wire_name)?),
        Type::StringEnum(_) => quote!(#payload::text(#bytes, #wire_name)?.map(Into::into)),
        ty => {
            let reader = codec::json_reader(ty);
            quote!(#payload::json(#bytes, #wire_name, #reader)?)
        }
    };
    field::present(member, &option)
}

fn parse(operation: &Operation) -> TokenStream {
    let output = format_ident!("{}", operation.output.rust_name);
    let members = &operation.output.members;
    let parameter = if members.is_empty() { quote!(_response) } else { quote!(response) };
    let object = matches!(operation.output.payload(), Payload::Body).then(
        || quote!(let mut object = use_::invoke_model_protocol::json::Object::from_body(response.body())?;),
    );
    let in_fields =
        |member: &Member| matches!(member.location, Location::Header(_) | Location::PrefixHeaders(_));
    let headers = members.iter().any(in_fields).then(|| quote!(let headers = response.headers();));
    let values = members.iter().map(|member| {
        let name = ty::ident(&member.rust_name);
        let read = match &member.location {
            Location::Body => structure::read_member(member),
            Location::Payload { .. } => read_payload(member, &quote!(response.body())),
            Location::StatusCode => {
                let status = quote!(i32::from(response.status().as_u16()));
                if member.presence == Presence::Optional { quote!(Some(#status)) } else { status }
            }
            location if operation.output_events.is_some() => read_initial(member, location),
            location => read_field(member, location),
        };
        quote!(#name: #read)
    });
    quote! {
        fn parse(
            #parameter: &use_::invoke_model_protocol::Response,
        ) -> Result<#output, use_::invoke_model_protocol::ParseError> {
            #object
            #headers
            Ok(#output { #(#values),* })
        }
    }
}

/// By the code; an answer without one by its status, where only one error has it.
fn parse_error(operation: &Operation, service: &Service) -> TokenStream {
    let error = format_ident!("{}", operation.error_name);
    let facts: Vec<_> = operation
        .errors
        .iter()
        .filter_map(|name| match service.shapes.get(name) {
            Some(Shape::Structure(structure)) => {
                Some((name, &structure.wire_name, structure.error.as_ref()?.status))
            }
            _ => None,
        })
        .collect();
    let arms = facts.iter().map(|(name, code, status)| {
        let (variant, ty) = (format_ident!("{name}"), ty::named(name));
        let only = facts.iter().filter(|(_, _, other)| other == status).count() == 1;
        let status = Literal::u16_unsuffixed(*status);
        let by_status = only.then(|| quote!(| (None, Some(#status))));
        quote!((Some(#code), _) #by_status => #error::#variant(#ty::parse(response)?))
    });
    let response = if facts.is_empty() { quote!(_response) } else { quote!(response) };
    let body = if facts.is_empty() {
        quote!(Ok(#error::Unmodeled(metadata)))
    } else {
        quote! {
            Ok(match (metadata.code(), metadata.status_without_code()) {
                #(#arms,)*
                _ => #error::Unmodeled(metadata),
            })
        }
    };
    quote! {
        fn parse_error(
            metadata: use_::invoke_model_protocol::ErrorMetadata,
            #response: &use_::invoke_model_protocol::Response,
        ) -> Result<#error, use_::invoke_model_protocol::ParseError> {
            #body
        }
    }
}
