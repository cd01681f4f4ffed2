//! Prints the endpoint rules as one function, with an `if` for each rule.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{doc, ty};
use crate::ir::{
    Condition, Expression, Outcome, Parameter, ParameterType, Rule, RuleSet, Template, TemplatePart, refer_to,
};

pub(super) fn endpoint(rules: &RuleSet, sdk_id: &str) -> TokenStream {
    let fields = rules.parameters.iter().map(|parameter| {
        let (name, ty) = (ty::ident(&parameter.rust_name), parameter_type(parameter));
        let words = doc::or(&parameter.doc, &format!("`{}`.", parameter.wire_name));
        quote!(#words pub #name: #ty)
    });
    let words = doc::doc(&format!(
        "Returns the endpoint of {sdk_id} for these parameters.\n\n# Errors\nReturns the message of the rules if there is no \
         endpoint for these parameters."
    ));
    let states_signing = rules.states_signing();
    let signing = states_signing.then(signing);
    let found = if states_signing { quote!(Endpoint) } else { quote!(String) };
    let body =
        Body { parameters: &rules.parameters, states_signing }.list(&rules.rules, &BTreeMap::new(), true);
    quote! {
        mod partition;

        pub use partition::{PARTITIONS, Partition, partition};

        /// Parameters that determine the endpoint.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Parameters<'a> { #(#fields),* }

        /// An error for parameters that have no endpoint. Contains the message of the endpoint rules.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("{0}")]
        pub struct NoEndpoint(std::borrow::Cow<'static, str>);

        #signing

        #words
        pub fn resolve(parameters: &Parameters<'_>) -> Result<#found, NoEndpoint> { #body }
    }
}

/// Returns the definition of `Endpoint`. `resolve` returns this type if the rules set the service name or the
/// region for signing.
fn signing() -> TokenStream {
    quote! {
        /// An endpoint, with the service name and the region for signing.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Endpoint {
            /// URL.
            pub url: String,
            /// Service name in the credential scope, if it differs from the service name of the model.
            pub signing_name: Option<String>,
            /// Region in the credential scope, if it differs from the region of the endpoint.
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

/// Local variables of the printed function. The keys are the Rust names in the IR.
type Bound = BTreeMap<String, Ident>;

struct Body<'a> {
    parameters: &'a [Parameter],
    states_signing: bool,
}

impl Body<'_> {
    /// Returns the statements of a list of rules. If no rule in the list matches, the printed function
    /// returns an error. This also applies to the list of a tree: the function does not continue with the
    /// rules after the tree.
    fn list(&self, rules: &[Rule], bound: &Bound, is_tail: bool) -> TokenStream {
        let mut lines = Vec::new();
        for rule in rules {
            if rule.always_applies() {
                // This rule always applies, so the rules after it are unreachable.
                let mut bound = bound.clone();
                lines.extend(rule.conditions.iter().map(|condition| self.assignment(condition, &mut bound)));
                lines.push(self.outcome(&rule.outcome, &bound, is_tail));
                return quote!(#(#lines)*);
            }
            let line = self.conditional(&rule.conditions, &rule.outcome, bound);
            // A block limits the scope of an assigned name to its rule.
            let assigns = matches!(rule.conditions.first(), Some(Condition::Assign(..)));
            lines.push(if assigns { quote!({ #line }) } else { line });
        }
        let none = quote!(Err(NoEndpoint("no rule of the endpoint rule set matches the parameters".into())));
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
        let tests = conditions.iter().take_while(|condition| matches!(condition, Condition::True(_)));
        let tests: Vec<TokenStream> = tests
            .filter_map(|condition| match condition {
                Condition::True(expression) => Some(self.expression(expression, bound)),
                _ => None,
            })
            .collect();
        if !tests.is_empty() {
            let inner = self.conditional(&conditions[tests.len()..], outcome, bound);
            return quote!(if #(#tests)&&* { #inner });
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
                if refer_to(rest, outcome, name) {
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
            // A required or bound parameter is always set. The code above has already handled `True`
            // conditions.
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
                if self.states_signing {
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
                // A format string cannot contain a raw identifier.
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

    /// Returns an expression that is `true` if the parameter is set. If `wanted` is `false`, the expression
    /// is `true` if the parameter is not set. A bound or required parameter is always set.
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
