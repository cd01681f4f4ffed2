//! Types that check the documented bounds of the vendors during deserialization.
//!
//! With these types, a request structure also expresses the bounds of its values. For example, a field has
//! the type `Option<Number<0, 1>>`. The error messages have the wording of the JSON Schema validation of the
//! service.

use std::fmt::Display;

use serde::de::{Deserialize, Deserializer, Error};

/// An integer from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Integer<const MIN: i64, const MAX: i64>(pub(super) i64);

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Integer<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        within(i64::deserialize(deserializer)?, MIN, MAX).map(Self)
    }
}

/// A number from `MIN` to `MAX`. The value is checked and discarded, because no response depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<const MIN: i32, const MAX: i32>;

impl<'de, const MIN: i32, const MAX: i32> Deserialize<'de> for Number<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        within(f64::deserialize(deserializer)?, f64::from(MIN), f64::from(MAX)).map(|_| Self)
    }
}

/// A string with `MIN` to `MAX` characters (Unicode scalar values).
#[derive(Clone, Debug)]
pub(super) struct Text<const MIN: usize, const MAX: usize>(pub(super) String);

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        check_length(&text, MIN, MAX)?;
        Ok(Self(text))
    }
}

/// A list with `MIN` to `MAX` items.
#[derive(Clone, Debug)]
pub(super) struct List<T, const MIN: usize, const MAX: usize>(pub(super) Vec<T>);

impl<T, const MIN: usize, const MAX: usize> Default for List<T, MIN, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Deserialize<'de> for List<T, MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::deserialize(deserializer)?;
        let count = items.len();
        if count < MIN {
            return Err(D::Error::custom(format_args!("expected minimum item count: {MIN}, found: {count}")));
        }
        check_count(count, MAX)?;
        Ok(Self(items))
    }
}

/// Checks the requested number of dimensions and returns it. The default is the first allowed number.
pub(super) fn dimensions<E: Error>(requested: Option<i64>, allowed: &[usize]) -> Result<usize, E> {
    let Some(requested) = requested else { return Ok(allowed[0]) };
    let found = allowed.iter().find(|length| i64::try_from(**length) == Ok(requested));
    found.copied().ok_or_else(|| E::custom(format_args!("{requested} is not a valid enum value")))
}

/// Checks that a list has at most `max` items.
pub(super) fn check_count<E: Error>(count: usize, max: usize) -> Result<(), E> {
    if count > max {
        return Err(E::custom(format_args!("expected maximum item count: {max}, found: {count}")));
    }
    Ok(())
}

/// Checks that `text` has `min` to `max` characters.
pub(super) fn check_length<E: Error>(text: &str, min: usize, max: usize) -> Result<(), E> {
    match text.chars().count() {
        length if length < min => Err(E::custom(format_args!("expected minLength: {min}, actual: {length}"))),
        length if length > max => Err(E::custom(format_args!("expected maxLength: {max}, actual: {length}"))),
        _ => Ok(()),
    }
}

/// Checks that `value` is from `min` to `max`, and returns it.
pub(super) fn within<T: PartialOrd + Display, E: Error>(value: T, min: T, max: T) -> Result<T, E> {
    if value < min {
        Err(E::custom(format_args!("{value} is not greater or equal to {min}")))
    } else if value > max {
        Err(E::custom(format_args!("{value} is not less or equal to {max}")))
    } else {
        Ok(value)
    }
}
