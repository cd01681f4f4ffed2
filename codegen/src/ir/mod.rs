//! The intermediate representation (IR): the result of lowering a model. Lowering validates the model, and
//! all names and bindings in the IR are final. The module `emit` prints the IR as source code.

mod endpoint;
mod event_stream;
mod operation;
mod shape;
mod ty;

pub(crate) use endpoint::{
    Binding, BoundValue, Condition, Endpoint, Expression, Function, Outcome, Parameter, ParameterType, Rule,
    RuleSet, Template, TemplatePart, refer_to,
};
pub(crate) use event_stream::{Event, EventBody, EventStream, Exception};
pub(crate) use operation::{
    Acceptor, Auth, EventsMember, Http, Matcher, MediaType, Operation, OperationError, OperationFacts,
    Pagination, PaginationNames, Payload, PayloadHeader, Segment, Waiter, WaiterState,
};
pub(crate) use shape::{
    Constraint, DefaultValue, EnumMember, ErrorFacts, ErrorFault, Fact, IntEnum, IntEnumMember, Location,
    Member, MemberPath, Metric, Presence, Retryable, Shape, Step, StringEnum, Structure, Union, UnionMember,
    UnsetPayload,
};
pub(crate) use ty::{IntegerWidth, TimestampFormat, Type};

use std::collections::BTreeMap;

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
