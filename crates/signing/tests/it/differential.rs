//! The published signer `aws-sigv4` and ours give every request the same fields.
//!
//! Three differences are left out on purpose: a literal `+` in the query (a plus here, a blank there), tabs inside
//! a field value (a blank here, kept there), and percent-encoded bytes in the query that are no UTF-8 (kept here,
//! replaced there).

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
    fields: Vec<(String, String)>,
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
        fields in prop::collection::vec(("[a-d]|x-amzn?-[a-c]|Content-Type|host|user-agent", "[ -~]{0,12}"), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..100),
        secret in "[A-Za-z0-9/+]{0,80}",
        token in prop::option::of("[A-Za-z0-9/+=]{1,60}"),
        region in "[a-z]{2}-[a-z]{4,9}-[1-9]",
        service in "[a-z-]{1,20}",
        // To the end of the year 9998.
        seconds in 0..253_370_764_800_u64,
        settings in settings(),
    ) -> Case {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Case { method, uri, fields, body, secret, token, region, service, time, settings }
    }
}

/// Names in lower case, values in their order.
type Fields = BTreeMap<String, Vec<String>>;

fn ours(case: &Case) -> Fields {
    let mut request = http::Request::builder().method(case.method.as_str()).uri(&case.uri);
    for (name, value) in &case.fields {
        request = request.header(name, value);
    }
    let mut request = request.body(()).unwrap().into_parts().0;
    let credentials = Credentials::new(ID, &case.secret, case.token.clone());
    let signer = Signer::new(&case.region, &case.service).with_settings(case.settings);
    signer.sign(&mut request, &credentials, &PayloadHash::of(&case.body), case.time).unwrap();

    let mut fields = Fields::new();
    for (name, value) in &request.headers {
        fields.entry(name.to_string()).or_default().push(value.to_str().unwrap().to_owned());
    }
    fields
}

fn theirs(case: &Case) -> Fields {
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
        case.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        SignableBody::Bytes(&case.body),
    )
    .unwrap();
    let (added, _) = sign(request, &parameters).unwrap().into_parts();

    let mut fields = Fields::new();
    for (name, value) in &case.fields {
        fields.entry(name.to_ascii_lowercase()).or_default().push(value.clone());
    }
    for (name, value) in added.headers() {
        fields.insert(name.to_owned(), vec![value.to_owned()]);
    }
    fields
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn same_fields(case in case()) {
        prop_assert_eq!(ours(&case), theirs(&case));
    }
}
