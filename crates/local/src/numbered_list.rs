//! Lists in the files of the endpoint. Errors contain the number of the invalid item.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

/// Deserializes a list. `item` names an item in errors, for example `rule`. The first item has the number 1.
pub(crate) fn numbered_list<'de, D, T>(deserializer: D, item: &'static str) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct List<T>(&'static str, PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list; each item is a {}", self.0)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            loop {
                let number = items.len() + 1;
                let item = list.next_element();
                let name = self.0;
                match item.map_err(|error| A::Error::custom(format_args!("{name} {number}: {error}")))? {
                    Some(item) => items.push(item),
                    None => return Ok(items),
                }
            }
        }
    }

    deserializer.deserialize_seq(List(item, PhantomData))
}
