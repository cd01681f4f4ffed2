//! Lowers the endpoint rule set.
//! <https://smithy.io/2.0/additional-specs/rules-engine/specification.html>

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{
    Condition, Endpoint, Expression, Outcome, Parameter, ParameterType, Rule, RuleSet, Template, TemplatePart,
};
use crate::model::Shape;

use super::names::Scope;
use super::{Lowering, traits};

impl Lowering<'_> {
    pub(super) fn endpoint_rules(&mut self, service: &Shape) -> Option<RuleSet> {
        let set = service.traits.get(traits::ENDPOINT_RULE_SET)?;
        // The generated function has a parameter `parameters` and calls a function `partition`. Therefore
        // these names are reserved.
        let scope = Scope::with(&["parameters", "partition"]);
        let mut rules = Rules { parameters: Vec::new(), names: BTreeMap::new(), scope, problems: Vec::new() };
        let lowered = rules.rule_set(set);
        for message in rules.problems {
            let id = &self.selection.service;
            self.diagnostics.push(Diagnostic::on_trait(id, traits::ENDPOINT_RULE_SET, message));
        }
        Some(lowered)
    }
}

struct Rules {
    parameters: Vec<Parameter>,
    /// Rust names of parameters and assigned values. The keys are the names in the rules.
    names: BTreeMap<String, String>,
    scope: Scope,
    problems: Vec<String>,
}

impl Rules {
    fn rule_set(&mut self, set: &Value) -> RuleSet {
        for (name, parameter) in set.get("parameters").and_then(Value::as_object).into_iter().flatten() {
            let lowered = self.parameter(name, parameter);
            self.parameters.push(lowered);
        }
        let rules = self.rules(set);
        RuleSet { parameters: std::mem::take(&mut self.parameters), rules }
    }

    fn parameter(&mut self, name: &str, parameter: &Value) -> Parameter {
        let ty = parameter.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let required = parameter.get("required").and_then(Value::as_bool) == Some(true);
        let ty = match (ty.as_str(), required) {
            ("boolean", _) => ParameterType::Boolean,
            ("string", true) => ParameterType::String,
            ("string", false) => ParameterType::OptionalString,
            (other, _) => {
                self.problems.push(format!(
                    "parameter `{name}` has the unsupported type `{other}`: use `boolean` or `string`"
                ));
                ParameterType::OptionalString
            }
        };
        if parameter.get("default").is_some_and(|default| *default != Value::Bool(false)) {
            self.problems
                .push(format!("parameter `{name}` has a default other than `false`, which is not supported"));
        }
        let doc = parameter.get("documentation").and_then(Value::as_str).unwrap_or_default().to_owned();
        Parameter { wire_name: name.to_owned(), rust_name: self.name(name), doc, ty }
    }

    fn rules(&mut self, of: &Value) -> Vec<Rule> {
        let rules = of.get("rules").and_then(Value::as_array).into_iter().flatten();
        rules.map(|rule| self.rule(rule)).collect()
    }

    fn rule(&mut self, rule: &Value) -> Rule {
        let conditions = rule.get("conditions").and_then(Value::as_array).into_iter().flatten();
        let conditions = conditions.map(|condition| self.condition(condition)).collect();
        let outcome = match (rule.get("endpoint"), rule.get("error")) {
            (Some(endpoint), _) => Outcome::Endpoint(self.endpoint(endpoint)),
            (_, Some(error)) => match self.expression(error) {
                Expression::String(template) => Outcome::Error(template),
                other => Outcome::Error(vec![TemplatePart::Value(other)]),
            },
            _ => Outcome::Tree(self.rules(rule)),
        };
        Rule { conditions, outcome }
    }

    fn endpoint(&mut self, endpoint: &Value) -> Endpoint {
        let members = |key: &str| endpoint.get(key).and_then(Value::as_object).into_iter().flatten();
        if members("headers").next().is_some() {
            self.problems.push("an endpoint has `headers`, which are not supported".to_owned());
        }
        for (name, _) in members("properties").filter(|(name, _)| *name != "authSchemes") {
            self.problems.push(format!("an endpoint has the property `{name}`, which is not supported"));
        }
        let schemes = endpoint.get("properties").and_then(|properties| properties.get("authSchemes"));
        let (signing_name, signing_region) =
            schemes.map_or((None, None), |schemes| self.auth_schemes(schemes));
        let url = self.text(endpoint.get("url").unwrap_or(&Value::Null));
        Endpoint { url, signing_name, signing_region }
    }

    /// Returns the service name and the region for signatures from the scheme `sigv4`. Ignores all other
    /// authentication schemes.
    /// <https://smithy.io/2.0/aws/rules-engine/auth-schemes.html>
    fn auth_schemes(&mut self, schemes: &Value) -> (Option<Template>, Option<Template>) {
        let mut schemes = schemes.as_array().into_iter().flatten();
        let Some(scheme) = schemes.find(|scheme| scheme.get("name").and_then(Value::as_str) == Some("sigv4"))
        else {
            self.problems.push("an endpoint has no supported authentication scheme: add `sigv4`".to_owned());
            return (None, None);
        };
        if scheme.get("disableDoubleEncoding").and_then(Value::as_bool) == Some(true) {
            self.problems.push("an endpoint has `disableDoubleEncoding`, which is not supported".to_owned());
        }
        let mut text = |key: &str| scheme.get(key).map(|value| self.text(value));
        (text("signingName"), text("signingRegion"))
    }

