//! Prints a test for each test case with a single request or response.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use super::super::ty;
use super::value::{self, InvalidCase};
use crate::conformance::{
    Assertion, Content, HttpRequest, HttpResponse, MalformedCase, RequestCase, ResponseCase, Side,
};
use crate::ir::{Operation, Service, Structure};

pub(super) fn request(
    operation: &Operation,
    case: &RequestCase,
    side: Side,
    service: &Service,
) -> Result<TokenStream, InvalidCase> {
    let input = value::structure(&operation.input, &case.params, service)?;
    let (request, name) = (stated_request(&case.request), ty::named(&operation.rust_name));
    Ok(match side {
        Side::Client => quote!(#request.check::<#name>(#input);),
        Side::Server => {
            let same = same(&case.params);
            quote! {
                let input = #request.input::<#name>().unwrap();
                let expected = invoke_model_test_support::with_defaults::<#name>(#input);
                invoke_model_test_support::#same(&input, &expected);
            }
        }
    })
}

/// Returns the statement that checks how a server rejects a request.
pub(super) fn malformed(operation: &Operation, case: &MalformedCase) -> TokenStream {
    let (body, media_type) = match &case.response.body {
        Some(body) => {
            let Assertion::Contents(contents) = &body.assertion;
            (Some(contents.clone()), Some(body.media_type.clone()))
        }
        None => (None, None),
    };
    let headers = case.response.headers.clone();
    let content = Content { headers, body, body_media_type: media_type, ..Content::default() };
    let response = stated_response(&HttpResponse { code: case.response.code, content });
    let (request, name) = (stated_request(&case.request), ty::named(&operation.rust_name));
    quote!(#response.check_rejection::<#name>(&#request);)
}

/// Returns the expression that creates the request of a test case.
pub(super) fn stated_request(request: &HttpRequest) -> TokenStream {
    let HttpRequest { method, uri, .. } = request;
    let (query, forbidden, required) =
        (&request.query_params, &request.forbid_query_params, &request.require_query_params);
    let (host, resolved) = (option(request.host.as_ref()), option(request.resolved_host.as_ref()));
    let content = content(&request.content);
    quote! {
        invoke_model_test_support::Request {
            method: #method,
            uri: #uri,
            query: &[#(#query),*],
            forbidden_query: &[#(#forbidden),*],
            required_query: &[#(#required),*],
            host: #host,
            resolved_host: #resolved,
            content: #content,
        }
    }
}

pub(super) fn response(
    operation: &Operation,
    case: &ResponseCase,
    side: Side,
    service: &Service,
) -> Result<TokenStream, InvalidCase> {
    let output = value::structure(&operation.output, &case.params, service)?;
    let operation = ty::named(&operation.rust_name);
    let response = stated_response(&case.response);
    Ok(match side {
        Side::Client => {
            let same = same(&case.params);
            quote! {
                let output = #response.output::<#operation>().unwrap();
                invoke_model_test_support::#same(&output, &#output);
            }
        }
        Side::Server => quote!(#response.check_output::<#operation>(#output);),
    })
}

pub(super) fn error(
    error: &Structure,
    operation: Option<&Operation>,
    case: &ResponseCase,
    side: Side,
    service: &Service,
) -> Result<TokenStream, InvalidCase> {
    let operation = operation.ok_or_else(|| format!("no operation has the error {}", error.wire_name))?;
    let expected = value::structure(error, &case.params, service)?;
    let (name, errors) = (ty::named(&operation.rust_name), ty::named(&operation.error_name));
    let (variant, response) = (format_ident!("{}", error.rust_name), stated_response(&case.response));
    let expected = quote!(#errors::#variant(#expected));
    Ok(match side {
        Side::Client => {
            let same = same(&case.params);
            quote! {
                let error = #response.error::<#name>();
                invoke_model_test_support::#same(&error, &#expected);
            }
        }
        Side::Server => quote!(#response.check_error::<#name>(&#expected);),
    })
}

/// Returns the expression that creates the response of a test case.
pub(super) fn stated_response(response: &HttpResponse) -> TokenStream {
    let (code, content) = (Literal::u16_unsuffixed(response.code), content(&response.content));
    quote!(invoke_model_test_support::Response { code: #code, content: #content })
}

fn content(content: &Content) -> TokenStream {
    let headers = content.headers.iter().map(|(name, value)| quote!((#name, #value)));
    let (forbidden, required) = (&content.forbid_headers, &content.require_headers);
    let (body, media_type) = (option(content.body.as_ref()), option(content.body_media_type.as_ref()));
    quote! {
        invoke_model_test_support::Content {
            headers: &[#(#headers),*],
            forbidden_headers: &[#(#forbidden),*],
            required_headers: &[#(#required),*],
            body: #body,
            media_type: #media_type,
        }
    }
}

/// Returns the name of the function that compares two values. If the values contain a NaN, the function
/// compares their texts, because a NaN is not equal to itself.
fn same(params: &serde_json::Map<String, Value>) -> TokenStream {
    if params.values().any(value::holds_nan) { quote!(same_text) } else { quote!(same) }
}

pub(super) fn option(text: Option<&String>) -> TokenStream {
    match text {
        Some(text) => quote!(Some(#text)),
        None => quote!(None),
    }
}
