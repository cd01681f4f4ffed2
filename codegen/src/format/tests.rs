//! Tests of the placement of blank lines, and of the separation of files.

use quote::quote;

use super::{HEADER, Unformatted, files};

fn check(items: proc_macro2::TokenStream, expected: &str) {
    let file = Unformatted::new("Doc.", &quote!(), items).unwrap();
    assert_eq!(files(&[file]).unwrap(), [format!("{HEADER}//! Doc.\n\n{expected}")]);
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

#[test]
fn a_file_has_the_same_text_alone_and_among_others() {
    let file = |items: proc_macro2::TokenStream| {
        Unformatted::new(
            "Doc.\n\nMore.",
            &quote!(
                use z::B;
                use a::C;
            ),
            items,
        )
        .unwrap()
    };
    let long = "x".repeat(60_000);
    let all = [
        || {
            quote!(
                mod z;
                mod a;
                pub use z::Z;
            )
        },
        || quote!(),
        || {
            quote!(
                mod c;
                pub use a::A;
            )
        },
        || {
            quote!(
                #[doc = " Text."]
                pub struct A {
                    pub b: u8,
                }
            )
        },
    ];
    let mut many: Vec<Unformatted> = all.iter().map(|items| file(items())).collect();
    // The files exceed the size of one batch.
    many.insert(1, file(quote!(const X: &str = #long;)));
    many.insert(3, file(quote!(const Y: &str = #long;)));
    let together = files(&many).unwrap();
    let alone: Vec<String> = many.into_iter().map(|one| files(&[one]).unwrap().concat()).collect();
    assert_eq!(together, alone);
    assert!(
        alone[0].ends_with("\n\nuse a::C;\nuse z::B;\n\nmod a;\nmod z;\npub use z::Z;\n"),
        "{}",
        alone[0]
    );
    assert_eq!(files(&[]).unwrap(), [""; 0]);
}

#[test]
fn a_file_without_items_has_no_blank_line_at_its_end() {
    let file = Unformatted::new("Doc.", &quote!(), quote!()).unwrap();
    assert_eq!(files(&[file]).unwrap(), [format!("{HEADER}//! Doc.\n")]);
}
