//! Lowers the endpoint rule set.
//! <https://smithy.io/2.0/additional-specs/rules-engine/specification.html>

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{
    self, Binding, BoundValue, Condition, Endpoint, Expression, Function, Operation, Outcome, Parameter,
    ParameterType, Rule, RuleSet, Template, TemplatePart, Type,
};
use crate::model::{Shape, ShapeId};

use super::names::Scope;
use super::{Lowering, traits};

impl Lowering<'_> {
    pub(super) fn endpoint_rules(
        &mut self,
        service: &Shape,
        operations: &[Operation],
        shapes: &BTreeMap<String, ir::Shape>,
    ) -> Option<RuleSet> {
        let set = service.traits.get(traits::ENDPOINT_RULE_SET)?;
        // The generated function has a parameter `parameters` and calls a function `partition`. Therefore
        // these names are reserved.
        let scope = Scope::with(&["parameters", "partition"]);
        let mut rules = Rules { parameters: Vec::new(), names: BTreeMap::new(), scope, problems: Vec::new() };
        let mut lowered = rules.rule_set(set);
        for message in rules.problems {
            let id = &self.selection.service;
            self.diagnostics.push(Diagnostic::on_trait(id, traits::ENDPOINT_RULE_SET, message));
        }
        self.bind_parameters(&mut lowered, operations, shapes);
        Some(lowered)
    }

    /// Adds the parameters that operations set. Three traits can set the same parameter. This function adds
    /// the trait with the highest precedence last, so its value replaces the other values.
    /// <https://smithy.io/2.0/additional-specs/rules-engine/parameters.html>
    fn bind_parameters(
        &mut self,
        rules: &mut RuleSet,
        operations: &[Operation],
        shapes: &BTreeMap<String, ir::Shape>,
    ) {
        let mut bindings = BTreeMap::new();
        for id in &self.selection.operations {
            let Some(operation) = operations.iter().find(|operation| operation.wire_name == id.name()) else {
                continue;
            };
            let Some(shape) = self.model.shape(id) else { continue };
            let mut found = Vec::new();
            let of = |id: &str| shape.traits.get(id).and_then(Value::as_object).into_iter().flatten();
            for (name, value) in of(traits::OPERATION_CONTEXT_PARAMS) {
                let path = value.get("path").and_then(Value::as_str).unwrap_or_default();
                match path_members(&operation.input, path, shapes) {
                    Some(members) => found.push((name, BoundValue::Member(members))),
                    None => self.report_binding(id, traits::OPERATION_CONTEXT_PARAMS, &format!(
                        "the path `{path}` is not supported: use the names of members that lead to a string or boolean"
                    )),
                }
            }
            let input = shape.input.as_ref().and_then(|input| self.model.shape(&input.target));
            for (wire_name, member) in input.into_iter().flat_map(|input| &input.members) {
                let name = member.traits.get(traits::CONTEXT_PARAM).and_then(|value| value.get("name"));
                let Some(Value::String(name)) = name else { continue };
                match path_members(&operation.input, wire_name, shapes) {
                    Some(members) => found.push((name, BoundValue::Member(members))),
                    None => self.report_binding(
                        id,
                        traits::CONTEXT_PARAM,
                        &format!("the member `{wire_name}` is neither a string nor a boolean"),
                    ),
                }
            }
            for (name, value) in of(traits::STATIC_CONTEXT_PARAMS) {
                match value.get("value") {
                    Some(Value::String(text)) => found.push((name, BoundValue::String(text.clone()))),
                    Some(Value::Bool(truth)) => found.push((name, BoundValue::Boolean(*truth))),
                    _ => self.report_binding(
                        id,
                        traits::STATIC_CONTEXT_PARAMS,
                        &format!("the value of `{name}` is neither a string nor a boolean"),
                    ),
                }
            }
            let mut bound = Vec::new();
            for (name, value) in found {
                match rules.parameters.iter().find(|parameter| parameter.wire_name == *name) {
                    Some(parameter) => bound.push(Binding { parameter: parameter.rust_name.clone(), value }),
                    None => self.report_binding(
                        id,
                        traits::ENDPOINT_RULE_SET,
                        &format!("the endpoint rules have no parameter `{name}`, which the operation sets"),
                    ),
                }
            }
            bindings.insert(operation.input.rust_name.clone(), bound);
        }
        if bindings.values().any(|bound| !bound.is_empty()) {
            rules.bindings = bindings;
        }
    }

    fn report_binding(&mut self, id: &ShapeId, trait_id: &str, message: &str) {
        self.diagnostics.push(Diagnostic::on_trait(id, trait_id, message));
    }
}

