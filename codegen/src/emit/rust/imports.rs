//! Collects `use` declarations. An emitter marks a path that the file must import, such as
//! `use_::bytes::Bytes`. This module replaces the path with `Bytes` and adds a declaration to the file:
//! `use bytes::Bytes;`.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};

/// The prefix of a path that the file must import.
const MARK: &str = "use_";

/// Modules that a file imports instead of their items. Generated code names the items as `module::item`.
const MODULES: &[&str] = &[
    "checksum",
    "compression",
    "delivery",
    "event_stream",
    "headers",
    "fmt",
    "header",
    "json",
    "metrics",
    "payload",
    "server",
    "text",
    "timestamp",
];

/// The placeholder that an emitter writes for the module of the generated types.
const ROOT: &str = "root_";

/// Returns the `use` declarations for the marked paths, and the tokens without the marks.
pub(super) fn collect(tokens: TokenStream, root: &str) -> (TokenStream, TokenStream) {
    let mut paths = BTreeSet::new();
    let tokens = strip(tokens, &mut paths);
    for own in own_types(&tokens) {
        // The file defines this type itself and must not import it. Recursive types, for example, use their
        // own name.
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

/// Returns the names of the structs and enums that the items define. Reads only the tokens outside of groups.
/// Parsing all items would take a quarter of the generator's time.
fn own_types(items: &TokenStream) -> Vec<String> {
    let mut types = Vec::new();
    let mut tokens = items.clone().into_iter();
    while let Some(token) = tokens.next() {
        let TokenTree::Ident(keyword) = token else { continue };
        if keyword == "struct" || keyword == "enum" {
            types.extend(tokens.next().map(|name| name.to_string()));
        }
    }
    types
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

/// Reads `::a::b::Name`, adds the path to `paths` and returns `Name`. A path ends at a type or at one of
/// [`MODULES`].
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
