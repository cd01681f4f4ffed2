//! What is looked at in a response before its body is read.

use http::{HeaderMap, Response, header::TRANSFER_ENCODING};
use hyper::body::{Body, Incoming};

use crate::ResponseBody;

/// The response with the body that callers read.
pub(super) fn with_body(response: Response<Incoming>) -> Response<ResponseBody> {
    let (head, body) = response.into_parts();
    let ends_with_connection = body.size_hint().exact().is_none() && !is_chunked(&head.headers);
    Response::from_parts(head, ResponseBody::from_hyper(body, ends_with_connection))
}

/// Whether the last transfer coding is `chunked`, whose last chunk says that the body is whole.
/// <https://www.rfc-editor.org/rfc/rfc9112#section-6.3-2.4>
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
    fn the_last_coding_decides() {
        check(&[], false);
        check(&["chunked"], true);
        check(&["gzip, Chunked "], true);
        check(&["gzip", "chunked"], true);
        check(&["chunked, gzip"], false);
    }
}
