//! Event streams: an enum with a variant for each event and one for those that the model does not know yet, and an
//! enum of the errors that end the stream.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{codec, doc, error, field, structure, ty};
use crate::ir::{Event, EventBody, EventStream, Location, Member, Presence, Service, Shape, Structure, Type};

pub(super) fn event_stream(stream: &EventStream, service: &Service) -> TokenStream {
    let (name, error_name) = (format_ident!("{}", stream.rust_name), format_ident!("{}", stream.error_name));
    let words = doc::or(&stream.doc, "One event of a stream.");
    let variants = stream.events.iter().map(|event| {
        let (variant, structure) = (format_ident!("{}", event.rust_name), ty::named(&event.structure));
        let words = doc::or(&event.doc, &format!("`{}`.", event.wire_name));
        quote!(#words #variant(#structure))
    });
    let hidden = stream.sensitive || stream.events.iter().any(|event| event.sensitive);
    let derived_debug = (!hidden).then(|| quote!(Debug,));
    let debug = hidden.then(|| debug(stream));
    let exceptions: BTreeSet<&String> = stream.exceptions.iter().map(|one| &one.error).collect();
    let errors: Vec<String> = exceptions.into_iter().cloned().collect();
    let error_words = format!("An error in the midst of `{}`.", stream.wire_name);
    let errors = error::errors(&stream.error_name, &error_words, &errors);
    let (event, exception, parse) = (write(stream, service), exception(stream), read(stream, service));
    quote! {
        #words
        #[derive(Clone, #derived_debug PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            /// An event that the model does not know.
            Unknown(use_::invoke_model_protocol::event_stream::Message),
        }

        #debug

        impl use_::invoke_model_protocol::event_stream::EventStream for #name {
            type Error = #error_name;

            #event
            #exception
            #parse
        }

        #errors
    }
}

fn message() -> TokenStream {
    quote!(use_::invoke_model_protocol::event_stream::Message)
}

/// `event`: an event as a message.
fn write(stream: &EventStream, service: &Service) -> TokenStream {
    let message = message();
    let arms = stream.events.iter().map(|event| {
        let variant = format_ident!("{}", event.rust_name);
        let Some((structure, lines)) = of_event(event, service).map(|of| (of, write_event(event, of))) else {
            return quote!();
        };
        let value = if structure.members.is_empty() { quote!(_) } else { quote!(event) };
        quote!(Self::#variant(#value) => { #lines })
    });
    quote! {
        fn event(&self) -> Result<#message, use_::invoke_model_protocol::SerializeError> {
            match self {
                #(#arms)*
                Self::Unknown(message) => Ok(message.clone()),
            }
        }
    }
}

