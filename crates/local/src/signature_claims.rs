//! The claims of a signature: the access key id, the region and the names of the signed headers.

use http::header::AUTHORIZATION;
use http::request::Parts;
use percent_encoding::percent_decode_str;

/// The claims of the SigV4 signature of a request. They are read without verification, so that the record of a
/// rejected call contains them, too.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SignatureClaims {
    pub(crate) access_key_id: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) signed_headers: Vec<String>,
}

impl SignatureClaims {
    /// Reads the claims from the `authorization` header, or from the query of a presigned request. A request
    /// without a signature has no claims.
    pub(crate) fn of(request: &Parts) -> Self {
        match request.headers.get(AUTHORIZATION) {
            Some(value) => {
                let value = value.to_str().unwrap_or_default();
                let parameters =
                    value.trim().strip_prefix("AWS4-HMAC-SHA256 ").unwrap_or_default().split(',');
                let find = |name| value_of(parameters.clone(), name).map(str::to_owned);
                Self::new(find("Credential"), find("SignedHeaders"))
            }
            None => {
                let parameters = request.uri.query().unwrap_or_default().split('&');
                let find = |name| {
                    let value = value_of(parameters.clone(), name)?;
                    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
                };
                Self::new(find("X-Amz-Credential"), find("X-Amz-SignedHeaders"))
            }
        }
    }

    /// Splits a credential, such as `AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request`, and a list of
    /// headers, such as `host;x-amz-date`.
    fn new(credential: Option<String>, signed_headers: Option<String>) -> Self {
        let credential = credential.unwrap_or_default();
        let mut parts = credential.split('/').map(str::to_owned);
        let access_key_id = parts.next().filter(|id| !id.is_empty());
        let signed_headers = signed_headers.unwrap_or_default();
        let names = signed_headers.split(';').filter(|name| !name.is_empty());
        Self { access_key_id, region: parts.nth(1), signed_headers: names.map(str::to_owned).collect() }
    }
}

fn value_of<'a>(mut parameters: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    parameters.find_map(|parameter| parameter.trim().strip_prefix(name)?.strip_prefix('='))
}
