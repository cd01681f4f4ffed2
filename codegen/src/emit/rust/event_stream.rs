//! Prints the types of event streams. One enum has a variant for each event, and a variant for events that
//! the model does not define. A second enum contains the errors that end the stream.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{codec, doc, error, facts, field, message, structure, ty, variants};
use crate::ir::{Event, EventBody, EventStream, Location, Member, Service, Structure, Type};

pub(super) fn event_stream(stream: &EventStream, service: &Service) -> TokenStream {
    let (name, error_name) = (format_ident!("{}", stream.rust_name), format_ident!("{}", stream.error_name));
    let words = doc::or(&stream.doc, &format!("An event of `{}`.", stream.wire_name));
    let variants = stream.events.iter().map(|event| {
        let (variant, structure) = (format_ident!("{}", event.rust_name), ty::named(&event.structure));
        let words = doc::or(&event.doc, &format!("`{}`.", event.wire_name));
        let wire_name = &event.wire_name;
        quote!(#words #[serde(rename = #wire_name)] #variant(#structure))
    });
    let hidden = stream.hides_values();
    let derived_debug = (!hidden).then(|| quote!(Debug,));
    let debug = hidden.then(|| debug(stream));
    let errors: Vec<&str> = stream.errors.iter().map(String::as_str).collect();
    let error_words = format!("An error that ends a stream of `{}`.", stream.wire_name);
    let errors = error::errors_enum(&stream.error_name, &error_words, &errors);
    let (event, exception, parse) = (write(stream, service), exception(stream), read(stream, service));
    let facts = facts::of_events(stream);
    let methods = variants::of_events(stream);
    let deserialized = stream.events.iter().map(|event| {
        let (variant, wire_name) = (format_ident!("{}", event.rust_name), &event.wire_name);
        quote!((#wire_name, #variant))
    });
    quote! {
        #words
        #[derive(Clone, #derived_debug PartialEq, use_::serde::Serialize)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            /// An event that the model does not define.
            #[serde(untagged, serialize_with = "invoke_model_protocol::event_stream::serialize_event")]
            Unknown(use_::invoke_model_protocol::event_stream::Message),
        }

        #debug

        #methods

        invoke_model_protocol::deserialize_events!(#name, [#(#deserialized),*]);

        impl use_::invoke_model_protocol::event_stream::EventStream for #name {
            type Error = #error_name;

            #event
            #exception
            #parse
            #facts
        }

        #errors
    }
}

fn message_type() -> TokenStream {
    quote!(use_::invoke_model_protocol::event_stream::Message)
}

/// Returns the function `event`, which converts an event to a message.
fn write(stream: &EventStream, service: &Service) -> TokenStream {
    let message = message_type();
    let arms = stream.events.iter().map(|event| {
        let variant = format_ident!("{}", event.rust_name);
        let Some(structure) = service.structure(&event.structure) else { return quote!() };
        let lines = write_event(event, structure);
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
    let has_headers = of.members.iter().any(|member| is_header(&member));
    let headers = of.members.iter().filter(is_header).map(|member| {
        let (name, writer) = (&member.wire_name, codec::event_writer(&member.ty));
        let value = field::as_option(member, &value);
        quote!(message.header(#name, #value, #writer)?;)
    });
    let content_type = match of.event_body() {
        EventBody::Empty => quote!(None),
        EventBody::Object => quote!(Some("application/json")),
        EventBody::Member(_, content_type) => quote!(Some(#content_type)),
    };
    let end = match of.event_body() {
        EventBody::Empty => quote!(Ok(message.empty())),
        EventBody::Object => {
            let lines = structure::write_object(of.body_members(), &value);
            quote!(message.json(|out| { #lines }))
        }
        EventBody::Member(member, _) => write_payload(member, &value),
    };
    let mutable = has_headers.then(|| quote!(mut));
    quote! {
        let #mutable message =
            use_::invoke_model_protocol::event_stream::Writer::event(#wire_name, #content_type)?;
        #(#headers)*
        #end
    }
}

fn write_payload(member: &Member, value: &TokenStream) -> TokenStream {
    let name = ty::ident(&member.rust_name);
    match (&member.ty, member.is_optional()) {
        (Type::Blob, true) => quote!(Ok(message.payload(#value.#name.clone().unwrap_or_default()))),
        (Type::Blob, false) => quote!(Ok(message.payload(#value.#name.clone()))),
        (Type::String { .. } | Type::StringEnum(_), _) => {
            let text = field::as_option(member, value);
            let bytes = quote!(use_::bytes::Bytes::copy_from_slice(value.as_str().as_bytes()));
            quote!(Ok(message.payload(#text.map(|value| #bytes).unwrap_or_default())))
        }
        (ty, true) => {
            let writer = codec::json_writer(ty);
            quote! {
                match &#value.#name {
                    Some(value) => message.json(|out| #writer(value, out)),
                    None => Ok(message.empty()),
                }
            }
        }
        (ty, false) => {
            let writer = codec::json_writer(ty);
            quote!(message.json(|out| #writer(&#value.#name, out)))
        }
    }
}

/// Returns the function `exception`, which converts an error to the message that ends a stream.
fn exception(stream: &EventStream) -> TokenStream {
    let (message, error_name) = (message_type(), format_ident!("{}", stream.error_name));
    let arms = stream.exceptions.iter().filter(|exception| exception.is_written).map(|exception| {
        let (variant, wire_name) = (format_ident!("{}", exception.error), &exception.wire_name);
        quote! {
            #error_name::#variant(error) => {
                let message =
                    use_::invoke_model_protocol::event_stream::Writer::exception(#wire_name, "application/json")?;
                message.json(|out| use_::invoke_model_protocol::json::ToJson::to_json(error, out))
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

/// Returns the function `parse`, which converts a message to an event or an error.
fn read(stream: &EventStream, service: &Service) -> TokenStream {
    let (message, error_name) = (message_type(), format_ident!("{}", stream.error_name));
    let kind = quote!(use_::invoke_model_protocol::event_stream::Kind);
    let events = stream.events.iter().map(|event| {
        let (variant, wire_name) = (format_ident!("{}", event.rust_name), &event.wire_name);
        let value = service.structure(&event.structure);
        let value = value.map(|of| read_event(event, &quote!(Self::#variant), of));
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
        quote! {
            let mut nodes = use_::invoke_model_protocol::json::Nodes::default();
            let object = use_::invoke_model_protocol::json::Object::from_body(message.payload(), &mut nodes)?;
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
                field::value_or_default(member, &option)
            }
            Location::EventPayload { .. } => message::read_payload(member, &quote!(message.payload())),
            _ => structure::read_member(member),
        };
        quote!(#name: #value)
    });
    quote! {
        #object
        Ok(Ok(#variant(#structure { #(#values),* })))
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
                    // Print the message, because its `Debug` output does not contain values.
                    Self::Unknown(message) => f.debug_tuple("Unknown").field(message).finish(),
                }
            }
        }
    }
}
