//! Compression of request payloads with gzip.
//!
//! <https://smithy.io/2.0/spec/behavior-traits.html#requestcompression-trait>

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, HeaderValue};

use crate::error::{SerializeError, SerializeErrorKind};
use crate::operation::Request;

/// The size in bytes of the smallest payload that is compressed. This size is the default of the AWS SDKs:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html>
pub const MINIMUM: usize = 10_240;

/// Compresses a payload of at least [`MINIMUM`] bytes and appends `gzip` to the `Content-Encoding` header.
/// Returns requests with a smaller payload unchanged.
///
/// # Errors
/// Returns an error if the existing value of `Content-Encoding` and the appended `gzip` do not form a valid
/// header value.
pub fn gzip(request: Request) -> Result<Request, SerializeError> {
    if request.body().len() < MINIMUM {
        return Ok(request);
    }
    let (mut head, body) = request.into_parts();
    let encoding = match head.headers.get(CONTENT_ENCODING) {
        None => HeaderValue::from_static("gzip"),
        // The header lists encodings in the order in which they were applied:
        // https://www.rfc-editor.org/rfc/rfc9110#section-8.4
        Some(existing) => {
            let both = [existing.as_bytes(), b", gzip"].concat();
            let header = CONTENT_ENCODING.to_string();
            HeaderValue::from_bytes(&both).map_err(|_| {
                SerializeError::new("Content-Encoding", SerializeErrorKind::HeaderValue { header })
            })?
        }
    };
    head.headers.insert(CONTENT_ENCODING, encoding);
    Ok(Request::from_parts(head, compressed(&body)))
}

fn compressed(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::default());
    // Writing to a vector cannot fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn compressed_request(length: usize, encoding: Option<&str>) -> Request {
        let mut request = Request::new(Bytes::from(vec![b'a'; length]));
        if let Some(encoding) = encoding {
            request.headers_mut().insert(CONTENT_ENCODING, encoding.parse().unwrap());
        }
        gzip(request).unwrap()
    }

    #[test]
    fn compresses_large_payloads_and_appends_the_encoding() {
        for (existing, expected) in [(None, "gzip"), (Some("custom"), "custom, gzip")] {
            let request = compressed_request(MINIMUM, existing);
            assert_eq!(request.headers()[CONTENT_ENCODING], expected);
            let mut read = Vec::new();
            flate2::read::GzDecoder::new(&request.body()[..]).read_to_end(&mut read).unwrap();
            assert_eq!(read, vec![b'a'; MINIMUM]);
            assert!(request.body().len() < 100);
        }
    }

    #[test]
    fn does_not_compress_small_payloads() {
        let request = compressed_request(MINIMUM - 1, None);
        assert_eq!((request.headers().len(), request.body().len()), (0, MINIMUM - 1));
    }
}
