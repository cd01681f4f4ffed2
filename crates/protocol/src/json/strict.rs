//! Strict parsing of JSON into the generated types, for inputs that a caller writes as JSON.
//!
//! The parsers of responses ignore members that are not in the model, because a newer version of the service
//! may send them. In an input, such a member is usually a typing mistake. Therefore this module returns an
//! error with the path to the member and the names of the known members.
//!
//! The module uses the `Deserialize` implementations of the generated types. These implementations pass the
//! names of all members to [`StrictDeserializer`].

use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde_json::{Map, Value};

use super::read;

/// The maximum number of arrays and objects that contain each other. With this limit, recursive functions
/// such as the parser of JSON and the destructor of [`Value`] need less than the stack of a thread.
pub const MAX_DEPTH: usize = 256;

/// Parses JSON text into a value whose depth is at most [`MAX_DEPTH`].
///
/// # Errors
/// Returns an error if the text is not JSON, or if it is nested too deeply.
pub fn value_from_text(text: &[u8]) -> Result<Value, InputError> {
    if text_depth(text) > MAX_DEPTH {
        return Err(InputErrorKind::TooDeep.into());
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    // The limit of `serde_json` is 128. The depth has already been checked.
    json.disable_recursion_limit();
    let value = serde::Deserialize::deserialize(&mut json);
    value
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| InputErrorKind::NotJson { line: error.line(), column: error.column() }.into())
}

/// Checks that the depth of a value is at most [`MAX_DEPTH`].
///
/// # Errors
/// Returns an error if the value is nested too deeply. In this case, the function drops the value without
/// recursion, because the destructor of a very deep value would overflow the stack.
pub fn check_depth(value: Value) -> Result<Value, InputError> {
    let mut open = vec![(&value, 1)];
    let mut is_too_deep = false;
    while let Some((value, depth)) = open.pop() {
        is_too_deep |= depth > MAX_DEPTH && is_container(value);
        match value {
            _ if is_too_deep => break,
            Value::Array(elements) => open.extend(elements.iter().map(|element| (element, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|member| (member, depth + 1))),
            _ => {}
        }
    }
    if !is_too_deep {
        return Ok(value);
    }
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(elements) => rest.extend(elements),
            Value::Object(members) => rest.extend(members.into_iter().map(|(_, member)| member)),
            _ => {}
        }
    }
    Err(InputErrorKind::TooDeep.into())
}

/// Converts a JSON value into a generated type. The depth of the value should be at most [`MAX_DEPTH`]: see
/// [`check_depth`].
///
/// # Errors
/// Returns an error if a member is not in the model, is missing, or has a value of another type.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, InputError> {
    T::deserialize(StrictDeserializer::new(value))
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

/// Returns the depth of a JSON text. For a text that is not JSON, returns at least the depth that a parser
/// reaches before it finds the error.
fn text_depth(text: &[u8]) -> usize {
    let (mut depth, mut max) = (0_usize, 0);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                max = max.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => _ = bytes.next(),
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    max
}

/// The error of an input in JSON. The caller must correct the input.
///
/// The text contains the path to the member, but never the value of a member. The path contains `[..]` instead
/// of the keys of maps, because keys can be sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    path: String,
    kind: InputErrorKind,
}

/// The problem with an input in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputErrorKind {
    /// The text is not JSON. JSON has no `NaN` and no infinities.
    NotJson {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// The depth of the value is larger than [`MAX_DEPTH`].
    TooDeep,
    /// The model does not define the member.
    UnknownMember {
        /// Name of the structure or union.
        shape: &'static str,
        /// Names of its members.
        known: &'static [&'static str],
    },
    /// A required member is missing.
    Missing,
    /// The value of an optional member is `null`.
    Null,
    /// A union does not have exactly one member.
    Union {
        /// Name of the union.
        shape: &'static str,
        /// Names of its members.
        known: &'static [&'static str],
        /// Number of members.
        found: usize,
    },
    /// The value has another type.
    Type {
        /// Type in the model.
        expected: String,
        /// Type in the input.
        found: &'static str,
    },
    /// The value has the correct type, but is not valid.
    Value {
        /// The problem.
        problem: String,
    },
}

