//! A structure's members: presence, binding, constraints.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{self, Constraint, Location, Presence, TimestampFormat, Type};
use crate::model::{Member, Shape, ShapeId, ShapeType};

use super::names::Scope;
use super::{Lowering, docs, string_trait, traits};

/// The part that a structure plays: bindings to HTTP count at the top of a message only.
/// <https://smithy.io/2.0/spec/http-bindings.html#http-binding-traits>
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Input,
    Output,
    Error,
    Nested,
}

impl Lowering<'_> {
    /// The members of a structure, in the order of the model.
    pub(super) fn members(&mut self, id: &ShapeId, shape: &Shape, role: Role) -> Vec<ir::Member> {
        let mut scope = Scope::default();
        // The events of a stream come after the message: they are a type of the operation's, and no field.
        let at_top = matches!(role, Role::Input | Role::Output);
        let is_field = |member: &Member| !(at_top && self.is_event_stream(&member.target));
        let fields: Vec<_> = shape.members.iter().filter(|(_, member)| is_field(member)).collect();
        let members: Vec<ir::Member> = fields
            .into_iter()
            .map(|(name, member)| self.member(&id.member(name), name, member, role, &mut scope))
            .collect();
        self.check_payload(id, &members);
        members
    }

    fn member(
        &mut self,
        id: &ShapeId,
        name: &str,
        member: &Member,
        role: Role,
        scope: &mut Scope,
    ) -> ir::Member {
        let location = self.location(member, role);
        let ty = match (&location, self.member_type(id, member, default_format(&location))) {
            (Location::Header(_), ty) => ty,
            (_, ty) => as_it_is(ty),
        };
        self.check_location(id, &location, &ty);
        self.check_default(id, member, &ty);
        ir::Member {
            wire_name: name.to_owned(),
            rust_name: scope.snake(name),
            doc: docs::of(&member.traits),
            presence: self.presence(id, member, role, &location),
            constraints: self.constraints(member, &ty),
            sensitive: self.is_sensitive(member),
            idempotency_token: role == Role::Input && self.is_token(id, member, &ty),
            requires_length: self
                .model
                .shape(&member.target)
                .is_some_and(|shape| shape.has(traits::REQUIRES_LENGTH)),
            json_name: string_trait(&member.traits, traits::JSON_NAME).unwrap_or(name).to_owned(),
            location,
            ty,
        }
    }

    fn location(&self, member: &Member, role: Role) -> Location {
        let string = |trait_id| string_trait(&member.traits, trait_id).map(str::to_owned);
        if role == Role::Nested {
            return match () {
                () if member.has(traits::EVENT_HEADER) => Location::EventHeader,
                () if member.has(traits::EVENT_PAYLOAD) => {
                    Location::EventPayload { content_type: self.payload_type(member) }
                }
                () => Location::Body,
            };
        }
        if let Some(field) = string(traits::HTTP_HEADER) {
            return Location::Header(field.to_ascii_lowercase());
        }
        if let Some(prefix) = string(traits::HTTP_PREFIX_HEADERS) {
            return Location::PrefixHeaders(prefix.to_ascii_lowercase());
        }
        if member.has(traits::HTTP_PAYLOAD) {
            return Location::Payload { content_type: self.payload_type(member) };
        }
        match role {
            Role::Input if member.has(traits::HTTP_LABEL) => Location::Label { greedy: false },
            Role::Input if member.has(traits::HTTP_QUERY_PARAMS) => Location::QueryMap,
            Role::Output if member.has(traits::HTTP_RESPONSE_CODE) => Location::StatusCode,
            _ => match string(traits::HTTP_QUERY).filter(|_| role == Role::Input) {
                Some(parameter) => Location::Query(parameter),
                None => Location::Body,
            },
        }
    }

    /// The content type of a payload: what the member or its shape say, else the protocol's for the shape's type.
    /// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#content-type>
    fn payload_type(&self, member: &Member) -> String {
        let target = self.model.shape(&member.target);
        let of_shape = target.and_then(|shape| string_trait(&shape.traits, traits::MEDIA_TYPE));
        let stated = string_trait(&member.traits, traits::DEFAULT_CONTENT_TYPE)
            .or_else(|| string_trait(&member.traits, traits::MEDIA_TYPE))
            .or(of_shape);
        let by_type = match self.shape_type(&member.target) {
            Some(ShapeType::Blob) => "application/octet-stream",
            Some(ShapeType::String | ShapeType::Enum) => "text/plain",
            _ => "application/json",
        };
        stated.unwrap_or(by_type).to_owned()
    }

    /// <https://smithy.io/2.0/spec/aggregate-types.html#structure-member-optionality>
    fn presence(&mut self, id: &ShapeId, member: &Member, role: Role, location: &Location) -> Presence {
        let required = member.has(traits::REQUIRED);
        if matches!(location, Location::Label { .. }) && !required {
            let message = "stands on a member that is not required, which cannot be put in a path";
            self.diagnostics.push(Diagnostic::on_trait(id, traits::HTTP_LABEL, message));
        }
        if role == Role::Input {
            // A client that fills in defaults of an input would pin them, though the service may change them.
            // A token that the caller leaves out is made for it.
            let is_token = member.has(traits::IDEMPOTENCY_TOKEN);
            return if required && !is_token { Presence::Required } else { Presence::Optional };
        }
        match member.traits.get(traits::DEFAULT) {
            _ if member.has(traits::CLIENT_OPTIONAL) => Presence::Optional,
            Some(value) if !value.is_null() => Presence::Default(value.clone()),
            _ if required => Presence::Required,
            _ => Presence::Optional,
        }
    }

    /// <https://smithy.io/2.0/spec/behavior-traits.html#idempotencytoken-trait>
    fn is_token(&mut self, id: &ShapeId, member: &Member, ty: &Type) -> bool {
        let is_token = member.has(traits::IDEMPOTENCY_TOKEN);
        if is_token && !matches!(ty, Type::String { .. }) {
            let message = "does not stand on this type: it takes a string";
            self.diagnostics.push(Diagnostic::on_trait(id, traits::IDEMPOTENCY_TOKEN, message));
        }
        is_token
    }

    fn constraints(&self, member: &Member, ty: &Type) -> Vec<Constraint> {
        let shape = self.model.shape(&member.target);
        let of = |id: &str| member.traits.get(id).or_else(|| shape.and_then(|shape| shape.traits.get(id)));
        let mut constraints = Vec::new();
        if let Some(bounds) = of(traits::LENGTH) {
            let bound = |key| bounds.get(key).and_then(Value::as_u64);
            constraints.push(Constraint::Length { min: bound("min"), max: bound("max") });
        }
        if let Some(bounds) = of(traits::RANGE) {
            // Bounds of big numbers are strings.
            let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
            let bound = |key| bounds.get(key).and_then(number);
            constraints.push(Constraint::Range { min: bound("min"), max: bound("max") });
        }
        if let Some(pattern) = of(traits::PATTERN).and_then(Value::as_str) {
            constraints.push(Constraint::Pattern(pattern.to_owned()));
        }
        if let Type::StringEnum(name) = ty {
            constraints.push(Constraint::OneOf(name.clone()));
        }
        constraints
    }

    /// Whether `Debug` hides a member: its shape is sensitive, or holds a sensitive shape as a list or map does.
    /// Structures and unions hide their own.
    pub(super) fn is_sensitive(&self, member: &Member) -> bool {
        let mut seen = BTreeSet::new();
        let mut queue = vec![member];
        while let Some(member) = queue.pop() {
            let shape = self.model.shape(&member.target);
            if member.has(traits::SENSITIVE) || shape.is_some_and(|shape| shape.has(traits::SENSITIVE)) {
                return true;
            }
            let is_collection = |ty| matches!(ty, ShapeType::List | ShapeType::Set | ShapeType::Map);
            if let Some(shape) = shape.filter(|shape| is_collection(shape.ty) && seen.insert(&member.target))
            {
                queue.extend(shape.all_members().map(|(_, inner)| inner));
            }
        }
        false
    }
}

/// A media type changes the text of header fields only.
/// <https://smithy.io/2.0/spec/http-bindings.html#httpheader-serialization-rules>
fn as_it_is(ty: Type) -> Type {
    match ty {
        Type::String { .. } => Type::String { media_type: false },
        Type::List { element, sparse } => Type::List { element: Box::new(as_it_is(*element)), sparse },
        other => other,
    }
}

/// <https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait> and the protocol's own default for JSON.
fn default_format(location: &Location) -> TimestampFormat {
    match location {
        Location::Header(_) | Location::PrefixHeaders(_) => TimestampFormat::HttpDate,
        Location::Label { .. } | Location::Query(_) | Location::QueryMap => TimestampFormat::DateTime,
        Location::Payload { .. }
        | Location::Body
        | Location::StatusCode
        | Location::EventHeader
        | Location::EventPayload { .. } => TimestampFormat::EpochSeconds,
    }
}
