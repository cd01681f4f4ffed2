//! Lowers the members of a structure: presence and binding.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{self, DefaultValue, Location, Presence, TimestampFormat, Type, UnsetPayload};
use crate::model::{Member, Shape, ShapeId, ShapeType};

use super::names::Scope;
use super::{Lowering, docs, string_trait, traits};

/// Role of a structure. HTTP bindings apply only to members of inputs, outputs and errors, and not to members
/// of nested structures.
/// <https://smithy.io/2.0/spec/http-bindings.html#http-binding-traits>
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Input,
    Output,
    Error,
    Nested,
}

/// Content type of a blob without the trait `mediaType`.
pub(super) const OCTETS: &str = "application/octet-stream";

impl Lowering<'_> {
    /// Lowers the members of a structure, in the order of the model.
    pub(super) fn members(&mut self, id: &ShapeId, shape: &Shape, role: Role) -> Vec<ir::Member> {
        let mut scope = Scope::default();
        // An event stream is not a field of the message, because the events follow the message. Instead, the
        // lowered operation contains the name of the stream.
        let at_top = matches!(role, Role::Input | Role::Output);
        let is_field = |member: &Member| !(at_top && self.is_event_stream(&member.target));
        let fields: Vec<_> = shape.members.iter().filter(|(_, member)| is_field(member)).collect();
        let mut members: Vec<ir::Member> = fields
            .into_iter()
            .map(|(name, member)| self.member(&id.member(name), name, member, role, &mut scope))
            .collect();
        // The methods of a builder get their names last, because they must not clash with the names of
        // members.
        for member in &mut members {
            member.setter_name = match member.rust_name.as_str() {
                "build" => scope.snake("build"),
                name => name.to_owned(),
            };
            member.set_name = scope.snake(&format!("set_{}", member.rust_name.trim_start_matches("r#")));
        }
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
            (_, ty) => without_media_type(ty),
        };
        self.check_location(id, &location, &ty);
        self.check_default(id, member, &ty);
        let json_name = string_trait(&member.traits, traits::JSON_NAME).unwrap_or(name).to_owned();
        let fact = self.fact(id, member, &ty);
        ir::Member {
            wire_name: name.to_owned(),
            rust_name: scope.snake(name),
            setter_name: String::new(),
            set_name: String::new(),
            doc: docs::of(&member.traits),
            presence: self.presence(id, member, role, &location, &ty),
            server_default: server_default(member, role, &ty),
            fails_if_missing: false,
            reads_any_message_name: role == Role::Error && is_error_message(name, &ty) && json_name == name,
            constraints: self.constraints(member),
            sensitive: self.is_sensitive(member),
            idempotency_token: role == Role::Input && self.is_token(id, member, &ty),
            requires_length: self
                .model
                .shape(&member.target)
                .is_some_and(|shape| shape.has(traits::REQUIRES_LENGTH)),
            fact,
            json_name,
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
            // If a payload member is unset and its type is a structure, the payload is an empty JSON object.
            // With all other types, the message has no payload.
            let is_structure =
                self.model.shape(&member.target).map(|shape| shape.ty) == Some(ShapeType::Structure);
            let unset = if is_structure { UnsetPayload::Object } else { UnsetPayload::Empty };
            return Location::Payload { content_type: self.payload_type(member), unset };
        }
        match role {
            Role::Input if member.has(traits::HTTP_LABEL) => Location::Label { greedy: false },
            Role::Input if member.has(traits::HTTP_QUERY_PARAMS) => {
                Location::QueryMap { reserved: Vec::new() }
            }
            Role::Output if member.has(traits::HTTP_RESPONSE_CODE) => Location::StatusCode,
            _ => match string(traits::HTTP_QUERY).filter(|_| role == Role::Input) {
                Some(parameter) => Location::Query(parameter),
                None => Location::Body,
            },
        }
    }

    /// Returns the content type of a payload. The traits of the member take precedence over the traits of its
    /// shape. If no trait sets a content type, the protocol defines the content type for each type of shape.
    /// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#content-type>
    fn payload_type(&self, member: &Member) -> String {
        let target = self.model.shape(&member.target);
        let of_shape = target.and_then(|shape| string_trait(&shape.traits, traits::MEDIA_TYPE));
        let stated = string_trait(&member.traits, traits::DEFAULT_CONTENT_TYPE)
            .or_else(|| string_trait(&member.traits, traits::MEDIA_TYPE))
            .or(of_shape);
        let by_type = match self.shape_type(&member.target) {
            Some(ShapeType::Blob) => OCTETS,
            Some(ShapeType::String | ShapeType::Enum) => "text/plain",
            _ => "application/json",
        };
        stated.unwrap_or(by_type).to_owned()
    }

    /// Returns the presence of a member. Reports a label that is not required.
    /// <https://smithy.io/2.0/spec/aggregate-types.html#structure-member-optionality>
    fn presence(
        &mut self,
        id: &ShapeId,
        member: &Member,
        role: Role,
        location: &Location,
        ty: &Type,
    ) -> Presence {
        let required = member.has(traits::REQUIRED);
        if matches!(location, Location::Label { .. }) && !required {
            let message = "is on a member that is not required: add `smithy.api#required`, because the path needs a value";
            self.diagnostics.push(Diagnostic::on_trait(id, traits::HTTP_LABEL, message));
        }
        if role == Role::Input {
            // Clients do not send the defaults of members at the top level of an input, because the service
            // can change its defaults later. An idempotency token is optional, because the client generates a
            // token if the caller does not set one.
            let is_token = member.has(traits::IDEMPOTENCY_TOKEN);
            return if required && !is_token { Presence::Required } else { Presence::Optional };
        }
        match member.traits.get(traits::DEFAULT) {
            _ if member.has(traits::CLIENT_OPTIONAL) => Presence::Optional,
            Some(value) if !value.is_null() => {
                let (json, is_zero) = (value.clone(), is_zero(ty, value));
                Presence::Default(DefaultValue { json, is_zero })
            }
            _ if required => Presence::Required,
            _ => Presence::Optional,
        }
    }

    /// Returns `true` if a member is an idempotency token. Reports a token that is not a string.
    /// <https://smithy.io/2.0/spec/behavior-traits.html#idempotencytoken-trait>
    fn is_token(&mut self, id: &ShapeId, member: &Member, ty: &Type) -> bool {
        let is_token = member.has(traits::IDEMPOTENCY_TOKEN);
        if is_token && !matches!(ty, Type::String { .. }) {
            let message = "is not allowed on this type: the member must be a string";
            self.diagnostics.push(Diagnostic::on_trait(id, traits::IDEMPOTENCY_TOKEN, message));
        }
        is_token
    }

    /// Returns `true` if `Debug` hides a member. `Debug` hides the member if the member or its shape is
    /// sensitive, or if the shape is a list or map that contains a sensitive shape. The search does not enter
    /// structures and unions, because each of them has its own `Debug` that hides sensitive members.
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

