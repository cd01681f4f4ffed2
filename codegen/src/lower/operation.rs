//! Operations: their HTTP binding, their input and output, their errors.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{self, Http, Location, Segment};
use crate::model::{Reference, Shape, ShapeId};

use super::member::Role;
use super::{Lowering, docs, traits};

/// The methods of RFC 9110 section 9.3 and RFC 5789.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// The Rust names that an operation needs.
pub(super) struct OperationNames {
    operation: String,
    input: String,
    output: String,
    error: String,
}

impl Lowering<'_> {
    pub(super) fn operation_names(&mut self, id: &ShapeId) -> OperationNames {
        let operation = self.scope.upper_camel(id.name());
        let mut beside = |suffix: &str| self.scope.upper_camel(&format!("{operation}{suffix}"));
        let (input, output, error) = (beside("Input"), beside("Output"), beside("Error"));
        OperationNames { operation, input, output, error }
    }

    pub(super) fn operation(&mut self, id: &ShapeId, names: OperationNames) -> Option<ir::Operation> {
        let model = self.model;
        let shape = model.shape(id)?;
        traits::check(id, &shape.traits, &mut self.diagnostics);
        let mut input = self.message(id, shape.input.as_ref(), names.input, Role::Input);
        let output = self.message(id, shape.output.as_ref(), names.output, Role::Output);
        let http = self.http(id, shape, &mut input)?;
        let input_events = self.events_of(shape.input.as_ref(), &input);
        let output_events = self.events_of(shape.output.as_ref(), &output);
        let fields = self.of_service(traits::REQUEST_FIELDS).into_iter();
        Some(ir::Operation {
            wire_name: id.name().to_owned(),
            rust_name: names.operation,
            error_name: names.error,
            doc: docs::of(&shape.traits),
            http,
            errors: self.errors(shape),
            auth: self.auth(shape),
            unsigned_payload: shape.has(traits::UNSIGNED_PAYLOAD),
            host_prefix: self.host_prefix(id, shape, &input),
            payload_headers: self.payload_headers(id, shape, input_events.is_some()),
            fields: fields.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            default_labels: self.default_labels(&input),
            input,
            output,
            input_events,
            output_events,
        })
    }

    /// The structure of an input or output, named for the operation.
    fn message(
        &mut self,
        operation: &ShapeId,
        reference: Option<&Reference>,
        rust_name: String,
        role: Role,
    ) -> ir::Structure {
        let target = reference.map(|reference| &reference.target);
        let found = target.and_then(|id| Some((id, self.model.shape(id)?)));
        match found {
            Some((id, shape)) => self.structure(id, shape, rust_name, role, None),
            // The prelude's Unit, or nothing: a message without members.
            None => ir::Structure {
                rust_name,
                wire_name: target.unwrap_or(operation).name().to_owned(),
                doc: String::new(),
                members: Vec::new(),
                sensitive: false,
                error: None,
            },
        }
    }

    fn errors(&self, shape: &Shape) -> Vec<String> {
        let of_service =
            self.model.shape(&self.selection.service).into_iter().flat_map(|service| &service.errors);
        let all: BTreeSet<&String> =
            shape.errors.iter().chain(of_service).filter_map(|error| self.names.get(&error.target)).collect();
        all.into_iter().cloned().collect()
    }

    /// <https://smithy.io/2.0/spec/http-bindings.html#http-trait>
    fn http(&mut self, id: &ShapeId, shape: &Shape, input: &mut ir::Structure) -> Option<Http> {
        let mut report = |message: String| {
            self.diagnostics.push(Diagnostic::on_trait(id, traits::HTTP, message));
        };
        let Some(http) = shape.traits.get(traits::HTTP) else {
            report("is missing, which an operation of restJson1 needs".to_owned());
            return None;
        };
        let text = |key| http.get(key).and_then(Value::as_str);
        let (Some(method), Some(uri)) = (text("method"), text("uri")) else {
            report("has no method or no uri".to_owned());
            return None;
        };
        if !METHODS.contains(&method) {
            report(format!("`{method}` is no method that is generated: {} are", METHODS.join(", ")));
        }
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let segments: Vec<Segment> = path.split('/').skip(1).map(segment).collect();
        for segment in &segments {
            let Segment::Label { member: name, greedy } = segment else { continue };
            let bound = |member: &&mut ir::Member| {
                member.wire_name == *name && matches!(member.location, Location::Label { .. })
            };
            match input.members.iter_mut().find(bound) {
                Some(member) => member.location = Location::Label { greedy: *greedy },
                None => report(format!("`{{{name}}}` names no member of the input that is bound to a label")),
            }
        }
        for segment in &segments {
            let broken = |text: &String| text.contains(['{', '}']);
            if matches!(segment, Segment::Literal(text) if broken(text)) {
                report(format!("`{path}` has a label that is not a segment of its own"));
            }
        }
        let in_path = |name: &str| {
            segments.iter().any(|one| matches!(one, Segment::Label { member, .. } if member == name))
        };
        let label = |member: &&ir::Member| matches!(member.location, Location::Label { .. });
        for member in input.members.iter().filter(label).filter(|member| !in_path(&member.wire_name)) {
            let message = format!("stands on a member that the path of {id} does not have");
            let member = shape
                .input
                .as_ref()
                .map_or_else(|| id.clone(), |input| input.target.member(&member.wire_name));
            self.diagnostics.push(Diagnostic::on_trait(&member, traits::HTTP_LABEL, message));
        }
        let parameters = query.split('&').filter(|pair| !pair.is_empty());
        let parameters = parameters.map(|pair| match pair.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (pair.to_owned(), None),
        });
        let status = http.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        Some(Http {
            method: method.to_owned(),
            path: uri.to_owned(),
            segments,
            query: parameters.collect(),
            status: status.unwrap_or(200),
        })
    }
}

fn segment(text: &str) -> Segment {
    match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(label) => {
            let member = label.strip_suffix('+').unwrap_or(label).to_owned();
            Segment::Label { member, greedy: label.ends_with('+') }
        }
        None => Segment::Literal(text.to_owned()),
    }
}