fn write_event(event: &Event, of: &Structure) -> TokenStream {
    let (wire_name, value) = (&event.wire_name, quote!(event));
    let is_header = |member: &&Member| member.location == Location::EventHeader;
    let headers: Vec<TokenStream> = of
        .members
        .iter()
        .filter(is_header)
        .map(|member| {
            let (name, writer) = (&member.wire_name, codec::event_writer(&member.ty));
            let value = field::as_option(member, &value);
            quote!(message.header(#name, #value, #writer)?;)
        })
        .collect();
    let content_type = match of.event_body() {
        EventBody::Empty => quote!(None),
        EventBody::Object => quote!(Some("application/json")),
        EventBody::Member(_, content_type) => quote!(Some(#content_type)),
    };
    let end = match of.event_body() {
        EventBody::Empty => quote!(message.empty()),
        EventBody::Object => {
            let lines = structure::write_members(of.body_members(), &value);
            quote! {
                message.json(|out| {
                    let mut object = use_::invoke_model_protocol::json::ObjectWriter::new(out);
                    #lines
                    object.end();
                })
            }
        }
        EventBody::Member(member, _) => write_payload(member, &value),
    };
    let mutable = (!headers.is_empty()).then(|| quote!(mut));
    quote! {
        let #mutable message =
            use_::invoke_model_protocol::event_stream::Writer::event(#wire_name, #content_type)?;
        #(#headers)*
        Ok(#end)
    }
}

fn write_payload(member: &Member, value: &TokenStream) -> TokenStream {
    let name = ty::ident(&member.rust_name);
    match (&member.ty, member.presence == Presence::Optional) {
        (Type::Blob, true) => quote!(message.payload(#value.#name.clone().unwrap_or_default())),
        (Type::Blob, false) => quote!(message.payload(#value.#name.clone())),
        (Type::String { .. } | Type::StringEnum(_), _) => {
            let text = field::as_option(member, value);
            let bytes = quote!(use_::bytes::Bytes::copy_from_slice(value.as_str().as_bytes()));
            quote!(message.payload(#text.map(|value| #bytes).unwrap_or_default()))
        }
        (ty, true) => {
            let writer = codec::json_writer(ty);
            quote! {
                match &#value.#name {
                    Some(value) => message.json(|out| #writer(value, out)),
                    None => message.empty(),
                }
            }
        }
        (ty, false) => {
            let writer = codec::json_writer(ty);
            quote!(message.json(|out| #writer(&#value.#name, out)))
        }
    }
}

/// `exception`: an error as the message that ends a stream.
fn exception(stream: &EventStream) -> TokenStream {
    let (message, error_name) = (message(), format_ident!("{}", stream.error_name));
    let mut seen = BTreeSet::new();
    // Two members can have one error: the first says its name.
    let firsts = stream.exceptions.iter().filter(|one| seen.insert(&one.error));
    let arms = firsts.map(|exception| {
        let (variant, wire_name) = (format_ident!("{}", exception.error), &exception.wire_name);
        quote! {
            #error_name::#variant(error) => {
                let message =
                    use_::invoke_model_protocol::event_stream::Writer::exception(#wire_name, "application/json")?;
                Ok(message.json(|out| use_::invoke_model_protocol::json::ToJson::to_json(error, out)))
            }
        }
    });
    quote! {
        fn exception(
            error: &Self::Error,
        ) -> Result<#message, use_::invoke_model_protocol::SerializeError> {
            match error {
                #(#arms)*
                #error_name::Unmodeled(metadata) => {
                    use_::invoke_model_protocol::event_stream::Writer::error(metadata)
                }
            }
        }
    }
}

/// `parse`: a message as an event or as the error that it carries.
fn read(stream: &EventStream, service: &Service) -> TokenStream {
    let (message, error_name) = (message(), format_ident!("{}", stream.error_name));
    let kind = quote!(use_::invoke_model_protocol::event_stream::Kind);
    let events = stream.events.iter().map(|event| {
        let (variant, wire_name) = (format_ident!("{}", event.rust_name), &event.wire_name);
        let value = of_event(event, service).map(|of| read_event(event, &quote!(Self::#variant), of));
        quote!(#kind::Event(#wire_name) => { #value })
    });
    let exceptions = stream.exceptions.iter().map(|exception| {
        let (variant, wire_name) = (format_ident!("{}", exception.error), &exception.wire_name);
        quote! {
            #kind::Exception(#wire_name) => Ok(Err(
                use_::invoke_model_protocol::event_stream::exception(message, #error_name::#variant),
            ))
        }
    });
    let metadata = quote!(use_::invoke_model_protocol::ErrorMetadata::from_message(message));
    quote! {
        fn parse(
            message: &#message,
        ) -> Result<Result<Self, Self::Error>, use_::invoke_model_protocol::ParseError> {
            match #kind::of(message)? {
                #(#events,)*
                #kind::Event(_) => Ok(Ok(Self::Unknown(message.clone()))),
                #(#exceptions,)*
                #kind::Exception(_) | #kind::Error => Ok(Err(#metadata.into())),
            }
        }
    }
}

fn read_event(event: &Event, variant: &TokenStream, of: &Structure) -> TokenStream {
    let structure = ty::named(&event.structure);
    let object = matches!(of.event_body(), EventBody::Object).then(|| {
        let names = of.body_members().map(|member| &member.json_name);
        quote! {
            let mut object =
                use_::invoke_model_protocol::json::Members::from_body(message.payload(), [#(#names),*])?;
        }
    });
    let values = of.members.iter().map(|member| {
        let (name, wire_name) = (ty::ident(&member.rust_name), &member.wire_name);
        let value = match &member.location {
            Location::EventHeader => {
                let reader = codec::event_reader(&member.ty);
                let option = quote! {
                    use_::invoke_model_protocol::event_stream::header(message, #wire_name, #reader)?
                };
                field::present(member, &option)
            }
            Location::EventPayload { .. } => {
                super::operation::read_payload(member, &quote!(message.payload()))
            }
            // Without memory for its text, as events come often.
            _ if member.ty == Type::Blob => {
                let json_name = &member.json_name;
                field::present(member, &quote!(object.blob(#json_name)?))
            }
            _ => structure::read_member(member),
        };
        quote!(#name: #value)
    });
    quote! {
        #object
        Ok(Ok(#variant(#structure { #(#values),* })))
    }
}

/// The structure of an event.
fn of_event<'a>(event: &Event, service: &'a Service) -> Option<&'a Structure> {
    match service.shapes.get(&event.structure) {
        Some(Shape::Structure(structure)) => Some(structure),
        _ => None,
    }
}

fn debug(stream: &EventStream) -> TokenStream {
    let name = format_ident!("{}", stream.rust_name);
    let redacted = quote!(use_::invoke_model_protocol::Redacted);
    let arms = stream.events.iter().map(|event| {
        let (variant, text) = (format_ident!("{}", event.rust_name), &event.rust_name);
        if stream.sensitive || event.sensitive {
            quote!(Self::#variant(_) => f.debug_tuple(#text).field(&#redacted).finish())
        } else {
            quote!(Self::#variant(event) => f.debug_tuple(#text).field(event).finish())
        }
    });
    quote! {
        impl use_::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut use_::std::fmt::Formatter<'_>) -> use_::std::fmt::Result {
                match self {
                    #(#arms,)*
                    // A message prints no values.
                    Self::Unknown(message) => f.debug_tuple("Unknown").field(message).finish(),
                }
            }
        }
    }
}
