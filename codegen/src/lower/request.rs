//! Traits of an operation that affect its requests: authentication, host prefix, compression and checksums.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{self, Auth, Location, PayloadHeader, Segment, Type};
use crate::model::{Shape, ShapeId};

use super::{Lowering, string_in, traits};

impl Lowering<'_> {
    /// Returns the authentication that an operation requires.
    /// <https://smithy.io/2.0/spec/authentication-traits.html#auth-trait>
    pub(super) fn auth(&self, shape: &Shape) -> Auth {
        let service = self.model.shape(&self.selection.service);
        let stated = shape.traits.get(traits::AUTH).or_else(|| service?.traits.get(traits::AUTH));
        match stated.and_then(Value::as_array) {
            Some(schemes) if schemes.is_empty() => Auth::None,
            _ if shape.has(traits::OPTIONAL_AUTH) => Auth::Optional,
            _ => Auth::Required,
        }
    }

    /// Lowers the host prefix. Each label in the prefix must be a required member of the input.
    /// <https://smithy.io/2.0/spec/endpoint-traits.html#endpoint-trait>
    pub(super) fn host_prefix(&mut self, id: &ShapeId, shape: &Shape, input: &ir::Structure) -> Vec<Segment> {
        let Some(mut rest) = string_in(shape, traits::ENDPOINT, "hostPrefix") else { return Vec::new() };
        let mut segments = Vec::new();
        while let Some((literal, (label, tail))) =
            rest.split_once('{').and_then(|(literal, behind)| Some((literal, behind.split_once('}')?)))
        {
            if !literal.is_empty() {
                segments.push(Segment::Literal(literal.to_owned()));
            }
            if !self.is_host_label(shape, label, input) {
                let message = format!(
                    "`{{{label}}}` in the host prefix needs a string member `{label}` in the input with the traits \
                     `smithy.api#hostLabel` and `smithy.api#required`"
                );
                self.diagnostics.push(Diagnostic::on_trait(id, traits::ENDPOINT, message));
            }
            segments.push(Segment::Label { member: label.to_owned(), greedy: false });
            rest = tail.to_owned();
        }
        if !rest.is_empty() {
            segments.push(Segment::Literal(rest));
        }
        segments
    }

    fn is_host_label(&self, shape: &Shape, label: &str, input: &ir::Structure) -> bool {
        let written = shape.input.as_ref().and_then(|input| self.model.shape(&input.target));
        let written = written.and_then(|input| input.members.get(label));
        let lowered = input.members.iter().find(|member| member.wire_name == label);
        written.is_some_and(|member| member.has(traits::HOST_LABEL))
            && lowered.is_some_and(|member| {
                matches!(member.ty, Type::String { .. } | Type::StringEnum(_))
                    && member.presence == ir::Presence::Required
            })
    }

    /// Lowers the steps that process a request after its payload is complete. Compression is the first step,
    /// because the checksums must cover the compressed payload.
    pub(super) fn payload_headers(
        &mut self,
        id: &ShapeId,
        shape: &Shape,
        has_events: bool,
    ) -> Vec<PayloadHeader> {
        let mut headers = Vec::new();
        let payload = shape.input.as_ref().and_then(|input| self.model.shape(&input.target));
        let mut members = payload.into_iter().flat_map(|input| &input.members);
        let payload = members.find(|(_, member)| member.has(traits::HTTP_PAYLOAD));
        let payload = payload.and_then(|(_, member)| self.model.shape(&member.target));
        if let Some(compression) = shape.traits.get(traits::REQUEST_COMPRESSION) {
            let encodings = compression.get("encodings").and_then(Value::as_array);
            if encodings.is_some_and(|all| all.iter().any(|one| one.as_str() == Some("gzip"))) {
                headers.push(PayloadHeader::Gzip);
            } else {
                let message = "has no supported encoding: use gzip";
                self.diagnostics.push(Diagnostic::on_trait(id, traits::REQUEST_COMPRESSION, message));
            }
        }
        if payload.is_some_and(|payload| payload.has(traits::TREE_HASH)) {
            headers.push(PayloadHeader::TreeHash);
        }
        if shape.has(traits::HTTP_CHECKSUM_REQUIRED) {
            headers.push(PayloadHeader::Md5);
        }
        if has_events && !headers.is_empty() {
            let message = "has an event stream as its payload and a trait that needs the entire payload: remove one of them";
            self.diagnostics.push(Diagnostic::shape(id, message));
        }
        headers
    }

    /// Returns the entries of a trait of the service. The value of the trait is an object with string values.
    pub(super) fn of_service(&mut self, trait_id: &str) -> Vec<(String, String)> {
        let service = self.model.shape(&self.selection.service);
        let Some(written) = service.and_then(|service| service.traits.get(trait_id)) else {
            return Vec::new();
        };
        let pairs = written.as_object().into_iter().flatten();
        pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
    }

    /// Returns the name and the default of each label that has a default.
    pub(super) fn default_labels(&mut self, input: &ir::Structure) -> Vec<(String, String)> {
        let is_label = |name: &String| {
            let same = |member: &&ir::Member| member.wire_name == *name;
            let found = input.members.iter().find(same);
            found.is_some_and(|member| matches!(member.location, Location::Label { .. }))
        };
        let defaults = self.of_service(traits::DEFAULT_LABELS);
        defaults.into_iter().filter(|(name, _)| is_label(name)).collect()
    }
}
