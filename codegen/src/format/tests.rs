//! Tests of the placement of blank lines.

use quote::quote;

use super::{HEADER, file};

fn check(items: proc_macro2::TokenStream, expected: &str) {
    let text = file("Doc.", &quote!(), items).unwrap();
    assert_eq!(text, format!("{HEADER}//! Doc.\n\n{expected}"));
}

#[test]
fn keeps_doc_comments_of_fields_together() {
    check(
        quote! {
            pub struct Input {
                #[doc = " One of:"]
                #[doc = ""]
                #[doc = " - a base model;"]
                #[doc = " - a prompt."]
                pub model: String,
                #[doc = " A body;"]
                #[doc = " JSON."]
                pub body: String,
            }
        },
        "pub struct Input {\n    /// One of:\n    ///\n    /// - a base model;\n    /// - a prompt.\n    pub model: \
         String,\n    /// A body;\n    /// JSON.\n    pub body: String,\n}\n",
    );
}

#[test]
fn separates_functions_and_documented_constants() {
    check(
        quote! {
            mod one;
            mod two;
            pub struct A;
            impl A {
                const X: u8 = 1;
                const Y: u8 = 2;
                #[doc = " Third; last."]
                #[doc = " More."]
                const Z: u8 = 3;
                fn f() {
                    g();
                    #[allow(unused)]
                    let x = 1;
                }
                fn g() {}
            }
        },
        "mod one;\nmod two;\n\npub struct A;\n\nimpl A {\n    const X: u8 = 1;\n    const Y: u8 = 2;\n\n    /// Third; \
         last.\n    /// More.\n    const Z: u8 = 3;\n\n    fn f() {\n        g();\n        #[allow(unused)]\n        let \
         x = 1;\n    }\n\n    fn g() {}\n}\n",
    );
}
