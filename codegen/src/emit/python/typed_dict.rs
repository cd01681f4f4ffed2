//! Prints the declarations of the module `type_defs`: typed dictionaries and type aliases.

use std::collections::BTreeSet;

use super::annotation::Annotation;
use super::layout;

/// Keywords of Python. A class cannot declare a key with one of these names.
/// <https://docs.python.org/3/reference/lexical_analysis.html#keywords>
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// A declaration of the module `type_defs`.
#[derive(Clone, Debug)]
pub(super) enum Declaration {
    /// A dictionary with known keys.
    TypedDict(TypedDict),
    /// A name for another type.
    Alias {
        /// Name.
        name: String,
        /// The other type.
        of: Annotation,
    },
}

/// A dictionary with known keys.
#[derive(Clone, Debug)]
pub(super) struct TypedDict {
    /// Name.
    pub(super) name: String,
    /// Documentation.
    pub(super) doc: String,
    /// Keys.
    pub(super) keys: Vec<Key>,
}

/// A key of a dictionary.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Name.
    pub(super) name: String,
    /// Documentation.
    pub(super) doc: String,
    /// Type of the value.
    pub(super) annotation: Annotation,
    /// `true` if each dictionary contains the key.
    pub(super) required: bool,
}

impl Declaration {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::TypedDict(dict) => &dict.name,
            Self::Alias { name, .. } => name,
        }
    }

    /// Calls a function with each annotation in the declaration.
    pub(super) fn visit<'a>(&'a self, visitor: &mut impl FnMut(&'a Annotation)) {
        match self {
            Self::TypedDict(dict) => dict.keys.iter().for_each(|key| key.annotation.visit(visitor)),
            Self::Alias { of, .. } => of.visit(visitor),
        }
    }

    /// Returns the source code. `declared` contains the names of the declarations above this one.
    pub(super) fn code(&self, declared: &BTreeSet<String>) -> String {
        match self {
            Self::TypedDict(dict) if dict.can_be_class() => dict.class(declared),
            Self::TypedDict(dict) => dict.call(declared),
            Self::Alias { name, of: Annotation::Generic(generic, arguments) } => {
                let arguments: Vec<String> = arguments.iter().map(|one| one.code(declared)).collect();
                layout::list(0, &format!("{name} = {generic}["), &arguments, "]")
            }
            Self::Alias { name, of } => format!("{name} = {}\n", of.code(declared)),
        }
    }
}

impl TypedDict {
    /// Returns `true` if each key can be declared in a class. A key cannot be a keyword. Type checkers would
    /// mistake an annotation of the class for a key of the same name. Python changes names that begin with `__`.
    fn can_be_class(&self) -> bool {
        let is_mentioned = |name: &str| self.keys.iter().any(|key| key.annotation.mentions(name));
        self.keys.iter().map(|key| key.name.as_str()).all(|name| {
            !(KEYWORDS.contains(&name)
                || name == "NotRequired"
                || name.starts_with("__")
                || is_mentioned(name))
        })
    }

    fn class(&self, declared: &BTreeSet<String>) -> String {
        let mut code = format!("class {}(TypedDict):\n", self.name);
        code.push_str(&layout::docstring(4, &self.doc));
        let mut follows_doc = !self.doc.is_empty();
        for (index, key) in self.keys.iter().enumerate() {
            // A blank line separates a key from a docstring, which documents the name above it.
            if follows_doc || (index > 0 && !key.doc.is_empty()) {
                code.push('\n');
            }
            code.push_str(&format!("    {}: {}\n", key.name, key.value(declared)));
            code.push_str(&layout::docstring(4, &key.doc));
            follows_doc = !key.doc.is_empty();
        }
        if self.doc.is_empty() && self.keys.is_empty() {
            code.push_str("    pass\n");
        }
        code
    }

    fn call(&self, declared: &BTreeSet<String>) -> String {
        let mut code = layout::comment(0, &self.doc);
        code.push_str(&format!("{} = TypedDict(\n    \"{}\",\n    {{\n", self.name, self.name));
        for key in &self.keys {
            code.push_str(&layout::comment(8, &key.doc));
            code.push_str(&format!("        \"{}\": {},\n", key.name, key.value(declared)));
        }
        code.push_str("    },\n)\n");
        code
    }
}

impl Key {
    /// Returns a key without documentation that each dictionary contains.
    pub(super) fn required(name: &str, annotation: Annotation) -> Self {
        Self { name: name.to_owned(), doc: String::new(), annotation, required: true }
    }

    fn value(&self, declared: &BTreeSet<String>) -> String {
        match self.required {
            true => self.annotation.code(declared),
            false => Annotation::of("NotRequired", self.annotation.clone()).code(declared),
        }
    }
}
