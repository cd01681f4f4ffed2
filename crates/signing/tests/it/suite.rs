//! Tests with the AWS test suite for SigV4.
//!
//! For each case, the tests check the canonical request, the string to sign and the signature. They check
//! signing with headers and presigning. They also verify the requests that are signed with headers, and check
//! a chain of signed events.
//!
//! The suite is not part of this repository. If the folder of a test is missing, the test prints a line on
//! standard error and returns.

use std::path::Path;
use std::time::{Duration, SystemTime};

use invoke_model_signing::{
    AmzDate, CredentialScope, Credentials, PayloadHash, PresignParams, SignableHeader, SignableRequest,
    Signer, SigningOutput, SigningSettings, Verifier, VerifyError, calculate_signature, string_to_sign,
};
use invoke_model_test_support::suites::find_or_skip;
use serde_json::Value;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A test case that is read from its folder.
struct Case {
    name: String,
    credentials: Credentials,
    region: String,
    service: String,
    settings: SigningSettings,
    date: AmzDate,
    payload: PayloadHash,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    canonical_request: String,
    string_to_sign: String,
    signature: String,
    expires: Duration,
    query_canonical_request: String,
    query_string_to_sign: String,
    query_signature: String,
    /// The target of the presigned request.
    presigned: String,
}

impl Case {
    fn read(folder: &Path) -> Self {
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
        let context: Value = serde_json::from_str(&text("context.json")).expect("context.json");
        let string = |pointer: &str| context.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| context[name].as_bool().unwrap_or(false);
        let secret = string("/credentials/secret_access_key").expect("secret");
        let id = string("/credentials/access_key_id").expect("id");

        let request = text("request.txt");
        let (head, body) = request.split_once("\n\n").unwrap_or((request.trim_end_matches('\n'), ""));
        let (method, path, query, headers) = parse_head(head);
        let sign_body = flag("sign_body");
        Self {
            name: folder.file_name().expect("name").to_string_lossy().into_owned(),
            credentials: Credentials::new(id, secret, string("/credentials/token")),
            region: string("/region").expect("region"),
            service: string("/service").expect("service"),
            settings: SigningSettings {
                normalize_path: flag("normalize"),
                content_sha256: sign_body,
                sign_session_token: !flag("omit_session_token"),
                ..SigningSettings::default()
            },
            date: string("/timestamp")
                .expect("timestamp")
                .replace(['-', ':'], "")
                .parse()
                .expect("timestamp"),
            payload: if sign_body { PayloadHash::of(body.as_bytes()) } else { PayloadHash::EMPTY },
            method,
            path,
            query,
            headers,
            canonical_request: text("header-canonical-request.txt"),
            string_to_sign: text("header-string-to-sign.txt"),
            signature: text("header-signature.txt"),
            expires: Duration::from_secs(context["expiration_in_seconds"].as_u64().expect("expiry")),
            query_canonical_request: text("query-canonical-request.txt"),
            query_string_to_sign: text("query-string-to-sign.txt"),
            query_signature: text("query-signature.txt"),
            presigned: {
                let (_, path, query, _) = parse_head(text("query-signed-request.txt").trim_end());
                format!("{path}?{query}")
            },
        }
    }

