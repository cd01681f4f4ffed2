//! A parser of selected members of a JSON object. It finds the members in one pass and allocates no memory
//! for other members.

use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Deserializer;
use serde_json::value::RawValue;

use super::BorrowedValue;
use super::object::Object;
use crate::blob;
use crate::error::{ParseError, ParseErrorKind};

/// The unparsed JSON text of the object members that are in the model.
///
/// This type is intended for small objects with blobs that are parsed often, such as the payloads of events. Members
/// that are not in the model are skipped. If a member is repeated, its last value is kept. `Debug` does not
/// print values.
pub struct Members<'a, const N: usize> {
    names: [&'static str; N],
    values: Values<'a, N>,
}

/// JSON text of each member, or `None` for a missing member. The order is the order of the names.
type Values<'a, const N: usize> = [Option<&'a [u8]>; N];

impl<'a, const N: usize> Members<'a, N> {
    /// Finds the members with these names. An empty body is treated as an object without members.
    ///
    /// # Errors
    /// Returns an error if the body is not a JSON object.
    pub fn from_body(body: &'a [u8], names: [&'static str; N]) -> Result<Self, ParseError> {
        if body.is_empty() {
            return Ok(Self { names, values: [None; N] });
        }
        let mut json = Deserializer::from_slice(body);
        let found =
            json.deserialize_map(MembersVisitor(&names)).and_then(|values| json.end().map(|()| values));
        found.map(|values| Self { names, values }).map_err(|error| {
            let kind = ParseErrorKind::NotJson { line: error.line(), column: error.column() };
            // If the body is JSON, but not an object, return the error that `Object` returns.
            Object::from_body(body).err().unwrap_or_else(|| kind.into())
        })
    }

    /// Parses a member with `read`. Returns `None` if the member is missing or null.
    ///
    /// # Errors
    /// Returns the errors of `read`, with the name of the member prepended to the path.
    pub fn member<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(BorrowedValue<'a>) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ParseError> {
        let Some(json) = self.json(name) else { return Ok(None) };
        BorrowedValue::from_body(json).and_then(read).map(Some).map_err(|error| error.in_member(name))
    }

    /// Parses a blob. Usually, this function decodes the base64 text directly from the body, and allocates
    /// memory only for the decoded bytes.
    ///
    /// # Errors
    /// Returns an error if the member is not a string or not base64.
    pub fn blob(&mut self, name: &str) -> Result<Option<Bytes>, ParseError> {
        let Some(json) = self.json(name) else { return Ok(None) };
        let text = json.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
        // Decode the text directly, because most texts contain no escape sequences. If direct decoding fails,
        // `member` decodes the escape sequences or returns the error.
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

/// Visits an object and keeps the JSON text of members with these names. Skips all other members.
struct MembersVisitor<'n, const N: usize>(&'n [&'static str; N]);

impl<'de, const N: usize> Visitor<'de> for MembersVisitor<'_, N> {
    type Value = Values<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        while let Some(index) = members.next_key_seed(NameIndex(self.0))? {
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

/// Parses a name and returns its index in the list of names, or `None` if the list does not contain the name.
struct NameIndex<'n>(&'n [&'static str]);

impl<'de> DeserializeSeed<'de> for NameIndex<'_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for NameIndex<'_> {
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

    /// Parses a number and a blob with both `Members` and `Object`, and checks that the results are equal.
    fn check(body: &str) -> Result<(Option<i64>, Option<Bytes>), ParseError> {
        let found = Members::from_body(body.as_bytes(), ["number", "bytes"]).and_then(|mut members| {
            Ok((members.member("number", super::super::read::integer)?, members.blob("bytes")?))
        });
        let object = Object::from_body(body.as_bytes()).and_then(|mut object| {
            let number = object.member("number", super::super::read::integer)?;
            Ok((number, object.member("bytes", super::super::read::blob)?))
        });
        assert_eq!(found, object, "{body}");
        found
    }

    #[test]
    fn parses_members_like_object() {
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
    fn returns_the_errors_of_object() {
        let error = |body| check(body).unwrap_err().to_string();
        assert_eq!(error(r#"{"bytes":7}"#), "`bytes`: expected a string, found a number");
        assert_eq!(error(r#"{"bytes":"AA"}"#), "`bytes`: the text is not base64");
        assert_eq!(error(r#"{"number":"7"}"#), "`number`: expected an integer, found a string");
        assert_eq!(error("[]"), "expected an object, found an array");
        assert_eq!(error(r#"{"bytes":"AA==""#), "the body is not JSON (line 1, column 15)");
        assert_eq!(error(r#"{"bytes":"AA=="}}"#), "the body is not JSON (line 1, column 17)");
    }

    #[test]
    fn debug_does_not_print_values() {
        let members = Members::from_body(br#"{"bytes":"c2VjcmV0"}"#, ["bytes"]).unwrap();
        assert_eq!(format!("{members:?}"), r#"Members { names: ["bytes"], .. }"#);
    }

    /// Generates valid and almost valid bodies.
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
        fn parses_arbitrary_pieces_like_object(body in pieces()) {
            let _ = check(&body);
        }

        #[test]
        fn arbitrary_bodies_do_not_panic(body in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Members::from_body(&body, ["bytes"]).and_then(|mut members| members.blob("bytes"));
        }

        #[test]
        fn parses_arbitrary_objects_like_object(number: Option<i64>, bytes: Vec<u8>, other in ".{0,20}") {
            let body = json!({"number": number, &other: [other], "bytes": blob::encode(&bytes)});
            let _ = check(&body.to_string());
        }
    }
}
