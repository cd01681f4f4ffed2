//! Prints open int enums. Each enum becomes a newtype with a constant for each value.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::doc;
use crate::ir::IntEnum;

pub(super) fn int_enum(of: &IntEnum) -> TokenStream {
    let (name, text) = (format_ident!("{}", of.rust_name), &of.rust_name);
    let words =
        doc::or(&of.doc, &format!("A value of `{text}`. Values that the model does not list are preserved."));
    let constants = of.members.iter().map(|member| {
        let (constant, value) =
            (format_ident!("{}", member.rust_name), Literal::i32_unsuffixed(member.value));
        let words = doc::or(&member.doc, &format!("`{value}`."));
        quote!(#words pub const #constant: Self = Self(#value);)
    });
    let listed = of.members.iter().map(|member| format_ident!("{}", member.rust_name));
    let debug = if of.sensitive { quote!(redacted) } else { quote!(shown) };
    quote! {
        #words
        #[derive(
            Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, use_::serde::Serialize, use_::serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct #name(pub i32);

        impl #name {
            #(#constants)*

            /// All values that the model lists.
            pub const VALUES: &'static [Self] = &[#(Self::#listed),*];
        }

        invoke_model_protocol::int_enum!(#name, #debug);
    }
}
