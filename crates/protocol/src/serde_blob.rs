//! Blobs as base64 text in `serde` data, as they stand in JSON. For `#[serde(with = "..")]`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes base64.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(value: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(value))
}

/// Reads base64.
///
/// # Errors
/// Not a string, or not base64.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map(Bytes::from).map_err(serde::de::Error::custom)
}

/// The same for a member that may be absent.
pub mod option {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes base64, or nothing.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(value: &Option<Bytes>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads base64, or nothing.
    ///
    /// # Errors
    /// Neither null nor a string of base64.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Bytes>, D::Error> {
        #[derive(Deserialize)]
        struct Blob(#[serde(with = "super")] Bytes);

        Ok(Option::<Blob>::deserialize(deserializer)?.map(|Blob(bytes)| bytes))
    }
}
