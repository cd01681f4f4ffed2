//! Enums.

/// A string enum.
#[derive(Clone, Debug)]
pub(crate) struct StringEnum {
    /// Rust name.
    pub(crate) rust_name: String,
    /// Name of the shape in the model.
    pub(crate) wire_name: String,
    /// Documentation.
    pub(crate) doc: String,
    /// Values, in the order of the model.
    pub(crate) members: Vec<EnumMember>,
    /// `true` if `Debug` hides the value.
    pub(crate) sensitive: bool,
}

/// A value of a string enum.
#[derive(Clone, Debug)]
pub(crate) struct EnumMember {
    /// Rust name of the constant.
    pub(crate) rust_name: String,
    /// Value on the wire.
    pub(crate) value: String,
    /// Documentation.
    pub(crate) doc: String,
}

/// An int enum.
#[derive(Clone, Debug)]
pub(crate) struct IntEnum {
    /// Rust name.
    pub(crate) rust_name: String,
    /// Documentation.
    pub(crate) doc: String,
    /// Values, in the order of the model.
    pub(crate) members: Vec<IntEnumMember>,
    /// `true` if `Debug` hides the value.
    pub(crate) sensitive: bool,
}

/// A value of an int enum.
#[derive(Clone, Debug)]
pub(crate) struct IntEnumMember {
    /// Rust name of the constant.
    pub(crate) rust_name: String,
    /// Value on the wire.
    pub(crate) value: i32,
    /// Documentation.
    pub(crate) doc: String,
}
