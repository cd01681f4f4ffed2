//! Lowers our own traits, which mark facts about calls. The facts are the model id, the guardrail id, the
//! project id, the ARN of an invocation, the maximum number of output tokens, the tags of a call, metrics, and
//! content in a format that the AI model defines.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{Fact, Location, MemberPath, Metric, OperationFacts, Shape, Step, Structure, Type};
use crate::model::{Member, Reference, ShapeId, Traits};

use super::{Lowering, traits};

/// Names of metrics in the traits `responseMetric` and `metricHeaders`.
const METRICS: &[(&str, Metric)] = &[
    ("inputTokens", Metric::InputTokens),
    ("outputTokens", Metric::OutputTokens),
    ("cacheReadInputTokens", Metric::CacheReadInputTokens),
    ("cacheWriteInputTokens", Metric::CacheWriteInputTokens),
    ("latencyMilliseconds", Metric::LatencyMs),
    ("stopReason", Metric::StopReason),
];

/// Names of facts in the trait `requestFact`.
const REQUEST_FACTS: &[(&str, Fact)] = &[
    ("modelId", Fact::ModelId),
    ("guardrailId", Fact::GuardrailId),
    ("projectId", Fact::ProjectId),
    ("invocationArn", Fact::InvocationArn),
    ("maxOutputTokens", Fact::MaxOutputTokens),
    ("requestMetadata", Fact::RequestMetadata),
];

/// The maximum number of steps of a path. With this limit, the search ends even in recursive structures.
const MAX_STEPS: usize = 4;

impl Lowering<'_> {
    /// Returns the name of an operation in the semantic conventions of OpenTelemetry, if its trait sets the name.
    pub(super) fn gen_ai_operation(&mut self, id: &ShapeId, traits: &Traits) -> Option<String> {
        let value = traits.get(traits::GEN_AI_OPERATION)?;
        let name = value.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
        if name.is_none() {
            let message = "must be the name of an operation, such as `chat`";
            self.diagnostics.push(Diagnostic::on_trait(id, traits::GEN_AI_OPERATION, message));
        }
        name
    }

    /// Returns the kind of fact in a member, or `None` if the member has no trait for a fact.
    pub(super) fn fact(&mut self, id: &ShapeId, member: &Member, ty: &Type) -> Option<Fact> {
        let mut of = |trait_id: &str, fact: Option<Fact>, known: &dyn Fn() -> String| {
            let message = match fact {
                Some(fact) if allowed(fact).0(ty) => return Some(fact),
                Some(fact) => {
                    format!("is not allowed on this type: the member must be {}", allowed(fact).1)
                }
                None => format!("has an unknown value: use one of {}", known()),
            };
            self.diagnostics.push(Diagnostic::on_trait(id, trait_id, message));
            None
        };
        if let Some(name) = member.traits.get(traits::REQUEST_FACT) {
            return of(traits::REQUEST_FACT, find(REQUEST_FACTS, name), &|| names(REQUEST_FACTS));
        }
        if let Some(name) = member.traits.get(traits::RESPONSE_METRIC) {
            let metric = find(METRICS, name).map(Fact::Metric);
            return of(traits::RESPONSE_METRIC, metric, &|| names(METRICS));
        }
        if member.has(traits::MODEL_CONTENT) {
            return of(traits::MODEL_CONTENT, Some(Fact::ModelContent), &String::new);
        }
        None
    }

    /// Returns the metrics in the headers of a response. The trait `metricHeaders` of the output lists them.
    pub(super) fn header_metrics(&mut self, output: Option<&Reference>) -> Vec<(String, Metric)> {
        let Some(id) = output.map(|output| &output.target) else { return Vec::new() };
        let Some(value) = self.model.shape(id).and_then(|shape| shape.traits.get(traits::METRIC_HEADERS))
        else {
            return Vec::new();
        };
        // Stop reasons are omitted, because metrics in headers must be numbers.
        let numbers: Vec<(&str, Metric)> =
            METRICS.iter().filter(|(_, metric)| !matches!(metric, Metric::StopReason)).copied().collect();
        let mut metrics = Vec::new();
        for (header, name) in value.as_object().into_iter().flatten() {
            match find(&numbers, name) {
                Some(metric) => metrics.push((header.to_ascii_lowercase(), metric)),
                None => {
                    let message =
                        format!("has an unknown value for `{header}`: use one of {}", names(&numbers));
                    self.diagnostics.push(Diagnostic::on_trait(id, traits::METRIC_HEADERS, message));
                }
            }
        }
        metrics
    }
}