    fn text(&mut self, value: &Value) -> Template {
        match self.expression(value) {
            Expression::String(template) => template,
            other => vec![TemplatePart::Value(other)],
        }
    }

    fn condition(&mut self, condition: &Value) -> Condition {
        let function = condition.get("fn").and_then(Value::as_str);
        if function == Some("isSet") {
            return Condition::IsSet(self.is_set(condition));
        }
        let expression = self.expression(condition);
        match condition.get("assign").and_then(Value::as_str) {
            Some(name) => Condition::Assign(self.name(name), expression),
            None => Condition::True(expression),
        }
    }

    /// Returns the Rust name of the argument of `isSet`.
    fn is_set(&mut self, call: &Value) -> String {
        match argument(call, 0).and_then(|argument| argument.get("ref")?.as_str()) {
            Some(name) => self.name(name),
            None => {
                self.problems.push("`isSet` is supported only for parameters and assigned values".to_owned());
                String::new()
            }
        }
    }

    fn expression(&mut self, value: &Value) -> Expression {
        match value {
            Value::Bool(truth) => return Expression::Boolean(*truth),
            Value::String(text) => return Expression::String(self.template(text)),
            _ => {}
        }
        if let Some(name) = value.get("ref").and_then(Value::as_str) {
            return Expression::Reference(self.name(name));
        }
        let function = value.get("fn").and_then(Value::as_str).unwrap_or_default();
        if function == "isSet" {
            return Expression::IsSet(self.is_set(value));
        }
        let mut operand = |index| match argument(value, index) {
            Some(argument) => self.expression(argument),
            None => Expression::Boolean(false),
        };
        match function {
            "booleanEquals" => equal(operand(0), operand(1)),
            "stringEquals" => Expression::Equal(Box::new(operand(0)), Box::new(operand(1))),
            "not" => Expression::Not(Box::new(operand(0))),
            "aws.partition" => Expression::Partition(Box::new(operand(0))),
            "getAttr" => {
                let of = operand(0);
                let path = argument(value, 1).and_then(Value::as_str).unwrap_or_default();
                self.attribute(of, path)
            }
            other => {
                self.problems.push(format!("the function `{other}` is not supported"));
                Expression::Boolean(false)
            }
        }
    }

    /// Returns the Rust name of a parameter or assigned value.
    fn name(&mut self, name: &str) -> String {
        self.names.entry(name.to_owned()).or_insert_with(|| self.scope.snake(name)).clone()
    }

    fn attribute(&mut self, of: Expression, path: &str) -> Expression {
        let plain = !path.is_empty() && !path.contains(['.', '[']);
        if !plain {
            self.problems
                .push(format!("`getAttr` with the path `{path}` is not supported: use a single field name"));
        }
        Expression::Attribute(Box::new(of), Scope::default().snake(path))
    }

    /// Lowers a template. `{name}` and `{name#attribute}` are values. `{{` and `}}` are literal braces.
    /// <https://smithy.io/2.0/additional-specs/rules-engine/specification.html#template-string>
    fn template(&mut self, text: &str) -> Template {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let (brace, behind) = rest[at..].split_at(1);
            if let Some(behind) = behind.strip_prefix(brace) {
                literal.push_str(brace);
                rest = behind;
                continue;
            }
            let Some((name, behind)) = behind.split_once('}').filter(|_| brace == "{") else {
                self.problems.push(format!("the template `{text}` has an unmatched brace"));
                break;
            };
            if !literal.is_empty() {
                parts.push(TemplatePart::Literal(std::mem::take(&mut literal)));
            }
            let (name, path) = name.split_once('#').map_or((name, None), |(name, path)| (name, Some(path)));
            let value = Expression::Reference(self.name(name));
            parts.push(TemplatePart::Value(match path {
                Some(path) => self.attribute(value, path),
                None => value,
            }));
            rest = behind;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(TemplatePart::Literal(literal));
        }
        parts
    }
}

fn argument(call: &Value, index: usize) -> Option<&Value> {
    call.get("argv")?.get(index)
}

/// Returns the comparison `left == right`. Simplifies `x == true` to `x`, and `x == false` to `!x`.
fn equal(left: Expression, right: Expression) -> Expression {
    match (left, right) {
        (Expression::Boolean(true), other) | (other, Expression::Boolean(true)) => other,
        (Expression::Boolean(false), other) | (other, Expression::Boolean(false)) => {
            Expression::Not(Box::new(other))
        }
        (left, right) => Expression::Equal(Box::new(left), Box::new(right)),
    }
}
