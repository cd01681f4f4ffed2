//! Request payloads in gzip. <https://smithy.io/2.0/spec/behavior-traits.html#requestcompression-trait>

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, HeaderValue};

use crate::{Request, SerializeError, SerializeErrorKind};

/// Payloads of fewer bytes are sent as they are: compressed they would hardly be smaller. The figure is that of the
/// AWS SDKs: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html>.
pub const MINIMUM: usize = 10_240;

/// Compresses a payload of [`MINIMUM`] bytes and more, and says so behind the content encodings it has already.
///
/// # Errors
/// A content encoding that a member has set makes no field value with `gzip` behind it.
pub fn gzip(request: Request) -> Result<Request, SerializeError> {
    if request.body().len() < MINIMUM {
        return Ok(request);
    }
    let (mut head, body) = request.into_parts();
    let encoding = match head.headers.get(CONTENT_ENCODING) {
        None => HeaderValue::from_static("gzip"),
        // Encodings are listed in the order in which they were applied: RFC 9110 section 8.4.
        Some(given) => {
            let both = [given.as_bytes(), b", gzip"].concat();
            let field = CONTENT_ENCODING.to_string();
            HeaderValue::from_bytes(&both).map_err(|_| {
                SerializeError::new("Content-Encoding", SerializeErrorKind::FieldValue { field })
            })?
        }
    };
    head.headers.insert(CONTENT_ENCODING, encoding);
    Ok(Request::from_parts(head, compressed(&body)))
}

fn compressed(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::default());
    // Writing into memory has no way to fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn sent(length: usize, encoding: Option<&str>) -> Request {
        let mut request = Request::new(Bytes::from(vec![b'a'; length]));
        if let Some(encoding) = encoding {
            request.headers_mut().insert(CONTENT_ENCODING, encoding.parse().unwrap());
        }
        gzip(request).unwrap()
    }

    #[test]
    fn a_large_payload_is_compressed_behind_what_it_is_already() {
        for (given, expected) in [(None, "gzip"), (Some("custom"), "custom, gzip")] {
            let request = sent(MINIMUM, given);
            assert_eq!(request.headers()[CONTENT_ENCODING], expected);
            let mut read = Vec::new();
            flate2::read::GzDecoder::new(&request.body()[..]).read_to_end(&mut read).unwrap();
            assert_eq!(read, vec![b'a'; MINIMUM]);
            assert!(request.body().len() < 100);
        }
    }

    #[test]
    fn a_small_payload_is_sent_as_it_is() {
        let request = sent(MINIMUM - 1, None);
        assert_eq!((request.headers().len(), request.body().len()), (0, MINIMUM - 1));
    }
}