    /// Checks the request as text, because `http` types cannot represent all cases.
    fn check_text(&self) {
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, value)| SignableHeader::new(name, value)).collect();
        headers.push(SignableHeader::new("X-Amz-Date", self.date.as_str()));
        let token = self.credentials.session_token().filter(|_| self.settings.sign_session_token);
        headers.extend(token.map(|token| SignableHeader::new("X-Amz-Security-Token", token)));
        if self.settings.content_sha256 {
            headers.push(SignableHeader::new("x-amz-content-sha256", self.payload.as_str()));
        }
        let payload = self.payload.as_str();
        let request = SignableRequest::new(&self.method, &self.path, &self.query, headers, payload);
        let canonical = request.canonical(&self.settings);
        let scope = CredentialScope::new(&self.date, &self.region, &self.service);
        let string_to_sign = string_to_sign(&self.date, &scope, canonical.as_str());
        assert_eq!(canonical.as_str(), self.canonical_request, "{}", self.name);
        assert_eq!(string_to_sign, self.string_to_sign, "{}", self.name);
        assert_eq!(
            calculate_signature(&self.credentials, &scope, &string_to_sign),
            self.signature,
            "{}",
            self.name
        );
    }

    /// Checks the presigned request as text, because `http` types cannot represent all cases.
    fn check_presigned_text(&self) {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| SignableHeader::new(name, value)).collect();
        let mut names: Vec<String> = self.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        names.dedup();
        let scope = CredentialScope::new(&self.date, &self.region, &self.service);
        let params = PresignParams {
            access_key_id: self.credentials.access_key_id(),
            scope: &scope,
            date: &self.date,
            expires_in: self.expires,
            signed_headers: &names.join(";"),
        };
        let token = self.credentials.session_token();
        let (signed, unsigned) = if self.settings.sign_session_token { (token, None) } else { (None, token) };
        let query = params.unsigned_query(&self.query, signed);
        let request = SignableRequest::new(&self.method, &self.path, &query, headers, self.payload.as_str());
        let canonical = request.canonical(&self.settings);
        let string_to_sign = string_to_sign(&self.date, &scope, canonical.as_str());
        let signature = calculate_signature(&self.credentials, &scope, &string_to_sign);
        assert_eq!(canonical.as_str(), self.query_canonical_request, "{}", self.name);
        assert_eq!(string_to_sign, self.query_string_to_sign, "{}", self.name);
        assert_eq!(signature, self.query_signature, "{}", self.name);
        let query = PresignParams::signed_query(query, unsigned, &signature);
        assert_eq!(decoded(&format!("{}?{query}", self.path)), decoded(&self.presigned), "{}", self.name);
    }

    fn check_presigned_http(&self, mut request: http::request::Parts) {
        let name = &self.name;
        let signer = Signer::new(&self.region, &self.service).with_settings(self.settings);
        let now = self.date.system_time();
        let presign = |request: &mut http::request::Parts| {
            signer
                .presign(request, &self.credentials, &self.payload, now, self.expires)
                .expect("a request to presign")
        };
        let signed = presign(&mut request);
        assert_eq!(signed.canonical_request().as_str(), self.query_canonical_request, "{name}");
        assert_eq!(signed.string_to_sign(), self.query_string_to_sign, "{name}");
        assert_eq!(signed.signature(), self.query_signature, "{name}");
        assert_eq!(decoded(&request.uri.to_string()), decoded(&self.presigned), "{name}");
        // A second signature replaces the first signature.
        let first = request.uri.clone();
        presign(&mut request);
        assert_eq!(request.uri, first, "{name}");
    }

    /// Converts the request into `http` types. Returns `None` if `http` types cannot represent the request.
    fn request(&self) -> Option<http::request::Parts> {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let mut request = http::Request::builder();
        request = request.method(self.method.as_str()).uri(format!("{}{query}", self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Some(request.body(()).ok()?.into_parts().0)
    }

    fn check_http(&self, mut request: http::request::Parts) {
        let name = &self.name;
        let signer = Signer::new(&self.region, &self.service).with_settings(self.settings);
        let now = self.date.system_time();
        let signed: SigningOutput =
            signer.sign(&mut request, &self.credentials, &self.payload, now).expect("a request to sign");
        assert_eq!(signed.canonical_request().as_str(), self.canonical_request, "{name}");
        assert_eq!(signed.string_to_sign(), self.string_to_sign, "{name}");
        assert_eq!(signed.signature(), self.signature, "{name}");
        assert!(
            request.headers["authorization"].to_str().is_ok_and(|value| value.ends_with(&self.signature))
        );

        let verify = |request: &http::request::Parts, payload: &PayloadHash| {
            let lookup =
                |id: &str| (id == self.credentials.access_key_id()).then(|| self.credentials.clone());
            let verifier =
                Verifier::new(&self.service).with_region(&self.region).with_settings(self.settings);
            verifier.verify(request, payload, lookup, now)
        };
        let verified = verify(&request, &self.payload).expect("verified");
        assert_eq!(verified.canonical_request().as_str(), self.canonical_request, "{name}");

        let check_rejected =
            |request: &http::request::Parts, payload: &PayloadHash| match verify(request, payload) {
                Err(VerifyError::SignatureMismatch(_) | VerifyError::PayloadMismatch { .. }) => {}
                other => panic!("{name}: {other:?}"),
            };
        check_rejected(&request, &PayloadHash::of(b"altered"));
        let mut altered = request.clone();
        altered.uri = http::Uri::from_static("/altered");
        check_rejected(&altered, &self.payload);
        let mut altered = request;
        altered.method = http::Method::DELETE;
        check_rejected(&altered, &self.payload);
    }
}

/// Parses the request line and the headers. A folded header value keeps its line breaks.
fn parse_head(head: &str) -> (String, String, String, Vec<(String, String)>) {
    let mut lines = head.split('\n');
    let line = lines.next().expect("a request line");
    let (method, target) = line.split_once(' ').expect("a method");
    let target = target.strip_suffix(" HTTP/1.1").unwrap_or(target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        match (line.starts_with(' '), line.split_once(':')) {
            (false, Some((name, value))) => headers.push((name.to_owned(), value.to_owned())),
            _ => {
                let folded = &mut headers.last_mut().expect("a header to continue").1;
                folded.push('\n');
                folded.push_str(line);
            }
        }
    }
    (method.to_owned(), path.to_owned(), query.to_owned(), headers)
}

/// Decodes a request target. The presigned requests of the suite percent-encode more characters than the
/// original requests, so the tests compare decoded targets.
fn decoded(target: &str) -> String {
    percent_encoding::percent_decode_str(target).decode_utf8_lossy().into_owned()
}

#[test]
fn header_signing_and_presigning() {
    let Some(suite) = find_or_skip("sigv4/v4") else { return };
    let mut folders: Vec<_> =
        std::fs::read_dir(suite).expect("v4").map(|entry| entry.expect("entry").path()).collect();
    folders.sort();
    let mut in_http_types = 0;
    for folder in &folders {
        let case = Case::read(folder);
        case.check_text();
        case.check_presigned_text();
        if let Some(request) = case.request() {
            case.check_presigned_http(request.clone());
            case.check_http(request);
            in_http_types += 1;
        }
    }
    eprintln!("{} cases checked as text, {in_http_types} cases also checked with http types", folders.len());
    assert_eq!(folders.len(), 38);
    assert!(in_http_types >= 33);
}

/// Verifies the signed requests of two cases with `%` in the path. Signs these requests again.
#[test]
fn double_encoding() {
    let check = |name: &str, id: &str, secret: &str, region: &str, service: &str, date: &str| {
        let Some(suite) = find_or_skip(name) else { return };
        let text = |file: &str| std::fs::read_to_string(suite.join(file)).expect(file);
        let signed_request = text("header-signed-request.txt");
        let (method, path, _, headers) = parse_head(signed_request.trim_end());
        let mut request = http::Request::builder().method(method.as_str()).uri(path);
        for (name, value) in &headers {
            request = request.header(name, value.trim());
        }
        let mut request = request.body(()).expect("request").into_parts().0;
        let authorization = request.headers["authorization"].clone();

        let now: SystemTime = date.parse::<AmzDate>().expect("date").system_time();
        let credentials = Credentials::new(id, secret, None);
        let verified = Verifier::new(service).with_region(region).verify(
            &request,
            &PayloadHash::EMPTY,
            |_| Some(credentials.clone()),
            now,
        );
        // In one case, the date in the canonical request differs from the date in the request.
        let expected = text("header-canonical-request.txt").replace("20210511T154045Z", date);
        assert_eq!(verified.expect("verified").canonical_request().as_str(), expected);

        let signer = Signer::new(region, service);
        signer.sign(&mut request, &credentials, &PayloadHash::EMPTY, now).expect("signed");
        assert_eq!(request.headers["authorization"], authorization);
    };
    let id = "AKIDEXAMPLE";
    check("sigv4/v4-double-url-encode", id, SECRET, "us-east-2", "lambda", "20210511T154045Z");
    let secret = "notrealrnrELgWzOk3IfjzDKtFBhDby";
    check("sigv4/v4-double-encode-path", "ANOTREAL", secret, "us-east-1", "service", "20150830T123600Z");
}

/// Checks a chain of signatures that starts with the signature of a request.
#[test]
fn a_chain_of_events() {
    let Some(suite) = find_or_skip("sigv4/event-signing.json") else { return };
    let text = std::fs::read_to_string(suite).expect("event-signing.json");
    let cases: Value = serde_json::from_str(&text).expect("JSON");
    let case = &cases["aws-c-auth tests/test_event_signing.c"];
    let string = |value: &Value| value.as_str().expect("a string").to_owned();
    let time = |value: &Value| string(value).parse::<AmzDate>().expect("a date").system_time();
    let credentials = Credentials::new(
        string(&case["credentials"]["access_key_id"]),
        string(&case["credentials"]["secret_access_key"]),
        None,
    );
    let settings = SigningSettings { content_sha256: true, ..SigningSettings::default() };
    let signer = Signer::new(string(&case["region"]), string(&case["service"])).with_settings(settings);
    let request = &case["request"];
    let uri = format!("https://{}{}", string(&request["host"]), string(&request["path"]));
    let mut parts = http::Request::post(uri);
    for (name, value) in request["headers"].as_object().expect("headers") {
        parts = parts.header(name, string(value));
    }
    let (mut parts, ()) = parts.body(()).expect("a request").into_parts();
    let payload = PayloadHash::streaming_events();
    let signed =
        signer.sign(&mut parts, &credentials, &payload, time(&request["timestamp"])).expect("signed");
    assert_eq!(signed.signature(), string(&request["signature"]));
    assert_eq!(signed.canonical_request().signed_headers(), string(&request["signed_headers"]));

    let mut events = signer.event_signer(&credentials, &signed);
    let vectors = case["events"].as_array().expect("events");
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let at = time(&vector["timestamp"]);
        let event = events.sign(string(&vector["payload"]).as_bytes(), at).expect("signed");
        let signature: String = event.signature.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(signature, string(&vector["signature"]));
        assert_eq!(SystemTime::UNIX_EPOCH + Duration::from_millis(event.date.unsigned_abs()), at);
    }
}
