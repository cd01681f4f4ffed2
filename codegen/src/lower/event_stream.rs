//! Lowers event streams, their events and their errors, and finds the event streams of an operation.
//! <https://smithy.io/2.0/spec/streaming.html#event-streams>

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::ir::{self, Location};
use crate::model::{Member, Reference, Shape, ShapeId, ShapeType};

use super::names::Variants;
use super::{Lowering, docs, traits};

impl Lowering<'_> {
    /// Returns `true` if a shape is an event stream: a union with the trait `streaming`.
    pub(super) fn is_event_stream(&self, target: &ShapeId) -> bool {
        self.model
            .shape(target)
            .is_some_and(|shape| shape.ty == ShapeType::Union && shape.has(traits::STREAMING))
    }

    /// Returns a new name for an event stream if its name in the model is taken. For example, the event
    /// stream `ConverseStreamOutput` has the same name as the output of an operation.
    ///
    /// The new name consists of the name of the operation and the suffix `Event`. If the operation has two
    /// streams, the suffix is `InputEvent` or `OutputEvent`.
    pub(super) fn event_stream_name(&self, id: &ShapeId, name: &str) -> Option<String> {
        if !self.is_event_stream(id) || !self.scope.is_taken(name) {
            return None;
        }
        let stream_of = |reference: Option<&Reference>| {
            let mut members = self.model.shape(&reference?.target)?.members.values();
            members.find(|member| self.is_event_stream(&member.target)).map(|member| &member.target)
        };
        self.selection.operations.iter().find_map(|operation| {
            let shape = self.model.shape(operation)?;
            let (input, output) = (stream_of(shape.input.as_ref()), stream_of(shape.output.as_ref()));
            let suffix = match (input == Some(id), output == Some(id)) {
                (true, _) if output.is_some() => "InputEvent",
                (_, true) if input.is_some() => "OutputEvent",
                (false, false) => return None,
                _ => "Event",
            };
            Some(format!("{}{suffix}", operation.name()))
        })
    }

    pub(super) fn event_stream(&mut self, id: &ShapeId, shape: &Shape, rust_name: String) -> ir::EventStream {
        let mut variants = Variants::default();
        let (mut events, mut exceptions) = (Vec::new(), Vec::new());
        for (name, member) in &shape.members {
            let member_id = id.member(name);
            traits::check(&member_id, &member.traits, &mut self.diagnostics);
            let target = self.model.shape(&member.target).filter(|shape| shape.ty == ShapeType::Structure);
            let (Some(target), Some(structure)) = (target, self.names.get(&member.target).cloned()) else {
                let message = "is an event and must target a structure";
                self.diagnostics.push(Diagnostic::shape(&member_id, message));
                continue;
            };
            if target.has(traits::ERROR) {
                for (name, inner) in &target.members {
                    for id in [traits::EVENT_HEADER, traits::EVENT_PAYLOAD] {
                        if inner.has(id) {
                            let message = "is not supported on a member of an error: remove the trait";
                            let member = member.target.member(name);
                            self.diagnostics.push(Diagnostic::on_trait(&member, id, message));
                        }
                    }
                }
                let is_written = !exceptions.iter().any(|one: &ir::Exception| one.error == structure);
                exceptions.push(ir::Exception { wire_name: name.clone(), error: structure, is_written });
                continue;
            }
            let (rust_name, method) = variants.name(name);
            events.push(ir::Event {
                wire_name: name.clone(),
                rust_name,
                method,
                doc: docs::of(&member.traits),
                structure,
                sensitive: self.is_sensitive(member),
                metrics: Vec::new(),
                model_part: None,
            });
        }
        let errors: BTreeSet<&String> = exceptions.iter().map(|one| &one.error).collect();
        ir::EventStream {
            errors: errors.into_iter().cloned().collect(),
            error_name: self.stream_errors.get(id).cloned().unwrap_or_default(),
            rust_name,
            wire_name: id.name().to_owned(),
            doc: docs::of(&shape.traits),
            events,
            exceptions,
            sensitive: shape.has(traits::SENSITIVE),
        }
    }

    /// Returns the Rust name of the event stream in a message. Reports other members in the payload, because
    /// the stream is the entire payload.
    /// <https://smithy.io/2.0/spec/streaming.html#event-stream-message-serialization>
    pub(super) fn events_of(
        &mut self,
        reference: Option<&Reference>,
        message: &ir::Structure,
    ) -> Option<ir::EventsMember> {
        let id = &reference?.target;
        let shape = self.model.shape(id)?;
        let is_stream = |(_, member): &(&String, &Member)| self.is_event_stream(&member.target);
        let (name, member) = shape.members.iter().find(is_stream)?;
        traits::check(&id.member(name), &member.traits, &mut self.diagnostics);
        let in_payload =
            |member: &&ir::Member| matches!(member.location, Location::Body | Location::Payload { .. });
        for other in message.members.iter().filter(in_payload) {
            let message = format!(
                "has no location, because the event stream `{name}` is the entire payload: bind the member to a header"
            );
            self.diagnostics.push(Diagnostic::shape(&id.member(&other.wire_name), message));
        }
        let stream = self.names.get(&member.target).cloned()?;
        Some(ir::EventsMember { wire_name: name.clone(), stream })
    }
}
