//! Compares the headers of signed requests with the headers that the `aws-sigv4` crate produces.
//!
//! The generated requests avoid three known differences:
//!
//! | in the request | this crate | `aws-sigv4` |
//! |---|---|---|
//! | a literal `+` in the query | a plus sign | a space |
//! | a tab in a header value | becomes a space | kept |
//! | percent-encoded bytes in the query that are not UTF-8 | kept | replaced |

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use invoke_model_signing::{Credentials, PayloadHash, Signer};
use proptest::prelude::*;

use crate::ID;

#[derive(Debug)]
struct Case {
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    secret: String,
    token: Option<String>,
    region: String,
    service: String,
    time: SystemTime,
    settings: invoke_model_signing::SigningSettings,
}

prop_compose! {
    fn uri()(
        scheme in "https?",
        host in "[a-z][a-z0-9.-]{0,12}[a-z]|\\[::1\\]|127\\.0\\.0\\.1",
        port in "|:80|:443|:8080",
        path in "(/(|\\.|\\.\\.|([A-Za-z0-9._~:@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}){1,6})){0,5}",
        query in "(\\?([A-Za-z0-9._~:@!$'()*,;=&/?-]|%[2-7][0-9A-Fa-f]|%E1%88%B4){0,20})?",
    ) -> String {
        format!("{scheme}://{host}{port}{path}{query}")
    }
}

prop_compose! {
    fn settings()(flags in any::<[bool; 4]>()) -> invoke_model_signing::SigningSettings {
        let [normalize_path, double_encode_path, content_sha256, sign_session_token] = flags;
        invoke_model_signing::SigningSettings { normalize_path, double_encode_path, content_sha256, sign_session_token }
    }
}

prop_compose! {
    fn case()(
        method in "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS",
        uri in uri(),
        headers in prop::collection::vec(("[a-d]|x-amzn?-[a-c]|Content-Type|host|user-agent", "[ -~]{0,12}"), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..100),
        secret in "[A-Za-z0-9/+]{0,80}",
        token in prop::option::of("[A-Za-z0-9/+=]{1,60}"),
        region in "[a-z]{2}-[a-z]{4,9}-[1-9]",
        service in "[a-z-]{1,20}",
        // Times until the end of the year 9998.
        seconds in 0..253_370_764_800_u64,
        settings in settings(),
    ) -> Case {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Case { method, uri, headers, body, secret, token, region, service, time, settings }
    }
}

/// Header values by lower-case header name. The values of one header are in the order of the request.
type Headers = BTreeMap<String, Vec<String>>;

fn ours(case: &Case) -> Headers {
    let mut request = http::Request::builder().method(case.method.as_str()).uri(&case.uri);
    for (name, value) in &case.headers {
        request = request.header(name, value);
    }
    let mut request = request.body(()).unwrap().into_parts().0;
    let credentials = Credentials::new(ID, &case.secret, case.token.clone());
    let signer = Signer::new(&case.region, &case.service).with_settings(case.settings);
    signer.sign(&mut request, &credentials, &PayloadHash::of(&case.body), case.time).unwrap();

    let mut headers = Headers::new();
    for (name, value) in &request.headers {
        headers.entry(name.to_string()).or_default().push(value.to_str().unwrap().to_owned());
    }
    headers
}

fn theirs(case: &Case) -> Headers {
    let credentials =
        aws_credential_types::Credentials::new(ID, &case.secret, case.token.clone(), None, "test").into();
    let mut settings = aws_sigv4::http_request::SigningSettings::default();
    settings.uri_path_normalization_mode = UriPathNormalizationMode::from(case.settings.normalize_path);
    settings.percent_encoding_mode = match case.settings.double_encode_path {
        true => PercentEncodingMode::Double,
        false => PercentEncodingMode::Single,
    };
    settings.payload_checksum_kind = match case.settings.content_sha256 {
        true => PayloadChecksumKind::XAmzSha256,
        false => PayloadChecksumKind::NoHeader,
    };
    settings.session_token_mode = match case.settings.sign_session_token {
        true => SessionTokenMode::Include,
        false => SessionTokenMode::Exclude,
    };
    let parameters = v4::SigningParams::builder()
        .identity(&credentials)
        .region(&case.region)
        .name(&case.service)
        .time(case.time)
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let request = SignableRequest::new(
        &case.method,
        case.uri.as_str(),
        case.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        SignableBody::Bytes(&case.body),
    )
    .unwrap();
    let (added, _) = sign(request, &parameters).unwrap().into_parts();

    let mut headers = Headers::new();
    for (name, value) in &case.headers {
        headers.entry(name.to_ascii_lowercase()).or_default().push(value.clone());
    }
    for (name, value) in added.headers() {
        headers.insert(name.to_owned(), vec![value.to_owned()]);
    }
    headers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn signed_headers_are_equal(case in case()) {
        prop_assert_eq!(ours(&case), theirs(&case));
    }
}
