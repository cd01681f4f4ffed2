//! The model lowered: resolved, valid by construction, every name and binding decided. Emission only prints it.

mod endpoint;
mod event_stream;
mod operation;
mod shape;
mod ty;

pub(crate) use endpoint::{
    Condition, Endpoint, Expression, Outcome, Parameter, ParameterType, Rule, RuleSet, Template, TemplatePart,
};
pub(crate) use event_stream::{Event, EventBody, EventStream, Exception};
pub(crate) use operation::{Auth, Http, Operation, Payload, PayloadHeader, Segment};
pub(crate) use shape::{
    Constraint, EnumMember, ErrorFacts, Fault, IntEnum, IntEnumMember, Location, Member, Presence, Retryable,
    Shape, StringEnum, Structure, Union, UnionMember,
};
pub(crate) use ty::{IntegerWidth, TimestampFormat, Type};

use std::collections::BTreeMap;

/// A service and all that its selected operations reach.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// `sdkId` of `aws.api#service`, or the shape's name.
    pub(crate) sdk_id: String,
    /// The model's version of the service.
    pub(crate) version: String,
    /// The name in the credential scope, where the service takes SigV4.
    pub(crate) signing_name: Option<String>,
    /// Whether the service takes bearer tokens.
    pub(crate) bearer: bool,
    /// The operations, sorted by name.
    pub(crate) operations: Vec<Operation>,
    /// All named shapes, by Rust name.
    pub(crate) shapes: BTreeMap<String, Shape>,
    /// How a region becomes an endpoint.
    pub(crate) endpoint_rules: Option<RuleSet>,
}