/// Returns the facts about the calls of an operation.
pub(super) fn of_operation(
    input: &Structure,
    output: &Structure,
    output_events: Option<&str>,
    header_metrics: Vec<(String, Metric)>,
    gen_ai_operation: Option<String>,
    shapes: &BTreeMap<String, Shape>,
) -> OperationFacts {
    let model_id = path(input, Fact::ModelId, shapes);
    let model_id_member = input.members.iter().find(|member| member.fact == Some(Fact::ModelId));
    let model_id_label = model_id_member.filter(|member| matches!(member.location, Location::Label { .. }));
    let request_metadata_member =
        input.members.iter().find(|member| member.fact == Some(Fact::RequestMetadata));
    let has_model_payload = input.members.iter().any(|member| {
        member.fact == Some(Fact::ModelContent) && matches!(member.location, Location::Payload { .. })
    });
    let output_metrics = metrics(output, shapes);
    let events_report_tokens = output_events
        .and_then(|name| shapes.get(name))
        .is_some_and(|shape| matches!(shape, Shape::EventStream(stream) if stream.reports_tokens()));
    let uses_tokens = events_report_tokens
        || header_metrics.iter().any(|(_, metric)| metric.counts_tokens())
        || output_metrics.iter().any(|(metric, _)| metric.counts_tokens());
    OperationFacts {
        model_id,
        model_id_member: model_id_member.map(|member| member.wire_name.clone()),
        request_metadata_member: request_metadata_member.map(|member| member.wire_name.clone()),
        model_id_label: model_id_label.map(|member| member.wire_name.clone()),
        guardrail_id: path(input, Fact::GuardrailId, shapes),
        project_id: path(input, Fact::ProjectId, shapes),
        invocation_arn: path(input, Fact::InvocationArn, shapes),
        max_output_tokens: path(input, Fact::MaxOutputTokens, shapes),
        gen_ai_operation,
        has_model_payload,
        header_metrics,
        output_metrics,
        uses_tokens,
    }
}

/// Sets the fields `metrics` and `model_part` of all events. These fields depend on the structures of the
/// events, so all shapes must be lowered before this call.
pub(super) fn complete_events(shapes: &mut BTreeMap<String, Shape>) {
    let structures = shapes.clone();
    for shape in shapes.values_mut() {
        let Shape::EventStream(stream) = shape else { continue };
        for event in &mut stream.events {
            if let Some(Shape::Structure(structure)) = structures.get(&event.structure) {
                event.metrics = metrics(structure, &structures);
                event.model_part = path(structure, Fact::ModelContent, &structures);
            }
        }
    }
}

fn metrics(of: &Structure, shapes: &BTreeMap<String, Shape>) -> Vec<(Metric, MemberPath)> {
    let paths = METRICS.iter().map(|(_, metric)| (*metric, path(of, Fact::Metric(*metric), shapes)));
    paths.filter_map(|(metric, path)| Some((metric, path?))).collect()
}

/// Converts a path such as `a.b` to a [`MemberPath`]. The path consists of names of members in the model.
/// Returns `None` if a member does not exist, or if the type of a member before a dot is not a structure.
pub(super) fn path_of_names(
    of: &Structure,
    names: &str,
    shapes: &BTreeMap<String, Shape>,
) -> Option<MemberPath> {
    let (mut structure, mut steps) = (of, Vec::new());
    let mut names = names.split('.').peekable();
    while let Some(name) = names.next() {
        let member = structure.member(name)?;
        steps.push(Step { rust_name: member.rust_name.clone(), optional: member.is_optional() });
        if names.peek().is_none() {
            return Some(MemberPath { steps, ty: member.ty.clone() });
        }
        let ty = match &member.ty {
            Type::Boxed(inner) => inner,
            other => other,
        };
        let Type::Structure(inner) = ty else { return None };
        let Some(Shape::Structure(inner)) = shapes.get(inner) else { return None };
        structure = inner;
    }
    None
}

/// Returns the path to the first member with this fact, in the structure itself or in a nested structure. The
/// search does not enter lists, maps and unions.
fn path(of: &Structure, fact: Fact, shapes: &BTreeMap<String, Shape>) -> Option<MemberPath> {
    let mut steps = Vec::new();
    let ty = search(of, fact, shapes, &mut steps)?;
    Some(MemberPath { steps, ty })
}

fn search(
    of: &Structure,
    fact: Fact,
    shapes: &BTreeMap<String, Shape>,
    steps: &mut Vec<Step>,
) -> Option<Type> {
    if steps.len() == MAX_STEPS {
        return None;
    }
    for member in &of.members {
        steps.push(Step { rust_name: member.rust_name.clone(), optional: member.is_optional() });
        if member.fact == Some(fact) {
            return Some(member.ty.clone());
        }
        if let Type::Structure(name) = &member.ty {
            if let Some(Shape::Structure(inner)) = shapes.get(name) {
                if let Some(ty) = search(inner, fact, shapes, steps) {
                    return Some(ty);
                }
            }
        }
        steps.pop();
    }
    None
}

/// Returns a function that checks whether a type can contain the fact, and a description of the allowed
/// types.
fn allowed(fact: Fact) -> (fn(&Type) -> bool, &'static str) {
    match fact {
        Fact::ModelId | Fact::GuardrailId | Fact::ProjectId | Fact::InvocationArn => {
            (|ty| matches!(ty, Type::String { .. }), "a string")
        }
        Fact::RequestMetadata => (
            |ty| match ty {
                Type::String { .. } => true,
                Type::Map { key, value, sparse: false } => {
                    [key, value].iter().all(|ty| matches!(***ty, Type::String { .. }))
                }
                _ => false,
            },
            "a string or a map of strings",
        ),
        Fact::ModelContent => (|ty| *ty == Type::Blob, "a blob"),
        Fact::Metric(Metric::StopReason) => {
            (|ty| matches!(ty, Type::String { .. } | Type::StringEnum(_)), "a string or a string enum")
        }
        Fact::MaxOutputTokens | Fact::Metric(_) => (|ty| matches!(ty, Type::Integer(_)), "an integer"),
    }
}

fn find<T: Copy>(named: &[(&str, T)], name: &Value) -> Option<T> {
    named.iter().find(|(known, _)| name == known).map(|(_, value)| *value)
}

fn names<T>(named: &[(&str, T)]) -> String {
    named.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}
