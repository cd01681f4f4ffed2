//! The endpoint rule set. <https://smithy.io/2.0/additional-specs/rules-engine/specification.html>

/// How parameters become an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct RuleSet {
    /// The parameters, in the order of the model.
    pub(crate) parameters: Vec<Parameter>,
    /// The rules: the first whose conditions hold decides.
    pub(crate) rules: Vec<Rule>,
}

impl RuleSet {
    /// Whether an endpoint says how its requests are signed.
    pub(crate) fn says_signing(&self) -> bool {
        fn says(rule: &Rule) -> bool {
            match &rule.outcome {
                Outcome::Endpoint(endpoint) => {
                    endpoint.signing_name.is_some() || endpoint.signing_region.is_some()
                }
                Outcome::Error(_) => false,
                Outcome::Tree(rules) => rules.iter().any(says),
            }
        }
        self.rules.iter().any(says)
    }
}

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// Its name in the model.
    pub(crate) wire_name: String,
    /// Its Rust name, a field's.
    pub(crate) rust_name: String,
    /// Its documentation.
    pub(crate) doc: String,
    /// Its type.
    pub(crate) ty: ParameterType,
}

/// A parameter's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParameterType {
    /// A string that may be absent.
    OptionalString,
    /// A string.
    String,
    /// A boolean, false where nobody says otherwise.
    Boolean,
}

/// A rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// All must hold.
    pub(crate) conditions: Vec<Condition>,
    /// What then is.
    pub(crate) outcome: Outcome,
}

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// The parameter is set.
    IsSet(String),
    /// The expression is true.
    True(Expression),
    /// The expression has a value, which gets the name.
    Assign(String, Expression),
}

/// What a rule decides.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// An endpoint.
    Endpoint(Endpoint),
    /// No endpoint, with this reason.
    Error(Template),
    /// More rules, one of which decides.
    Tree(Vec<Rule>),
}

/// An endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// Its URL.
    pub(crate) url: Template,
    /// The service in the credential scope, where it is not the one of the model.
    pub(crate) signing_name: Option<Template>,
    /// The region in the credential scope, where it is not the one that is called.
    pub(crate) signing_region: Option<Template>,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// A parameter or assigned value, by its Rust name.
    Reference(String),
    /// A field of a value.
    Attribute(Box<Expression>, String),
    /// Two expressions are equal.
    Equal(Box<Expression>, Box<Expression>),
    /// The parameter is set.
    IsSet(String),
    /// The other truth value.
    Not(Box<Expression>),
    /// The partition of a region.
    Partition(Box<Expression>),
    /// Text.
    String(Template),
    /// A truth value.
    Boolean(bool),
}

/// Text with values in it.
pub(crate) type Template = Vec<TemplatePart>;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TemplatePart {
    /// Stands as it is.
    Literal(String),
    /// A value.
    Value(Expression),
}
