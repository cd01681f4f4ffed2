//! Type annotations of Python.

use std::collections::BTreeSet;

/// A type annotation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Annotation {
    /// A built-in type, or a type that the module imports.
    Name(&'static str),
    /// A type alias of the module `literals`.
    Literal(String),
    /// A type that the module declares.
    Declared(String),
    /// A generic type with its arguments.
    Generic(&'static str, Vec<Annotation>),
    /// An annotation that contains a type which the module imports for type checkers only. It is printed as a
    /// string, because Python cannot evaluate it.
    Unevaluated(Box<Annotation>),
}

impl Annotation {
    /// Returns a generic type with one argument.
    pub(super) fn of(generic: &'static str, argument: Self) -> Self {
        Self::Generic(generic, vec![argument])
    }

    /// Returns the annotation as source code. The code contains the names of types that are not in `declared`
    /// as strings, because Python evaluates the annotation before it declares these types.
    pub(super) fn code(&self, declared: &BTreeSet<String>) -> String {
        match self {
            Self::Declared(name) if !declared.contains(name) => format!("\"{name}\""),
            Self::Unevaluated(inner) => format!("\"{}\"", inner.unquoted()),
            Self::Generic(generic, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(|one| one.code(declared)).collect();
                format!("{generic}[{}]", arguments.join(", "))
            }
            other => other.unquoted(),
        }
    }

    /// Returns the annotation as source code of a stub, which Python does not evaluate.
    pub(super) fn unquoted(&self) -> String {
        match self {
            Self::Name(name) => (*name).to_owned(),
            Self::Literal(name) | Self::Declared(name) => name.clone(),
            Self::Unevaluated(inner) => inner.unquoted(),
            Self::Generic(generic, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(Self::unquoted).collect();
                format!("{generic}[{}]", arguments.join(", "))
            }
        }
    }

    /// Calls a function with this annotation and all annotations that it contains.
    pub(super) fn visit<'a>(&'a self, visitor: &mut impl FnMut(&'a Self)) {
        visitor(self);
        match self {
            Self::Generic(_, arguments) => arguments.iter().for_each(|one| one.visit(visitor)),
            Self::Unevaluated(inner) => inner.visit(visitor),
            Self::Name(_) | Self::Literal(_) | Self::Declared(_) => {}
        }
    }

    /// Returns `true` if the annotation contains a type with this name.
    pub(super) fn mentions(&self, name: &str) -> bool {
        let mut found = false;
        self.visit(&mut |one| {
            found |= match one {
                Self::Name(other) | Self::Generic(other, _) => *other == name,
                Self::Literal(other) | Self::Declared(other) => other == name,
                Self::Unevaluated(_) => false,
            }
        });
        found
    }
}
