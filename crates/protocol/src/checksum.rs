//! Checksum headers for request payloads.

use http::header::{HeaderName, HeaderValue};
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::blob;
use crate::error::SerializeError;
use crate::operation::Request;

/// Adds the header `Content-MD5` with the MD5 hash of the payload in base64. Does not change the header if a
/// member has already set it.
///
/// <https://smithy.io/2.0/spec/behavior-traits.html#httpchecksumrequired-trait>
///
/// # Errors
/// This function never fails. It returns a `Result`, because generated code chains it with functions that can
/// fail.
pub fn md5(mut request: Request) -> Result<Request, SerializeError> {
    let digest = blob::encode(&Md5::digest(request.body()));
    set(&mut request, "content-md5", &digest);
    Ok(request)
}

/// Adds the headers `X-Amz-Content-Sha256` and `X-Amz-Sha256-Tree-Hash`. Does not change a header that a
/// member has already set. Does not add the headers if the payload is empty.
///
/// <https://docs.aws.amazon.com/amazonglacier/latest/dev/checksum-calculations.html>
///
/// # Errors
/// This function never fails. It returns a `Result`, because generated code chains it with functions that can
/// fail.
pub fn tree_hash(mut request: Request) -> Result<Request, SerializeError> {
    if !request.body().is_empty() {
        let (linear, tree) = (hex(&Sha256::digest(request.body())), hex(&tree(request.body())));
        set(&mut request, "x-amz-content-sha256", &linear);
        set(&mut request, "x-amz-sha256-tree-hash", &tree);
    }
    Ok(request)
}

/// Returns the root of the hash tree.
///
/// The lowest level contains the hashes of all 1 MiB chunks. Each higher level contains one hash for each
/// pair of hashes of the level below. A hash without a partner moves up one level unchanged.
fn tree(payload: &[u8]) -> [u8; 32] {
    const LEAF: usize = 1024 * 1024;
    let mut level: Vec<[u8; 32]> = payload.chunks(LEAF).map(|leaf| Sha256::digest(leaf).into()).collect();
    while level.len() > 1 {
        let pairs = level.chunks(2).map(|pair| match pair {
            [left, right] => Sha256::digest([*left, *right].concat()).into(),
            _ => pair[0],
        });
        level = pairs.collect();
    }
    level.first().copied().unwrap_or_else(|| Sha256::digest([]).into())
}

fn set(request: &mut Request, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        request.headers_mut().entry(HeaderName::from_static(name)).or_insert(value);
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn md5_matches_rfc_1321() {
        let request = md5(Request::new(Bytes::from_static(b"message digest"))).unwrap();
        assert_eq!(request.headers()["content-md5"], "+WtpfXy3k41SWi8xqvFh0A==");
    }

    #[test]
    fn keeps_headers_set_by_members() {
        let mut request = Request::new(Bytes::from_static(b"a"));
        request.headers_mut().insert("content-md5", HeaderValue::from_static("mine"));
        request.headers_mut().insert("x-amz-sha256-tree-hash", HeaderValue::from_static("mine"));
        let request = tree_hash(md5(request).unwrap()).unwrap();
        assert_eq!(request.headers()["content-md5"], "mine");
        assert_eq!(request.headers()["x-amz-sha256-tree-hash"], "mine");
        assert_eq!(request.headers()["x-amz-content-sha256"].len(), 64);
    }

    #[test]
    fn tree_hash_of_one_chunk_and_of_three_chunks() {
        let hash = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(bytes).into() };
        assert_eq!(tree(b"hello"), hash(b"hello"));
        let payload = vec![7; 2 * 1024 * 1024 + 1];
        let leaf = hash(&payload[..1024 * 1024]);
        let pair = hash(&[leaf, leaf].concat());
        assert_eq!(tree(&payload), hash(&[pair, hash(&[7])].concat()));
    }
}
