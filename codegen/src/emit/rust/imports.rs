//! Imports. An emitter writes `use_::bytes::Bytes`; the file gets `use bytes::Bytes;` and the path becomes
//! `Bytes`.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};

/// Mark that an emitter writes before a path that is to be imported.
const MARK: &str = "use_";

/// Modules that are imported as such. Their items are written with the module before them.
const MODULES: &[&str] = &[
    "checksum",
    "compression",
    "delivery",
    "event_stream",
    "headers",
    "fmt",
    "header",
    "json",
    "payload",
    "server",
    "text",
    "timestamp",
];

/// Path of the types of the model, as an emitter writes it.
const ROOT: &str = "root_";

/// Removes the marks from the tokens. Returns the `use` declarations and the tokens.
pub(super) fn collect(tokens: TokenStream, root: &str) -> (TokenStream, TokenStream) {
    let mut paths = BTreeSet::new();
    let tokens = strip(tokens, &mut paths);
    for own in own_types(&tokens) {
        // A type that contains itself needs no import.
        paths.remove(&format!("{ROOT}::{own}"));
    }
    let mut by_parent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in paths {
        let path = path.replacen(ROOT, root, 1);
        if let Some((parent, name)) = path.rsplit_once("::") {
            by_parent.entry(parent.to_owned()).or_default().push(name.to_owned());
        }
    }
    let uses = by_parent.into_iter().map(|(parent, names)| {
        let parent = parent.split("::").map(|segment| format_ident!("{segment}"));
        let names = names.iter().map(|name| format_ident!("{name}"));
        quote!(use #(#parent::)*{#(#names),*};)
    });
    (quote!(#(#uses)*), tokens)
}

/// Returns the types that the items define. Tokens that are not items are reported when the file is
/// formatted.
fn own_types(items: &TokenStream) -> Vec<String> {
    let file = syn::parse2::<syn::File>(items.clone());
    let items = file.into_iter().flat_map(|file| file.items);
    let types = items.filter_map(|item| match item {
        syn::Item::Struct(item) => Some(item.ident.to_string()),
        syn::Item::Enum(item) => Some(item.ident.to_string()),
        _ => None,
    });
    types.collect()
}

fn strip(tokens: TokenStream, paths: &mut BTreeSet<String>) -> TokenStream {
    let mut out = TokenStream::new();
    let mut rest = tokens.into_iter();
    while let Some(token) = rest.next() {
        match token {
            TokenTree::Ident(mark) if mark == MARK => import(&mut rest, paths).to_tokens(&mut out),
            TokenTree::Group(group) => {
                Group::new(group.delimiter(), strip(group.stream(), paths)).to_tokens(&mut out);
            }
            other => other.to_tokens(&mut out),
        }
    }
    out
}

/// Reads `::a::b::Name` and returns `Name`. A path ends at a type or at one of [`MODULES`].
fn import(rest: &mut impl Iterator<Item = TokenTree>, paths: &mut BTreeSet<String>) -> Option<TokenTree> {
    let mut path = String::new();
    for token in rest {
        if let TokenTree::Ident(ident) = token {
            let segment = ident.to_string();
            path.push_str(&segment);
            if segment.starts_with(|first: char| first.is_ascii_uppercase())
                || MODULES.contains(&segment.as_str())
            {
                paths.insert(path);
                return Some(ident.into());
            }
            path.push_str("::");
        }
    }
    None
}
