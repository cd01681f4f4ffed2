//! Converts names of the model to Rust names, and resolves name clashes.
//! <https://doc.rust-lang.org/reference/keywords.html>

use std::collections::BTreeSet;

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// Keywords of all editions up to 2024.
const KEYWORDS: &[&str] = &[
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Keywords that cannot be raw identifiers.
const NEVER_RAW: &[&str] = &["Self", "crate", "self", "super"];

/// Types, traits and derives that generated code uses without a path.
const TYPES_IN_USE: &[&str] = &[
    "AsRef",
    "Authentication",
    "BTreeMap",
    "Box",
    "Bytes",
    "Clone",
    "Copy",
    "Cow",
    "Debug",
    "Default",
    "Deserialize",
    "DeserializeOwned",
    "Display",
    "Eq",
    "Err",
    "Error",
    "ErrorFacts",
    "ErrorFault",
    "ErrorMetadata",
    "From",
    "FromJson",
    "Hash",
    "HeaderValue",
    "HostPrefix",
    "Into",
    "Method",
    "ModeledError",
    "None",
    "Object",
    "ObjectWriter",
    "Ok",
    "Operation",
    "OperationError",
    "Option",
    "Ord",
    "PaginatedOperation",
    "ParseError",
    "ParseErrorKind",
    "PartialEq",
    "PartialOrd",
    "PathSegment",
    "PayloadInput",
    "PayloadOutput",
    "Query",
    "Redacted",
    "Request",
    "RequestBuilder",
    "Response",
    "ResponseBuilder",
    "Result",
    "Retryable",
    "Route",
    "Self",
    "Send",
    "Serialize",
    "SerializeError",
    "SerializeErrorKind",
    "ServerOperation",
    "Some",
    "String",
    "Sync",
    "Timestamp",
    "ToJson",
    "UnknownMember",
    "Unmodeled",
    "Value",
    "Vec",
    "Violations",
    "Waiter",
    "WaiterState",
];

/// Mark that emitters write before a path that the file must import. Generated names are never equal to the
/// mark.
const IMPORT_MARK: &str = "use_";

/// A scope of unique names.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    taken: BTreeSet<String>,
}

impl Scope {
    /// Creates a scope in which these names are taken.
    pub(super) fn with(taken: &[&str]) -> Self {
        Self { taken: taken.iter().map(|name| (*name).to_owned()).collect() }
    }

    /// Creates the scope for the type names of a crate.
    pub(super) fn of_types() -> Self {
        Self::with(TYPES_IN_USE)
    }

    /// Returns the name of a type or variant in upper camel case. If the name is taken, adds the suffix
    /// `Shape` or a number.
    pub(super) fn upper_camel(&mut self, wire_name: &str) -> String {
        let base = not_numeric(wire_name.to_upper_camel_case(), "Shape");
        self.unique(base, "Shape", "")
    }

    /// Returns the name of a field or parameter in snake case. If the name is a keyword, returns a raw
    /// identifier or adds `_`.
    pub(super) fn snake(&mut self, wire_name: &str) -> String {
        let base = not_numeric(wire_name.to_snake_case(), "_");
        let base = if NEVER_RAW.contains(&base.as_str()) { format!("{base}_") } else { base };
        let name = self.unique(base, "_", "_");
        if KEYWORDS.contains(&name.as_str()) { format!("r#{name}") } else { name }
    }

    /// Returns the name of a constant in upper snake case. If no character of the value is valid in a name,
    /// the name is `VALUE`.
    pub(super) fn shouty(&mut self, wire_name: &str) -> String {
        let base = match wire_name.to_shouty_snake_case() {
            name if name.is_empty() => "VALUE".to_owned(),
            name => not_numeric(name, "_"),
        };
        self.unique(base, "_VALUE", "_")
    }

