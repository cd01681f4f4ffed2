//! Parsing of query parameters.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::error::{ParseError, ParseErrorKind};

/// The decoded parameters of a query, in the order of the request.
#[derive(Clone, Debug)]
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Parses a query. A name without `=` has an empty value.
    pub fn new(query: Option<&'a str>) -> Self {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(a, b)| (text(a), text(b)))
                .collect(),
        )
    }

    /// Returns `true` if the query contains a parameter with this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(one, _)| one == name)
    }

    /// Parses the first parameter with this name. Returns `None` if the query does not contain the parameter.
    ///
    /// # Errors
    /// Returns an error if the value cannot be parsed as the member's type.
    pub fn optional<T>(
        &self,
        name: &str,
        member: &str,
        read: impl Fn(&str) -> Result<T, ParseErrorKind>,
    ) -> Result<Option<T>, ParseError> {
        let value = self.0.iter().find(|(one, _)| one == name);
        value.map(|(_, text)| read(text)).transpose().map_err(|kind| ParseError::new(member, kind))
    }

    /// Parses all parameters with this name. Returns `None` if the query does not contain the parameter.
    ///
    /// # Errors
    /// Returns an error if a value cannot be parsed as the member's type.
    pub fn list<T>(
        &self,
        name: &str,
        member: &str,
        read: impl Fn(&str) -> Result<T, ParseErrorKind>,
    ) -> Result<Option<Vec<T>>, ParseError> {
        let values = self.0.iter().filter(|(one, _)| one == name).map(|(_, text)| read(text));
        let values: Vec<T> =
            values.collect::<Result<_, _>>().map_err(|kind| ParseError::new(member, kind))?;
        Ok(Some(values).filter(|values| !values.is_empty()))
    }

    /// Returns all parameters as a map. If a parameter is repeated, the map contains its first value.
    pub fn map(&self) -> Option<BTreeMap<String, String>> {
        let pairs =
            self.0.iter().rev().map(|(name, value)| (name.clone().into_owned(), value.clone().into_owned()));
        Some(pairs.collect()).filter(|map: &BTreeMap<_, _>| !map.is_empty())
    }

    /// Returns all parameters as a map of lists.
    pub fn map_of_lists(&self) -> Option<BTreeMap<String, Vec<String>>> {
        let mut map: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &self.0 {
            map.entry(name.clone().into_owned()).or_default().push(value.clone().into_owned());
        }
        Some(map).filter(|map| !map.is_empty())
    }
}

fn text(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}
