//! The smallest instance of a JSON Schema, for the arguments of simulated tool calls and for structured
//! output.
//!
//! <https://json-schema.org/draft/2020-12/json-schema-validation>
//!
//! An instance has the required properties and the minimum number of items, and its strings are as short as
//! the schema allows. If a schema has `const` or `enum`, the instance is the constant or the first value. If
//! a schema has `anyOf` or `oneOf`, the first alternative applies. Only a `$ref` within the schema is
//! resolved. `pattern`, `not`, `if` and `contains` are ignored.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;

use serde_json::{Map, Number, Value, json};

/// The maximum depth of an instance. A schema that refers to itself can require infinite instances.
const MAX_DEPTH: usize = 32;

/// The maximum number of items, properties or characters that a schema can require.
const MAX_LENGTH: u64 = 1_000;

/// The maximum number of schemas, properties and names of required properties that are read. Without this
/// limit, a schema that refers to itself several times could require a number of instances that grows
/// exponentially with the depth.
const MAX_READ: usize = 100_000;

/// The maximum size of an instance, as [`size`] counts it. Without this limit, arrays of arrays could repeat
/// a long `const` any number of times. If an instance would exceed the maximum, the instance is incomplete.
const MAX_SIZE: usize = 2_000_000;

/// Returns the smallest instance of `schema`.
pub(crate) fn smallest_instance(schema: &Value) -> Value {
    let generator = Generator { root: schema, unread: Cell::new(MAX_READ), size: Cell::new(MAX_SIZE) };
    generator.instance(schema, 0, MAX_DEPTH)
}

/// A generator of instances.
struct Generator<'a> {
    /// The schema that local references refer to.
    root: &'a Value,
    /// The number of schemas, properties and names that may still be read.
    unread: Cell<usize>,
    /// The size that the instance may still have.
    size: Cell<usize>,
}

impl Generator<'_> {
    /// Subtracts `size` from the size that the instance may still have. Returns `false` if the instance would
    /// be too large.
    fn take(&self, size: usize) -> bool {
        let rest = self.size.get().checked_sub(size);
        self.size.set(rest.unwrap_or(0));
        rest.is_some()
    }

    /// Returns a copy of a value of the schema, or `null` if the instance would be too large.
    fn copy(&self, value: &Value) -> Value {
        if self.take(size(value)) { value.clone() } else { Value::Null }
    }

    /// Returns an instance of `schema`. Arrays can require unique items. Therefore, if the schema allows
    /// different instances, different values of `variant` give different instances.
    fn instance(&self, schema: &Value, variant: u64, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1).filter(|_| self.take(1)) else { return Value::Null };
        let Some(schema) = self.resolved(schema, MAX_DEPTH) else { return json!("") };
        if let Some(value) = schema.get("const") {
            return self.copy(value);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array).filter(|values| !values.is_empty())
        {
            let index = usize::try_from(variant).unwrap_or(0);
            return values.get(index).or(values.first()).map(|value| self.copy(value)).unwrap_or_default();
        }
        match kind(&schema) {
            "object" => self.object(&schema, depth),
            "array" => self.array(&schema, depth),
            "integer" => number(&schema, variant, true),
            "number" => number(&schema, variant, false),
            "boolean" => json!(variant == 1),
            "null" => Value::Null,
            _ => self.copy(&string(&schema, variant)),
        }
    }

    /// Returns the members of a schema, including the members of the schemas that it refers to. Returns
    /// `None` for a schema that is not an object, such as `true`.
    fn resolved<'s>(&self, schema: &'s Value, depth: usize) -> Option<Cow<'s, Map<String, Value>>> {
        let members = schema.as_object()?;
        let depth = depth.checked_sub(1)?;
        self.read(1)?;
        let reference =
            members.get("$ref").and_then(Value::as_str).and_then(|reference| self.target(reference));
        let first_of = |key| members.get(key).and_then(Value::as_array).and_then(|schemas| schemas.first());
        let all_of = members.get("allOf").and_then(Value::as_array).into_iter().flatten();
        let parts = reference.into_iter().chain(first_of("anyOf")).chain(first_of("oneOf")).chain(all_of);
        let mut merged = Cow::Borrowed(members);
        for part in parts.filter_map(|part| self.resolved(part, depth)) {
            self.read(entries(&part))?;
            merge(merged.to_mut(), &part);
        }
        Some(merged)
    }

    /// Subtracts from the number of items that may still be read. Returns `None` if the schema is too large.
    fn read(&self, items: usize) -> Option<()> {
        let rest = self.unread.get().checked_sub(items);
        self.unread.set(rest.unwrap_or(0));
        rest.map(|_| ())
    }

    /// Returns the schema that a local reference refers to.
    fn target(&self, reference: &str) -> Option<&Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    fn object(&self, schema: &Map<String, Value>, depth: usize) -> Value {
        let any = Value::Bool(true);
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let mut known = HashSet::new();
        let mut names: Vec<&str> =
            required.filter_map(Value::as_str).filter(|name| known.insert(*name)).collect();
        let least = usize::try_from(length(schema, "minProperties")).unwrap_or(0);
        let missing = least.saturating_sub(names.len());
        let others = properties.keys().map(String::as_str).filter(|name| known.insert(*name));
        names.extend(others.take(missing));
        let of_others =
            schema.get("additionalProperties").filter(|schema| schema.is_object()).unwrap_or(&any);
        let mut members = Map::new();
        for name in names {
            if !self.take(name.len()) {
                break;
            }
            let schema = properties.get(name).unwrap_or(of_others);
            members.insert(name.to_owned(), self.instance(schema, 0, depth));
        }
        for index in members.len()..least {
            let name = format!("key{index}");
            if !self.take(name.len()) {
                break;
            }
            members.insert(name, self.instance(of_others, 0, depth));
        }
        Value::Object(members)
    }

    fn array(&self, schema: &Map<String, Value>, depth: usize) -> Value {
        let any = Value::Bool(true);
        let first =
            schema.get("prefixItems").or_else(|| schema.get("items").filter(|items| items.is_array()));
        let first: &[Value] = first.and_then(Value::as_array).map_or(&[], Vec::as_slice);
        let rest = schema.get("items").filter(|items| items.is_object()).unwrap_or(&any);
        let is_unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let indices = (0..length(schema, "minItems")).take_while(|_| self.size.get() > 0);
        let items = indices.map(|index| {
            let item = usize::try_from(index).ok().and_then(|index| first.get(index)).unwrap_or(rest);
            self.instance(item, if is_unique { index } else { 0 }, depth)
        });
        items.collect()
    }
}