/// Returns the members of a path such as `a.b`. The path leads from the input to a string or boolean. Returns
/// `None` for all other expressions that the trait allows, because the generator does not support them.
fn path_members(
    input: &ir::Structure,
    path: &str,
    shapes: &BTreeMap<String, ir::Shape>,
) -> Option<Vec<ir::Member>> {
    let mut structure = Some(input);
    let mut members: Vec<ir::Member> = Vec::new();
    for name in path.split('.') {
        let member = structure?.member(name)?;
        let ty = match &member.ty {
            Type::Boxed(inner) => inner,
            ty => ty,
        };
        structure = match ty {
            Type::Structure(name) => match shapes.get(name) {
                Some(ir::Shape::Structure(structure)) => Some(structure),
                _ => None,
            },
            _ => None,
        };
        members.push(member.clone());
    }
    let last = &members.last()?.ty;
    matches!(last, Type::String { .. } | Type::StringEnum(_) | Type::Boolean).then_some(members)
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
        RuleSet { parameters: std::mem::take(&mut self.parameters), rules, bindings: BTreeMap::new() }
    }

    fn parameter(&mut self, name: &str, parameter: &Value) -> Parameter {
        let ty = parameter.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let required = parameter.get("required").and_then(Value::as_bool) == Some(true);
        let default = parameter.get("default");
        let ty = match (ty.as_str(), default) {
            ("boolean", Some(Value::Bool(true))) => ParameterType::DefaultTrue,
            ("boolean", Some(Value::Bool(false))) => ParameterType::Boolean,
            ("boolean", None) if required => ParameterType::Boolean,
            ("boolean", None) => ParameterType::OptionalBoolean,
            ("string", Some(Value::String(text))) => ParameterType::DefaultString(text.clone()),
            ("string", None) if required => ParameterType::String,
            ("string", None) => ParameterType::OptionalString,
            ("boolean" | "string", Some(default)) => {
                self.problems.push(format!("parameter `{name}` has the default {default} of another type"));
                ParameterType::OptionalString
            }
            (other, _) => {
                self.problems.push(format!(
                    "parameter `{name}` has the unsupported type `{other}`: use `boolean` or `string`"
                ));
                ParameterType::OptionalString
            }
        };
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
        let url = self.text(endpoint.get("url").unwrap_or(&Value::Null));
        let mut endpoint =
            Endpoint { url, signing_name: None, signing_region: None, signing_region_set: Vec::new() };
        if let Some(schemes) = schemes {
            self.auth_schemes(schemes, &mut endpoint);
        }
        endpoint
    }

    /// Sets the service name and the regions for signatures. Reads them from the authentication scheme
    /// `sigv4`, or from `sigv4a` if there is no `sigv4`. Ignores all other schemes.
    /// <https://smithy.io/2.0/aws/rules-engine/auth-schemes.html>
    fn auth_schemes(&mut self, schemes: &Value, endpoint: &mut Endpoint) {
        let schemes = schemes.as_array();
        let find = |name: &str| {
            schemes
                .into_iter()
                .flatten()
                .find(|scheme| scheme.get("name").and_then(Value::as_str) == Some(name))
        };
        let Some(scheme) = find("sigv4").or_else(|| find("sigv4a")) else {
            self.problems.push(
                "an endpoint has no supported authentication scheme: add `sigv4` or `sigv4a`".to_owned(),
            );
            return;
        };
        if scheme.get("disableDoubleEncoding").and_then(Value::as_bool) == Some(true) {
            self.problems.push("an endpoint has `disableDoubleEncoding`, which is not supported".to_owned());
        }
        let mut text = |key: &str| scheme.get(key).map(|value| self.text(value));
        (endpoint.signing_name, endpoint.signing_region) = (text("signingName"), text("signingRegion"));
        let regions = scheme.get("signingRegionSet").and_then(Value::as_array).into_iter().flatten();
        endpoint.signing_region_set = regions.map(|region| self.text(region)).collect();
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
            return match self.is_set(condition) {
                Expression::IsSet(name) => Condition::IsSet(name),
                other => Condition::True(other),
            };
        }
        let expression = self.expression(condition);
        match condition.get("assign").and_then(Value::as_str) {
            Some(name) if expression.is_optional() => Condition::AssignSome(self.name(name), expression),
            Some(name) => Condition::Assign(self.name(name), expression),
            None if expression.is_optional() => Condition::True(Expression::IsSome(Box::new(expression))),
            None => Condition::True(expression),
        }
    }

    /// Lowers a call of `isSet`. Its argument is a name or an expression.
    fn is_set(&mut self, call: &Value) -> Expression {
        let argument = argument(call, 0).unwrap_or(&Value::Null);
        if let Some(name) = argument.get("ref").and_then(Value::as_str) {
            return Expression::IsSet(self.name(name));
        }
        let expression = self.expression(argument);
        if expression.is_optional() {
            Expression::IsSome(Box::new(expression))
        } else {
            Expression::Boolean(true)
        }
    }

    fn expression(&mut self, value: &Value) -> Expression {
        match value {
            Value::Bool(truth) => return Expression::Boolean(*truth),
            Value::Number(number) => return Expression::Integer(number.as_u64().unwrap_or_default()),
            Value::String(text) => return Expression::String(self.template(text)),
            _ => {}
        }
        if let Some(name) = value.get("ref").and_then(Value::as_str) {
            return Expression::Reference(self.name(name));
        }
        let function = value.get("fn").and_then(Value::as_str).unwrap_or_default();
        if function == "isSet" {
            return self.is_set(value);
        }
        let mut operand = |index| match argument(value, index) {
            Some(argument) => self.expression(argument),
            None => Expression::Boolean(false),
        };
        match function {
            "booleanEquals" => equal(operand(0), operand(1)),
            "stringEquals" => Expression::Equal(Box::new(plain(operand(0))), Box::new(plain(operand(1)))),
            "aws.parseArn" => Expression::Call(Function::ParseArn, vec![operand(0)]),
            "parseURL" => Expression::Call(Function::ParseUrl, vec![operand(0)]),
            "isValidHostLabel" => Expression::Call(Function::IsValidHostLabel, vec![operand(0), operand(1)]),
            "aws.isVirtualHostableS3Bucket" => {
                Expression::Call(Function::IsVirtualHostableBucket, vec![operand(0), operand(1)])
            }
            "substring" => {
                Expression::Call(Function::Substring, vec![operand(0), operand(1), operand(2), operand(3)])
            }
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
        let (field, index) = match path.strip_suffix(']').and_then(|path| path.split_once('[')) {
            Some((field, index)) => (field, index.parse().ok()),
            None => (path, None),
        };
        if field.is_empty() || field.contains(['.', '[']) || (index.is_none() && field != path) {
            self.problems.push(format!(
                "`getAttr` with the path `{path}` is not supported: use a field name, or a field name with an index"
            ));
        }
        let field_name = Scope::default().snake(field);
        if let Some(index) = index {
            return Expression::Element(Box::new(of), field_name, index);
        }
        Expression::Attribute(Box::new(of), field_name)
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
            let value = match path {
                Some(path) => self.attribute(value, path),
                None => value,
            };
            if value.is_optional() {
                self.problems.push(format!(
                    "the template `{text}` has an element of a list: assign the element in a condition"
                ));
            }
            parts.push(TemplatePart::Value(value));
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

/// Simplifies an expression: a template that consists of only one value becomes this value.
fn plain(expression: Expression) -> Expression {
    match expression {
        Expression::String(template) => match <[TemplatePart; 1]>::try_from(template) {
            Ok([TemplatePart::Value(value)]) => value,
            Ok([literal]) => Expression::String(vec![literal]),
            Err(template) => Expression::String(template),
        },
        other => other,
    }
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
