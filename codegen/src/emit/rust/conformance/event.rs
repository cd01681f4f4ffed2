//! Prints a test for each test case of an event stream.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::{Map, Value};

use super::super::ty;
use super::http::{option, stated_request, stated_response};
use super::value::{self, InvalidCase};
use crate::conformance::{EventCase, EventMessage, HttpRequest, HttpResponse, Side};
use crate::ir::{EventStream, Operation, Service, Shape};

pub(super) fn event(
    operation: &Operation,
    case: &EventCase,
    side: Side,
    service: &Service,
) -> Result<TokenStream, InvalidCase> {
    let receives = side.receives();
    let name = ty::named(&operation.rust_name);
    let mut lines = Vec::new();
    match side {
        Side::Client => {
            if let Some(request) = &case.initial_request {
                let input = value::structure(&operation.input, &case.initial_request_params, service)?;
                let request = stated_request(request);
                lines.push(quote!(#request.check::<#name>(#input);));
            }
        }
        Side::Server => {
            if let Some(response) = &case.initial_response {
                let output = value::structure(&operation.output, &case.initial_response_params, service)?;
                let response = stated_response(response);
                lines.push(quote!(#response.check_output::<#name>(#output);));
            }
        }
    }
    for event in case.events.iter().filter(|event| event.direction != receives) {
        let stream = match side {
            Side::Client => operation.input_events.as_ref().map(|events| &events.stream),
            Side::Server => operation.output_events.as_ref().map(|events| &events.stream),
        };
        lines.push(sent(stream, event, service)?);
    }
    let received: Vec<&EventMessage> =
        case.events.iter().filter(|event| event.direction == receives).collect();
    let has_head = match side {
        Side::Client => case.initial_response.is_some(),
        Side::Server => case.initial_request.is_some(),
    };
    if !received.is_empty() || has_head {
        lines.push(read(operation, case, side, &received, service)?);
    }
    if lines.is_empty() {
        return Err("the case has neither a request nor a response".to_owned());
    }
    if case.expectation.failure.is_some() && received.is_empty() && !has_head {
        return Err("the case expects a failure, but this side receives nothing".to_owned());
    }
    Ok(quote!(#(#lines)*))
}

/// Returns the statement that encodes a sent event and checks the resulting message.
fn sent(
    stream_name: Option<&String>,
    event: &EventMessage,
    service: &Service,
) -> Result<TokenStream, InvalidCase> {
    let stream = stream(stream_name, service)?;
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

/// Returns the statements that read a stream and check the result. The result is the input or output with the events,
/// or a failure.
fn read(
    operation: &Operation,
    case: &EventCase,
    side: Side,
    received: &[&EventMessage],
    service: &Service,
) -> Result<TokenStream, InvalidCase> {
    let name = ty::named(&operation.rust_name);
    let frames: Vec<&String> = received
        .iter()
        .map(|event| event.bytes.as_ref().ok_or("a received event has no `bytes`"))
        .collect::<Result<_, _>>()?;
    let (head, stream_name) = match side {
        Side::Client => {
            // For a case without an initial response, the test uses an empty response with the status 200.
            let empty = HttpResponse { code: 200, ..HttpResponse::default() };
            let head = stated_response(case.initial_response.as_ref().unwrap_or(&empty));
            (head, operation.output_events.as_ref().map(|events| &events.stream))
        }
        Side::Server => {
            // For a case without an initial request, the test uses an empty request.
            let path = &operation.http.path;
            let empty = HttpRequest {
                method: operation.http.method.clone(),
                uri: path.clone(),
                ..HttpRequest::default()
            };
            let head = stated_request(case.initial_request.as_ref().unwrap_or(&empty));
            (head, operation.input_events.as_ref().map(|events| &events.stream))
        }
    };
    let read = quote!(let read = #head.events::<#name>(&[#(#frames),*]););
    let Some(failure) = &case.expectation.failure else {
        let head = match side {
            Side::Client => value::structure(&operation.output, &case.initial_response_params, service)?,
            Side::Server => value::structure(&operation.input, &case.initial_request_params, service)?,
        };
        let mut events = Vec::new();
        for event in received {
            let stream = stream(stream_name, service)?;
            let params = event.params.as_ref().ok_or("an event has no `params`")?;
            events.push(
                stated(stream, params, service)?
                    .map_err(|_| "a case with an error event must expect a failure")?,
            );
        }
        // Without an initial request, the test has no values for the members outside of the stream.
        let has_head = side == Side::Client || case.initial_request.is_some();
        let check_head = has_head.then(|| quote!(invoke_model_test_support::same(&head, &#head);));
        let name = if has_head { quote!(head) } else { quote!(_) };
        return Ok(quote! {
            #read
            let (#name, events) = read.unwrap();
            #check_head
            invoke_model_test_support::same(&events, &vec![#(#events),*]);
        });
    };
    let Some(error) = &failure.error_id else {
        return Ok(quote!(#read assert!(read.is_err(), "{read:?}");));
    };
    let failure = quote!(invoke_model_test_support::Failure);
    let expected = if received.is_empty() {
        let errors = ty::named(&operation.error_name);
        let known = operation.errors.iter().find(|known| known.code == error.name());
        let known = known.ok_or_else(|| format!("the operation has no error {error}"))?;
        let variant = format_ident!("{}", known.rust_name);
        quote!(Err(#failure::Refused(#errors::#variant(_))))
    } else {
        let stream = stream(stream_name, service)?;
        let known = stream.exceptions.iter().find(|one| wire_name(&one.error, service) == Some(error.name()));
        let known = known.ok_or_else(|| format!("the stream has no error {error}"))?;
        let (errors, variant) = (ty::named(&stream.error_name), format_ident!("{}", known.error));
        match received.last().and_then(|event| event.params.as_ref()) {
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
