//! Some members of a JSON object, found in one pass and read one by one, without memory for the others.

use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

use super::{Object, plain, value_of};
use crate::{ParseError, ParseErrorKind, blob};

/// The members of an object that the model has, each still as text: for objects that come often and are small, as the
/// payloads of events. What nobody asks for is passed over; of two with one name the last counts. `Debug` shows no value.
pub struct Members<'a, const N: usize> {
    names: [&'static str; N],
    values: Values<'a, N>,
}

/// JSON, each.
type Values<'a, const N: usize> = [Option<&'a [u8]>; N];

impl<'a, const N: usize> Members<'a, N> {
    /// Finds the members of these names. An empty body stands for an object without members.
    ///
    /// # Errors
    /// Not JSON, or not an object.
    pub fn from_body(body: &'a [u8], names: [&'static str; N]) -> Result<Self, ParseError> {
        let mut values = [None; N];
        let find = |name: &[u8], value| {
            if let Some(index) = names.iter().position(|known| known.as_bytes() == name) {
                values[index] = Some(value);
            }
        };
        if body.is_empty() || plain::members(body, find).is_some() {
            return Ok(Self { names, values });
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
        let Some(json) = self.json(name) else { return Ok(None) };
        value_of(json).and_then(read).map(Some).map_err(|error| error.in_member(name))
    }

    /// Reads a blob, straight from its text: the only memory taken is that of its bytes.
    ///
    /// # Errors
    /// Not a string, or not base64.
    pub fn blob(&mut self, name: &str) -> Result<Option<Bytes>, ParseError> {
        let Some(json) = self.json(name) else { return Ok(None) };
        let text = json.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
        // No escape is base64: one that stands for what is comes the longer way, as what is wrong does.
        match text.and_then(blob::decode) {
            Some(bytes) => Ok(Some(bytes.into())),
            None => self.member(name, super::read::blob),
        }
    }

    fn json(&self, name: &str) -> Option<&'a [u8]> {
        let index = self.names.iter().position(|known| *known == name)?;
        self.values[index].filter(|json| *json != b"null")
    }
}

impl<const N: usize> fmt::Debug for Members<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").field("names", &self.names).finish_non_exhaustive()
    }
}

/// Finds members by their names.
struct Find<'n, const N: usize>(&'n [&'static str; N]);

impl<'de, const N: usize> Visitor<'de> for Find<'_, N> {
    type Value = Values<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        while let Some(index) = members.next_key_seed(Index(self.0))? {
            match index {
                Some(index) => values[index] = Some(members.next_value::<&RawValue>()?.get().as_bytes()),
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

    #[test]
    fn no_value_is_printed() {
        let members = Members::from_body(br#"{"bytes":"c2VjcmV0"}"#, ["bytes"]).unwrap();
        assert_eq!(format!("{members:?}"), r#"Members { names: ["bytes"], .. }"#);
    }

    /// Bodies that are nearly right, and right ones.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            " ",
            "\n",
            "\u{c}",
            "\"",
            "\\",
            "null",
            "7",
            "a",
            "é",
            "\u{1}",
            r#""bytes":"#,
            r#""number":"#,
            r#""p":"#,
            r#""AA==""#,
            r#""+\/8=""#,
            r#""0123456789abcdefgh""#,
            ",\"bytes\":\"AA==\"}",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("{{{}", pieces.concat()))
    }

    proptest! {
        #[test]
        fn any_pieces_are_read_alike(body in pieces()) {
            let _ = check(&body);
        }

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
