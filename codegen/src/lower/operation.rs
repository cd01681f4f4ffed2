//! Lowers operations: HTTP binding, input, output and errors.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{self, Http, Location, MediaType, OperationError, Payload, Presence, Segment, Type};
use crate::model::{Reference, Shape, ShapeId};

use super::member::Role;
use super::{Lowering, docs, facts, traits};

/// HTTP methods of RFC 9110 (section 9.3) and RFC 5789.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// The Rust names of an operation.
pub(super) struct OperationNames {
    operation: String,
    input: String,
    output: String,
    error: String,
}

impl Lowering<'_> {
    pub(super) fn operation_names(&mut self, id: &ShapeId) -> OperationNames {
        let operation = self.scope.upper_camel(id.name());
        let mut with_suffix = |suffix: &str| self.scope.upper_camel(&format!("{operation}{suffix}"));
        let (input, output, error) = (with_suffix("Input"), with_suffix("Output"), with_suffix("Error"));
        OperationNames { operation, input, output, error }
    }

    pub(super) fn operation(
        &mut self,
        id: &ShapeId,
        names: OperationNames,
        shapes: &BTreeMap<String, ir::Shape>,
    ) -> Option<ir::Operation> {
        let model = self.model;
        let shape = model.shape(id)?;
        traits::check(id, &shape.traits, &mut self.diagnostics);
        let mut input = self.message(id, shape.input.as_ref(), names.input, Role::Input);
        let mut output = self.message(id, shape.output.as_ref(), names.output, Role::Output);
        let http = self.http(id, shape, &mut input)?;
        reserve_parameters(&mut input, &http);
        let input_events = self.events_of(shape.input.as_ref(), &input);
        let output_events = self.events_of(shape.output.as_ref(), &output);
        if output_events.is_some() {
            require_headers(&mut output);
        }
        let is_defined = |message: &Option<Reference>| {
            message.as_ref().is_some_and(|message| model.shape(&message.target).is_some())
        };
        let (has_input, has_output) = (is_defined(&shape.input), is_defined(&shape.output));
        let default_headers = self.of_service(traits::REQUEST_HEADERS).into_iter();
        let payload_headers = self.payload_headers(id, shape, input_events.is_some());
        let payload_input = input.blob_payload().filter(|_| payload_headers.is_empty());
        let payload_input = payload_input.map(|member| member.wire_name.clone());
        let header_metrics = self.header_metrics(shape.output.as_ref());
        let pagination = self.pagination(shape, &input, &output, shapes);
        let waiters = self.waiters(shape, &output, shapes);
        let output_stream = output_events.as_ref().map(|events| events.stream.as_str());
        let gen_ai_operation = self.gen_ai_operation(id, &shape.traits);
        let facts =
            facts::of_operation(&input, &output, output_stream, header_metrics, gen_ai_operation, shapes);
        Some(ir::Operation {
            wire_name: id.name().to_owned(),
            rust_name: names.operation,
            error_name: names.error,
            doc: docs::of(&shape.traits),
            http,
            errors: self.errors(shape),
            auth: self.auth(shape),
            unsigned_payload: shape.has(traits::UNSIGNED_PAYLOAD),
            is_idempotent: is_idempotent(shape, &input),
            host_prefix: self.host_prefix(id, shape, &input),
            payload_headers,
            default_headers: default_headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value))
                .collect(),
            default_labels: self.default_labels(&input),
            payload_input,
            // A client may send an empty object as an input without members, but no body if there is no input.
            request_type: match is_bound(&input, "content-type") || has_input && input.members.is_empty() {
                true => MediaType::Any,
                false => media_type(&input, input_events.is_some()),
            },
            response_type: match is_bound(&input, "accept") || is_bound(&output, "content-type") {
                true => MediaType::Any,
                false => media_type(&output, output_events.is_some()),
            },
            payload_output: output.blob_payload().map(|member| member.wire_name.clone()),
            has_output,
            facts,
            pagination,
            waiters,
            input,
            output,
            input_events,
            output_events,
        })
    }

    /// Lowers an input or output to a structure with the given name.
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
            // The operation has no input or output, or targets `smithy.api#Unit`. In both cases, the
            // structure has no members.
            None => ir::Structure {
                rust_name,
                wire_name: target.unwrap_or(operation).name().to_owned(),
                doc: String::new(),
                members: Vec::new(),
                sensitive: false,
                error: None,
                builder_name: None,
                is_checked: false,
            },
        }
    }

    /// Lowers the errors of an operation. These include the errors that the service declares for all
    /// operations.
    fn errors(&mut self, shape: &Shape) -> Vec<OperationError> {
        let model = self.model;
        let of_service = model.shape(&self.selection.service).into_iter().flat_map(|service| &service.errors);
        let ids: BTreeSet<&ShapeId> =
            shape.errors.iter().chain(of_service).map(|error| &error.target).collect();
        let mut errors = Vec::new();
        for id in ids {
            let (Some(rust_name), Some(shape)) = (self.names.get(id).cloned(), model.shape(id)) else {
                continue;
            };
            let Some(facts) = self.error_facts(id, shape) else { continue };
            errors.push((
                OperationError { rust_name, code: id.name().to_owned(), unique_status: None },
                facts.status,
            ));
        }
        let statuses: Vec<u16> = errors.iter().map(|(_, status)| *status).collect();
        let unique = |status: u16| statuses.iter().filter(|other| **other == status).count() == 1;
        let errors = errors.into_iter().map(|(error, status)| OperationError {
            unique_status: unique(status).then_some(status),
            ..error
        });
        let mut errors: Vec<OperationError> = errors.collect();
        errors.sort();
        errors
    }

    /// Lowers the `http` trait, and marks greedy labels in `input`.
    /// <https://smithy.io/2.0/spec/http-bindings.html#http-trait>
    fn http(&mut self, id: &ShapeId, shape: &Shape, input: &mut ir::Structure) -> Option<Http> {
        let mut report = |message: String| {
            self.diagnostics.push(Diagnostic::on_trait(id, traits::HTTP, message));
        };
        let Some(http) = shape.traits.get(traits::HTTP) else {
            report("is missing: restJson1 needs the method and the URI of each operation".to_owned());
            return None;
        };
        let text = |key| http.get(key).and_then(Value::as_str);
        let (Some(method), Some(uri)) = (text("method"), text("uri")) else {
            report("has no `method` or no `uri`: add both".to_owned());
            return None;
        };
        if !METHODS.contains(&method) {
            report(format!("`{method}` is not a supported method: use one of {}", METHODS.join(", ")));
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
                None => report(format!(
                    "`{{{name}}}` in the path has no member: add `smithy.api#httpLabel` to the member `{name}` of the input"
                )),
            }
        }
        for segment in &segments {
            let has_brace = |text: &String| text.contains(['{', '}']);
            if matches!(segment, Segment::Literal(text) if has_brace(text)) {
                report(format!(
                    "`{path}` has a label that is only a part of a segment: use a separate segment for the label"
                ));
            }
        }
        let in_path = |name: &str| {
            segments.iter().any(|one| matches!(one, Segment::Label { member, .. } if member == name))
        };
        let label = |member: &&ir::Member| matches!(member.location, Location::Label { .. });
        for member in input.members.iter().filter(label).filter(|member| !in_path(&member.wire_name)) {
            let message = format!(
                "is on a member that the path of {id} does not contain: add the label to the `uri`, or remove the trait"
            );
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

/// Collects the names of the query parameters that the path template or a member with `httpQuery` sets.
/// Stores these names in each member with `httpQueryParams`. Such a member is a map of query parameters, and
/// the named parameters take precedence over its entries.
fn reserve_parameters(input: &mut ir::Structure, http: &Http) {
    let of_members = input.members.iter().filter_map(|member| match &member.location {
        Location::Query(name) => Some(name),
        _ => None,
    });
    let names: Vec<String> = of_members.chain(http.query.iter().map(|(name, _)| name)).cloned().collect();
    for member in &mut input.members {
        if let Location::QueryMap { reserved } = &mut member.location {
            reserved.clone_from(&names);
        }
    }
}

/// Returns `true` if a repeated request has the same effect as a single request. A service executes requests
/// with the same idempotency token once, so an operation with such a token is idempotent, too.
/// <https://smithy.io/2.0/spec/behavior-traits.html>
fn is_idempotent(shape: &Shape, input: &ir::Structure) -> bool {
    shape.has(traits::READONLY)
        || shape.has(traits::IDEMPOTENT)
        || input.members.iter().any(|member| member.idempotency_token)
}

/// Returns `true` if a member is bound to a header.
fn is_bound(message: &ir::Structure, header: &str) -> bool {
    message.members.iter().any(|member| matches!(&member.location, Location::Header(name) if name == header))
}

/// Returns the media type of the payload of a message.
/// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#content-type>
fn media_type(message: &ir::Structure, has_events: bool) -> MediaType {
    match message.payload() {
        _ if has_events => MediaType::Only("application/vnd.amazon.eventstream".to_owned()),
        Payload::Empty => MediaType::None,
        Payload::Body => MediaType::Only("application/json".to_owned()),
        // A blob without the trait `mediaType` can have any media type.
        Payload::Member { member, content_type, .. }
            if member.ty == Type::Blob && content_type == super::member::OCTETS =>
        {
            MediaType::Any
        }
        Payload::Member { content_type, .. } => MediaType::Only(content_type.to_owned()),
    }
}

/// Makes the parser fail if the initial response of an event stream does not contain a required header. The
/// later messages of the stream cannot contain the header.
fn require_headers(output: &mut ir::Structure) {
    for member in &mut output.members {
        member.fails_if_missing = member.presence == Presence::Required && member.is_in_headers();
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
