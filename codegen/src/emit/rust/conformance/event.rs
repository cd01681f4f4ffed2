//! Prints a test for each test case of an event stream.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::{Map, Value};

use super::super::ty;
use super::http::{checked_request, option, stated_response};
use super::value::{self, InvalidCase};
use crate::conformance::{Direction, EventCase, EventMessage, HttpResponse};
use crate::ir::{EventStream, Operation, Service, Shape};

pub(super) fn event(
    operation: &Operation,
    case: &EventCase,
    service: &Service,
) -> Result<TokenStream, InvalidCase> {
    let mut lines = Vec::new();
    if let Some(request) = &case.initial_request {
        let input = value::structure(&operation.input, &case.initial_request_params, service)?;
        lines.push(checked_request(operation, request, &input));
    }
    for event in of(case, Direction::Request) {
        lines.push(sent(operation, event, service)?);
    }
    let responses: Vec<&EventMessage> = of(case, Direction::Response).collect();
    if !responses.is_empty() || case.initial_response.is_some() {
        lines.push(received(operation, case, &responses, service)?);
    }
    if lines.is_empty() {
        return Err("the case has neither a request nor a response".to_owned());
    }
    if case.expectation.failure.is_some() && responses.is_empty() && case.initial_response.is_none() {
        return Err("the case expects a failure but has no response".to_owned());
    }
    Ok(quote!(#(#lines)*))
}

fn of(case: &EventCase, direction: Direction) -> impl Iterator<Item = &EventMessage> {
    case.events.iter().filter(move |event| event.direction == direction)
}

/// Returns the statement that encodes a sent event and checks the resulting message.
fn sent(operation: &Operation, event: &EventMessage, service: &Service) -> Result<TokenStream, InvalidCase> {
    let stream = stream(operation.input_events.as_ref(), service)?;
    let params = event.params.as_ref().ok_or("a sent event has no `params`")?;
    let message = match stated(stream, params, service)? {
        Ok(event) => quote!(invoke_model_protocol::event_stream::EventStream::event(&#event)),
        Err(error) => {
            let name = ty::named(&stream.rust_name);
            quote!(<#name as invoke_model_protocol::event_stream::EventStream>::exception(&#error))
        }
    };
    let stated = stated_message(event)?;
    Ok(quote!(#stated.check(&#message.unwrap());))
}

/// Returns the statements that read a response stream and check the result. The result is the output with the
/// events, or a failure.
fn received(
    operation: &Operation,
    case: &EventCase,
    responses: &[&EventMessage],
    service: &Service,
) -> Result<TokenStream, InvalidCase> {
    let name = ty::named(&operation.rust_name);
    // For a case without an initial response, the test uses an empty response with the status 200.
    let empty = HttpResponse { code: 200, ..HttpResponse::default() };
    let head = stated_response(case.initial_response.as_ref().unwrap_or(&empty));
    let frames: Vec<&String> = responses
        .iter()
        .map(|event| event.bytes.as_ref().ok_or("a received event has no `bytes`"))
        .collect::<Result<_, _>>()?;
    let read = quote!(let read = #head.events::<#name>(&[#(#frames),*]););
    let Some(failure) = &case.expectation.failure else {
        let output = value::structure(&operation.output, &case.initial_response_params, service)?;
        let mut events = Vec::new();
        for event in responses {
            let stream = stream(operation.output_events.as_ref(), service)?;
            let params = event.params.as_ref().ok_or("an event has no `params`")?;
            events.push(
                stated(stream, params, service)?
                    .map_err(|_| "a case with an error event must expect a failure")?,
            );
        }
        return Ok(quote! {
            #read
            let (output, events) = read.unwrap();
            invoke_model_test_support::same(&output, &#output);
            invoke_model_test_support::same(&events, &vec![#(#events),*]);
        });
    };
    let Some(error) = &failure.error_id else {
        return Ok(quote!(#read assert!(read.is_err(), "{read:?}");));
    };
    let failure = quote!(invoke_model_test_support::Failure);
    let expected = if responses.is_empty() {
        let errors = ty::named(&operation.error_name);
        let known = operation.errors.iter().find(|known| known.code == error.name());
        let known = known.ok_or_else(|| format!("the operation has no error {error}"))?;
        let variant = format_ident!("{}", known.rust_name);
        quote!(Err(#failure::Refused(#errors::#variant(_))))
    } else {
        let stream = stream(operation.output_events.as_ref(), service)?;
        let known = stream.exceptions.iter().find(|one| wire_name(&one.error, service) == Some(error.name()));
        let known = known.ok_or_else(|| format!("the stream has no error {error}"))?;
        let (errors, variant) = (ty::named(&stream.error_name), format_ident!("{}", known.error));
        match responses.last().and_then(|event| event.params.as_ref()) {
            // The case contains the members of the error, so the test can compare the error.
            Some(params) => match stated(stream, params, service)? {
                Err(error) => {
                    return Ok(quote! {
                        #read
                        match read {
                            Err(#failure::Ended(error)) => invoke_model_test_support::same(&error, &#error),
                            other => panic!("{other:?}"),
                        }
                    });
                }
                Ok(_) => quote!(Err(#failure::Ended(#errors::#variant(_)))),
            },
            None => quote!(Err(#failure::Ended(#errors::#variant(_)))),
        }
    };
    Ok(quote!(#read assert!(matches!(&read, #expected), "{read:?}");))
}

fn stream<'a>(name: Option<&String>, service: &'a Service) -> Result<&'a EventStream, InvalidCase> {
    match name.and_then(|name| service.shapes.get(name)) {
        Some(Shape::EventStream(stream)) => Ok(stream),
        _ => Err("the operation has no event stream in this direction".to_owned()),
    }
}

/// Converts `params` to an expression. Returns `Ok` with the expression of an event, or `Err` with the
/// expression of an error.
fn stated(
    stream: &EventStream,
    params: &Map<String, Value>,
    service: &Service,
) -> Result<Result<TokenStream, TokenStream>, InvalidCase> {
    let (key, value) = value::only(params)?;
    let members = value.as_object().ok_or("the value of an event is not an object")?;
    let structure = |name: &String| match service.structure(name) {
        Some(of) => value::structure(of, members, service),
        None => Err(format!("`{name}` is not a structure")),
    };
    if let Some(event) = stream.events.iter().find(|event| event.wire_name == *key) {
        let (name, variant) = (ty::named(&stream.rust_name), format_ident!("{}", event.rust_name));
        let value = structure(&event.structure)?;
        return Ok(Ok(quote!(#name::#variant(#value))));
    }
    let exception = stream.exceptions.iter().find(|exception| exception.wire_name == *key);
    let exception = exception.ok_or_else(|| format!("`{}` has no member `{key}`", stream.wire_name))?;
    let (name, variant) = (ty::named(&stream.error_name), format_ident!("{}", exception.error));
    let value = structure(&exception.error)?;
    Ok(Err(quote!(#name::#variant(#value))))
}

fn stated_message(event: &EventMessage) -> Result<TokenStream, InvalidCase> {
    let headers = event.headers.iter().map(|(name, value)| {
        let value = header(value).map_err(|fault| format!("header {name}: {fault}"))?;
        Ok(quote!((#name, invoke_model_protocol::event_stream::HeaderValue::#value)))
    });
    let headers: Vec<TokenStream> = headers.collect::<Result<_, InvalidCase>>()?;
    let (body, media_type) = (option(event.body.as_ref()), option(event.body_media_type.as_ref()));
    let bytes = option(event.bytes.as_ref());
    Ok(quote! {
        invoke_model_test_support::Frame {
            headers: &[#(#headers),*],
            body: #body,
            media_type: #media_type,
            bytes: #bytes,
        }
    })
}

fn header(value: &Map<String, Value>) -> Result<TokenStream, InvalidCase> {
    let (kind, value) = value::only(value)?;
    let whole = || value.as_i64().map(Literal::i64_unsuffixed).ok_or("is not an integer");
    let text = || value.as_str().ok_or("is not a string");
    Ok(match kind.as_str() {
        "boolean" => {
            let truth = value.as_bool().ok_or("is not a boolean")?;
            quote!(Boolean(#truth))
        }
        "byte" => whole().map(|value| quote!(Byte(#value)))?,
        "short" => whole().map(|value| quote!(Short(#value)))?,
        "integer" => whole().map(|value| quote!(Integer(#value)))?,
        "long" => whole().map(|value| quote!(Long(#value)))?,
        "string" => text().map(|text| quote!(String(#text)))?,
        "blob" => {
            let bytes = STANDARD.decode(text()?).map_err(|_| "is not base64")?;
            let bytes = Literal::byte_string(&bytes);
            quote!(ByteArray(#bytes))
        }
        "timestamp" => match value {
            Value::Number(seconds) => {
                let milliseconds = seconds.as_f64().unwrap_or_default() * 1000.0;
                let literal = Literal::i64_unsuffixed(milliseconds.round() as i64);
                quote!(Timestamp(#literal))
            }
            _ => {
                let text = text()?;
                quote!(Timestamp(invoke_model_test_support::time(#text).as_millisecond()))
            }
        },
        other => return Err(format!("`{other}` is not a header type")),
    })
}

fn wire_name<'a>(error: &str, service: &'a Service) -> Option<&'a str> {
    service.structure(error).map(|structure| structure.wire_name.as_str())
}
