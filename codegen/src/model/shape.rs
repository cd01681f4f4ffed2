//! Shapes of the AST: type, members, references and traits.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::ShapeId;

/// Traits as JSON, in the order of the file. The keys are the shape ids of the traits.
pub type Traits = IndexMap<String, Value>;

/// A shape. Fields that do not apply to the type of the shape are empty.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    /// Type of the shape.
    #[serde(rename = "type")]
    pub ty: ShapeType,
    /// Traits of the shape.
    #[serde(default)]
    pub traits: Traits,
    /// Members of a structure, union, enum or int enum.
    #[serde(default)]
    pub members: IndexMap<String, Member>,
    /// Member of a list. In Smithy 1.0, also the member of a set.
    pub member: Option<Member>,
    /// Key of a map.
    pub key: Option<Member>,
    /// Value of a map.
    pub value: Option<Member>,
    /// Mixins of the shape.
    #[serde(default)]
    pub mixins: Vec<Reference>,
    /// Version of a service.
    pub version: Option<String>,
    /// Input of an operation.
    pub input: Option<Reference>,
    /// Output of an operation.
    pub output: Option<Reference>,
    /// Errors of an operation, or errors that all operations of a service share.
    #[serde(default)]
    pub errors: Vec<Reference>,
    /// Operations bound to a service or resource.
    #[serde(default)]
    pub operations: Vec<Reference>,
    /// Resources bound to a service or resource.
    #[serde(default)]
    pub resources: Vec<Reference>,
    /// Operations on the collection of a resource.
    #[serde(default)]
    pub collection_operations: Vec<Reference>,
    /// Lifecycle operation `create` of a resource.
    pub create: Option<Reference>,
    /// Lifecycle operation `put` of a resource.
    pub put: Option<Reference>,
    /// Lifecycle operation `read` of a resource.
    pub read: Option<Reference>,
    /// Lifecycle operation `update` of a resource.
    pub update: Option<Reference>,
    /// Lifecycle operation `delete` of a resource.
    pub delete: Option<Reference>,
    /// Lifecycle operation `list` of a resource.
    pub list: Option<Reference>,
    /// New names for shapes in the closure of a service. The keys are the ids of the shapes.
    #[serde(default)]
    pub rename: IndexMap<ShapeId, String>,
}

impl Shape {
    /// Returns `true` if the shape has the trait.
    pub fn has(&self, id: &str) -> bool {
        self.traits.contains_key(id)
    }

    /// Returns all members, regardless of the type of the shape. This includes `member` of a list, and `key`
    /// and `value` of a map.
    pub fn all_members(&self) -> impl Iterator<Item = (&str, &Member)> {
        let named = self.members.iter().map(|(name, member)| (name.as_str(), member));
        let of_list = self.member.iter().map(|member| ("member", member));
        let of_map = self.key.iter().map(|key| ("key", key));
        named.chain(of_list).chain(of_map).chain(self.value.iter().map(|value| ("value", value)))
    }

    /// Returns the operations that are bound directly to this service or resource.
    pub fn bound_operations(&self) -> impl Iterator<Item = &ShapeId> {
        let lifecycle = [&self.create, &self.put, &self.read, &self.update, &self.delete, &self.list];
        let references = self.operations.iter().chain(&self.collection_operations);
        references.chain(lifecycle.into_iter().flatten()).map(|reference| &reference.target)
    }
}

/// A member, with its target and its traits.
#[derive(Clone, Debug, Deserialize)]
pub struct Member {
    /// Id of the shape that describes the values of the member.
    pub target: ShapeId,
    /// Traits of the member. These traits take precedence over the traits of the target.
    #[serde(default)]
    pub traits: Traits,
}

impl Member {
    /// Returns `true` if the member itself has the trait. Ignores the traits of the target.
    pub fn has(&self, id: &str) -> bool {
        self.traits.contains_key(id)
    }
}

/// A reference to another shape.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reference {
    /// Id of the shape.
    pub target: ShapeId,
}

/// Type of a shape. <https://smithy.io/2.0/spec/model.html#shape-types>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "Smithy defines the names")]
pub enum ShapeType {
    Apply,
    BigDecimal,
    BigInteger,
    Blob,
    Boolean,
    Byte,
    Document,
    Double,
    Enum,
    Float,
    IntEnum,
    Integer,
    List,
    Long,
    Map,
    Operation,
    Resource,
    Service,
    Set,
    Short,
    String,
    Structure,
    Timestamp,
    Union,
}

impl ShapeType {
    /// Returns the name in the AST, such as `intEnum` or `structure`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::BigDecimal => "bigDecimal",
            Self::BigInteger => "bigInteger",
            Self::Blob => "blob",
            Self::Boolean => "boolean",
            Self::Byte => "byte",
            Self::Document => "document",
            Self::Double => "double",
            Self::Enum => "enum",
            Self::Float => "float",
            Self::IntEnum => "intEnum",
            Self::Integer => "integer",
            Self::List => "list",
            Self::Long => "long",
            Self::Map => "map",
            Self::Operation => "operation",
            Self::Resource => "resource",
            Self::Service => "service",
            Self::Set => "set",
            Self::Short => "short",
            Self::String => "string",
            Self::Structure => "structure",
            Self::Timestamp => "timestamp",
            Self::Union => "union",
        }
    }
}
