//! The endpoint rule set. <https://smithy.io/2.0/additional-specs/rules-engine/specification.html>

/// How parameters become an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct RuleSet {
    /// The parameters, in the order of the model.
    pub(crate) parameters: Vec<Parameter>,
    /// The rules: the first whose conditions hold decides.
    pub(crate) rules: Vec<Rule>,
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
    /// An endpoint with this URL.
    Endpoint(Template),
    /// No endpoint, with this reason.
    Error(Template),
    /// More rules, one of which decides.
    Tree(Vec<Rule>),
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
