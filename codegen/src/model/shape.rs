//! One shape of the AST: its type, its members and references, its traits.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::ShapeId;

/// Traits by shape id, as JSON, in the order of the file.
pub type Traits = IndexMap<String, Value>;

/// A shape. What its type does not have is empty.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    /// What kind of shape it is.
    #[serde(rename = "type")]
    pub ty: ShapeType,
    /// Its traits.
    #[serde(default)]
    pub traits: Traits,
    /// Members of a structure, union, enum or int enum.
    #[serde(default)]
    pub members: IndexMap<String, Member>,
    /// The member of a list or (in version 1) set.
    pub member: Option<Member>,
    /// The key of a map.
    pub key: Option<Member>,
    /// The value of a map.
    pub value: Option<Member>,
    /// The shapes that are mixed in.
    #[serde(default)]
    pub mixins: Vec<Reference>,
    /// A service's version.
    pub version: Option<String>,
    /// An operation's input.
    pub input: Option<Reference>,
    /// An operation's output.
    pub output: Option<Reference>,
    /// The errors of an operation, or those that all operations of a service share.
    #[serde(default)]
    pub errors: Vec<Reference>,
    /// Operations bound to a service or resource.
    #[serde(default)]
    pub operations: Vec<Reference>,
    /// Resources bound to a service or resource.
    #[serde(default)]
    pub resources: Vec<Reference>,
    /// A resource's operations on the collection.
    #[serde(default)]
    pub collection_operations: Vec<Reference>,
    /// A resource's lifecycle operations.
    pub create: Option<Reference>,
    /// See `create`.
    pub put: Option<Reference>,
    /// See `create`.
    pub read: Option<Reference>,
    /// See `create`.
    pub update: Option<Reference>,
    /// See `create`.
    pub delete: Option<Reference>,
    /// See `create`.
    pub list: Option<Reference>,
    /// Names that a service gives to shapes of its closure.
    #[serde(default)]
    pub rename: IndexMap<ShapeId, String>,
}

impl Shape {
    /// Whether the trait stands on the shape.
    pub fn has(&self, id: &str) -> bool {
        self.traits.contains_key(id)
    }

    /// Every member, whatever the shape's type: of a list `member`, of a map `key` and `value`.
    pub fn all_members(&self) -> impl Iterator<Item = (&str, &Member)> {
        let named = self.members.iter().map(|(name, member)| (name.as_str(), member));
        let of_list = self.member.iter().map(|member| ("member", member));
        let of_map = self.key.iter().map(|key| ("key", key));
        named.chain(of_list).chain(of_map).chain(self.value.iter().map(|value| ("value", value)))
    }

    /// Every operation that is bound to this service or resource itself.
    pub fn bound_operations(&self) -> impl Iterator<Item = &ShapeId> {
        let lifecycle = [&self.create, &self.put, &self.read, &self.update, &self.delete, &self.list];
        let references = self.operations.iter().chain(&self.collection_operations);
        references.chain(lifecycle.into_iter().flatten()).map(|reference| &reference.target)
    }
}

/// A member: the shape it targets and its own traits.
#[derive(Clone, Debug, Deserialize)]
pub struct Member {
    /// The shape of its values.
    pub target: ShapeId,
    /// Its traits; they stand above those of the target.
    #[serde(default)]
    pub traits: Traits,
}

impl Member {
    /// Whether the trait stands on the member itself.
    pub fn has(&self, id: &str) -> bool {
        self.traits.contains_key(id)
    }
}

/// A reference to another shape.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reference {
    /// The shape that is meant.
    pub target: ShapeId,
}

/// The type of a shape. <https://smithy.io/2.0/spec/model.html#shape-types>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are Smithy's own")]
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
    /// The name in the AST: `intEnum`, `structure`, ..
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