impl InputError {
    /// Returns the path to the member, for example `messages[0].content[1].text`. The path is empty if the
    /// error does not concern a single member.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the kind of the problem.
    pub fn kind(&self) -> &InputErrorKind {
        &self.kind
    }

    /// Prepends the name of a structure member, or an index in brackets, to the path.
    #[must_use]
    fn inside(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path.insert_str(0, dot);
        self.path.insert_str(0, name);
        self
    }

    fn mismatch(value: &Value, expected: &str) -> Self {
        InputErrorKind::Type { expected: expected.to_owned(), found: read::type_name(value) }.into()
    }
}

impl From<InputErrorKind> for InputError {
    fn from(kind: InputErrorKind) -> Self {
        Self { path: String::new(), kind }
    }
}

impl Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.as_str();
        let subject = if path.is_empty() { "the input".to_owned() } else { format!("`{path}`") };
        match &self.kind {
            InputErrorKind::NotJson { line, column } => {
                write!(f, "the input is not JSON (line {line}, column {column})")
            }
            InputErrorKind::TooDeep => {
                write!(f, "the input has more than {MAX_DEPTH} nested arrays and objects")
            }
            InputErrorKind::UnknownMember { shape, known } => {
                write!(f, "{subject} is not a member of {shape}; {}", Known(known))
            }
            InputErrorKind::Missing => write!(f, "{subject} is required and was not set"),
            InputErrorKind::Null => write!(
                f,
                "{subject} is null: omit the member; a `NaN` or infinite number in Rust also becomes null in JSON"
            ),
            InputErrorKind::Union { shape, known, found } => write!(
                f,
                "{subject} must have exactly one member of {shape}, but it has {found}; {}",
                Known(known)
            ),
            InputErrorKind::Type { expected, found } => {
                write!(f, "{subject}: expected {expected}, found {found}")
            }
            InputErrorKind::Value { problem } => write!(f, "{subject}: {problem}"),
        }
    }
}

/// Writes a list of members.
struct Known(&'static [&'static str]);

impl Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("it has no members")
        } else {
            write!(f, "known members: {}", self.0.join(", "))
        }
    }
}

impl std::error::Error for InputError {}

impl serde::de::Error for InputError {
    fn custom<T: Display>(problem: T) -> Self {
        InputErrorKind::Value { problem: problem.to_string() }.into()
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
            Unexpected::Float(_) => "a number with a fraction",
            Unexpected::Str(_) => "a string",
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Seq => "an array",
            _ => "an object",
        };
        // Replace the terms of serde by the terms of JSON.
        let expected = match expected.to_string().as_str() {
            "i8" | "i16" | "i32" | "i64" => "an integer".to_owned(),
            "f32" | "f64" => "a number".to_owned(),
            "a sequence" => "an array".to_owned(),
            "a map" => "an object".to_owned(),
            other => other.to_owned(),
        };
        InputErrorKind::Type { expected, found }.into()
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("the number does not fit {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::from(InputErrorKind::Missing).inside(field)
    }
}

/// A deserializer that rejects members which the type does not have.
struct StrictDeserializer {
    value: Value,
    /// `true` if the value is a member of a structure. An optional member must not be null, because `NaN` also
    /// becomes null in a [`Value`]. botocore has the same rule.
    is_member: bool,
}

impl StrictDeserializer {
    fn new(value: Value) -> Self {
        Self { value, is_member: false }
    }
}

