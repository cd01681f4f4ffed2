//! Conversion of blobs to and from base64 text, with the standard alphabet and padding.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#json-shape-serialization>

use base64_simd::STANDARD;

/// Returns the base64 text of a blob.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

/// Appends the base64 text of a blob to `out`.
pub(crate) fn append(bytes: &[u8], out: &mut Vec<u8>) {
    STANDARD.encode_append(bytes, out);
}

/// Decodes the base64 text of a blob. Returns `None` if the text is not base64.
///
/// The returned vector has no spare capacity, so its conversion to `Bytes` does not allocate memory.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode_to_vec(text).ok()
}

/// Conversion of blobs with `serde`.
///
/// In a human-readable format such as JSON, a blob is base64 text. In any other format, a blob is a byte array.
///
/// Use this module as `#[serde(with = "invoke_model_protocol::serde_blob")]`.
///
/// The module supports [`Bytes`](bytes::Bytes), and options, lists and maps of `Bytes`.
pub mod serde_blob {
    use std::collections::BTreeMap;
    use std::fmt;

    use bytes::Bytes;
    use serde::de::{Error, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::ParseErrorKind;

    /// Serializes a value that contains blobs.
    ///
    /// # Errors
    /// Returns the errors of the serializer.
    pub fn serialize<T: Blobs, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.write(serializer)
    }

    /// Deserializes a value that contains blobs.
    ///
    /// # Errors
    /// Returns an error if the data does not have the structure of `T`, or if a text is not base64.
    pub fn deserialize<'de, T: Blobs, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }

    /// A blob, or a container of blobs.
    pub trait Blobs: Sized {
        /// Serializes the blobs.
        ///
        /// # Errors
        /// Returns the errors of the serializer.
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

        /// Deserializes the blobs.
        ///
        /// # Errors
        /// Returns an error if the data does not have the structure of this type, or if a text is not base64.
        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
    }

    impl Blobs for Bytes {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match serializer.is_human_readable() {
                true => serializer.serialize_str(&super::encode(self)),
                false => serializer.serialize_bytes(self),
            }
        }

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if !deserializer.is_human_readable() {
                return deserializer.deserialize_byte_buf(BytesVisitor);
            }
            let text = String::deserialize(deserializer)?;
            super::decode(text.as_bytes())
                .map(Self::from)
                .ok_or_else(|| serde::de::Error::custom(ParseErrorKind::Base64))
        }
    }

    impl<T: Blobs> Blobs for Option<T> {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.as_ref().map(AsSerialize).serialize(serializer)
        }

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Ok(Option::deserialize(deserializer)?.map(|AsDeserialize(value)| value))
        }
    }

    impl<T: Blobs> Blobs for Vec<T> {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(self.iter().map(AsSerialize))
        }

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let values = Vec::deserialize(deserializer)?;
            Ok(values.into_iter().map(|AsDeserialize(value)| value).collect())
        }
    }

    impl<K: Serialize + for<'a> Deserialize<'a> + Ord, T: Blobs> Blobs for BTreeMap<K, T> {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.iter().map(|(key, value)| (key, AsSerialize(value))))
        }

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let values = BTreeMap::deserialize(deserializer)?;
            Ok(values.into_iter().map(|(key, AsDeserialize(value))| (key, value)).collect())
        }
    }

    struct BytesVisitor;

    impl Visitor<'_> for BytesVisitor {
        type Value = Bytes;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
            Ok(Bytes::copy_from_slice(bytes))
        }

        fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
            Ok(bytes.into())
        }
    }

    struct AsSerialize<'a, T>(&'a T);

    impl<T: Blobs> Serialize for AsSerialize<'_, T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.write(serializer)
        }
    }

    /// A wrapper that implements `Deserialize` for a value that contains blobs.
    #[derive(Clone, Debug)]
    pub struct AsDeserialize<T>(pub T);

    impl<'de, T: Blobs> Deserialize<'de> for AsDeserialize<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            T::read(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips_and_agrees_with_the_base64_crate(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = encode(&bytes);
            prop_assert_eq!(&text, &general_purpose::STANDARD.encode(&bytes));
            prop_assert_eq!(decode(text.as_bytes()), Some(bytes));
        }

        /// The generated texts include missing padding, trailing bits and characters of other alphabets.
        #[test]
        fn rejects_what_the_strict_base64_crate_rejects(text in "[A-Za-c+/_=\n -]{0,70}") {
            prop_assert_eq!(decode(text.as_bytes()), general_purpose::STANDARD.decode(&text).ok());
        }
    }
}
