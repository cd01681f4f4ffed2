//! Prints the endpoint rules as one function, with an `if` for each rule.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::{doc, field, ty};
use crate::ir::{
    Binding, BoundValue, Condition, Expression, Function, Outcome, Parameter, ParameterType, Rule, RuleSet,
    Template, TemplatePart, Type, refer_to,
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
    let states_region_set = rules.states_region_set();
    let signing = states_signing.then(|| signing(states_region_set));
    let found = if states_signing { quote!(Endpoint) } else { quote!(String) };
    let (defaults, bound) = defaults(&rules.parameters);
    let body = Body { parameters: &rules.parameters, states_signing, states_region_set };
    let body = body.list(&rules.rules, &bound, true);
    let context = (!rules.bindings.is_empty()).then(|| context_parameters(rules));
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
        pub fn resolve(parameters: &Parameters<'_>) -> Result<#found, NoEndpoint> { #defaults #body }

        #context
    }
}

/// Returns statements that assign the defaults of parameters, and the assigned names.
fn defaults(parameters: &[Parameter]) -> (TokenStream, Bound) {
    let mut bound = Bound::new();
    let mut lines = Vec::new();
    for parameter in parameters {
        let name = ty::ident(&parameter.rust_name);
        let default = match &parameter.ty {
            ParameterType::DefaultString(text) => quote!(#text),
            ParameterType::DefaultTrue => quote!(true),
            _ => continue,
        };
        lines.push(quote!(let #name = parameters.#name.unwrap_or(#default);));
        bound.insert(parameter.rust_name.clone(), name);
    }
    (quote!(#(#lines)*), bound)
}

/// Returns the trait `ContextParameters` and its implementations for all inputs. The method of the trait sets
/// the parameters that depend on the operation and the input. A client must therefore call the method for
/// each call before it resolves the endpoint.
fn context_parameters(rules: &RuleSet) -> TokenStream {
    let implementations = rules.bindings.iter().map(|(input, bindings)| {
        let input = format_ident!("{input}");
        let method = (!bindings.is_empty()).then(|| {
            let fields = bindings.iter().filter_map(|binding| {
                let parameter = rules.parameters.iter().find(|one| one.rust_name == binding.parameter)?;
                let (name, value) = (ty::ident(&parameter.rust_name), bound_value(binding, parameter));
                Some(quote!(parameters.#name = #value;))
            });
            quote! {
                fn context_parameters<'a>(&'a self, mut parameters: Parameters<'a>) -> Parameters<'a> {
                    #(#fields)*
                    parameters
                }
            }
        });
        quote!(impl ContextParameters for use_::root_::#input { #method })
    });
    quote! {
        /// Parameters of the endpoint that depend on the operation and its input.
        pub trait ContextParameters {
            /// Returns `parameters` with the values that the operation and its input set.
            fn context_parameters<'a>(&'a self, parameters: Parameters<'a>) -> Parameters<'a> {
                parameters
            }
        }

        #(#implementations)*
    }
}

/// Returns the expression for the new value of a field of `Parameters`. If the input does not contain the
/// bound member, the new value is the previous value of the field.
fn bound_value(binding: &Binding, parameter: &Parameter) -> TokenStream {
    let is_plain = matches!(parameter.ty, ParameterType::String | ParameterType::Boolean);
    let constant = |value: TokenStream| if is_plain { value } else { quote!(Some(#value)) };
    let members = match &binding.value {
        BoundValue::String(text) => return constant(quote!(#text)),
        BoundValue::Boolean(truth) => return constant(quote!(#truth)),
        BoundValue::Member(members) => members,
    };
    let mut value = quote!();
    for (index, member) in members.iter().enumerate() {
        let step = |structure| field::as_option(member, structure);
        value = if index == 0 {
            step(&quote!(self))
        } else {
            let inner = step(&quote!(value));
            quote!(#value.and_then(|value| #inner))
        };
    }
    let is_boolean = members.last().is_some_and(|member| member.ty == Type::Boolean);
    let value = if is_boolean { quote!(#value.copied()) } else { quote!(#value.map(|value| value.as_str())) };
    let name = ty::ident(&parameter.rust_name);
    if is_plain { quote!(#value.unwrap_or(parameters.#name)) } else { quote!(#value.or(parameters.#name)) }
}

/// Returns the definition of `Endpoint`. `resolve` returns this type if the rules set the service name or the
/// region for signing.
fn signing(states_region_set: bool) -> TokenStream {
    let region_set = states_region_set.then(|| {
        quote! {
            /// Regions in which the signature is valid. If the list is not empty, the endpoint needs
            /// signatures of SigV4A.
            pub signing_region_set: Vec<String>,
        }
    });
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
            #region_set
        }
    }
}

fn parameter_type(parameter: &Parameter) -> TokenStream {
    match parameter.ty {
        ParameterType::OptionalString | ParameterType::DefaultString(_) => quote!(Option<&'a str>),
        ParameterType::OptionalBoolean | ParameterType::DefaultTrue => quote!(Option<bool>),
        ParameterType::String => quote!(&'a str),
        ParameterType::Boolean => quote!(bool),
    }
}

/// Local variables of the printed function. The keys are the Rust names in the IR.
type Bound = BTreeMap<String, Ident>;

struct Body<'a> {
    parameters: &'a [Parameter],
    states_signing: bool,
    states_region_set: bool,
}

impl Body<'_> {
    /// Returns the statements of a list of rules. If no rule in the list matches, the printed function
    /// returns an error. This also applies to the list in a tree rule: the function does not continue with
    /// the rules after the tree rule.
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
            // A block limits the scope of an assigned name to the rule that assigns the name.
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
            Condition::AssignSome(name, expression) => {
                let (local, value) = (ty::ident(name), self.expression(expression, &bound));
                bound.insert(name.clone(), local.clone());
                let inner = self.conditional(rest, outcome, &bound);
                if refer_to(rest, outcome, name) {
                    quote!(if let Some(#local) = #value { #inner })
                } else {
                    quote!(if #value.is_some() { #inner })
                }
            }
            Condition::Assign(..) => {
                let assignment = self.assignment(first, &mut bound);
                let inner = self.conditional(rest, outcome, &bound);
                quote!(#assignment #inner)
            }
            // This condition needs no check, because a required or bound parameter is always set. The code
            // above has already handled `True` conditions.
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
                    let region_set = self.states_region_set.then(|| {
                        let regions = endpoint.signing_region_set.iter();
                        let regions = regions.map(|region| self.template(region, bound));
                        quote!(signing_region_set: vec![#(#regions),*])
                    });
                    quote!(Ok(Endpoint { url: #url, signing_name: #name, signing_region: #region, #region_set }))
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
                    match self.parameter(name).map(|parameter| &parameter.ty) {
                        // An unset boolean counts as `false`.
                        Some(ParameterType::OptionalBoolean) => quote!(parameters.#field.unwrap_or_default()),
                        _ => quote!(parameters.#field),
                    }
                }
            },
            Expression::Attribute(of, name) => {
                let (of, name) = (self.expression(of, bound), format_ident!("{name}"));
                quote!(#of.#name)
            }
            Expression::Equal(left, right) => {
                let (left, right) = self.operands(left, right, bound);
                quote!(#left == #right)
            }
            Expression::Element(of, name, index) => {
                let (of, name) = (self.expression(of, bound), format_ident!("{name}"));
                if *index == 0 {
                    return quote!(#of.#name.first().copied());
                }
                let index = Literal::usize_unsuffixed(*index);
                quote!(#of.#name.get(#index).copied())
            }
            Expression::IsSome(inner) => {
                let inner = self.expression(inner, bound);
                quote!(#inner.is_some())
            }
            Expression::Call(function, arguments) => {
                let function = match function {
                    Function::IsValidHostLabel => quote!(is_valid_host_label),
                    Function::IsVirtualHostableBucket => quote!(is_virtual_hostable_bucket),
                    Function::ParseArn => quote!(parse_arn),
                    Function::ParseUrl => quote!(parse_url),
                    Function::Substring => quote!(substring),
                };
                let arguments = arguments.iter().map(|argument| self.expression(argument, bound));
                quote!(invoke_model_protocol::endpoint::#function(#(#arguments),*))
            }
            Expression::Integer(number) => {
                let number = Literal::u64_unsuffixed(*number);
                quote!(#number)
            }
            Expression::IsSet(name) => self.is_set(name, bound, true),
            Expression::Not(inner) => match inner.as_ref() {
                Expression::Equal(left, right) => {
                    let (left, right) = self.operands(left, right, bound);
                    quote!(#left != #right)
                }
                Expression::IsSet(name) => self.is_set(name, bound, false),
                Expression::IsSome(optional) => {
                    let optional = self.expression(optional, bound);
                    quote!(#optional.is_none())
                }
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

    /// Returns the operands of a comparison. If only one operand is optional, wraps the other operand in
    /// `Some`.
    fn operands(&self, left: &Expression, right: &Expression, bound: &Bound) -> (TokenStream, TokenStream) {
        let operand = |one: &Expression, other: &Expression| {
            let value = self.expression(one, bound);
            if other.is_optional() && !one.is_optional() { quote!(Some(#value)) } else { value }
        };
        (operand(left, right), operand(right, left))
    }

    fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.rust_name == name)
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
                // Write only names that are not raw identifiers into the format string, because format
                // strings do not support raw identifiers.
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

    /// Returns an expression that is `true` if the parameter is set. If `wanted` is `false`, negates the
    /// expression. A bound or required parameter is always set.
    fn is_set(&self, name: &str, bound: &Bound, wanted: bool) -> TokenStream {
        if bound.contains_key(name) || !self.is_optional(name) {
            return quote!(#wanted);
        }
        let (field, test) = (ty::ident(name), if wanted { quote!(is_some) } else { quote!(is_none) });
        quote!(parameters.#field.#test())
    }

    fn is_optional(&self, name: &str) -> bool {
        let ty = self.parameter(name).map(|parameter| &parameter.ty);
        matches!(ty, Some(ParameterType::OptionalString | ParameterType::OptionalBoolean))
    }
}
