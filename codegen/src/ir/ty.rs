//! Types of values, including the format of timestamps.

/// The type of a value. A variant for a named shape contains the Rust name of that shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    /// `bool`.
    Boolean,
    /// A signed integer.
    Integer(IntegerWidth),
    /// `f32`.
    Float,
    /// `f64`.
    Double,
    /// `String`. In a header, a string with a media type is encoded as base64.
    String {
        /// `true` if the shape has a media type.
        media_type: bool,
    },
    /// `Bytes`.
    Blob,
    /// `serde_json::Value`.
    Document,
    /// `Timestamp`.
    Timestamp(TimestampFormat),
    /// An open string enum.
    StringEnum(String),
    /// An open int enum.
    IntEnum(String),
    /// A structure.
    Structure(String),
    /// A union.
    Union(String),
    /// `Vec`.
    List {
        /// Type of the elements.
        element: Box<Type>,
        /// `true` if elements may be null.
        sparse: bool,
    },
    /// `BTreeMap`.
    Map {
        /// Type of the keys: a string or string enum.
        key: Box<Type>,
        /// Type of the values.
        value: Box<Type>,
        /// `true` if values may be null.
        sparse: bool,
    },
    /// A value in a `Box`, because its type is recursive.
    Boxed(Box<Type>),
    /// `()`: the type of a union member that targets `smithy.api#Unit`.
    Unit,
}

impl Type {
    /// Returns the Rust name of the shape in the type. For a list or map, the shape is the type of the elements
    /// or values. Returns `None` if the type contains no named shape.
    pub(crate) fn shape(&self) -> Option<&str> {
        match self {
            Self::StringEnum(name) | Self::IntEnum(name) | Self::Structure(name) | Self::Union(name) => {
                Some(name)
            }
            Self::List { element: inner, .. } | Self::Map { value: inner, .. } | Self::Boxed(inner) => {
                inner.shape()
            }
            _ => None,
        }
    }

    /// Returns `true` if the type is a map whose values are lists.
    pub(crate) fn is_map_of_lists(&self) -> bool {
        matches!(self, Self::Map { value, .. } if matches!(**value, Self::List { .. }))
    }

    /// Returns `true` if the type is a blob, or a list or map that contains blobs at any depth.
    pub(crate) fn holds_blobs(&self) -> bool {
        match self {
            Self::Blob => true,
            Self::List { element: inner, .. } | Self::Map { value: inner, .. } => inner.holds_blobs(),
            _ => false,
        }
    }
}

/// Width of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerWidth {
    /// `i8`, Smithy's `byte`.
    Byte,
    /// `i16`.
    Short,
    /// `i32`.
    Integer,
    /// `i64`.
    Long,
}

/// Format of a timestamp on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimestampFormat {
    /// Seconds since 1970.
    EpochSeconds,
    /// RFC 3339.
    DateTime,
    /// IMF-fixdate of RFC 9110.
    HttpDate,
}