    /// Returns `true` if a type with this name in upper camel case exists.
    pub(super) fn is_taken(&self, wire_name: &str) -> bool {
        let name = wire_name.to_upper_camel_case();
        self.taken.iter().any(|taken| taken.eq_ignore_ascii_case(&name))
    }

    fn unique(&mut self, base: String, suffix: &str, separator: &str) -> String {
        // The comparison ignores case, because each type becomes a file, and some file systems ignore case.
        let free = |scope: &Self, name: &str| {
            name != IMPORT_MARK && !scope.taken.iter().any(|taken| taken.eq_ignore_ascii_case(name))
        };
        let mut name = base.clone();
        if !free(self, &name) {
            name = format!("{base}{suffix}");
        }
        let mut number = 2;
        while !free(self, &name) {
            name = format!("{base}{separator}{number}");
            number += 1;
        }
        self.taken.insert(name.clone());
        name
    }
}

/// The names of the variants of a union.
#[derive(Debug)]
pub(super) struct Variants {
    variants: Scope,
    methods: Scope,
}

impl Default for Variants {
    fn default() -> Self {
        Self { variants: Scope::with(&["Self", "Unknown"]), methods: Scope::with(&["unknown"]) }
    }
}

impl Variants {
    /// Returns the name of a variant, and its form in the names of methods such as `as_text`.
    pub(super) fn name(&mut self, wire_name: &str) -> (String, String) {
        let variant = self.variants.upper_camel(wire_name);
        let method = self.methods.unique(variant.to_snake_case(), "_", "_");
        (variant, method)
    }
}

fn not_numeric(name: String, prefix: &str) -> String {
    let needs = name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit());
    if needs { format!("{prefix}{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_name_clashes() {
        let mut types = Scope::of_types();
        assert_eq!(types.upper_camel("Trace"), "Trace");
        assert_eq!(types.upper_camel("Option"), "OptionShape");
        assert_eq!(types.upper_camel("trace"), "TraceShape");
        assert_eq!(types.upper_camel("TRACE"), "Trace2");
        assert_eq!(types.upper_camel("_2d"), "Shape2d");
        let mut fields = Scope::default();
        assert_eq!(fields.snake("modelId"), "model_id");
        assert_eq!(fields.snake("type"), "r#type");
        assert_eq!(fields.snake("self"), "self_");
        assert_eq!(fields.snake("model_id"), "model_id_");
        assert_eq!(fields.snake("use"), "r#use");
        assert_eq!(fields.snake("Use"), "use_2");
        assert_eq!(fields.snake("2d"), "_2d");
        let mut constants = Scope::with(&["VALUES"]);
        assert_eq!(constants.shouty("values"), "VALUES_VALUE");
        assert_eq!(constants.shouty("t2.micro"), "T2_MICRO");
        assert_eq!(constants.shouty("*"), "VALUE");
        assert_eq!(constants.shouty(""), "VALUE_VALUE");
    }

    #[test]
    fn variants_have_a_form_for_the_names_of_methods() {
        let mut variants = Variants::default();
        let mut check = |name: &str, variant: &str, method: &str| {
            assert_eq!(variants.name(name), (variant.to_owned(), method.to_owned()));
        };
        check("toolUse", "ToolUse", "tool_use");
        check("s3Location", "S3Location", "s3_location");
        check("self", "SelfShape", "self_shape");
        check("unknown", "UnknownShape", "unknown_shape");
        check("match", "Match", "match");
        check("tool_use", "ToolUseShape", "tool_use_shape");
    }

    #[test]
    fn converts_every_keyword_to_an_identifier() {
        for keyword in KEYWORDS {
            let name = Scope::default().snake(keyword);
            assert!(syn::parse_str::<syn::Ident>(&name).is_ok(), "{name}");
        }
    }

    #[test]
    fn renames_shapes_that_have_the_name_of_a_type_in_use() {
        for name in TYPES_IN_USE {
            assert_eq!(Scope::of_types().upper_camel(name), format!("{name}Shape"));
        }
    }
}