/// Adds the members of `part` to a schema. If the schema already has a member, the schema keeps its own
/// value. However, the entries of `properties` and `required` in `part` are added to the entries that the
/// schema already has. `required` can then contain a name twice.
fn merge(schema: &mut Map<String, Value>, part: &Map<String, Value>) {
    for (name, value) in part {
        match (name.as_str(), schema.get_mut(name), value) {
            ("properties", Some(Value::Object(own)), Value::Object(added)) => {
                for (name, value) in added {
                    own.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            ("required", Some(Value::Array(own)), Value::Array(added)) => own.extend(added.iter().cloned()),
            (_, Some(_), _) => {}
            (_, None, _) => _ = schema.insert(name.clone(), value.clone()),
        }
    }
}

/// Returns the number of entries that [`merge`] copies.
fn entries(part: &Map<String, Value>) -> usize {
    let properties = part.get("properties").and_then(Value::as_object).map_or(0, Map::len);
    properties + part.get("required").and_then(Value::as_array).map_or(0, Vec::len)
}

/// Returns the type of the instances. If a schema has no type, returns the type to which its keywords apply.
fn kind(schema: &Map<String, Value>) -> &str {
    let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or("string"),
        _ if has(&["properties", "required", "minProperties", "additionalProperties"]) => "object",
        _ if has(&["items", "prefixItems", "minItems"]) => "array",
        _ if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) => "number",
        _ => "string",
    }
}

/// Returns the number of values in a value, plus the length of all strings and names in bytes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len(),
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            1 + members.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>()
        }
        _ => 1,
    }
}

fn length(schema: &Map<String, Value>, key: &str) -> u64 {
    schema.get(key).and_then(Value::as_u64).unwrap_or(0).min(MAX_LENGTH)
}

fn string(schema: &Map<String, Value>, variant: u64) -> Value {
    let of_format = match schema.get("format").and_then(Value::as_str).unwrap_or_default() {
        "date-time" => "2020-01-01T00:00:00Z",
        "date" => "2020-01-01",
        "time" => "00:00:00Z",
        "duration" => "PT0S",
        "email" | "idn-email" => "a@example.com",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" => "127.0.0.1",
        "ipv6" => "::1",
        "uri" | "url" | "iri" => "https://example.com",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        _ => "",
    };
    if !of_format.is_empty() {
        return json!(of_format);
    }
    let length = usize::try_from(length(schema, "minLength")).unwrap_or(0);
    if variant == 0 {
        return json!("a".repeat(length));
    }
    json!(format!("{:a>length$}", variant))
}

/// Returns the allowed number that is closest to 0. Moves the number by `variant` steps.
fn number(schema: &Map<String, Value>, variant: u64, is_integer: bool) -> Value {
    let bound = |key| schema.get(key).and_then(Value::as_f64);
    let is_exclusive = |key| schema.get(key) == Some(&Value::Bool(true));
    let step = bound("multipleOf").filter(|step| *step > 0.0);
    let step = if is_integer { Some(step.map_or(1.0, |step| step.max(1.0))) } else { step };
    // The distance between an exclusive bound and the number. It is used only if the schema sets no step.
    let gap = || match (bound("exclusiveMinimum"), bound("exclusiveMaximum")) {
        (Some(min), Some(max)) => (max - min) / 2.0,
        _ => 1.0,
    };
    let min = bound("exclusiveMinimum")
        .or_else(|| bound("minimum").filter(|_| is_exclusive("exclusiveMinimum")))
        .map(|min| match step {
            Some(step) => ((min / step).floor() + 1.0) * step,
            None => min + gap(),
        })
        .into_iter()
        .chain(bound("minimum").map(|min| step.map_or(min, |step| (min / step).ceil() * step)))
        .reduce(f64::max);
    let max = bound("exclusiveMaximum")
        .or_else(|| bound("maximum").filter(|_| is_exclusive("exclusiveMaximum")))
        .map(|max| match step {
            Some(step) => ((max / step).ceil() - 1.0) * step,
            None => max - gap(),
        })
        .into_iter()
        .chain(bound("maximum").map(|max| step.map_or(max, |step| (max / step).floor() * step)))
        .reduce(f64::min);
    let offset = f64::from(u32::try_from(variant).unwrap_or(0)) * step.unwrap_or(1.0);
    let value = match (min, max) {
        (Some(min), _) if min > 0.0 => min + offset,
        (_, Some(max)) if max < 0.0 => max - offset,
        (None, Some(max)) if offset > max => -offset,
        _ => offset,
    };
    #[expect(clippy::cast_possible_truncation, reason = "the value has no fraction, and is within the range")]
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return json!(value as i64);
    }
    Number::from_f64(value).map_or(json!(0), Value::Number)
}
