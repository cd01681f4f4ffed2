//! The endpoint rules as one function: each rule an `if`, the last one what is left.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::{doc, ty};
use crate::ir::{
    Condition, Expression, Outcome, Parameter, ParameterType, Rule, RuleSet, Template, TemplatePart,
};

pub(super) fn endpoint(rules: &RuleSet, sdk_id: &str) -> TokenStream {
    let fields = rules.parameters.iter().map(|parameter| {
        let (name, ty) = (ty::ident(&parameter.rust_name), parameter_type(parameter));
        let words = doc::or(&parameter.doc, &format!("`{}`.", parameter.wire_name));
        quote!(#words pub #name: #ty)
    });
    let words = doc::doc(&format!(
        "The endpoint of {sdk_id} for these parameters.\n\n# Errors\nNo endpoint fits: the rules say why."
    ));
    let says_signing = rules.says_signing();
    let signing = says_signing.then(signing);
    let found = if says_signing { quote!(Endpoint) } else { quote!(String) };
    let body =
        Body { parameters: &rules.parameters, says_signing }.list(&rules.rules, &BTreeMap::new(), true);
    quote! {
        mod partition;

        pub use partition::{PARTITIONS, Partition, partition};

        /// What an endpoint depends on.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Parameters<'a> { #(#fields),* }

        /// Why there is no endpoint, in the words of the rules.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("{0}")]
        pub struct NoEndpoint(std::borrow::Cow<'static, str>);

        #signing

        #words
        pub fn resolve(parameters: &Parameters<'_>) -> Result<#found, NoEndpoint> { #body }
    }
}

/// What `resolve` gives where the rules say how requests are signed.
fn signing() -> TokenStream {
    quote! {
        /// Where requests go, and how they are signed.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Endpoint {
            /// The URL.
            pub url: String,
            /// The service in the credential scope, where it is not the one of the model.
            pub signing_name: Option<String>,
            /// The region in the credential scope, where it is not the one that is called.
            pub signing_region: Option<String>,
        }
    }
}

fn parameter_type(parameter: &Parameter) -> TokenStream {
    match parameter.ty {
        ParameterType::OptionalString => quote!(Option<&'a str>),
        ParameterType::String => quote!(&'a str),
        ParameterType::Boolean => quote!(bool),
    }
}

/// Names that hold a value inside an `if let`, by the name in the rules.
type Bound = BTreeMap<String, Ident>;

struct Body<'a> {
    parameters: &'a [Parameter],
    says_signing: bool,
}

impl Body<'_> {
    /// Rules one behind the other. Once the conditions of a tree hold, one of its rules must decide.
    fn list(&self, rules: &[Rule], bound: &Bound, is_tail: bool) -> TokenStream {
        let mut lines = Vec::new();
        for rule in rules {
            // A value that every input has: what stands behind such a rule is not reached.
            let is_assignment = |condition: &Condition| matches!(condition, Condition::Assign(..));
            if rule.conditions.iter().all(is_assignment) {
                let mut bound = bound.clone();
                lines.extend(rule.conditions.iter().map(|condition| self.assignment(condition, &mut bound)));
                lines.push(self.outcome(&rule.outcome, &bound, is_tail));
                return quote!(#(#lines)*);
            }
            let line = self.conditional(&rule.conditions, &rule.outcome, bound);
            // A block keeps an assigned name from the rules behind.
            let assigns = rule.conditions.first().is_some_and(is_assignment);
            lines.push(if assigns { quote!({ #line }) } else { line });
        }
        let none = quote!(Err(NoEndpoint("no rule of the endpoint rule set fits".into())));
        lines.push(if is_tail { none } else { quote!(return #none;) });
        quote!(#(#lines)*)
    }

    fn assignment(&self, condition: &Condition, bound: &mut Bound) -> TokenStream {
        let Condition::Assign(name, expression) = condition else { return quote!() };
        let (local, value) = (ty::ident(name), self.expression(expression, bound));
        bound.insert(name.clone(), local.clone());
        quote!(let #local = #value;)
    }

    fn conditional(&self, conditions: &[Condition], outcome: &Outcome, bound: &Bound) -> TokenStream {
        let truths = conditions.iter().take_while(|condition| matches!(condition, Condition::True(_)));
        let truths: Vec<TokenStream> = truths
            .filter_map(|condition| match condition {
                Condition::True(expression) => Some(self.expression(expression, bound)),
                _ => None,
            })
            .collect();
        if !truths.is_empty() {
            let inner = self.conditional(&conditions[truths.len()..], outcome, bound);
            return quote!(if #(#truths)&&* { #inner });
        }
        let mut bound = bound.clone();
        let Some((first, rest)) = conditions.split_first() else {
            return self.outcome(outcome, &bound, false);
        };
        match first {
            Condition::IsSet(name) if self.is_optional(name) && !bound.contains_key(name) => {
                let local = ty::ident(name);
                bound.insert(name.clone(), local.clone());
                let inner = self.conditional(rest, outcome, &bound);
                if mentions(&inner, name) {
                    quote!(if let Some(#local) = parameters.#local { #inner })
                } else {
                    quote!(if parameters.#local.is_some() { #inner })
                }
            }
            Condition::Assign(..) => {
                let assignment = self.assignment(first, &mut bound);
                let inner = self.conditional(rest, outcome, &bound);
                quote!(#assignment #inner)
            }
            // What is always set, or true, asks for nothing.
            Condition::IsSet(_) | Condition::True(_) => self.conditional(rest, outcome, &bound),
        }
    }

    fn outcome(&self, outcome: &Outcome, bound: &Bound, is_tail: bool) -> TokenStream {
        let value = match outcome {
            Outcome::Tree(rules) => return self.list(rules, bound, is_tail),
            Outcome::Endpoint(endpoint) => {
                let url = self.template(&endpoint.url, bound);
                let option = |template: &Option<Template>| match template {
                    Some(template) => {
                        let text = self.template(template, bound);
                        quote!(Some(#text))
                    }
                    None => quote!(None),
                };
                if self.says_signing {
                    let (name, region) = (option(&endpoint.signing_name), option(&endpoint.signing_region));
                    quote!(Ok(Endpoint { url: #url, signing_name: #name, signing_region: #region }))
                } else {
                    quote!(Ok(#url))
                }
            }
            Outcome::Error(template) => match template.as_slice() {
                [TemplatePart::Literal(text)] => quote!(Err(NoEndpoint(#text.into()))),
                _ => {
                    let text = self.template(template, bound);
                    quote!(Err(NoEndpoint(#text.into())))
                }
            },
        };
        if is_tail { value } else { quote!(return #value;) }
    }

    fn expression(&self, expression: &Expression, bound: &Bound) -> TokenStream {
        match expression {
            Expression::Reference(name) => match bound.get(name) {
                Some(local) => quote!(#local),
                None => {
                    let field = ty::ident(name);
                    quote!(parameters.#field)
                }
            },
            Expression::Attribute(of, name) => {
                let (of, name) = (self.expression(of, bound), format_ident!("{name}"));
                quote!(#of.#name)
            }
            Expression::Equal(left, right) => {
                let (left, right) = (self.expression(left, bound), self.expression(right, bound));
                quote!(#left == #right)
            }
            Expression::IsSet(name) => self.is_set(name, bound, true),
            Expression::Not(inner) => match inner.as_ref() {
                Expression::Equal(left, right) => {
                    let (left, right) = (self.expression(left, bound), self.expression(right, bound));
                    quote!(#left != #right)
                }
                Expression::IsSet(name) => self.is_set(name, bound, false),
                other => {
                    let inner = self.expression(other, bound);
                    quote!(!#inner)
                }
            },
            Expression::Partition(region) => {
                let region = self.expression(region, bound);
                quote!(partition(#region))
            }
            Expression::String(template) => match template.as_slice() {
                [TemplatePart::Literal(text)] => quote!(#text),
                [] => quote!(""),
                _ => self.template(template, bound),
            },
            Expression::Boolean(truth) => quote!(#truth),
        }
    }

    fn template(&self, template: &Template, bound: &Bound) -> TokenStream {
        match template.as_slice() {
            [] => return quote!(String::new()),
            [TemplatePart::Literal(only)] => return quote!(#only.to_owned()),
            [TemplatePart::Value(only)] => {
                let value = self.expression(only, bound);
                return quote!(#value.to_owned());
            }
            _ => {}
        }
        let mut text = String::new();
        let mut values = Vec::new();
        for part in template {
            match part {
                TemplatePart::Literal(literal) => {
                    text.push_str(&literal.replace('{', "{{").replace('}', "}}"))
                }
                // A raw identifier cannot stand in a format string.
                TemplatePart::Value(Expression::Reference(name))
                    if bound.contains_key(name) && !name.starts_with("r#") =>
                {
                    text.push_str(&format!("{{{name}}}"));
                }
                TemplatePart::Value(value) => {
                    text.push_str("{}");
                    values.push(self.expression(value, bound));
                }
            }
        }
        quote!(format!(#text, #(#values),*))
    }

    /// Whether a parameter is set; what is bound, and what is never absent, is.
    fn is_set(&self, name: &str, bound: &Bound, wanted: bool) -> TokenStream {
        if bound.contains_key(name) || !self.is_optional(name) {
            return quote!(#wanted);
        }
        let (field, test) = (ty::ident(name), if wanted { quote!(is_some) } else { quote!(is_none) });
        quote!(parameters.#field.#test())
    }

    fn is_optional(&self, name: &str) -> bool {
        self.parameters
            .iter()
            .any(|parameter| parameter.rust_name == name && parameter.ty == ParameterType::OptionalString)
    }
}

/// Whether tokens name a local, as an identifier or inside a format string.
fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Literal(literal) => literal.to_string().contains(&format!("{{{name}}}")),
        TokenTree::Punct(_) => false,
    })
}
