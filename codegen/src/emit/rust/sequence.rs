//! Prints the pagination code and the waiters of operations.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::facts::{Form, option};
use super::{doc, ty};
use crate::ir::{
    Acceptor, Matcher, MemberPath, Operation, Pagination, PaginationNames, Type, Waiter, WaiterState,
};

/// Returns the implementation of `PaginatedOperation`, and the constants of the waiters.
pub(super) fn sequences(operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.rust_name);
    let pages = operation.pagination.as_ref().map(|pagination| pages(operation, pagination));
    let waiters = (!operation.waiters.is_empty()).then(|| {
        let waiters = operation.waiters.iter().map(waiter);
        quote!(impl #name { #(#waiters)* })
    });
    quote!(#pages #waiters)
}

fn pages(operation: &Operation, pagination: &Pagination) -> TokenStream {
    let (name, item) = (format_ident!("{}", operation.rust_name), ty::ty(&pagination.item));
    let token = ty::ident(&pagination.token.rust_name);
    let value = if pagination.token.optional { quote!(Some(token)) } else { quote!(token) };
    let next_token = option(&pagination.next_token, &quote!(output), Form::Text);
    let items = items(&pagination.items);
    quote! {
        impl use_::invoke_model_protocol::PaginatedOperation for #name {
            type Item = #item;

            fn next_token(output: &Self::Output) -> Option<&str> {
                #next_token
            }

            fn set_token(input: &mut Self::Input, token: String) {
                input.#token = #value;
            }

            fn items(output: Self::Output) -> Vec<Self::Item> {
                #items
            }
        }
    }
}

/// Returns the constant of `Operation` with the names of the members for pages.
pub(super) fn names(names: &PaginationNames) -> TokenStream {
    let PaginationNames { input_token, output_token, items, page_size } = names;
    let page_size = match page_size {
        Some(name) => quote!(Some(#name)),
        None => quote!(None),
    };
    let ty = quote!(use_::invoke_model_protocol::Pagination);
    quote! {
        const PAGINATION: Option<#ty> = Some(#ty {
            input_token: #input_token,
            output_token: #output_token,
            items: #items,
            page_size: #page_size,
        });
    }
}

/// Returns an expression that extracts the list at a path from `output`. A missing list is empty.
fn items(path: &MemberPath) -> TokenStream {
    let (mut value, mut is_option) = (quote!(output), false);
    for step in &path.steps {
        let name = ty::ident(&step.rust_name);
        value = match (is_option, step.optional) {
            (false, _) => quote!(#value.#name),
            (true, false) => quote!(#value.map(|value| value.#name)),
            (true, true) => quote!(#value.and_then(|value| value.#name)),
        };
        is_option |= step.optional;
    }
    if is_option { quote!(#value.unwrap_or_default()) } else { value }
}

fn waiter(waiter: &Waiter) -> TokenStream {
    let (constant, name) = (format_ident!("{}", waiter.rust_name), &waiter.name);
    let words = doc::or(&waiter.doc, &format!("The waiter `{name}`."));
    let min = Literal::u64_unsuffixed(waiter.min_delay_seconds);
    let max = Literal::u64_unsuffixed(waiter.max_delay_seconds);
    let arms = waiter.acceptors.iter().map(arm);
    let matches_all = |wanted: bool| {
        waiter.acceptors.iter().any(|one| matches!(one.matcher, Matcher::Success(found) if found == wanted))
    };
    // If the acceptors match every output and every error, this arm is unreachable.
    let otherwise = (!(matches_all(true) && matches_all(false))).then(|| quote!(_ => None,));
    quote! {
        #words
        pub const #constant: use_::invoke_model_protocol::Waiter<Self> = use_::invoke_model_protocol::Waiter {
            name: #name,
            min_delay_seconds: #min,
            max_delay_seconds: #max,
            state: |result| match result {
                #(#arms,)*
                #otherwise
            },
        };
    }
}

fn arm(acceptor: &Acceptor) -> TokenStream {
    let state = match acceptor.state {
        WaiterState::Success => quote!(Success),
        WaiterState::Failure => quote!(Failure),
        WaiterState::Retry => quote!(Retry),
    };
    let state = quote!(Some(use_::invoke_model_protocol::WaiterState::#state));
    match &acceptor.matcher {
        Matcher::Success(true) => quote!(Ok(_) => #state),
        Matcher::Success(false) => quote!(Err(_) => #state),
        Matcher::ErrorCode(code) => quote!(Err(Some(#code)) => #state),
        Matcher::Text { path, expected } => {
            let form = if matches!(path.ty, Type::StringEnum(_)) { Form::EnumText } else { Form::Text };
            let value = option(path, &quote!(output), form);
            quote!(Ok(output) if #value == Some(#expected) => #state)
        }
        Matcher::Boolean { path, expected } => {
            let value = option(path, &quote!(output), Form::Value);
            quote!(Ok(output) if #value == Some(#expected) => #state)
        }
    }
}
