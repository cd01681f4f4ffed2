//! The endpoint rule set. <https://smithy.io/2.0/additional-specs/rules-engine/specification.html>

/// Rules that resolve parameters to an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct RuleSet {
    /// Parameters, in the order of the model.
    pub(crate) parameters: Vec<Parameter>,
    /// Rules, in the order of evaluation. The first rule whose conditions are all true determines the
    /// outcome.
    pub(crate) rules: Vec<Rule>,
}

impl RuleSet {
    /// Returns `true` if a rule sets the service name or the region for signing requests.
    pub(crate) fn states_signing(&self) -> bool {
        fn states(rule: &Rule) -> bool {
            match &rule.outcome {
                Outcome::Endpoint(endpoint) => {
                    endpoint.signing_name.is_some() || endpoint.signing_region.is_some()
                }
                Outcome::Error(_) => false,
                Outcome::Tree(rules) => rules.iter().any(states),
            }
        }
        self.rules.iter().any(states)
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParameterType {
    /// An optional string.
    OptionalString,
    /// A required string.
    String,
    /// A boolean, `false` by default.
    Boolean,
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
}

impl Condition {
    fn refers_to(&self, name: &str) -> bool {
        match self {
            Self::IsSet(_) => false,
            Self::True(expression) | Self::Assign(_, expression) => expression.refers_to(name),
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
            Self::Endpoint(Endpoint { url, signing_name, signing_region }) => {
                let templates = [Some(url), signing_name.as_ref(), signing_region.as_ref()];
                templates.into_iter().flatten().any(|template| template_refers_to(template, name))
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
    /// The parameter is set.
    IsSet(String),
    /// The negation of an expression.
    Not(Box<Expression>),
    /// The partition of a region.
    Partition(Box<Expression>),
    /// A string.
    String(Template),
    /// A boolean.
    Boolean(bool),
}

impl Expression {
    fn refers_to(&self, name: &str) -> bool {
        match self {
            Self::Reference(other) => other == name,
            Self::Attribute(inner, _) | Self::Not(inner) | Self::Partition(inner) => inner.refers_to(name),
            Self::Equal(left, right) => left.refers_to(name) || right.refers_to(name),
            Self::String(template) => template_refers_to(template, name),
            Self::IsSet(_) | Self::Boolean(_) => false,
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
