//! Finds the methods of a hand-written type. Generated methods of the type must have different names.

use std::collections::BTreeSet;

use syn::{ImplItem, Item, Type};

/// Returns the names of the inherent methods of the type `ty` in a Rust source file.
///
/// # Errors
/// Returns an error if the source is not a Rust file.
pub fn inherent_methods(source: &str, ty: &str) -> Result<BTreeSet<String>, syn::Error> {
    let is_of_type = |self_type: &Type| match self_type {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == ty),
        _ => false,
    };
    let mut methods = BTreeSet::new();
    for item in syn::parse_file(source)?.items {
        let Item::Impl(block) = item else { continue };
        if block.trait_.is_some() || !is_of_type(&block.self_ty) {
            continue;
        }
        methods.extend(block.items.into_iter().filter_map(|item| match item {
            ImplItem::Fn(function) => Some(function.sig.ident.to_string()),
            _ => None,
        }));
    }
    Ok(methods)
}

#[cfg(test)]
mod tests {
    use super::inherent_methods;

    #[test]
    fn finds_inherent_methods_of_the_type_only() {
        let source = "
            impl<O: Operation> Call<O> { pub fn send(self) {} pub(crate) fn input(&mut self) {} const X: u8 = 1; }
            impl<O> fmt::Debug for Call<O> { fn fmt(&self) {} }
            impl Client { fn region(&self) {} }";
        let methods = inherent_methods(source, "Call").unwrap();
        assert_eq!(methods.iter().collect::<Vec<_>>(), ["input", "send"]);
        assert!(inherent_methods("fn", "Call").is_err());
    }
}