/// Returns `true` if a member of an error contains the error message.
pub(super) fn is_error_message(name: &str, ty: &Type) -> bool {
    matches!(name, "message" | "Message") && matches!(ty, Type::String { .. })
}

/// Returns the default that a server sets if a request does not contain a member of an input. Clients do not send these
/// defaults.
/// <https://smithy.io/2.0/spec/type-refinement-traits.html#default-trait>
fn server_default(member: &Member, role: Role, ty: &Type) -> Option<DefaultValue> {
    if role != Role::Input || member.has(traits::CLIENT_OPTIONAL) || member.has(traits::REQUIRED) {
        return None;
    }
    let json = member.traits.get(traits::DEFAULT).filter(|value| !value.is_null())?;
    Some(DefaultValue { json: json.clone(), is_zero: is_zero(ty, json) })
}

/// Returns `true` if a default is equal to the value that `Default` returns for the type.
/// [`Lowering::check_default`] reports defaults that do not fit the type.
fn is_zero(ty: &Type, value: &Value) -> bool {
    match ty {
        Type::Boolean => *value == Value::Bool(false),
        Type::Integer(_) | Type::IntEnum(_) | Type::Float | Type::Double | Type::Timestamp(_) => {
            value.as_f64() == Some(0.0)
        }
        Type::String { .. } | Type::StringEnum(_) | Type::Blob => value.as_str() == Some(""),
        Type::List { .. } | Type::Map { .. } => true,
        // The zero value of a document is null, and null means that there is no default.
        Type::Document | Type::Structure(_) | Type::Union(_) | Type::Boxed(_) | Type::Unit => false,
    }
}

/// Returns the type without its media type. A media type affects only headers.
/// <https://smithy.io/2.0/spec/http-bindings.html#httpheader-serialization-rules>
fn without_media_type(ty: Type) -> Type {
    match ty {
        Type::String { .. } => Type::String { media_type: false },
        Type::List { element, sparse } => {
            Type::List { element: Box::new(without_media_type(*element)), sparse }
        }
        other => other,
    }
}

/// Returns the default timestamp format of a location. The default for JSON is the format that restJson1
/// defines.
/// <https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait>
fn default_format(location: &Location) -> TimestampFormat {
    match location {
        Location::Header(_) | Location::PrefixHeaders(_) => TimestampFormat::HttpDate,
        Location::Label { .. } | Location::Query(_) | Location::QueryMap { .. } => TimestampFormat::DateTime,
        Location::Payload { .. }
        | Location::Body
        | Location::StatusCode
        | Location::EventHeader
        | Location::EventPayload { .. } => TimestampFormat::EpochSeconds,
    }
}
