//! Open int enums: a newtype with a constant for each value.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::doc;
use crate::ir::IntEnum;

pub(super) fn int_enum(of: &IntEnum) -> TokenStream {
    let (name, text) = (format_ident!("{}", of.rust_name), &of.rust_name);
    let words =
        doc::or(&of.doc, &format!("A value of `{text}`, which can be one that the model does not list."));
    let constants = of.members.iter().map(|member| {
        let (constant, value) =
            (format_ident!("{}", member.rust_name), Literal::i32_unsuffixed(member.value));
        let words = doc::or(&member.doc, &format!("`{value}`."));
        quote!(#words pub const #constant: Self = Self(#value);)
    });
    let listed = of.members.iter().map(|member| format_ident!("{}", member.rust_name));
    let derived_debug = (!of.sensitive).then(|| quote!(Debug,));
    let redacted = quote!(use_::invoke_model_protocol::Redacted);
    let debug = of.sensitive.then(|| {
        quote! {
            impl use_::std::fmt::Debug for #name {
                fn fmt(&self, f: &mut use_::std::fmt::Formatter<'_>) -> use_::std::fmt::Result {
                    f.debug_tuple(#text).field(&#redacted).finish()
                }
            }
        }
    });
    quote! {
        #words
        #[derive(
            Clone, Copy, #derived_debug Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            use_::serde::Serialize, use_::serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct #name(pub i32);

        impl #name {
            #(#constants)*

            /// All values that the model lists.
            pub const VALUES: &'static [Self] = &[#(Self::#listed),*];
        }

        #debug

        impl From<i32> for #name {
            fn from(value: i32) -> Self {
                Self(value)
            }
        }

        impl From<#name> for i32 {
            fn from(value: #name) -> Self {
                value.0
            }
        }

        impl std::str::FromStr for #name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, std::num::ParseIntError> {
                text.parse().map(Self)
            }
        }

        impl use_::std::fmt::Display for #name {
            fn fmt(&self, f: &mut use_::std::fmt::Formatter<'_>) -> use_::std::fmt::Result {
                self.0.fmt(f)
            }
        }
    }
}
