//! Converts the responses of hyper.

use http::header::TRANSFER_ENCODING;
use http::{HeaderMap, Response};
use hyper::body::{Body, Incoming};

use super::body::{Connection, HyperBody};
use crate::body::ResponseBody;

/// Returns the response with a body that owns its connection.
pub(super) fn with_connection(
    response: Response<Incoming>,
    connection: Connection,
) -> Response<ResponseBody> {
    let (head, body) = response.into_parts();
    // Only an HTTP/1 body can end with its connection. In HTTP/2, a flag in a frame marks the end of a body.
    let ends_with_connection = matches!(connection, Connection::Http1(_))
        && body.size_hint().exact().is_none()
        && !is_chunked(&head.headers);
    let body = HyperBody::new(body, connection);
    Response::from_parts(head, ResponseBody::from_hyper(body, ends_with_connection))
}

/// Returns `true` if the last transfer coding is `chunked`. The last chunk then marks the end of the body
/// ([RFC 9112, 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3-2.4)).
fn is_chunked(headers: &HeaderMap) -> bool {
    let last = headers.get_all(TRANSFER_ENCODING).iter().next_back();
    let last = last.and_then(|value| value.to_str().ok()).and_then(|codings| codings.rsplit(',').next());
    last.is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codings: &[&'static str], expected: bool) {
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(TRANSFER_ENCODING, http::HeaderValue::from_static(coding));
        }
        assert_eq!(is_chunked(&headers), expected, "{codings:?}");
    }

    #[test]
    fn only_the_last_transfer_coding_counts() {
        check(&[], false);
        check(&["chunked"], true);
        check(&["gzip, Chunked "], true);
        check(&["gzip", "chunked"], true);
        check(&["chunked, gzip"], false);
    }
}
