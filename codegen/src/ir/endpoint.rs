//! The endpoint rule set. <https://smithy.io/2.0/additional-specs/rules-engine/specification.html>

use std::collections::BTreeMap;

use super::Member;

/// Rules that resolve parameters to an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct RuleSet {
    /// Parameters, in the order of the model.
    pub(crate) parameters: Vec<Parameter>,
    /// Rules, in the order of evaluation. The first rule whose conditions are all true determines the
    /// outcome.
    pub(crate) rules: Vec<Rule>,
    /// Parameters that operations set. The keys are the Rust names of the inputs. If no operation sets a
    /// parameter, the map is empty. Otherwise, it has an entry for the input of every operation.
    pub(crate) bindings: BTreeMap<String, Vec<Binding>>,
}

impl RuleSet {
    /// Returns `true` if a rule sets the service name or the region for signing requests.
    pub(crate) fn states_signing(&self) -> bool {
        self.has_endpoint(|endpoint| {
            endpoint.signing_name.is_some()
                || endpoint.signing_region.is_some()
                || !endpoint.signing_region_set.is_empty()
        })
    }

    /// Returns `true` if an endpoint lists the regions in which a signature is valid. Such an endpoint needs
    /// signatures of SigV4A.
    pub(crate) fn states_region_set(&self) -> bool {
        self.has_endpoint(|endpoint| !endpoint.signing_region_set.is_empty())
    }

    fn has_endpoint(&self, matches: impl Fn(&Endpoint) -> bool) -> bool {
        fn any(rules: &[Rule], matches: &dyn Fn(&Endpoint) -> bool) -> bool {
            rules.iter().any(|rule| match &rule.outcome {
                Outcome::Endpoint(endpoint) => matches(endpoint),
                Outcome::Error(_) => false,
                Outcome::Tree(rules) => any(rules, matches),
            })
        }
        any(&self.rules, &matches)
    }
}

/// A parameter that an operation sets.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    /// Rust name of the parameter.
    pub(crate) parameter: String,
    /// Value.
    pub(crate) value: BoundValue,
}

/// Value of a parameter that an operation sets.
#[derive(Clone, Debug)]
pub(crate) enum BoundValue {
    /// The same string for all calls.
    String(String),
    /// The same boolean for all calls.
    Boolean(bool),
    /// A member of the input, or a member of a structure in the input. The list contains every member on the
    /// path from the input to the value.
    Member(Vec<Member>),
}

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// Name in the model.
    pub(crate) wire_name: String,
    /// Rust name of the field.
    pub(crate) rust_name: String,
    /// Documentation.
    pub(crate) doc: String,
    /// Type.
    pub(crate) ty: ParameterType,
}

/// Type of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ParameterType {
    /// An optional string.
    OptionalString,
    /// A required string.
    String,
    /// A string with this default.
    DefaultString(String),
    /// A boolean, `false` by default.
    Boolean,
    /// An optional boolean.
    OptionalBoolean,
    /// A boolean, `true` by default.
    DefaultTrue,
}

/// A rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// Conditions. The rule applies only if all conditions are true.
    pub(crate) conditions: Vec<Condition>,
    /// Outcome if all conditions are true.
    pub(crate) outcome: Outcome,
}

impl Rule {
    /// Returns `true` if the rule always applies, because all its conditions are assignments.
    pub(crate) fn always_applies(&self) -> bool {
        self.conditions.iter().all(|condition| matches!(condition, Condition::Assign(..)))
    }

    fn refers_to(&self, name: &str) -> bool {
        refer_to(&self.conditions, &self.outcome, name)
    }
}

/// Returns `true` if the conditions or the outcome use the value with this name.
pub(crate) fn refer_to(conditions: &[Condition], outcome: &Outcome, name: &str) -> bool {
    conditions.iter().any(|condition| condition.refers_to(name)) || outcome.refers_to(name)
}

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// The parameter is set.
    IsSet(String),
    /// The expression is true.
    True(Expression),
    /// Assigns the value of an expression to a name.
    Assign(String, Expression),
    /// Assigns the value of an expression to a name. The condition is true only if the expression has a
    /// value.
    AssignSome(String, Expression),
}

