//! Some members of a JSON object, found in one pass and read one by one, without memory for the others.

use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

use super::{Object, value_of};
use crate::{ParseError, ParseErrorKind, blob};

/// The members of an object that the model has, each still as text: for objects that come often and are small, as the
/// payloads of events. What nobody asks for is passed over; of two with one name the last counts.
#[derive(Debug)]
pub struct Members<'a, const N: usize> {
    names: [&'static str; N],
    values: [Option<&'a RawValue>; N],
}

impl<'a, const N: usize> Members<'a, N> {
    /// Finds the members of these names. An empty body stands for an object without members.
    ///
    /// # Errors
    /// Not JSON, or not an object.
    pub fn from_body(body: &'a [u8], names: [&'static str; N]) -> Result<Self, ParseError> {
        if body.is_empty() {
            return Ok(Self { names, values: [None; N] });
        }
        let mut json = Deserializer::from_slice(body);
        let found = json.deserialize_map(Find(&names)).and_then(|values| json.end().map(|()| values));
        found.map(|values| Self { names, values }).map_err(|error| {
            let kind = ParseErrorKind::NotJson { line: error.line(), column: error.column() };
            // JSON, but not an object: the words for that are those of the other reader.
            value_of(body).and_then(Object::from_value).err().unwrap_or_else(|| kind.into())
        })
    }

    /// Reads a member; absent and null are the same.
    ///
    /// # Errors
    /// What `read` says, with the member's name before the path.
    pub fn member<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ParseError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let value = value_of(text.as_bytes()).and_then(read);
        value.map(Some).map_err(|error| error.in_member(name))
    }

    /// Reads a blob, straight from its text: the only memory taken is that of its bytes.
    ///
    /// # Errors
    /// Not a string, or not base64.
    pub fn blob(&mut self, name: &str) -> Result<Option<Bytes>, ParseError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let bytes = match plain(text) {
            Some(text) => blob::decode(text).ok_or_else(|| ParseErrorKind::Base64.into()).map(Bytes::from),
            None => value_of(text.as_bytes()).and_then(super::read::blob),
        };
        bytes.map(Some).map_err(|error| error.in_member(name))
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        let index = self.names.iter().position(|known| *known == name)?;
        self.values[index].map(RawValue::get).filter(|text| *text != "null")
    }
}

/// What stands between the quotes of a string without escapes.
fn plain(text: &str) -> Option<&[u8]> {
    let text = text.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    (!text.contains(&b'\\')).then_some(text)
}

/// Finds members by their names.
struct Find<'n, const N: usize>(&'n [&'static str; N]);

impl<'de, const N: usize> Visitor<'de> for Find<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        while let Some(index) = members.next_key_seed(Index(self.0))? {
            match index {
                Some(index) => values[index] = Some(members.next_value()?),
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(values)
    }
}

/// The place of a name among those that are looked for.
struct Index<'n>(&'n [&'static str]);

impl<'de> DeserializeSeed<'de> for Index<'_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Index<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|known| *known == name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What both readers make of the same body: a member that is a number, and one that is a blob.
    fn check(body: &str) -> Result<(Option<i64>, Option<Bytes>), ParseError> {
        let found = Members::from_body(body.as_bytes(), ["number", "bytes"]).and_then(|mut members| {
            Ok((members.member("number", super::super::read::integer)?, members.blob("bytes")?))
        });
        let whole = Object::from_body(body.as_bytes()).and_then(|mut object| {
            let number = object.member("number", super::super::read::integer)?;
            Ok((number, object.member("bytes", super::super::read::blob)?))
        });
        assert_eq!(found, whole, "{body}");
        found
    }

    #[test]
    fn members_are_read_as_from_an_object() {
        let bytes = Some(Bytes::from_static(b"\xfb\xff"));
        for body in [
            r#"{"number":7,"bytes":"+/8=","p":"abcd"}"#,
            r#" { "p" : [{"bytes":1}], "bytes" : "+/8=" , "number" : 7 } "#,
            r#"{"bytes":"+\/8=","number":7}"#,
            r#"{"b\u0079tes":"+/8=","number":7}"#,
            r#"{"number":1,"number":7,"bytes":"AA==","bytes":"+/8="}"#,
        ] {
            assert_eq!(check(body), Ok((Some(7), bytes.clone())));
        }
        for body in ["", "{}", r#"{"number":null,"bytes":null}"#, r#"{"Bytes":"AA=="}"#] {
            assert_eq!(check(body), Ok((None, None)));
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_the_same_words() {
        let error = |body| check(body).unwrap_err().to_string();
        assert_eq!(error(r#"{"bytes":7}"#), "`bytes`: expected a string, found a number");
        assert_eq!(error(r#"{"bytes":"AA"}"#), "`bytes`: the text is not base64");
        assert_eq!(error(r#"{"number":"7"}"#), "`number`: expected an integer, found a string");
        assert_eq!(error("[]"), "expected an object, found an array");
        assert_eq!(error(r#"{"bytes":"AA==""#), "the body is not JSON (line 1, column 15)");
        assert_eq!(error(r#"{"bytes":"AA=="}}"#), "the body is not JSON (line 1, column 17)");
    }

    proptest! {
        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Members::from_body(&body, ["bytes"]).and_then(|mut members| members.blob("bytes"));
        }

        #[test]
        fn any_object_is_read_alike(number: Option<i64>, bytes: Vec<u8>, other in ".{0,20}") {
            let body = json!({"number": number, &other: [other], "bytes": blob::encode(&bytes)});
            let _ = check(&body.to_string());
        }
    }
}
