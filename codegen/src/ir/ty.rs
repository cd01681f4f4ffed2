//! The type of a member's value, down to the format of its timestamps.

/// A type. Named shapes are named by their Rust names.
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
    /// `String`; in a header field in base64 if it has a media type.
    String {
        /// Whether the shape has a media type.
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
        /// What it holds.
        element: Box<Type>,
        /// Whether elements may be null.
        sparse: bool,
    },
    /// `BTreeMap`.
    Map {
        /// A string or string enum.
        key: Box<Type>,
        /// What it holds.
        value: Box<Type>,
        /// Whether values may be null.
        sparse: bool,
    },
    /// A value whose type contains itself.
    Boxed(Box<Type>),
    /// The value of a union's member that says all by being set.
    Unit,
}

impl Type {
    /// Whether a value is a blob, or a list or map of blobs.
    pub(crate) fn holds_blobs(&self) -> bool {
        match self {
            Self::Blob => true,
            Self::List { element: inner, .. } | Self::Map { value: inner, .. } => inner.holds_blobs(),
            _ => false,
        }
    }
}

/// How wide an integer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerWidth {
    /// `i8`, Smithy's byte.
    Byte,
    /// `i16`.
    Short,
    /// `i32`.
    Integer,
    /// `i64`.
    Long,
}

/// How a timestamp is written where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimestampFormat {
    /// Seconds since 1970.
    EpochSeconds,
    /// RFC 3339.
    DateTime,
    /// RFC 9110's IMF-fixdate.
    HttpDate,
}
