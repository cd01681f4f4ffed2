//! Blobs as base64 text, with the standard alphabet and padding.
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#json-shape-serialization>

use base64_simd::STANDARD;

/// The text of a blob.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

/// Appends the text of a blob.
pub(crate) fn append(bytes: &[u8], out: &mut Vec<u8>) {
    STANDARD.encode_append(bytes, out);
}

/// The bytes of a blob; `None` if the text is not base64. They are decoded into memory of just their length.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode_to_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = encode(&bytes);
            prop_assert_eq!(&text, &general_purpose::STANDARD.encode(&bytes));
            prop_assert_eq!(decode(text.as_bytes()), Some(bytes));
        }

        /// Padding that is missing, bits behind the end, other alphabets: a strict decoder of another hand decides.
        #[test]
        fn what_is_no_base64_is_refused(text in "[A-Za-c+/_=\n -]{0,70}") {
            prop_assert_eq!(decode(text.as_bytes()), general_purpose::STANDARD.decode(&text).ok());
        }
    }
}