impl Condition {
    fn refers_to(&self, name: &str) -> bool {
        match self {
            Self::IsSet(_) => false,
            Self::True(expression) | Self::Assign(_, expression) | Self::AssignSome(_, expression) => {
                expression.refers_to(name)
            }
        }
    }
}

/// Outcome of a rule.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// An endpoint.
    Endpoint(Endpoint),
    /// An error with this message.
    Error(Template),
    /// More rules. The first rule whose conditions are all true determines the outcome.
    Tree(Vec<Rule>),
}

impl Outcome {
    fn refers_to(&self, name: &str) -> bool {
        match self {
            Self::Endpoint(Endpoint { url, signing_name, signing_region, signing_region_set }) => {
                let templates = [Some(url), signing_name.as_ref(), signing_region.as_ref()];
                templates
                    .into_iter()
                    .flatten()
                    .chain(signing_region_set)
                    .any(|template| template_refers_to(template, name))
            }
            Self::Error(template) => template_refers_to(template, name),
            Self::Tree(rules) => {
                // The endpoint function does not evaluate rules after a rule that always applies.
                let evaluated =
                    rules.iter().position(Rule::always_applies).map_or(rules.len(), |last| last + 1);
                rules[..evaluated].iter().any(|rule| rule.refers_to(name))
            }
        }
    }
}

/// An endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// URL.
    pub(crate) url: Template,
    /// Service name in the credential scope, if it differs from the service name of the model.
    pub(crate) signing_name: Option<Template>,
    /// Region in the credential scope, if it differs from the region of the endpoint.
    pub(crate) signing_region: Option<Template>,
    /// Regions in which a signature of SigV4A is valid. Empty for SigV4.
    pub(crate) signing_region_set: Vec<Template>,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// A parameter or an assigned value with this Rust name.
    Reference(String),
    /// A field of a value.
    Attribute(Box<Expression>, String),
    /// `true` if two expressions are equal.
    Equal(Box<Expression>, Box<Expression>),
    /// `true` if the parameter is set.
    IsSet(String),
    /// The negation of an expression.
    Not(Box<Expression>),
    /// The partition of a region.
    Partition(Box<Expression>),
    /// An element of a list. The list is a field of a value.
    Element(Box<Expression>, String, usize),
    /// The result of a function.
    Call(Function, Vec<Expression>),
    /// `true` if the optional expression has a value.
    IsSome(Box<Expression>),
    /// An integer.
    Integer(u64),
    /// A string.
    String(Template),
    /// A boolean.
    Boolean(bool),
}

/// A function of the crate `invoke-model-protocol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    IsValidHostLabel,
    IsVirtualHostableBucket,
    ParseArn,
    ParseUrl,
    Substring,
}

impl Expression {
    /// Returns `true` if the value of the expression may be missing.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(
            self,
            Self::Element(..) | Self::Call(Function::ParseArn | Function::ParseUrl | Function::Substring, _)
        )
    }

    fn refers_to(&self, name: &str) -> bool {
        match self {
            Self::Reference(other) => other == name,
            Self::Attribute(inner, _)
            | Self::Element(inner, ..)
            | Self::IsSome(inner)
            | Self::Not(inner)
            | Self::Partition(inner) => inner.refers_to(name),
            Self::Call(_, arguments) => arguments.iter().any(|argument| argument.refers_to(name)),
            Self::Equal(left, right) => left.refers_to(name) || right.refers_to(name),
            Self::String(template) => template_refers_to(template, name),
            Self::IsSet(_) | Self::Integer(_) | Self::Boolean(_) => false,
        }
    }
}

/// A template for a text. The result is the concatenation of all parts.
pub(crate) type Template = Vec<TemplatePart>;

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TemplatePart {
    /// Literal text.
    Literal(String),
    /// A value.
    Value(Expression),
}

fn template_refers_to(template: &Template, name: &str) -> bool {
    template.iter().any(|part| matches!(part, TemplatePart::Value(value) if value.refers_to(name)))
}
