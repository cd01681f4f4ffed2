//! Prints open string enums. Each enum becomes a newtype with a constant for each value.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::doc;
use crate::ir::StringEnum;

pub(super) fn string_enum(of: &StringEnum) -> TokenStream {
    let (name, text) = (format_ident!("{}", of.rust_name), &of.rust_name);
    let words =
        doc::or(&of.doc, &format!("A value of `{text}`. Values that the model does not list are preserved."));
    let constants = of.members.iter().map(|member| {
        let (constant, value) = (format_ident!("{}", member.rust_name), &member.value);
        let words = doc::or(&member.doc, &format!("`{value}`."));
        quote! {
            #words
            pub const #constant: Self = Self(use_::std::borrow::Cow::Borrowed(#value));
        }
    });
    let listed = of.members.iter().map(|member| format_ident!("{}", member.rust_name));
    let cow = quote!(use_::std::borrow::Cow<'static, str>);
    let debug = if of.sensitive { quote!(redacted) } else { quote!(shown) };
    quote! {
        #words
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct #name(#cow);

        impl #name {
            #(#constants)*

            /// All values that the model lists.
            pub const VALUES: &'static [Self] = &[#(Self::#listed),*];
        }

        invoke_model_protocol::string_enum!(#name, #debug);
    }
}
