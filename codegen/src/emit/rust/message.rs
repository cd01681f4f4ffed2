//! Prints code that reads and writes the headers and payloads of HTTP requests, responses and errors.

use proc_macro2::TokenStream;
use quote::quote;

use super::{codec, field, header, structure, ty};
use crate::ir::{Location, Member, Payload, Presence, Structure, TimestampFormat, Type, UnsetPayload};

/// Returns the statements that write headers. `of` is the expression of the structure's value.
pub(super) fn write_headers(
    structure: &Structure,
    builder: &TokenStream,
    of: &TokenStream,
) -> Vec<TokenStream> {
    structure.members.iter().filter_map(|member| write_header(member, builder, of)).collect()
}

fn write_header(member: &Member, builder: &TokenStream, of: &TokenStream) -> Option<TokenStream> {
    let (wire_name, value) = (&member.wire_name, field::as_option(member, of));
    let statement = |name: &TokenStream, write: TokenStream| match member.sensitive {
        true => quote!(if #builder.#write? { #builder.sensitive(#name); }),
        false => quote!(#builder.#write?;),
    };
    match (&member.location, &member.ty) {
        (Location::Header(name), Type::List { element, .. }) => {
            let (name, writer) = (header::path(name), codec::element_writer(element));
            Some(statement(&name, quote!(header_list(#name, #wire_name, #value, #writer))))
        }
        (Location::Header(name), ty) => {
            let (name, writer) = (header::path(name), codec::text_writer(ty));
            Some(statement(&name, quote!(header(#name, #wire_name, #value, #writer))))
        }
        (Location::PrefixHeaders(prefix), _) => {
            Some(quote!(#builder.prefixed_headers(#prefix, #wire_name, #value)?;))
        }
        _ => None,
    }
}

/// Returns the expression that completes a request or response by adding its payload. `of` is the expression
/// of the structure's value.
pub(super) fn write_payload(structure: &Structure, builder: &TokenStream, of: &TokenStream) -> TokenStream {
    write(structure, structure.payload(), builder, of)
}

fn write(
    structure: &Structure,
    payload: Payload<'_>,
    builder: &TokenStream,
    of: &TokenStream,
) -> TokenStream {
    match payload {
        Payload::Empty => quote!(#builder.empty()),
        Payload::Body => {
            let lines = structure::write_object(structure.body_members(), of);
            quote!(#builder.json(|out| { #lines }))
        }
        Payload::Member { member, content_type, unset } => {
            let name = ty::ident(&member.rust_name);
            match (&member.ty, member.is_optional()) {
                (Type::Blob, true) => quote!(#builder.payload(#of.#name, #content_type)),
                (Type::Blob, false) => quote!(#builder.payload(Some(#of.#name), #content_type)),
                (Type::String { .. } | Type::StringEnum(_), _) => {
                    let text = field::as_option(member, of);
                    let bytes = quote!(use_::bytes::Bytes::copy_from_slice(value.as_str().as_bytes()));
                    quote!(#builder.payload(#text.map(|value| #bytes), #content_type))
                }
                (ty, true) => {
                    let writer = codec::json_writer(ty);
                    let otherwise = match unset {
                        UnsetPayload::Object => quote!(#builder.json(|out| out.extend_from_slice(b"{}"))),
                        UnsetPayload::Empty => quote!(#builder.empty()),
                    };
                    quote! {
                        match &#of.#name {
                            Some(value) => #builder.json(|out| #writer(value, out)),
                            None => #otherwise,
                        }
                    }
                }
                (ty, false) => {
                    let writer = codec::json_writer(ty);
                    quote!(#builder.json(|out| #writer(&#of.#name, out)))
                }
            }
        }
    }
}

/// Returns the expression that completes a response. In contrast to requests, a response without members in its payload
/// is an empty JSON object if the model defines an output, and a payload that is not set is empty.
/// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#empty-body-serialization>
pub(super) fn write_response_payload(
    structure: &Structure,
    has_output: bool,
    builder: &TokenStream,
    of: &TokenStream,
) -> TokenStream {
    match structure.payload() {
        Payload::Empty if has_output => quote!(#builder.json(|out| out.extend_from_slice(b"{}"))),
        Payload::Member { member, content_type, .. } => {
            let payload = Payload::Member { member, content_type, unset: UnsetPayload::Empty };
            write(structure, payload, builder, of)
        }
        payload => write(structure, payload, builder, of),
    }
}

/// Returns the body of a function that parses a structure. `message` is the name of the variable that
/// contains the HTTP message. The closure `read` returns the expression that reads a member.
pub(super) fn parse(
    structure: &Structure,
    name: &TokenStream,
    message: &TokenStream,
    read: impl Fn(&Member, &TokenStream) -> TokenStream,
) -> TokenStream {
    let headers = structure.has_headers().then(|| quote!(let headers = #message.headers();));
    let requires_body = structure.error.is_none()
        && structure.body_members().any(|member| member.presence == Presence::Required);
    let from_body = if requires_body { quote!(from_required_body) } else { quote!(from_body) };
    let object = structure.has_body().then(|| {
        quote! {
            let mut nodes = use_::invoke_model_protocol::json::Nodes::default();
            let object = use_::invoke_model_protocol::json::Object::#from_body(#message.body(), &mut nodes)?;
        }
    });
    let values = structure.members.iter().map(|member| {
        let (name, read) = (ty::ident(&member.rust_name), read(member, message));
        quote!(#name: #read)
    });
    quote! {
        #headers
        #object
        Ok(#name { #(#values),* })
    }
}

/// Returns the expression that reads a member from the variables that [`parse`] declares.
pub(super) fn read(member: &Member, message: &TokenStream) -> TokenStream {
    match &member.location {
        Location::Body => structure::read_member(member),
        Location::Payload { .. } => read_payload(member, &quote!(#message.body())),
        Location::StatusCode => {
            let status = quote!(i32::from(#message.status().as_u16()));
            if member.is_optional() { quote!(Some(#status)) } else { status }
        }
        _ => read_header(member, codec::text_reader),
    }
}

/// Returns the expression that reads a member from headers. `text_reader` returns the function that reads a
/// simple type from text.
pub(super) fn read_header(member: &Member, text_reader: fn(&Type) -> TokenStream) -> TokenStream {
    let wire_name = &member.wire_name;
    let headers = quote!(use_::invoke_model_protocol::headers);
    let option = match (&member.location, &member.ty) {
        (Location::Header(name), Type::List { element, .. }) => {
            // An HTTP date contains a comma, so a list of HTTP dates needs a separate function.
            let function = match **element {
                Type::Timestamp(TimestampFormat::HttpDate) => quote!(http_date_list),
                _ => quote!(list),
            };
            let (name, reader) = (header::path(name), text_reader(element));
            quote!(#headers::#function(headers, #name, #wire_name, #reader)?)
        }
        (Location::Header(name), ty) => {
            let (name, reader) = (header::path(name), text_reader(ty));
            quote!(#headers::optional(headers, #name, #wire_name, #reader)?)
        }
        (Location::PrefixHeaders(prefix), _) => quote!(#headers::prefixed(headers, #prefix, #wire_name)?),
        _ => quote!(None),
    };
    if member.fails_if_missing {
        return quote!(use_::invoke_model_protocol::event_stream::required(#wire_name, #option)?);
    }
    field::value_or_default(member, &option)
}

/// Returns the expression that reads a member from the entire payload. `bytes` is the expression of the
/// payload.
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
    field::value_or_default(member, &option)
}