impl<'de> Deserializer<'de> for StrictDeserializer {
    type Error = InputError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => visitor.visit_u64(value),
                (None, Some(value), _) => visitor.visit_i64(value),
                (None, None, value) => visitor.visit_f64(value.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(elements) => {
                visitor.visit_seq(Elements { elements: elements.into_iter().enumerate() })
            }
            Value::Object(members) => visitor.visit_map(Members::new(members, Keys::OfMap)),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        // Without this check, serde would convert a large number into an infinity.
        if self.value.as_f64().is_some_and(|number| number.abs() > f64::from(f32::MAX)) {
            return Err(serde::de::Error::custom("the number does not fit f32"));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self.value {
            Value::Null if self.is_member => Err(InputErrorKind::Null.into()),
            Value::Null => visitor.visit_none(),
            value => visitor.visit_some(Self::new(value)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        shape: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        match self.value {
            Value::Object(members) => {
                visitor.visit_map(Members::new(members, Keys::OfStructure { shape, known }))
            }
            other => Err(InputError::mismatch(&other, "an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        shape: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        let members = match self.value {
            Value::Object(members) => members,
            other => return Err(InputError::mismatch(&other, "an object with one member")),
        };
        if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(InputError::from(InputErrorKind::UnknownMember { shape, known }).inside(name));
        }
        let found = members.len();
        match members.into_iter().next() {
            Some((name, value)) if found == 1 => visitor.visit_enum(Member { name, value }),
            _ => Err(InputErrorKind::Union { shape, known, found }.into()),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

/// The elements of an array.
struct Elements {
    elements: std::iter::Enumerate<std::vec::IntoIter<Value>>,
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = InputError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, InputError> {
        let Some((index, value)) = self.elements.next() else { return Ok(None) };
        let element = seed.deserialize(StrictDeserializer::new(value));
        element.map(Some).map_err(|error| error.inside(&format!("[{index}]")))
    }
}

/// The meaning of the keys of an object.
#[derive(Clone, Copy)]
enum Keys {
    OfMap,
    OfStructure { shape: &'static str, known: &'static [&'static str] },
}

/// The members of an object.
struct Members {
    members: serde_json::map::IntoIter,
    keys: Keys,
    /// The member whose name has been read, but not its value.
    current: Option<(String, Value)>,
}

impl Members {
    fn new(members: Map<String, Value>, keys: Keys) -> Self {
        Self { members: members.into_iter(), keys, current: None }
    }
}

impl<'de> MapAccess<'de> for Members {
    type Error = InputError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, InputError> {
        let Some((name, value)) = self.members.next() else { return Ok(None) };
        if let Keys::OfStructure { shape, known } = self.keys {
            if !known.contains(&name.as_str()) {
                return Err(InputError::from(InputErrorKind::UnknownMember { shape, known }).inside(&name));
            }
        }
        let (name, _) = self.current.insert((name, value));
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, InputError> {
        let (name, value) = self.current.take().unwrap_or_default();
        match self.keys {
            Keys::OfMap => {
                seed.deserialize(StrictDeserializer::new(value)).map_err(|error| error.inside("[..]"))
            }
            Keys::OfStructure { .. } => seed
                .deserialize(StrictDeserializer { value, is_member: true })
                .map_err(|error| error.inside(&name)),
        }
    }
}

/// The member of a union.
struct Member {
    name: String,
    value: Value,
}

impl<'de> EnumAccess<'de> for Member {
    type Error = InputError;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), InputError> {
        let name = seed.deserialize(StrDeserializer::<InputError>::new(&self.name))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Member {
    type Error = InputError;

    fn unit_variant(self) -> Result<(), InputError> {
        Err(InputError::mismatch(&self.value, "no value").inside(&self.name))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, InputError> {
        seed.deserialize(StrictDeserializer::new(self.value)).map_err(|error| error.inside(&self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, InputError> {
        StrictDeserializer::new(self.value).deserialize_seq(visitor).map_err(|error| error.inside(&self.name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        let members =
            StrictDeserializer::new(self.value).deserialize_struct("the union member", known, visitor);
        members.map_err(|error| error.inside(&self.name))
    }
}
