//! The intermediate representation (IR): the result of lowering a model. Lowering validates the model, and
//! all names and bindings in the IR are final. The module `emit` prints the IR as source code.

mod endpoint;
mod enumeration;
mod event_stream;
mod operation;
mod shape;
mod ty;

pub(crate) use endpoint::{
    Binding, BoundValue, Condition, Endpoint, Expression, Function, Outcome, Parameter, ParameterType, Rule,
    RuleSet, Template, TemplatePart, refer_to,
};
pub(crate) use enumeration::{EnumMember, IntEnum, IntEnumMember, StringEnum};
pub(crate) use event_stream::{Event, EventBody, EventStream, Exception};
pub(crate) use operation::{
    Acceptor, Auth, EventsMember, Http, Matcher, MediaType, Operation, OperationError, OperationFacts,
    Pagination, PaginationNames, Payload, PayloadHeader, Segment, Waiter, WaiterState,
};
pub(crate) use shape::{
    Constraint, DefaultValue, ErrorFacts, ErrorFault, Fact, Location, Member, MemberPath, Metric, Presence,
    Retryable, Shape, Step, Structure, Union, UnionMember, UnsetPayload,
};
pub(crate) use ty::{IntegerWidth, TimestampFormat, Type};

use std::collections::{BTreeMap, BTreeSet};

/// A service with its selected operations and all named shapes that these operations use.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// `sdkId` of the trait `aws.api#service`, or the name of the service shape if there is no `sdkId`.
    pub(crate) sdk_id: String,
    /// API version of the service.
    pub(crate) version: String,
    /// Service name in the credential scope, if the service accepts SigV4.
    pub(crate) signing_name: Option<String>,
    /// `true` if the service accepts bearer tokens.
    pub(crate) bearer: bool,
    /// Operations, sorted by name.
    pub(crate) operations: Vec<Operation>,
    /// Named shapes. The keys are Rust names.
    pub(crate) shapes: BTreeMap<String, Shape>,
    /// Rust names of the shapes that requests contain at any depth.
    pub(crate) request_shapes: BTreeSet<String>,
    /// Rust names of the shapes that successful responses and event streams contain at any depth.
    pub(crate) response_shapes: BTreeSet<String>,
    /// Rules that resolve a region to an endpoint.
    pub(crate) endpoint_rules: Option<RuleSet>,
}

impl Service {
    /// Returns the structure with this Rust name.
    pub(crate) fn structure(&self, rust_name: &str) -> Option<&Structure> {
        match self.shapes.get(rust_name) {
            Some(Shape::Structure(structure)) => Some(structure),
            _ => None,
        }
    }
}

impl Shape {
    /// Returns the Rust names of the shapes of the members.
    pub(crate) fn targets(&self) -> Vec<&str> {
        match self {
            Self::Structure(structure) => {
                structure.members.iter().filter_map(|member| member.ty.shape()).collect()
            }
            Self::Union(union) => union.members.iter().filter_map(|member| member.ty.shape()).collect(),
            Self::EventStream(stream) => {
                let events = stream.events.iter().map(|event| event.structure.as_str());
                events.chain(stream.errors.iter().map(String::as_str)).collect()
            }
            Self::StringEnum(_) | Self::IntEnum(_) => Vec::new(),
        }
    }
}
